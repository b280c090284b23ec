#include "node/core/past_policy.h"

#include <stdlib.h>

#include "store/policies.h"

static enum status compile(struct span bundle, struct ruleset **ret)
{
    struct policy_bundle *b = malloc(sizeof *b);
    struct diag *d = malloc(sizeof *d);
    struct arena *a = xml_arena_new(bundle.len);
    enum status st = b && d && a ? ST_OK : ST_NOMEM;
    if (st == ST_OK) {
        diag_init(d, NULL);
        st = policy_bundle_read(bundle, a, d, b);
    }
    if (st == ST_OK)
        st = ruleset_load(b, d, ret);
    arena_free(&a);
    free(d);
    free(b);
    return st == ST_OK || st == ST_NOMEM ? st : ST_CORRUPT;
}

enum status past_policy(struct past_policies *p, const struct digest *digest, const struct ruleset **ret)
{
    struct span bundle;
    struct ruleset *rules = NULL;
    if (p->t->core->rules && digest_eq(digest, ruleset_digest(p->t->core->rules))) {
        *ret = p->t->core->rules;
        return ST_OK;
    }
    for (size_t i = 0; i < PAST_POLICIES; i++)
        if (p->known[i] && digest_eq(digest, ruleset_digest(p->known[i]))) {
            *ret = p->known[i];
            return ST_OK;
        }
    TRY(policies_get(p->t->txn, digest, &bundle));
    TRY(compile(bundle, &rules));
    struct ruleset **place = &p->known[p->made++ % PAST_POLICIES];
    ruleset_free(place);
    *place = rules;
    *ret = rules;
    return ST_OK;
}

void past_policies_fini(struct past_policies *p)
{
    for (size_t i = 0; i < PAST_POLICIES; i++)
        ruleset_free(&p->known[i]);
}
