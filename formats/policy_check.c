// Consistency within one policy document: ids, references to partners and communities, cycles, duplicates.
#include "formats/policy_parts.h"

struct check {
    struct reading *r;
    const struct policy_document *p;
    struct reading_id *ids; // of the whole document, sorted
    size_t id_count;
};

enum { KIND_PARTNER, KIND_COMMUNITY, KIND_DENIAL, KIND_AGREEMENT };
static const char *const kind_names[] = {"partner", "community", "denial", "agreement"};

static bool is_kind(const struct reading_id *id, size_t kind)
{
    return id->what == kind_names[kind];
}

static void add_id(struct check *c, const char *id, size_t kind, uint32_t line, size_t index)
{
    c->ids[c->id_count++] = (struct reading_id){.id = id, .what = kind_names[kind], .line = line, .index = index};
}

static bool index_ids(struct check *c)
{
    const struct policy_document *p = c->p;
    size_t total = p->partner_count + p->community_count + p->denial_count + p->agreement_count;
    c->ids = reading_array(c->r, &total, sizeof *c->ids);
    if (!c->ids)
        return false;
    for (size_t i = 0; i < p->partner_count; i++)
        add_id(c, p->partners[i].id, KIND_PARTNER, p->partners[i].line, i);
    for (size_t i = 0; i < p->community_count; i++)
        add_id(c, p->communities[i].id, KIND_COMMUNITY, p->communities[i].line, i);
    for (size_t i = 0; i < p->denial_count; i++)
        add_id(c, p->denials[i].id, KIND_DENIAL, p->denials[i].line, i);
    for (size_t i = 0; i < p->agreement_count; i++)
        add_id(c, p->agreements[i].id, KIND_AGREEMENT, p->agreements[i].line, i);
    reading_unique(c->r, c->ids, c->id_count, true);
    return true;
}

static const struct reading_id *find(const struct check *c, const char *id)
{
    return reading_find(c->ids, c->id_count, true, id);
}

static bool is_principal(const struct check *c, const char *id)
{
    const struct reading_id *found = find(c, id);
    return found && (is_kind(found, KIND_PARTNER) || is_kind(found, KIND_COMMUNITY));
}

// A list of partners and communities; `*` alone means every partner where that is allowed.
static void check_list(struct check *c, uint32_t line, const char *element, const char *attr,
                       const char *const *names, size_t count, bool star)
{
    if (star && count == 1 && strcmp(names[0], "*") == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], "*") == 0)
            reading_fault_at(c->r, line, element, "bad-value", "%s: * %s", attr,
                             star ? "stands alone" : "is not allowed here; name partners or communities");
        else if (!is_principal(c, names[i]))
            reading_fault_at(c->r, line, element, "unknown-partner",
                             "%s: there is no partner or community \"%.80s\" in this document", attr, names[i]);
    }
}

static void check_securities(struct check *c)
{
    const struct policy_document *p = c->p;
    for (size_t i = 0; i < p->security_count; i++) {
        const struct policy_security *s = &p->securities[i];
        check_list(c, s->line, s->spif, "unmarked", s->unmarked, s->unmarked_count, false);
        for (size_t j = 0; j < i; j++)
            if (*s->spif && strcmp(s->spif, p->securities[j].spif) == 0)
                reading_fault_at(c->r, s->line, s->spif, "duplicate", "this SPIF is already named in line %u",
                                 p->securities[j].line);
    }
}

static void check_members(struct check *c, const struct policy_community *community)
{
    for (size_t i = 0; i < community->member_count; i++) {
        const struct policy_member *m = &community->members[i];
        const struct reading_id *partner = m->partner ? find(c, m->partner) : NULL;
        const struct reading_id *nested = m->community ? find(c, m->community) : NULL;
        if (m->partner && (!partner || !is_kind(partner, KIND_PARTNER)))
            reading_fault_at(c->r, m->line, community->id, "unknown-partner",
                             "there is no partner \"%.80s\" in this document", m->partner);
        if (m->community && (!nested || !is_kind(nested, KIND_COMMUNITY)))
            reading_fault_at(c->r, m->line, community->id, "unknown-community",
                             "there is no community \"%.80s\" in this document", m->community);
    }
}

// ---- cycles, by a depth-first walk without recursion: documents may nest deeper than a stack

enum colour { WHITE = 0, GREY, BLACK };

struct walk {
    enum colour *colours;
    size_t *stack, *next; // communities being looked at, and which member comes next in each
    size_t depth;
};

