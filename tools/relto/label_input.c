#include "tools/relto/label_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/report.h"
#include "node/config.h"
#include "node/io/file.h"

enum { SPIF_FILES_MAX = 1024 };

// Faults that are recorded, else the status; whatever it is, the input could not be read.
static bool unreadable(const struct cli *cli, const char *what, enum status st)
{
    cli_fail_status(cli, what, st);
    return false;
}

// ---- policies

// What is not well-formed counts as a SPIF: that it is broken must be told.
static bool is_spif(struct span bytes)
{
    struct xml_node *root;
    struct arena *a = xml_arena_new(bytes.len);
    bool is = !a || xml_read(bytes, XML_OPERATOR, a, NULL, &root) != ST_OK || strcmp(root->ns, NS_SPIF) == 0 ||
              strcmp(root->name, "SPIF") == 0;
    arena_free(&a);
    return is;
}

static int is_candidate(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 4 && strcmp(e->d_name + n - 4, ".xml") == 0;
}

static enum status read_spifs(const struct cli *cli, const char *dir, struct dirent *const *names, size_t name_count,
                              struct bundle_file *files, size_t *ret_count)
{
    for (size_t i = 0; i < name_count; i++) {
        struct bundle_file f = {.name = arena_cstr(cli->arena, names[i]->d_name)};
        const char *path = arena_printf(cli->arena, "%s/%s", dir, names[i]->d_name);
        TRY(arena_status(cli->arena));
        diag_init(cli->diag, path);
        TRY(file_read(path, POLICY_BYTES_MAX, cli->arena, cli->diag, &f.bytes));
        if (is_spif(f.bytes))
            files[(*ret_count)++] = f;
    }
    return ST_OK;
}

static enum status load_files(const struct cli *cli, const char *dir, struct dirent *const *names, size_t name_count,
                              struct spif_set **ret)
{
    size_t count = 0;
    struct bundle_file *files = arena_array(cli->arena, name_count, sizeof *files);
    TRY(arena_status(cli->arena));
    TRY(read_spifs(cli, dir, names, name_count, files, &count));
    if (count == 0) {
        diag_init(cli->diag, dir);
        diag_add(cli->diag, 0, 0, "spif-missing", NULL, "no SPIF (*.xml, namespace " NS_SPIF ") in this folder");
        return ST_NOT_FOUND;
    }
    return spif_set_load(files, count, cli->diag, ret);
}

static bool load_folder(const struct cli *cli, const char *dir, struct spif_set **ret)
{
    struct dirent **names = NULL;
    int found = scandir(dir, &names, is_candidate, alphasort);
    if (found < 0) {
        cli_fail(0, dir, "%s; name the folder of your SPIFs with --spif-dir", strerror(errno));
        return false;
    }
    enum status st = found > SPIF_FILES_MAX ? ST_LIMIT : load_files(cli, dir, names, (size_t)found, ret);
    for (int i = 0; i < found; i++)
        free(names[i]);
    free(names);
    return st == ST_OK || unreadable(cli, dir, st);
}

bool label_input_policies(const struct cli *cli, const char *dir, struct spif_set **ret)
{
    const struct config *config;
    if (dir)
        return load_folder(cli, dir, ret);
    diag_init(cli->diag, NULL);
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &config);
    if (st != ST_OK) {
        unreadable(cli, cli->dir, st);
        cli_fail(0, cli->dir, "without a node directory (-C), name a folder of SPIFs with --spif-dir");
        return false;
    }
    return load_folder(cli, config->spif_dir, ret);
}

// ---- label elements

struct finding {
    const struct cli *cli;
    struct label_elements *ret;
};

static void add(struct finding *f, const char *id, const struct xml_node *node, bool document, uint32_t line)
{
    f->ret->list[f->ret->count++] = (struct label_element_found){id, node, document, line};
}

static void add_labels_of(struct finding *f, const char *id, const struct xml_node *governed)
{
    for (const struct xml_node *n = xml_first(governed); n; n = xml_next(n))
        if (xml_is(n, NS_REPORT, "label"))
            add(f, id, n, false, n->line);
}

