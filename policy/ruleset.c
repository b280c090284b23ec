#include "policy/ruleset.h"

#include <stdio.h>
#include <string.h>

#include "policy/ruleset_parts.h"

// A ruleset's memory: the XML trees of its documents, their structures, and the compiled tables.
enum { TABLES_BYTES_MAX = 128 * 1024 * 1024 };

// ---- reading the files

static void begin_file(struct diag *d, const char *name)
{
    if (d)
        diag_init(d, name);
}

static const struct bundle_file *spif_file(const struct policy_bundle *b, const char *path)
{
    for (size_t i = 0; i < b->spif_count; i++)
        if (strcmp(b->spifs[i].name, bundle_file_name(path)) == 0)
            return &b->spifs[i];
    return NULL;
}

static enum status read_spif(struct ruleset *rs, const struct policy_bundle *b, const struct policy_security *from,
                             const struct spif **ret, struct diag *d)
{
    const struct bundle_file *file = spif_file(b, from->spif);
    begin_file(d, rs->doc->file);
    if (!file) {
        diag_add(d, from->line, 0, "spif-missing", "security-policy",
                 "spif=\"%s\": no file of this name was given; put it where SPIFs are looked for", from->spif);
        return ST_INVALID;
    }
    const char *name = arena_cstr(rs->arena, file->name);
    TRY(arena_status(rs->arena));
    begin_file(d, name);
    return spif_read(file->bytes, name, rs->arena, d, ret);
}

static bool same_policy(const struct spif *a, const struct spif *b)
{
    return name_eq(a->name, b->name) || strcmp(a->id, b->id) == 0;
}

static enum status check_distinct(const struct ruleset *rs, const struct spif *const *spifs, size_t i, struct diag *d)
{
    for (size_t k = 0; k < i; k++)
        if (same_policy(spifs[k], spifs[i])) {
            diag_add(d, rs->doc->securities[i].line, 0, "duplicate-policy", "security-policy",
                     "%s and %s both define the policy %s or its id; name one of them", spifs[k]->file, spifs[i]->file,
                     spifs[i]->name);
            return ST_INVALID;
        }
    return ST_OK;
}

static enum status compile_spifs(struct ruleset *rs, const struct spif *const *spifs, struct diag *d)
{
    const struct policy_document *doc = rs->doc;
    struct security_policy *policies = arena_array(rs->arena, doc->security_count, sizeof *policies);
    TRY(arena_status(rs->arena));
    rs->policies = (struct security_policies){policies, doc->security_count};
    enum status st = ST_OK;
    begin_file(d, doc->file);
    for (size_t i = 0; i < doc->security_count; i++) {
        enum status one = check_distinct(rs, spifs, i, d);
        if (one == ST_OK)
            one = security_policy_compile(spifs[i], doc->securities[i].release_tag_set, doc->securities[i].line,
                                          rs->arena, d, &policies[i]);
        if (one != ST_OK)
            st = one;
    }
    return st;
}

static enum status read_spifs(struct ruleset *rs, const struct policy_bundle *b, struct diag *d)
{
    const struct spif **spifs = arena_array(rs->arena, rs->doc->security_count, sizeof *spifs);
    TRY(arena_status(rs->arena));
    for (size_t i = 0; i < rs->doc->security_count; i++)
        TRY(read_spif(rs, b, &rs->doc->securities[i], &spifs[i], d));
    return compile_spifs(rs, spifs, d);
}

static enum status read_all(struct ruleset *rs, const struct policy_bundle *b, struct diag *d)
{
    const char *policy = arena_cstr(rs->arena, b->policy.name), *words = arena_cstr(rs->arena, b->vocabulary.name);
    TRY(arena_status(rs->arena));
    begin_file(d, policy);
    TRY(policy_document_read(b->policy.bytes, policy, rs->arena, d, &rs->doc));
    begin_file(d, words);
    TRY(vocabulary_read(b->vocabulary.bytes, words, rs->arena, d, &rs->vocabulary));
    TRY(read_spifs(rs, b, d));
    begin_file(d, policy);
    return ruleset_compile(rs, d);
}

// ---- the bundle

static size_t bundle_bytes(const struct policy_bundle *b)
{
    size_t n = b->policy.bytes.len + b->vocabulary.bytes.len;
    for (size_t i = 0; i < b->spif_count; i++)
        n += b->spifs[i].bytes.len;
    return n;
}

static enum status bundle_digest(const struct policy_bundle *b, struct digest *ret)
{
    struct buf out;
    // The bundle is text and may grow by escaping, at most sixfold.
    buf_init(&out, 8 * bundle_bytes(b) + 64 * KIB);
    policy_bundle_write(b, &out);
    enum status st = buf_status(&out);
    if (st == ST_OK)
        *ret = sha256(buf_bytes(&out));
    buf_fini(&out);
    return st;
}

enum status ruleset_load(const struct policy_bundle *b, struct diag *d, struct ruleset **ret)
{
    struct arena *a = arena_new((bundle_bytes(b) + KIB) * XML_ARENA_FACTOR + TABLES_BYTES_MAX);
    struct ruleset *rs = a ? arena_alloc(a, sizeof *rs) : NULL;
    if (!rs) {
        arena_free(&a);
        return ST_NOMEM;
    }
    rs->arena = a;
    rs->users = 1;
    rs->pad = b->pad;
    enum status st = bundle_digest(b, &rs->digest);
    if (st == ST_OK)
        st = read_all(rs, b, d);
    if (st == ST_OK)
        *ret = rs;
    else
        ruleset_free(&rs);
    return st;
}

enum status ruleset_load_bytes(struct span bundle, struct diag *d, struct ruleset **ret)
{
    struct policy_bundle b;
    struct arena *a = xml_arena_new(bundle.len);
    if (!a)
        return ST_NOMEM;
    enum status st = policy_bundle_read(bundle, a, d, &b);
    if (st == ST_OK)
        st = ruleset_load(&b, d, ret);
    arena_free(&a);
    return st;
}

void ruleset_free(struct ruleset **rs)
{
    if (!*rs)
        return;
    struct arena *a = (*rs)->arena; // the ruleset lives in its own arena
    if (--(*rs)->users == 0)
        arena_free(&a);
    *rs = NULL;
}

struct ruleset *ruleset_share(struct ruleset *rs)
{
    rs->users++;
    return rs;
}

// ---- access

const struct digest *ruleset_digest(const struct ruleset *rs)
{
    return &rs->digest;
}

const struct policy_document *ruleset_document(const struct ruleset *rs)
{
    return rs->doc;
}

const struct vocabulary *ruleset_vocabulary(const struct ruleset *rs)
{
    return rs->vocabulary;
}

uint32_t ruleset_pad(const struct ruleset *rs)
{
    return rs->pad;
}

size_t ruleset_partner_count(const struct ruleset *rs)
{
    return rs->doc->partner_count;
}

const struct policy_partner *ruleset_partner(const struct ruleset *rs, size_t index)
{
    return &rs->doc->partners[index];
}

size_t ruleset_partner_index(const struct ruleset *rs, const char *id)
{
    return document_partner(rs->doc, id);
}
