// relto new: a commented draft of a report, to be filled in; without a type the types that there are.
#include <glob.h>
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/draft_template.h"
#include "node/config.h"
#include "node/io/clock.h"
#include "tools/relto/cli.h"

static const char help[] =
    "usage: relto [-C DIR] new [TYPE] [--cell C] [--security-policy NAME] [--lang LANG]\n\n"
    "Write a commented draft of a report of this type to standard output; without TYPE, list the types of the\n"
    "vocabulary. Classifications and categories stand in comments as the SPIFs of the node in -C have them. What is\n"
    "left empty must be filled in or taken out; comments are not sent.\n"
    "  --cell C                 the originating cell (default: the only one with a certificate in DIR/certs)\n"
    "  --security-policy NAME   of the labels (default: the first that the policy names)\n"
    "  --lang LANG              language of the text, as in en or fr-CA (default: en)\n";

struct new_draft {
    const struct cli *cli;
    const struct config *config;
    const char *cell, *security_policy, *lang;
};

static enum status read_words(struct new_draft *x, struct policy_bundle *bundle, const struct vocabulary **ret)
{
    TRY(config_read(x->cli->dir, x->cli->arena, x->cli->diag, &x->config));
    TRY(config_policy_bundle(x->config, x->cli->arena, x->cli->diag, bundle));
    diag_init(x->cli->diag, NULL);
    return vocabulary_read(bundle->vocabulary.bytes, bundle->vocabulary.name, x->cli->arena, x->cli->diag, ret);
}

static int list_types(const struct new_draft *x, const struct vocabulary *v)
{
    for (size_t i = 0; i < v->type_count; i++) {
        if (x->cli->format == FORMAT_TSV)
            printf("%s\t%s\n", v->types[i].id, v->types[i].title);
        else
            printf("%-12s %s\n", v->types[i].id, v->types[i].title);
    }
    return EXIT_DONE;
}

static const struct vocabulary_term *find_type(const struct vocabulary *v, const char *id)
{
    for (size_t i = 0; i < v->type_count; i++)
        if (strcmp(v->types[i].id, id) == 0)
            return &v->types[i];
    return NULL;
}

// The SPIF of the labels: by name, else the first that the policy names. NULL (reported) when there is none.
static const struct spif *find_spif(const struct new_draft *x, const struct policy_bundle *bundle)
{
    for (size_t i = 0; i < bundle->spif_count; i++) {
        const struct spif *s;
        diag_init(x->cli->diag, NULL);
        enum status st = spif_read(bundle->spifs[i].bytes, bundle->spifs[i].name, x->cli->arena, x->cli->diag, &s);
        if (st != ST_OK) {
            cli_fail_status(x->cli, bundle->spifs[i].name, st);
            return NULL;
        }
        if (!x->security_policy || name_eq(s->name, x->security_policy))
            return s;
    }
    cli_fail(0, x->security_policy ? x->security_policy : bundle->policy.name, "%s",
             x->security_policy ? "the node's policy names no SPIF of this security policy" : "it names no SPIF");
    return NULL;
}

// The cell: as given, else the only one that has a certificate here, else left to be filled in.
static const char *find_cell(const struct new_draft *x)
{
    static const char prefix[] = "cell-", suffix[] = ".pem";
    const char *pattern = arena_printf(x->cli->arena, "%s/certs/%s*%s", x->config->dir, prefix, suffix), *cell = "";
    glob_t found;
    if (x->cell || !pattern)
        return x->cell;
    if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1) {
        const char *name = strrchr(found.gl_pathv[0], '/') + sizeof prefix;
        cell = arena_str(x->cli->arena, span_of(name, strlen(name) - strlen(suffix)));
    }
    globfree(&found);
    return cell;
}

static int write_draft(const struct new_draft *x, const struct policy_bundle *bundle, const struct vocabulary *v, const char *type)
{
    struct draft_template t = {
        .vocabulary = v, .type = find_type(v, type), .nation = x->config->nation, .lang = x->lang, .now = clock_now()};
    struct buf out;
    if (!t.type)
        return cli_fail(EXIT_NO, type, "no such type in %s; 'relto new' lists them", bundle->vocabulary.name);
    t.spif = find_spif(x, bundle);
    if (!t.spif)
        return EXIT_NO;
    t.cell = find_cell(x);
    buf_init(&out, MIB);
    draft_template_write(&t, &out);
    enum status st = t.cell ? buf_status(&out) : arena_status(x->cli->arena);
    if (st == ST_OK)
        fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    return st == ST_OK ? EXIT_DONE : cli_fail_status(x->cli, type, st);
}

int cmd_new(const struct cli *cli, int argc, char **argv)
{
    struct new_draft x = {.cli = cli, .lang = "en"};
    struct policy_bundle bundle;
    const struct vocabulary *v;
    const struct cli_option options[] = {
        {"cell", &x.cell, NULL}, {"security-policy", &x.security_policy, NULL}, {"lang", &x.lang, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc > 2)
        return cli_usage("new", "one TYPE at most");
    diag_init(cli->diag, NULL);
    enum status st = read_words(&x, &bundle, &v);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    return argc == 2 ? write_draft(&x, &bundle, v, argv[1]) : list_types(&x, v);
}
