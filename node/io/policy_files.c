// config_policy_bundle of node/config.h: the policy files that the configuration names, read from disk.
#include "formats/base/limits.h"
#include "formats/policy_document.h"
#include "node/config.h"
#include "node/io/file.h"

// Whatever folder the policy names, the file is found in ours by its name (spec 3.2).
static enum status read_spif(const struct config *c, const char *named, struct arena *a, struct diag *d,
                             struct bundle_file *ret)
{
    const char *name = bundle_file_name(named);
    if (!*name || name[0] == '.') {
        diag_add(d, 0, 0, "spif-name", named, "expected the name of a file in %s", c->spif_dir);
        return ST_INVALID;
    }
    const char *path = arena_printf(a, "%s/%s", c->spif_dir, name);
    TRY(arena_status(a));
    ret->name = name;
    return file_read(path, POLICY_BYTES_MAX, a, d, &ret->bytes);
}

enum status config_policy_bundle(const struct config *c, struct arena *a, struct diag *d, struct policy_bundle *ret)
{
    const struct policy_document *doc;
    *ret = (struct policy_bundle){.pad = c->pad};
    ret->policy.name = arena_cstr(a, bundle_file_name(c->policy_file));
    ret->vocabulary.name = arena_cstr(a, bundle_file_name(c->vocabulary_file));
    TRY(arena_status(a));
    TRY(file_read(c->policy_file, POLICY_BYTES_MAX, a, d, &ret->policy.bytes));
    TRY(file_read(c->vocabulary_file, POLICY_BYTES_MAX, a, d, &ret->vocabulary.bytes));
    if (d && d->count == 0)
        diag_init(d, ret->policy.name);
    TRY(policy_document_read(ret->policy.bytes, ret->policy.name, a, d, &doc));
    if (d)
        d->file[0] = 0;
    if (doc->security_count > BUNDLE_SPIFS_MAX) {
        diag_add(d, 0, 0, "spif-count", ret->policy.name, "names more than %d security policies", BUNDLE_SPIFS_MAX);
        return ST_LIMIT;
    }
    for (size_t i = 0; i < doc->security_count; i++)
        TRY(read_spif(c, doc->securities[i].spif, a, d, &ret->spifs[i]));
    ret->spif_count = doc->security_count;
    return ST_OK;
}