static void enter(struct walk *w, size_t community)
{
    w->colours[community] = GREY;
    w->next[w->depth] = 0;
    w->stack[w->depth++] = community;
}

// Look at the next member of the community on top of the stack; leave it after the last.
static void step(struct check *c, struct walk *w)
{
    const struct policy_community *top = &c->p->communities[w->stack[w->depth - 1]];
    size_t at = w->next[w->depth - 1]++;
    if (at == top->member_count) {
        w->colours[w->stack[--w->depth]] = BLACK;
        return;
    }
    const struct policy_member *m = &top->members[at];
    const struct reading_id *nested = m->community ? find(c, m->community) : NULL;
    if (!nested || !is_kind(nested, KIND_COMMUNITY))
        return;
    if (w->colours[nested->index] == GREY)
        reading_fault_at(c->r, m->line, top->id, "community-cycle",
                         "community \"%.60s\" is a member of itself by way of this member; remove one of them",
                         nested->id);
    else if (w->colours[nested->index] == WHITE)
        enter(w, nested->index);
}

static void check_cycles(struct check *c)
{
    size_t n = c->p->community_count;
    struct walk w = {.colours = reading_array(c->r, &n, sizeof *w.colours),
                     .stack = reading_array(c->r, &n, sizeof *w.stack),
                     .next = reading_array(c->r, &n, sizeof *w.next)};
    for (size_t i = 0; i < n; i++) {
        if (w.colours[i] == WHITE)
            enter(&w, i);
        while (w.depth)
            step(c, &w);
    }
}

// ---- conditions, clearances, ceilings

// Only originators refer to partners; topics, areas and the like are resolved against the vocabulary.
static void check_originators(struct check *c, const char *element, const struct condition *cond)
{
    for (size_t i = 0; i < cond->child_count; i++)
        check_originators(c, element, &cond->children[i]);
    for (size_t i = 0; cond->kind == COND_ORIGINATOR && i < cond->value_count; i++) {
        const struct reading_id *found = find(c, cond->values[i]);
        if (strcmp(cond->values[i], c->p->nation) != 0 && (!found || !is_kind(found, KIND_PARTNER)))
            reading_fault_at(c->r, cond->line, element, "unknown-partner",
                             "originator: \"%.80s\" is neither a partner of this document nor the own nation",
                             cond->values[i]);
    }
}

static const char *clearance_policy(const struct policy_clearance *c)
{
    return c->doc ? c->doc->policy : c->policy ? c->policy : "";
}

static void check_clearances(struct check *c, const struct policy_partner *p)
{
    for (size_t i = 0; i < p->clearance_count; i++)
        for (size_t j = 0; j < i; j++) {
            const char *policy = clearance_policy(&p->clearances[i]);
            if (*policy && name_eq(policy, clearance_policy(&p->clearances[j])))
                reading_fault_at(c->r, p->clearances[i].line, p->id, "duplicate",
                                 "a second clearance under policy \"%.60s\"; the first is in line %u", policy,
                                 p->clearances[j].line);
        }
}

static void check_ceilings(struct check *c, const struct policy_agreement *a)
{
    for (size_t i = 0; i < a->ceiling_count; i++)
        for (size_t j = 0; j < i; j++)
            if (*a->ceilings[i].policy && name_eq(a->ceilings[i].policy, a->ceilings[j].policy))
                reading_fault_at(c->r, a->ceilings[i].line, a->id, "duplicate",
                                 "a second ceiling under policy \"%.60s\"; the first is in line %u",
                                 a->ceilings[i].policy, a->ceilings[j].line);
}

void policy_check(struct reading *r, const struct policy_document *p)
{
    struct check c = {.r = r, .p = p};
    if (arena_status(r->a) != ST_OK || !index_ids(&c))
        return;
    check_securities(&c);
    for (size_t i = 0; i < p->community_count; i++)
        check_members(&c, &p->communities[i]);
    check_cycles(&c);
    for (size_t i = 0; i < p->partner_count; i++)
        check_clearances(&c, &p->partners[i]);
    for (size_t i = 0; i < p->denial_count; i++) {
        const struct policy_denial *d = &p->denials[i];
        check_list(&c, d->line, d->id, "partners", d->partners, d->partner_count, true);
        check_originators(&c, d->id, &d->when);
    }
    for (size_t i = 0; i < p->agreement_count; i++) {
        const struct policy_agreement *a = &p->agreements[i];
        check_list(&c, a->line, a->id, "parties", a->parties, a->party_count, true);
        check_originators(&c, a->id, &a->scope);
        check_ceilings(&c, a);
    }
}
