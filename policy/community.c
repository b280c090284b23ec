#include "policy/community.h"

#include <string.h>

size_t document_partner(const struct policy_document *doc, const char *id)
{
    for (size_t i = 0; i < doc->partner_count; i++)
        if (strcmp(doc->partners[i].id, id) == 0)
            return i;
    return SIZE_MAX;
}

size_t document_community(const struct policy_document *doc, const char *id)
{
    for (size_t i = 0; i < doc->community_count; i++)
        if (strcmp(doc->communities[i].id, id) == 0)
            return i;
    return SIZE_MAX;
}

// ---- order

static bool member_known(const struct policy_document *doc, const struct policy_member *m, struct diag *d)
{
    bool known = m->partner ? document_partner(doc, m->partner) != SIZE_MAX
                            : document_community(doc, m->community) != SIZE_MAX;
    if (!known)
        diag_add(d, m->line, 0, "unknown-member", "member", "%s \"%s\" is not in this document; expected an id of %s",
                 m->partner ? "partner" : "community", m->partner ? m->partner : m->community,
                 m->partner ? "<partners>" : "<communities>");
    return known;
}

static bool members_known(const struct policy_document *doc, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < doc->community_count; i++)
        for (size_t m = 0; m < doc->communities[i].member_count; m++)
            ok &= member_known(doc, &doc->communities[i].members[m], d);
    return ok;
}

static bool ready(const struct policy_document *doc, size_t community, const bool *placed)
{
    const struct policy_community *c = &doc->communities[community];
    for (size_t m = 0; m < c->member_count; m++)
        if (!c->members[m].partner && !placed[document_community(doc, c->members[m].community)])
            return false;
    return true;
}

// Place communities whose nested ones are placed, until none is left; what cannot be placed is in a cycle.
static enum status place_all(const struct policy_document *doc, bool *placed, size_t *order, struct diag *d)
{
    size_t n = 0, before;
    do {
        before = n;
        for (size_t i = 0; i < doc->community_count; i++)
            if (!placed[i] && ready(doc, i, placed)) {
                placed[i] = true;
                order[n++] = i;
            }
    } while (n > before);
    for (size_t i = 0; i < doc->community_count; i++)
        if (!placed[i]) {
            diag_add(d, doc->communities[i].line, 0, "community-cycle", "community",
                     "\"%s\" contains itself through its members; remove one membership of the circle",
                     doc->communities[i].id);
            return ST_INVALID;
        }
    return ST_OK;
}

// Union over members whose date holds at t, or over all when `dated` is false.
static void join_members(const struct communities *c, bool dated, utc_ms t, struct partner_set *ret)
{
    const struct policy_document *doc = c->doc;
    memset(ret, 0, doc->community_count * sizeof *ret);
    for (size_t o = 0; o < doc->community_count; o++) {
        const struct policy_community *com = &doc->communities[c->order[o]];
        struct partner_set *set = &ret[c->order[o]];
        for (size_t m = 0; m < com->member_count; m++) {
            const struct policy_member *member = &com->members[m];
            if (dated && !validity_holds(&member->valid, t))
                continue;
            if (member->partner)
                partner_set_add(set, c->members[c->order[o]][m]);
            else
                partner_set_join(set, &ret[c->members[c->order[o]][m]]);
        }
    }
}

static enum status find_members(const struct policy_document *doc, struct arena *a, size_t **ret)
{
    for (size_t i = 0; i < doc->community_count; i++) {
        const struct policy_community *com = &doc->communities[i];
        ret[i] = arena_array(a, com->member_count, sizeof **ret);
        TRY(arena_status(a));
        for (size_t m = 0; m < com->member_count; m++)
            ret[i][m] = com->members[m].partner ? document_partner(doc, com->members[m].partner)
                                                : document_community(doc, com->members[m].community);
    }
    return ST_OK;
}

enum status communities_compile(const struct policy_document *doc, struct arena *a, struct diag *d,
                                struct communities *ret)
{
    if (!members_known(doc, d))
        return ST_INVALID;
    *ret = (struct communities){
        .doc = doc,
        .order = arena_array(a, doc->community_count, sizeof *ret->order),
        .members = arena_array(a, doc->community_count, sizeof *ret->members),
        .ever = arena_array(a, doc->community_count, sizeof *ret->ever),
    };
    bool *placed = arena_array(a, doc->community_count, sizeof *placed);
    TRY(arena_status(a));
    TRY(place_all(doc, placed, ret->order, d));
    TRY(find_members(doc, a, ret->members));
    join_members(ret, false, 0, ret->ever);
    return ST_OK;
}

void communities_at(const struct communities *c, utc_ms t, struct partner_set *ret)
{
    join_members(c, true, t, ret);
}

// ---- lists

enum status party_list_compile(const struct policy_document *doc, const char *const *ids, size_t count,
                               bool star_allowed, const char *element, uint32_t line, struct arena *a,
                               struct diag *d, struct party_list *ret)
{
    *ret = (struct party_list){.communities = arena_array(a, count, sizeof *ret->communities)};
    TRY(arena_status(a));
    enum status st = ST_OK;
    for (size_t i = 0; i < count; i++) {
        size_t partner = document_partner(doc, ids[i]), community = document_community(doc, ids[i]);
        if (star_allowed && strcmp(ids[i], "*") == 0) {
            ret->everyone = true;
        } else if (partner != SIZE_MAX) {
            partner_set_add(&ret->partners, partner);
        } else if (community != SIZE_MAX) {
            ret->communities[ret->community_count++] = community;
        } else {
            diag_add(d, line, 0, "unknown-partner", element,
                     "\"%s\" is neither a partner nor a community of this document%s", ids[i],
                     star_allowed ? "; * means every partner" : "");
            st = ST_INVALID;
        }
    }
    return st;
}

bool party_list_has(const struct party_list *l, const struct partner_set *members, size_t partner)
{
    if (l->everyone || partner_set_has(&l->partners, partner))
        return true;
    for (size_t i = 0; i < l->community_count; i++)
        if (partner_set_has(&members[l->communities[i]], partner))
            return true;
    return false;
}

void party_list_join(const struct party_list *l, const struct partner_set *members, size_t partner_count,
                     struct partner_set *ret)
{
    partner_set_join(ret, &l->partners);
    for (size_t i = 0; i < l->community_count; i++)
        partner_set_join(ret, &members[l->communities[i]]);
    for (size_t p = 0; l->everyone && p < partner_count; p++)
        partner_set_add(ret, p);
}
