#include "policy/spif_set.h"

enum { TABLES_BYTES_MAX = 64 * 1024 * 1024 };

struct spif_set {
    struct arena *arena;
    struct security_policies all;
};

static enum status check_distinct(const struct security_policy *policies, size_t i, struct diag *d)
{
    const struct spif *s = policies[i].spif;
    for (size_t k = 0; k < i; k++) {
        const struct spif *other = policies[k].spif;
        if (!name_eq(other->name, s->name) && strcmp(other->id, s->id) != 0)
            continue;
        diag_add(d, 0, 0, "duplicate-policy", s->name, "%s defines the policy %s or its id too; keep one of them",
                 other->file, other->name);
        return ST_INVALID;
    }
    return ST_OK;
}

static enum status read_file(const struct bundle_file *file, struct arena *a, struct diag *d, struct security_policy *ret)
{
    const struct spif *spif;
    const char *name = arena_cstr(a, file->name);
    TRY(arena_status(a));
    if (d)
        diag_init(d, name);
    TRY(spif_read(file->bytes, name, a, d, &spif));
    return security_policy_compile(spif, NULL, 0, a, d, ret);
}

static enum status read_files(struct spif_set *set, const struct bundle_file *files, size_t count, struct diag *d)
{
    struct security_policy *policies = arena_array(set->arena, count, sizeof *policies);
    TRY(arena_status(set->arena));
    set->all = (struct security_policies){policies, count};
    for (size_t i = 0; i < count; i++) {
        TRY(read_file(&files[i], set->arena, d, &policies[i]));
        TRY(check_distinct(policies, i, d));
    }
    return ST_OK;
}

enum status spif_set_load(const struct bundle_file *files, size_t count, struct diag *d, struct spif_set **ret)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += files[i].bytes.len + KIB;
    struct arena *a = arena_new(bytes * XML_ARENA_FACTOR + TABLES_BYTES_MAX);
    struct spif_set *set = a ? arena_alloc(a, sizeof *set) : NULL;
    if (!set) {
        arena_free(&a);
        return ST_NOMEM;
    }
    set->arena = a;
    enum status st = read_files(set, files, count, d);
    if (st == ST_OK)
        *ret = set;
    else
        spif_set_free(&set);
    return st;
}

void spif_set_free(struct spif_set **set)
{
    if (!*set)
        return;
    struct arena *a = (*set)->arena; // the set lives in its own arena
    arena_free(&a);
    *set = NULL;
}

const struct security_policies *spif_set_policies(const struct spif_set *set)
{
    return &set->all;
}
