// relto label: are labels valid, how do they read on a banner, and what label does a banner stand for (spec 3.1).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/limits.h"
#include "node/io/clock.h"
#include "policy/label_parse.h"
#include "tools/relto/label_input.h"

static const char help[] =
    "usage: relto [-C DIR] label check [--spif-dir DIR] [--format text|tsv] FILE\n"
    "       relto [-C DIR] label mark [--spif-dir DIR] [--lang LANG] [--form page|portion] [--format text|tsv] FILE\n"
    "       relto [-C DIR] label parse [--spif-dir DIR] [--lang LANG] [--form page|portion] [--format text|tsv|xml] LINE\n\n"
    "FILE is a report (draft or rendition) or a STANAG 4774 confidentiality label. What labels mean is read from every\n"
    "SPIF (*.xml) of --spif-dir, or of the folder that the configuration of the node directory DIR names.\n"
    "  check  is every label valid? With tsv: element id, valid or invalid, rule, detail; a line a violation\n"
    "  mark   the marking line of each label (of a label element, that of the originator's label)\n"
    "  parse  the label that a marking line stands for, or the candidates; --format xml writes label documents\n"
    "  --lang LANG          language of the marking, e.g. en, fr, fr-CA (parse: any)\n"
    "  --form page|portion  as on a page's banner or before a paragraph (mark: page; parse: any)\n"
    "Exit codes: 0 all valid, or one label found; 1 some invalid, or not exactly one label; 2 usage; 5 FILE or a SPIF\n"
    "cannot be read.\n";

struct label_cmd {
    const struct cli *cli;
    const struct security_policies *all;
    const char *lang, *form;
    enum marking_place place;
};

// ---- printing

// Tabs, line ends and other control characters of inputs become spaces: they would break lines and columns.
static void put_clean(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++)
        buf_putc(out, (unsigned char)*p < ' ' || *p == 0x7f ? ' ' : *p);
}

static void flush(struct buf *out)
{
    if (out->len)
        fwrite(out->ptr, 1, out->len, stdout);
    buf_fini(out);
}

// ---- check

static void put_fault(const struct label_cmd *x, const char *id, const struct fault *f, struct buf *out)
{
    put_clean(out, id);
    if (x->cli->format == FORMAT_TSV) {
        buf_printf(out, "\tinvalid\t%s\t", f->rule);
        if (f->line)
            buf_printf(out, "line %u: ", f->line);
        put_clean(out, f->message);
    } else {
        buf_puts(out, ": invalid: ");
        put_clean(out, f->message);
        if (f->line)
            buf_printf(out, " (line %u)", f->line);
        buf_printf(out, " [%s]", f->rule);
    }
    buf_putc(out, '\n');
}

static void put_verdict(const struct label_cmd *x, const char *id, bool valid, struct buf *out)
{
    const struct diag *d = x->cli->diag;
    if (valid) {
        put_clean(out, id);
        buf_puts(out, x->cli->format == FORMAT_TSV ? "\tvalid\t-\t-\n" : ": valid\n");
        return;
    }
    for (uint32_t i = 0; i < d->count; i++)
        put_fault(x, id, &d->faults[i], out);
    if (d->dropped == 0)
        return;
    struct fault more = {.rule = "more"};
    snprintf(more.message, sizeof more.message, "%u more violations are not listed", d->dropped);
    put_fault(x, id, &more, out);
}

static int check(const struct label_cmd *x, const char *file)
{
    struct label_elements elements;
    struct buf out;
    int code = EXIT_DONE;
    if (!label_input_elements(x->cli, file, &elements))
        return EXIT_CORRUPT;
    buf_init(&out, 64 * MIB);
    for (size_t i = 0; i < elements.count && code != EXIT_CORRUPT; i++) {
        const struct label *label;
        const char *id = elements.list[i].id;
        enum status st = label_input_read(x->cli, file, &elements.list[i], &label);
        if (st == ST_OK)
            st = label_validate_under(x->all, label, id, x->cli->diag);
        if (st == ST_OK || st == ST_INVALID)
            put_verdict(x, id, st == ST_OK, &out);
        if (st == ST_INVALID)
            code = EXIT_NO;
        else if (st != ST_OK)
            code = cli_fail(EXIT_CORRUPT, file, "%s", status_text(st));
    }
    flush(&out);
    return code;
}

