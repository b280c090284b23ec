// relto import: reports from elsewhere as drafts: files in a folder, or sent to the node as a cell would send them.
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/csv_map.h"
#include "formats/import.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "tools/relto/import_publish.h"
#include "tools/relto/import_secret.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] import --type asam|warnings|csaf|stix|csv [--map FILE] [--out FOLDER]\n"
    "             [--publish] [--at TIME] [--nation N] [--cell C] FILE...\n\n"
    "Makes drafts from records of other systems. Nothing is published but with --publish.\n"
    "  --type asam      Anti-Shipping Activity Messages, CSV with a header line\n"
    "  --type warnings  broadcast warnings to shipping, JSON\n"
    "  --type csaf      advisories in CSAF 2.0, JSON, one in a file; each revision is a version of the report\n"
    "  --type stix      STIX 2.1 bundles, JSON: a draft for each report object\n"
    "  --type csv       any CSV table, by the mapping in --map (see conf/import/asam.xml)\n"
    "  --out FOLDER     write a file for each draft; the folder is made if need be\n"
    "  --publish        send the drafts to the node of DIR as cell C; what is there already is passed over, what\n"
    "                   has ended or is cancelled by another record is recalled, or not published at all\n"
    "  --at TIME        whether records have ended is seen as of this instant (default: now)\n"
    "  --nation N       the originator (default: the nation of the node in DIR)\n"
    "  --cell C         its cell (default: IMPORT)\n"
    "Public inputs carry no markings: the labels of their drafts are synthetic and say so. Records that are no good are\n"
    "named with their line and left out; the exit code is then 1. Run it again to go on where it was stopped.\n";

typedef enum status import_fn(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                              struct diag *d, struct import_counts *ret);

struct import_command {
    const struct cli *cli;
    import_fn *fn;
    struct import_options options;
    const char *out; // NULL = no files
    struct import_publish *publish; // NULL = not
    const char *path; // of the input at hand
    void *names;      // of the drafts so far (search.h)
    size_t drafts, left_out;
    bool progress;
};

