#include "node/io/nation_anchors.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "node/io/file.h"

struct loading {
    const struct config *c;
    struct arena *a;
    struct diag *d;
    struct core *core;
    struct nation_anchors *list;
};

// "GBR" of "GBR.pem"; false for a file of another name.
static bool nation_of(const char *file, const char *ending, char out[65])
{
    size_t n = strlen(file), e = strlen(ending);
    if (file[0] == '.' || n <= e || n - e > 64 || strcmp(file + n - e, ending) != 0)
        return false;
    snprintf(out, 65, "%.*s", (int)(n - e), file);
    return true;
}

static enum status add(struct loading *x, const char *nation)
{
    struct span pem, crl = span_of("", 0);
    const char *path = arena_printf(x->a, "%s/%s.pem", x->c->nation_anchors, nation);
    const char *crl_path = arena_printf(x->a, "%s/%s.crl", x->c->nation_anchors, nation);
    TRY(arena_status(x->a));
    if (strcmp(nation, x->c->nation) == 0) {
        diag_add(x->d, 0, 0, "nation-anchors", path, "our own reports come from ourselves alone; remove the file");
        return ST_INVALID;
    }
    if (x->core->nation_anchor_count == NATION_ANCHORS_MAX) {
        diag_add(x->d, 0, 0, "nation-anchors", x->c->nation_anchors, "more than %d nations", NATION_ANCHORS_MAX);
        return ST_LIMIT;
    }
    TRY(file_read(path, NATION_ANCHORS_BYTES_MAX, x->a, x->d, &pem));
    if (access(crl_path, F_OK) == 0)
        TRY(file_read(crl_path, NATION_ANCHORS_BYTES_MAX, x->a, x->d, &crl));
    struct nation_anchors *n = &x->list[x->core->nation_anchor_count];
    enum status st = anchors_load(pem, crl, x->d, &n->anchors);
    if (st != ST_OK) {
        if (!x->d->file[0])
            snprintf(x->d->file, sizeof x->d->file, "%s", path);
        return st;
    }
    snprintf(n->nation, sizeof n->nation, "%s", nation);
    x->core->nation_anchor_count++;
    return ST_OK;
}

static enum status add_file(struct loading *x, const char *file)
{
    char nation[65];
    if (nation_of(file, ".pem", nation))
        return add(x, nation);
    if (!nation_of(file, ".crl", nation))
        return ST_OK;
    const char *pem = arena_printf(x->a, "%s/%s.pem", x->c->nation_anchors, nation);
    TRY(arena_status(x->a));
    if (access(pem, F_OK) == 0)
        return ST_OK;
    diag_add(x->d, 0, 0, "nation-anchors", file, "there is no %s.pem beside it: a nation without anchors is not believed", nation);
    return ST_INVALID;
}

enum status nation_anchors_load(const struct config *c, struct arena *a, struct diag *d, struct core *core)
{
    if (!c->nation_anchors)
        return ST_OK;
    struct loading x = {.c = c, .a = a, .d = d, .core = core, .list = arena_array(a, NATION_ANCHORS_MAX, sizeof *x.list)};
    if (!x.list)
        return arena_status(a);
    core->nation_anchors = x.list;
    DIR *dir = opendir(c->nation_anchors);
    if (!dir) {
        diag_add(d, 0, 0, "file", c->nation_anchors, "cannot be opened: %s; make the folder, or remove [ingest] nation-anchors", strerror(errno));
        return ST_NOT_FOUND;
    }
    enum status st = ST_OK;
    for (struct dirent *e; st == ST_OK && (e = readdir(dir));)
        st = add_file(&x, e->d_name);
    closedir(dir);
    return st;
}

void nation_anchors_free(struct core *core)
{
    for (size_t i = 0; i < core->nation_anchor_count; i++) {
        struct anchors *a = core->nation_anchors[i].anchors;
        anchors_free(&a);
    }
    core->nation_anchors = NULL;
    core->nation_anchor_count = 0;
}