// ---- mark

static void put_mark(const struct label_cmd *x, const char *id, bool with_id, const struct label *label, struct buf *out)
{
    struct buf line;
    buf_init(&line, MIB);
    label_mark_under(x->all, label->originator, x->place, x->lang, &line);
    if (with_id) {
        put_clean(out, id);
        buf_putc(out, '\t');
    }
    put_clean(out, buf_cstr(&line));
    buf_putc(out, '\n');
    buf_fini(&line);
}

static int mark(const struct label_cmd *x, const char *file)
{
    struct label_elements elements;
    struct buf out;
    int code = EXIT_DONE;
    if (!label_input_elements(x->cli, file, &elements))
        return EXIT_CORRUPT;
    buf_init(&out, 64 * MIB);
    for (size_t i = 0; i < elements.count; i++) {
        const struct label *label;
        const char *id = elements.list[i].id;
        enum status st = label_input_read(x->cli, file, &elements.list[i], &label);
        if (st == ST_OK) {
            put_mark(x, id, elements.report || x->cli->format == FORMAT_TSV, label, &out);
            st = label_validate_under(x->all, label, id, x->cli->diag);
        }
        if (st == ST_OK)
            continue;
        code = EXIT_NO;
        cli_fail_status(x->cli, id, st); // an invalid label is marked as well as can be, but not in silence
    }
    flush(&out);
    return code;
}

// ---- parse

static const char *type_text(enum category_type t)
{
    switch (t) {
    case CATEGORY_RESTRICTIVE:
        return "RESTRICTIVE";
    case CATEGORY_PERMISSIVE:
        return "PERMISSIVE";
    case CATEGORY_INFORMATIVE:
        return "INFORMATIVE";
    }
    return "RESTRICTIVE";
}

// policy, classification, then a field a value: `RESTRICTIVE:tag set=value`.
static void put_tsv(const struct label_doc *l, struct buf *out)
{
    put_clean(out, l->policy);
    buf_putc(out, '\t');
    put_clean(out, l->classification);
    for (size_t i = 0; i < l->category_count; i++)
        for (size_t v = 0; v < l->categories[i].value_count; v++) {
            buf_printf(out, "\t%s:", type_text(l->categories[i].type));
            put_clean(out, l->categories[i].tag_set);
            buf_putc(out, '=');
            put_clean(out, l->categories[i].values[v]);
        }
}

static void put_text(const struct label_doc *l, struct buf *out)
{
    put_clean(out, l->policy);
    buf_putc(out, ' ');
    put_clean(out, l->classification);
    for (size_t i = 0; i < l->category_count; i++) {
        buf_puts(out, "; ");
        put_clean(out, l->categories[i].tag_set);
        for (size_t v = 0; v < l->categories[i].value_count; v++) {
            buf_puts(out, v ? ", " : ": ");
            put_clean(out, l->categories[i].values[v]);
        }
    }
}

static void put_label(const struct label_cmd *x, struct label_doc *l, struct buf *out)
{
    const struct label label = {.originator = l};
    switch (x->cli->format) {
    case FORMAT_TEXT:
        put_text(l, out);
        break;
    case FORMAT_TSV:
        put_tsv(l, out);
        break;
    case FORMAT_XML: // the strict form has a time of creation
        l->has_created = true;
        l->created = clock_now() / 1000 * 1000;
        label_write(&label, out);
        break;
    case FORMAT_JSON:
    case FORMAT_HTML:
    case FORMAT_CSV:
        break; // refused before
    }
    buf_putc(out, '\n');
}