static const char *id_of(const struct xml_node *n, const char *otherwise)
{
    const char *id = xml_attr(n, "Id");
    return id && *id ? id : otherwise;
}

static void find_in_report(struct finding *f, const struct xml_node *root)
{
    size_t position = 0;
    const struct xml_node *first = xml_first(root);
    if (!first || (!xml_is(first, NS_REPORT, "label") && !xml_is(first, NS_REPORT, "withheld")))
        add(f, "label", NULL, false, root->line);
    for (const struct xml_node *n = first; n; n = xml_next(n)) {
        if (xml_is(n, NS_REPORT, "label")) {
            add(f, id_of(n, "label"), n, false, n->line);
        } else if (xml_is(n, NS_REPORT, "header")) {
            add_labels_of(f, id_of(n, "header"), n);
        } else if (n != first && strcmp(n->ns, NS_REPORT) == 0) {
            const char *given = arena_printf(f->cli->arena, "e%zu", ++position);
            add_labels_of(f, id_of(n, given ? given : ""), n);
        }
    }
}

static bool is_document(const struct xml_node *root)
{
    static const char *const names[] = {"originatorConfidentialityLabel", "alternativeConfidentialityLabel",
                                        "metadataConfidentialityLabel", "ConfidentialityLabel"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (xml_is(root, NS_SLAB, names[i]))
            return true;
    return false;
}

// More room than there can be label elements.
static size_t count_elements(const struct xml_node *root)
{
    size_t n = 2;
    for (const struct xml_node *c = xml_first(root); c; c = xml_next(c))
        for (const struct xml_node *l = c; l; l = l == c ? xml_first(c) : xml_next(l))
            n++;
    return n;
}

static enum status find(const struct cli *cli, const struct xml_node *root, struct label_elements *ret)
{
    struct finding f = {cli, ret};
    *ret = (struct label_elements){.report = xml_is(root, NS_REPORT, "report")};
    ret->list = arena_array(cli->arena, count_elements(root), sizeof *ret->list);
    TRY(arena_status(cli->arena));
    if (ret->report) {
        find_in_report(&f, root);
    } else if (is_document(root) || xml_is(root, NS_REPORT, "label")) {
        add(&f, id_of(root, "label"), root, is_document(root), root->line);
    } else {
        diag_add(cli->diag, root->line, root->column, "unknown-element", root->name,
                 "expected a report (" NS_REPORT ") or a confidentiality label such as "
                 "<originatorConfidentialityLabel xmlns=\"" NS_SLAB "\">");
        return ST_INVALID;
    }
    return arena_status(cli->arena);
}

bool label_input_elements(const struct cli *cli, const char *file, struct label_elements *ret)
{
    struct span bytes;
    struct xml_node *root;
    diag_init(cli->diag, file);
    enum status st = file_read(file, RENDITION_BYTES_MAX, cli->arena, cli->diag, &bytes);
    if (st == ST_OK) // comments do no harm to labels
        st = xml_read(bytes, XML_COMMENTED, cli->arena, cli->diag, &root);
    if (st == ST_OK)
        st = find(cli, root, ret);
    return st == ST_OK || unreadable(cli, file, st);
}

static enum status read_document(const struct cli *cli, const struct xml_node *node, const struct label **ret)
{
    struct label *label = arena_alloc(cli->arena, sizeof *label);
    TRY(arena_status(cli->arena));
    *label = (struct label){.line = node->line};
    *ret = label;
    return label_doc_read(node, cli->arena, cli->diag, &label->originator);
}

enum status label_input_read(const struct cli *cli, const char *file, const struct label_element_found *e,
                             const struct label **ret)
{
    diag_init(cli->diag, file);
    if (!e->node) {
        diag_add(cli->diag, e->line, 0, "label-missing", e->id, "a report needs an overall label as its first element");
        return ST_INVALID;
    }
    return e->document ? read_document(cli, e->node, ret) : label_read(e->node, cli->arena, cli->diag, ret);
}
