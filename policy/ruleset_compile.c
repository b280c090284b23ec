// Resolving the policy document against its SPIFs and the vocabulary (spec 3.2): every reference must resolve.
#include "policy/ruleset_parts.h"

// Faults are collected: remember the worst status, go on.
static void note(enum status *worst, enum status st)
{
    if (st != ST_OK && *worst != ST_NOMEM && *worst != ST_LIMIT)
        *worst = st;
}

// ---- clearances

static enum status compile_clearance(struct ruleset *rs, size_t partner, const struct policy_clearance *from,
                                     struct diag *d)
{
    struct clearance c;
    size_t policy;
    const char *id = rs->doc->partners[partner].id;
    TRY(clearance_compile(&rs->policies, from, id, rs->arena, d, &c, &policy));
    struct clearance *to = &rs->clearances[partner * rs->policies.count + policy];
    if (to->exists) {
        diag_add(d, from->line, 0, "duplicate-clearance", "clearance",
                 "partner %s has a clearance under %s already; keep one of them", id,
                 rs->policies.policies[policy].spif->name);
        return ST_INVALID;
    }
    *to = c;
    return ST_OK;
}

static enum status compile_clearances(struct ruleset *rs, struct diag *d)
{
    rs->clearances = arena_array(rs->arena, rs->doc->partner_count * rs->policies.count, sizeof *rs->clearances);
    TRY(arena_status(rs->arena));
    enum status worst = ST_OK;
    for (size_t p = 0; p < rs->doc->partner_count; p++)
        for (size_t i = 0; i < rs->doc->partners[p].clearance_count; i++)
            note(&worst, compile_clearance(rs, p, &rs->doc->partners[p].clearances[i], d));
    return worst;
}

// ---- security policies

static enum status compile_unmarked(struct ruleset *rs, struct diag *d)
{
    rs->unmarked = arena_array(rs->arena, rs->policies.count, sizeof *rs->unmarked);
    TRY(arena_status(rs->arena));
    enum status worst = ST_OK;
    for (size_t i = 0; i < rs->policies.count; i++) {
        const struct policy_security *from = &rs->doc->securities[i];
        rs->unmarked[i].exists = from->has_unmarked;
        note(&worst, party_list_compile(rs->doc, from->unmarked, from->unmarked_count, false, "security-policy",
                                        from->line, rs->arena, d, &rs->unmarked[i].who));
    }
    return worst;
}

static size_t policy_by_id(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->policies.count; i++)
        if (strcmp(rs->policies.policies[i].spif->id, id) == 0)
            return i;
    return SP_NONE;
}

// An equivalence must never make up a release list (spec 3.1).
static enum status check_required(const struct ruleset *rs, const struct spif *spif, const char *target_id,
                                  const struct spif_required *list, size_t count, struct diag *d)
{
    size_t target = policy_by_id(rs, target_id);
    if (target == SP_NONE)
        return ST_OK;
    const struct security_policy *sp = &rs->policies.policies[target];
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; g < list[i].group_count; g++) {
            if (!security_policy_group_set(&list[i].groups[g], &sp->spif->tag_sets[sp->release_set]))
                continue;
            diag_add(d, list[i].line, 0, "equivalence-release", "requiredCategory",
                     "%s: the equivalence to %s requires a category of its release tag set \"%s\": translation would "
                     "widen release; remove that requirement",
                     spif->file, sp->spif->name, sp->spif->tag_sets[sp->release_set].name);
            return ST_INVALID;
        }
    return ST_OK;
}

static const char *policy_ref_id(const struct spif *spif, const char *policy_ref)
{
    for (size_t i = 0; i < spif->equivalent_policy_count; i++)
        if (name_eq(spif->equivalent_policies[i].name, policy_ref))
            return spif->equivalent_policies[i].id;
    return "";
}

static enum status check_equivalences(const struct ruleset *rs, const struct spif *spif, struct diag *d)
{
    enum status worst = ST_OK;
    for (size_t i = 0; i < spif->equivalent_policy_count; i++) {
        const struct spif_equivalent_policy *e = &spif->equivalent_policies[i];
        note(&worst, check_required(rs, spif, e->id, e->required, e->required_count, d));
    }
    for (size_t c = 0; c < spif->class_count; c++)
        for (size_t i = 0; i < spif->classes[c].equivalent_count; i++) {
            const struct spif_equivalent_class *e = &spif->classes[c].equivalents[i];
            if (e->applied != SPIF_DECRYPT)
                note(&worst, check_required(rs, spif, policy_ref_id(spif, e->policy_ref), e->required,
                                            e->required_count, d));
        }
    return worst;
}

