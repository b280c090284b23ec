// Who belongs to which community at an instant, nested and dated (spec 3.2).
#ifndef RELTO_POLICY_COMMUNITY_H
#define RELTO_POLICY_COMMUNITY_H

#include "formats/policy_document.h"
#include "policy/partner_set.h"

// A list of partners and communities as policies write it: parties, partners, unmarked.
struct party_list {
    bool everyone; // "*"
    struct partner_set partners;
    size_t *communities; // indices into the document's
    size_t community_count;
};

struct communities {
    const struct policy_document *doc;
    size_t *order;            // members before those that contain them
    size_t **members;         // by community and member: index of the partner, or of the community
    struct partner_set *ever; // by community: who is a member at some time or other
};

// Dated things hold for from <= t < until.
static inline bool validity_holds(const struct validity *v, utc_ms t)
{
    return v->from <= t && t < v->until;
}

// Index of the partner, of the community with exactly this id, or SIZE_MAX.
size_t document_partner(const struct policy_document *doc, const char *id);
size_t document_community(const struct policy_document *doc, const char *id);

// Resolve membership. A member that is not in the document and a cycle are faults (ST_INVALID).
MUST_USE enum status communities_compile(const struct policy_document *doc, struct arena *a, struct diag *d,
                                         struct communities *ret);
// Members of every community at t; `ret` has doc->community_count sets.
void communities_at(const struct communities *c, utc_ms t, struct partner_set *ret);

// Resolve a list of ids. An unknown id is a fault at `line` of `element`.
MUST_USE enum status party_list_compile(const struct policy_document *doc, const char *const *ids, size_t count,
                                        bool star_allowed, const char *element, uint32_t line, struct arena *a,
                                        struct diag *d, struct party_list *ret);
// Is the partner on the list, given the communities' members (at an instant, or ever)?
bool party_list_has(const struct party_list *l, const struct partner_set *members, size_t partner);
// Everyone on the list.
void party_list_join(const struct party_list *l, const struct partner_set *members, size_t partner_count,
                     struct partner_set *ret);

#endif