static int tell_parsed(const struct label_cmd *x, const char *line, const struct label_parsed *p)
{
    struct buf out;
    buf_init(&out, 64 * MIB);
    for (size_t i = 0; i < p->count; i++)
        put_label(x, p->labels[i], &out);
    flush(&out);
    if (p->count == 1 && p->all)
        return EXIT_DONE;
    if (!p->all)
        return cli_fail(EXIT_NO, line, "the search was ended after %zu labels, there may be more; give --lang and --form", p->count);
    if (p->count > 1)
        return cli_fail(EXIT_NO, line, "%zu labels have this marking", p->count);
    if (!p->line[p->understood])
        return cli_fail(EXIT_NO, line, "no valid label has this marking: its words are known, but do not go together");
    return cli_fail(EXIT_NO, line, "no label has this marking: markings of these SPIFs begin with \"%.*s\" but do not go on with \"%s\"",
                    (int)p->understood, p->line, p->line + p->understood);
}

static int parse(const struct label_cmd *x, int argc, char **argv)
{
    struct buf line;
    struct label_parsed *p = arena_alloc(x->cli->arena, sizeof *p);
    const struct label_parse_want want = {.lang = x->lang, .place_given = x->form, .place = x->place};
    if (!p)
        return cli_fail(EXIT_UNREACHABLE, "label", "out of memory");
    buf_init(&line, MIB);
    for (int i = 0; i < argc; i++) // words that were not quoted belong together
        buf_printf(&line, "%s%s", i ? " " : "", argv[i]);
    const char *text = buf_cstr(&line);
    enum status st = label_parse(x->all, text, &want, x->cli->arena, p);
    int code = st == ST_LIMIT ? cli_usage("label", "the marking line is longer than %d bytes", LABEL_PARSE_LINE_MAX)
               : st != ST_OK  ? cli_fail(EXIT_CORRUPT, "label", "%s", status_text(st))
                              : tell_parsed(x, text, p);
    buf_fini(&line);
    return code;
}

// ---- the command

static int bad_form(const struct label_cmd *x)
{
    return cli_usage("label", "--form: '%s' is neither page nor portion", x->form);
}

static int run(struct label_cmd *x, const char *spif_dir, int argc, char **argv)
{
    struct spif_set *set = NULL;
    bool parsing = strcmp(argv[1], "parse") == 0;
    if (parsing ? argc < 3 || !*argv[2] : argc != 3)
        return cli_usage("label", parsing ? "a marking line is needed" : "one FILE is needed");
    if (!label_input_policies(x->cli, spif_dir, &set))
        return EXIT_CORRUPT;
    x->all = spif_set_policies(set);
    int code = parsing                          ? parse(x, argc - 2, argv + 2)
               : strcmp(argv[1], "check") == 0 ? check(x, argv[2])
                                               : mark(x, argv[2]);
    spif_set_free(&set);
    return code;
}

int cmd_label(const struct cli *cli, int argc, char **argv)
{
    const char *spif_dir = NULL;
    struct label_cmd x = {.cli = cli, .place = MARKING_PAGE_TOP};
    const struct cli_option options[] = {{"spif-dir", &spif_dir, NULL}, {"lang", &x.lang, NULL}, {"form", &x.form, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    bool known = argc > 1 && (strcmp(argv[1], "check") == 0 || strcmp(argv[1], "mark") == 0 || strcmp(argv[1], "parse") == 0);
    if (!known)
        return cli_usage("label", "expected: label check, mark or parse");
    if (strcmp(argv[1], "check") == 0 && (x.lang || x.form))
        return cli_usage("label", "check takes neither --lang nor --form");
    if (x.form && strcmp(x.form, "portion") == 0)
        x.place = MARKING_PORTION;
    else if (x.form && strcmp(x.form, "page") != 0)
        return bad_form(&x);
    if (cli->format == FORMAT_JSON || cli->format == FORMAT_HTML || cli->format == FORMAT_CSV ||
        (cli->format == FORMAT_XML && strcmp(argv[1], "parse") != 0))
        return cli_usage("label", "%s does not write this format", argv[1]);
    return run(&x, spif_dir, argc, argv);
}