// Faults of records go to standard error as they come; they do not stop the import.
static void tell_faults(void *ctx, struct diag *d)
{
    struct import_command *x = ctx;
    struct buf out;
    if (d->count == 0)
        return;
    buf_init(&out, MIB);
    if (x->progress)
        fputs("\r\033[K", stderr);
    diag_print(d, &out);
    fwrite(out.ptr, 1, out.len, stderr);
    buf_fini(&out);
    diag_init(d, x->path);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

// Is it the first draft of this name? Two records of one name would be one report.
static enum status take_name(struct import_command *x, const struct import_draft *draft, bool *ret_new)
{
    char *name = strdup(draft->name);
    void *at = name ? tsearch(name, &x->names, compare_names) : NULL;
    *ret_new = at && *(char **)at == name;
    if (!*ret_new)
        free(name);
    return at ? ST_OK : ST_NOMEM;
}

static enum status write_file(const struct import_command *x, const struct import_draft *draft)
{
    struct arena *a = arena_new(64 * KIB);
    const char *path = a ? arena_printf(a, "%s/%s.xml", x->out, draft->name) : NULL;
    enum status st = path ? file_write_passing(path, draft->xml, 0644, x->cli->diag) : ST_NOMEM;
    arena_free(&a);
    return st;
}

static enum status take_draft(void *ctx, const struct import_draft *draft)
{
    struct import_command *x = ctx;
    char what[256];
    bool fresh;
    TRY(take_name(x, draft, &fresh));
    if (!fresh) {
        diag_add(x->cli->diag, draft->line, 0, "import-twice", draft->name, "a second record of this name; it is left out");
        tell_faults(x, x->cli->diag);
        x->left_out++;
        return ST_OK;
    }
    if (x->out)
        TRY(write_file(x, draft));
    snprintf(what, sizeof what, "%s:%u: %s", x->path, draft->line, draft->name);
    if (x->publish) {
        tell_faults(x, x->cli->diag); // the call uses the same list
        enum status st = import_publish_send(x->publish, draft, what);
        diag_init(x->cli->diag, x->path);
        TRY(st);
    }
    x->drafts++;
    if (x->progress && x->drafts % 16 == 0)
        fprintf(stderr, "\r%zu drafts", x->drafts);
    return ST_OK;
}

// First pass of two, when drafts are published: the faults are told in the second.
static int look_ahead(struct import_command *x, struct span bytes)
{
    struct import_counts counts;
    struct import_options quiet = x->options;
    quiet.tell = NULL;
    diag_init(x->cli->diag, x->path);
    enum status st = x->fn(bytes, &quiet, import_publish_note, x->publish, x->cli->diag, &counts);
    if (st != ST_OK)
        return cli_fail_status(x->cli, x->path, st);
    return import_publish_look(x->publish);
}

static int import_bytes(struct import_command *x, struct span bytes)
{
    struct import_counts counts = {0};
    size_t twice = x->left_out;
    int code = x->publish ? look_ahead(x, bytes) : -1;
    if (code >= 0)
        return code;
    diag_init(x->cli->diag, x->path);
    enum status st = x->fn(bytes, &x->options, take_draft, x, x->cli->diag, &counts);
    x->left_out += counts.skipped;
    if (st == ST_OK) {
        tell_faults(x, x->cli->diag);
        st = x->publish ? import_publish_cancel(x->publish) : ST_OK;
    } else if (st == ST_UNREACHABLE) {
        return EXIT_UNREACHABLE; // told already
    }
    if (st != ST_OK)
        return cli_fail_status(x->cli, x->path, st);
    return x->left_out > twice ? EXIT_NO : EXIT_DONE;
}

static int import_file(struct import_command *x, const char *path)
{
    struct span bytes;
    struct arena *a = arena_new(IMPORT_BYTES_MAX + MIB);
    if (!a)
        return cli_fail_status(x->cli, path, ST_NOMEM);
    x->path = path;
    diag_init(x->cli->diag, NULL);
    enum status st = file_read(path, IMPORT_BYTES_MAX, a, x->cli->diag, &bytes);
    int code = st == ST_OK ? import_bytes(x, bytes) : cli_fail_status(x->cli, path, st);
    arena_free(&a);
    return code;
}

static void print_tally(const struct import_command *x)
{
    static const struct import_tally none;
    const struct import_tally *t = x->publish ? import_publish_tally(x->publish) : &none;
    if (x->progress)
        fputs("\r\033[K", stderr);
    if (x->cli->format == FORMAT_TSV) {
        printf("%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\n", x->drafts, x->left_out, t->published, t->here, t->over, t->recalled, t->refused);
        return;
    }
    printf("%zu drafts", x->drafts);
    if (x->out)
        printf(" in %s", x->out);
    if (x->left_out)
        printf("; %zu records left out", x->left_out);
    putchar('\n');
    if (x->publish)
        printf("%zu published, %zu here already, %zu over before they were published, %zu recalled, %zu refused\n", t->published,
               t->here, t->over, t->recalled, t->refused);
}

static int run(struct import_command *x, int argc, char **argv)
{
    int worst = EXIT_DONE;
    for (int i = 1; i < argc && worst != EXIT_UNREACHABLE; i++) {
        int code = import_file(x, argv[i]);
        worst = code > worst ? code : worst;
    }
    print_tally(x);
    if (worst == EXIT_DONE && x->publish && import_publish_tally(x->publish)->refused)
        worst = EXIT_NO;
    return worst;
}

// ---- the command line

static bool name_is_plain(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 64 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

struct import_words {
    const char *type, *map, *at;
    bool publish;
};

static import_fn *importer(const char *type)
{
    static const struct {
        const char *type;
        import_fn *fn;
    } importers[] = {{"asam", import_asam}, {"warnings", import_navwarn}, {"csaf", import_csaf}, {"stix", import_stix}, {"csv", import_csv}};
    for (size_t i = 0; type && i < sizeof importers / sizeof *importers; i++)
        if (strcmp(type, importers[i].type) == 0)
            return importers[i].fn;
    return NULL;
}

// What a node in DIR, if there is one, adds: the nation, and the secret of ids. Returns -1 to go on.
static int ask_node(struct import_command *x, bool needed)
{
    const struct config *c;
    diag_init(x->cli->diag, NULL);
    enum status st = config_read(x->cli->dir, x->cli->arena, x->cli->diag, &c);
    if (st == ST_NOT_FOUND && needed)
        return cli_usage("import", "%s is no node directory: give -C DIR to publish", x->cli->dir);
    if (st == ST_NOT_FOUND && !x->options.nation)
        return cli_usage("import", "%s is no node directory to take the nation from: give --nation, or -C DIR", x->cli->dir);
    if (st == ST_NOT_FOUND)
        return -1;
    if (st == ST_OK)
        st = import_secret(x->cli, c, &x->options.id_secret);
    if (st != ST_OK)
        return cli_fail_status(x->cli, x->cli->dir, st);
    if (!x->options.nation)
        x->options.nation = c->nation;
    if (needed && strcmp(x->options.nation, c->nation) != 0)
        return cli_usage("import", "the node is of %s; it publishes for no other nation", c->nation);
    return -1;
}

static int read_map(struct import_command *x, const char *path)
{
    struct span bytes;
    diag_init(x->cli->diag, NULL);
    enum status st = file_read(path, CSV_MAP_BYTES_MAX, x->cli->arena, x->cli->diag, &bytes);
    if (st == ST_OK) {
        diag_init(x->cli->diag, path);
        st = csv_map_read(bytes, path, x->cli->arena, x->cli->diag, &x->options.map);
    }
    return st == ST_OK ? -1 : cli_fail_status(x->cli, path, st);
}

static int check_words(struct import_command *x, const struct import_words *w, int argc, utc_ms *ret_at)
{
    x->fn = importer(w->type);
    *ret_at = clock_now();
    if (!x->fn)
        return cli_usage("import", "--type must be asam, warnings, csaf, stix or csv");
    if ((x->fn == import_csv) != (w->map != NULL))
        return cli_usage("import", "%s", w->map ? "--map goes with --type csv alone" : "--map must name the mapping of the table");
    if (!x->out && !w->publish)
        return cli_usage("import", "--out must name a folder for the drafts, or --publish them");
    if (argc < 2)
        return cli_usage("import", "no file to import");
    if (w->at && utc_parse(span_cstr(w->at), UTC_ZONE_Z, ret_at) != ST_OK)
        return cli_usage("import", "--at: '%s' is no time of the form 2026-11-22T13:35:00Z", w->at);
    return -1;
}

static int prepare(struct import_command *x, const struct import_words *w, utc_ms at)
{
    int code = ask_node(x, w->publish);
    if (code >= 0)
        return code;
    if (!name_is_plain(x->options.nation) || !name_is_plain(x->options.cell))
        return cli_usage("import", "--nation and --cell are 1 to 64 letters, digits, '-', '_' or '.'");
    code = w->map ? read_map(x, w->map) : -1;
    if (code >= 0)
        return code;
    if (x->out && mkdir(x->out, 0755) != 0 && errno != EEXIST)
        return cli_fail(EXIT_UNREACHABLE, x->out, "cannot make the folder: %s; name one that can be written", strerror(errno));
    diag_init(x->cli->diag, NULL);
    enum status st = w->publish ? import_publish_new(x->cli, x->options.cell, at, &x->publish) : ST_OK;
    return st == ST_OK ? -1 : cli_fail_status(x->cli, "import", st);
}

int cmd_import(const struct cli *cli, int argc, char **argv)
{
    struct import_words w = {0};
    utc_ms at;
    struct import_command x = {.cli = cli, .options = {.cell = "IMPORT", .tell = tell_faults, .tell_ctx = &x},
                               .progress = cli_is_terminal(STDERR_FILENO)};
    const struct cli_option options[] = {
        {"type", &w.type, NULL}, {"map", &w.map, NULL},       {"out", &x.out, NULL},
        {"at", &w.at, NULL},     {"publish", NULL, &w.publish}, {"nation", &x.options.nation, NULL},
        {"cell", &x.options.cell, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code < 0)
        code = check_words(&x, &w, argc, &at);
    if (code < 0)
        code = prepare(&x, &w, at);
    if (code < 0)
        code = run(&x, argc, argv);
    import_publish_free(&x.publish);
    tdestroy(x.names, free);
    return code;
}