// Release values name partners and communities.
static enum status index_parties(struct ruleset *rs)
{
    const struct policy_document *doc = rs->doc;
    size_t count = doc->partner_count + doc->community_count;
    struct name_entry *names = arena_array(rs->arena, count, sizeof *names);
    TRY(arena_status(rs->arena));
    for (size_t i = 0; i < doc->partner_count; i++)
        names[i].name = doc->partners[i].id;
    for (size_t i = 0; i < doc->community_count; i++)
        names[doc->partner_count + i].name = doc->communities[i].id;
    return name_index_make(names, count, rs->arena, &rs->party_names);
}

// ---- denials and agreements

static enum status compile_denials(struct ruleset *rs, struct diag *d)
{
    rs->denials = arena_array(rs->arena, rs->doc->denial_count, sizeof *rs->denials);
    TRY(arena_status(rs->arena));
    enum status worst = ST_OK;
    for (size_t i = 0; i < rs->doc->denial_count; i++) {
        const struct policy_denial *from = &rs->doc->denials[i];
        rs->denials[i].doc = from;
        note(&worst, party_list_compile(rs->doc, from->partners, from->partner_count, true, from->id, from->line,
                                        rs->arena, d, &rs->denials[i].partners));
        note(&worst, condition_check(&from->when, rs->doc, rs->vocabulary, &rs->policies, from->id, d));
    }
    return worst;
}

static enum status compile_agreement(struct ruleset *rs, size_t i, struct diag *d)
{
    const struct policy_agreement *from = &rs->doc->agreements[i];
    struct agreement_rule *to = &rs->agreements[i];
    to->doc = from;
    to->limits = arena_array(rs->arena, rs->policies.count, sizeof *to->limits);
    const char *cited = arena_printf(rs->arena, "%s\t%s:%u\n", from->id, rs->doc->file, from->line);
    TRY(arena_status(rs->arena));
    to->cited = span_cstr(cited);
    enum status worst = ST_OK;
    note(&worst, party_list_compile(rs->doc, from->parties, from->party_count, true, from->id, from->line, rs->arena,
                                    d, &to->parties));
    note(&worst, condition_check(&from->scope, rs->doc, rs->vocabulary, &rs->policies, from->id, d));
    note(&worst, ceilings_compile(rs, from, d, to->limits));
    return worst;
}

static enum status compile_agreements(struct ruleset *rs, struct diag *d)
{
    rs->agreements = arena_array(rs->arena, rs->doc->agreement_count, sizeof *rs->agreements);
    TRY(arena_status(rs->arena));
    enum status worst = ST_OK;
    for (size_t i = 0; i < rs->doc->agreement_count; i++)
        note(&worst, compile_agreement(rs, i, d));
    return worst;
}

enum status ruleset_compile(struct ruleset *rs, struct diag *d)
{
    if (rs->doc->partner_count > PARTNERS_MAX) {
        diag_add(d, rs->doc->partners[PARTNERS_MAX].line, 0, "partners-max", "partner",
                 "%zu partners; at most %zu are supported", rs->doc->partner_count, PARTNERS_MAX);
        return ST_LIMIT;
    }
    enum status worst = ST_OK;
    note(&worst, communities_compile(rs->doc, rs->arena, d, &rs->communities));
    note(&worst, index_parties(rs));
    note(&worst, compile_clearances(rs, d));
    note(&worst, compile_unmarked(rs, d));
    note(&worst, compile_denials(rs, d));
    note(&worst, compile_agreements(rs, d));
    if (worst != ST_OK)
        return worst;
    for (size_t i = 0; i < rs->policies.count; i++) {
        const struct spif *spif = rs->policies.policies[i].spif;
        if (d && d->count == 0)
            diag_init(d, spif->file);
        note(&worst, check_equivalences(rs, spif, d));
    }
    return worst == ST_OK ? ruleset_compile_instants(rs) : worst;
}
