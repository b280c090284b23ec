// relto import: reports from elsewhere as drafts, a file each. Drafts only: a cell publishes them (relto publish).
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "formats/import.h"
#include "node/config.h"
#include "node/io/file.h"
#include "tools/relto/cli.h"

static const char help[] =
    "usage: relto [-C DIR] import --type asam|warnings|csaf --out DIR [--nation N] [--cell C] FILE...\n\n"
    "Makes drafts from reports that are public, a file for each record in DIR, which is made if need be.\n"
    "  --type asam      Anti-Shipping Activity Messages, CSV with a header line\n"
    "  --type warnings  broadcast warnings to shipping, JSON\n"
    "  --type csaf      advisories in CSAF 2.0, JSON, one in a file\n"
    "  --nation N       the originator (default: the nation of the node in -C)\n"
    "  --cell C         its cell (default: IMPORT)\n"
    "The inputs carry no markings: the labels of the drafts are synthetic and say so. Records that are no good are\n"
    "named and left out; the exit code is then 1. Nothing is published: look at the drafts, then 'relto publish'.\n";

struct import_run_files {
    const struct cli *cli;
    const char *out;
    size_t written;
};

static enum status write_draft(void *ctx, const struct import_draft *draft)
{
    struct import_run_files *to = ctx;
    const char *path = arena_printf(to->cli->arena, "%s/%s.xml", to->out, draft->name);
    if (!path)
        return arena_status(to->cli->arena);
    enum status st = file_write(path, draft->xml, 0644, to->cli->diag);
    to->written += st == ST_OK;
    return st;
}

typedef enum status import_fn(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                              struct diag *d, struct import_counts *ret);

static import_fn *importer(const char *type)
{
    static const struct {
        const char *type;
        import_fn *fn;
    } importers[] = {{"asam", import_asam}, {"warnings", import_navwarn}, {"csaf", import_csaf}};
    for (size_t i = 0; type && i < sizeof importers / sizeof *importers; i++)
        if (strcmp(type, importers[i].type) == 0)
            return importers[i].fn;
    return NULL;
}

// Faults of records go to standard error; they do not stop the import.
static void print_faults(const struct cli *cli)
{
    struct buf out;
    if (cli->diag->count == 0)
        return;
    buf_init(&out, MIB);
    diag_print(cli->diag, &out);
    fwrite(out.ptr, 1, out.len, stderr);
    buf_fini(&out);
}

static int import_file(const struct cli *cli, import_fn *fn, const struct import_options *o, const char *path,
                       struct import_run_files *to)
{
    struct span bytes;
    struct import_counts counts = {0};
    diag_init(cli->diag, path);
    enum status st = file_read(path, IMPORT_BYTES_MAX, cli->arena, cli->diag, &bytes);
    if (st == ST_OK)
        st = fn(bytes, o, write_draft, to, cli->diag, &counts);
    if (st != ST_OK)
        return cli_fail_status(cli, path, st);
    print_faults(cli);
    if (counts.skipped == 0)
        return EXIT_DONE;
    return cli_fail(EXIT_NO, path, "%zu of %zu records left out; correct them and import again", counts.skipped,
                    counts.skipped + counts.drafts);
}

static bool name_is_plain(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 64 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

// What was left out on the command line comes from the node, if there is one.
static int default_nation(const struct cli *cli, struct import_options *o)
{
    const struct config *c;
    if (o->nation)
        return EXIT_DONE;
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st == ST_NOT_FOUND)
        return cli_usage("import", "%s is no node directory to take the nation from: give --nation, or -C DIR", cli->dir);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    o->nation = c->nation;
    return EXIT_DONE;
}

int cmd_import(const struct cli *cli, int argc, char **argv)
{
    const char *type = NULL, *out = NULL;
    struct import_options o = {.cell = "IMPORT"};
    const struct cli_option options[] = {
        {"type", &type, NULL}, {"out", &out, NULL}, {"nation", &o.nation, NULL}, {"cell", &o.cell, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    import_fn *fn = importer(type);
    if (!fn)
        return cli_usage("import", "--type must be asam, warnings or csaf");
    if (!out || argc < 2)
        return cli_usage("import", "%s", out ? "no file to import" : "--out must name a folder for the drafts");
    code = default_nation(cli, &o);
    if (code != EXIT_DONE)
        return code;
    if (!name_is_plain(o.nation) || !name_is_plain(o.cell))
        return cli_usage("import", "--nation and --cell are 1 to 64 letters, digits, '-', '_' or '.'");
    if (mkdir(out, 0755) != 0 && errno != EEXIST)
        return cli_fail(EXIT_UNREACHABLE, out, "cannot make the folder: %s; name one that can be written", strerror(errno));
    struct import_run_files to = {cli, out, 0};
    int worst = EXIT_DONE;
    for (int i = 1; i < argc; i++) {
        code = import_file(cli, fn, &o, argv[i], &to);
        worst = code > worst ? code : worst;
    }
    printf("%zu drafts in %s\n", to.written, out);
    return worst;
}
