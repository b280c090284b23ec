#include "tests/support/demo_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"

static struct diag diag;

static void must(enum status st, const char *what)
{
    if (st == ST_OK && diag.count == 0)
        return;
    struct buf b;
    buf_init(&b, MIB);
    diag_print(&diag, &b);
    fprintf(stderr, "%s: %s\n%s", what, status_text(st), buf_cstr(&b));
    abort();
}

static struct bundle_file conf_file(struct arena *a, const char *source_dir, const char *path)
{
    const char *slash = strrchr(path, '/');
    return (struct bundle_file){slash ? slash + 1 : path,
                                import_test_file(a, arena_printf(a, "%s/conf/%s", source_dir, path))};
}

static void load_rules(struct demo *demo, struct demo_node *n, const char *source_dir, const char *policy)
{
    const struct policy_document *doc;
    struct policy_bundle b = {.policy = conf_file(demo->a, source_dir, policy),
                              .vocabulary = conf_file(demo->a, source_dir, "vocabulary.xml")};
    diag_init(&diag, policy);
    must(policy_document_read(b.policy.bytes, policy, demo->a, &diag, &doc), policy);
    BUG_IF(strcmp(doc->nation, n->nation) != 0);
    for (size_t i = 0; i < doc->security_count; i++)
        b.spifs[b.spif_count++] = conf_file(demo->a, source_dir, doc->securities[i].spif);
    must(ruleset_load(&b, &diag, &n->rules), policy);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kept_draft *)a)->name, ((const struct kept_draft *)b)->name);
}

static void read_drafts(struct demo *demo, struct demo_node *n, struct kept_drafts *kept)
{
    qsort(kept->drafts, kept->count, sizeof *kept->drafts, by_name);
    for (size_t i = 0; i < kept->count; i++) {
        struct demo_report *r = &n->reports[n->report_count++];
        r->name = arena_cstr(demo->a, kept->drafts[i].name);
        diag_init(&diag, r->name);
        must(report_read(span_of(kept->drafts[i].xml, kept->drafts[i].len), r->name, demo->a, &diag, &r->report), r->name);
    }
}

static void load_file(struct demo *demo, struct demo_node *n, import_function *fn, const char *path, struct kept_drafts *kept)
{
    const struct import_options o = {.nation = n->nation, .cell = "DEMO"};
    struct import_counts counts;
    diag_init(&diag, path);
    must(fn(import_test_file(demo->a, path), &o, import_keep, kept, &diag, &counts), path);
    BUG_IF(counts.drafts == 0);
}

static void load_reports(struct demo *demo, struct demo_node *n, const char *source_dir, size_t which)
{
    static struct kept_drafts kept;
    kept = (struct kept_drafts){.a = demo->a};
    const char *samples = arena_printf(demo->a, "%s/conf/samples", source_dir);
    if (which == 0)
        load_file(demo, n, import_asam, arena_printf(demo->a, "%s/asam.csv", samples), &kept);
    if (which == 1)
        load_file(demo, n, import_navwarn, arena_printf(demo->a, "%s/navwarnings.json", samples), &kept);
    DIR *dir = which == 2 ? opendir(arena_printf(demo->a, "%s/csaf", samples)) : NULL;
    BUG_IF(which == 2 && !dir);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            load_file(demo, n, import_csaf, arena_printf(demo->a, "%s/csaf/%s", samples, e->d_name), &kept);
    if (dir)
        closedir(dir);
    read_drafts(demo, n, &kept);
}

void demo_load(struct demo *demo, const char *source_dir)
{
    static const char *const nations[DEMO_NODES] = {"GBR", "FRA", "MARSEC"};
    static const char *const policies[DEMO_NODES] = {"policies/gbr.xml", "policies/fra.xml", "policies/marsec.xml"};
    memset(demo, 0, sizeof *demo);
    demo->a = arena_new(256 * MIB);
    BUG_IF(!demo->a);
    for (size_t i = 0; i < DEMO_NODES; i++) {
        demo->nodes[i].nation = nations[i];
        load_rules(demo, &demo->nodes[i], source_dir, policies[i]);
        load_reports(demo, &demo->nodes[i], source_dir, i);
    }
}

void demo_free(struct demo *demo)
{
    for (size_t i = 0; i < DEMO_NODES; i++)
        ruleset_free(&demo->nodes[i].rules);
    arena_free(&demo->a);
}
