#include "node/core/past_policy.h"

#include "store/policies.h"

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
    enum status st = ruleset_load_bytes(bundle, NULL, &rules);
    if (st != ST_OK)
        return st == ST_NOMEM ? st : ST_CORRUPT;
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
