#include "policy/permit.h"

#include <stdlib.h>
#include <string.h>

struct permit {
    char partner[PERMIT_PARTNER_MAX + 1];
    struct digest policy, bytes;
    bool is_attachment; // `bytes` are those of an attachment, not of a rendition
    utc_ms from, until; // from <= t < until
};

static bool withholds_enough(const struct withheld_set *wanted, const struct withheld_set *shown)
{
    if (wanted->overall && !shown->overall)
        return false;
    for (size_t i = 0; i < sizeof wanted->bits / sizeof *wanted->bits; i++)
        if (wanted->bits[i] & ~shown->bits[i])
            return false;
    return true;
}

static enum status permit_make(const struct ruleset *rs, size_t partner, const struct decision *dec, utc_ms t,
                               const struct withheld_set *shown_withheld, struct permit **ret)
{
    *ret = NULL;
    if (partner >= ruleset_partner_count(rs))
        return ST_DENIED;
    const char *id = ruleset_partner(rs, partner)->id;
    // A decision is good until the instant at which it may differ.
    if (!decision_permits(dec) || t >= dec->next_change || !withholds_enough(&dec->withheld, shown_withheld) ||
        strlen(id) > PERMIT_PARTNER_MAX)
        return ST_DENIED;
    struct permit *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    memcpy(p->partner, id, strlen(id));
    p->policy = *ruleset_digest(rs);
    p->from = t;
    p->until = dec->next_change;
    *ret = p;
    return ST_OK;
}

enum status permit_new(const struct ruleset *rs, size_t partner, const struct decision *dec, utc_ms t,
                       const struct withheld_set *shown_withheld, struct span rendition, struct permit **ret)
{
    TRY(permit_make(rs, partner, dec, t, shown_withheld, ret));
    (*ret)->bytes = sha256(rendition);
    return ST_OK;
}

enum status permit_new_attachment(const struct ruleset *rs, size_t partner, const struct decision *dec, utc_ms t,
                                  const struct withheld_set *shown_withheld, const struct report *r, size_t child,
                                  struct permit **ret)
{
    *ret = NULL;
    if (child >= r->child_count || r->children[child].kind != REPORT_ATTACHMENT ||
        withheld_has(&dec->withheld, child) || withheld_has(shown_withheld, child))
        return ST_DENIED;
    TRY(permit_make(rs, partner, dec, t, shown_withheld, ret));
    (*ret)->bytes = r->children[child].sha256;
    (*ret)->is_attachment = true;
    return ST_OK;
}

void permit_free(struct permit **p)
{
    free(*p);
    *p = NULL;
}

static bool in_force(const struct permit *p, const char *partner, const struct digest *policy, utc_ms t)
{
    return p && t >= p->from && t < p->until && strcmp(p->partner, partner) == 0 && digest_eq(&p->policy, policy);
}

bool permit_covers(const struct permit *p, struct span rendition, const char *partner, const struct digest *policy,
                   utc_ms t)
{
    if (!in_force(p, partner, policy, t) || p->is_attachment)
        return false;
    struct digest d = sha256(rendition);
    return digest_eq(&d, &p->bytes);
}

bool permit_covers_attachment(const struct permit *p, const struct digest *attachment, const char *partner,
                              const struct digest *policy, utc_ms t)
{
    return in_force(p, partner, policy, t) && p->is_attachment && digest_eq(&p->bytes, attachment);
}

bool permit_stands(const struct permit *p, const char *partner, const struct digest *policy, utc_ms t)
{
    return in_force(p, partner, policy, t);
}
