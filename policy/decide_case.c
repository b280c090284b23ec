#include "policy/decide_case.h"

#include <string.h>

// ---- successions

static void note_succession(const struct label_doc *doc, utc_ms t, utc_ms *next)
{
    const struct label_doc *now = label_effective(doc, t);
    if (now->successor && !now->succession_broken && now->succeeded_at < *next)
        *next = now->succeeded_at;
}

static void note_label(const struct label *label, utc_ms t, utc_ms *next)
{
    if (!label || !label->originator)
        return;
    note_succession(label->originator, t, next);
    for (size_t i = 0; i < label->alternative_count; i++)
        note_succession(label->alternatives[i], t, next);
}

utc_ms decide_next_succession(const struct report *r, utc_ms t)
{
    utc_ms next = UTC_MAX;
    note_label(r->label, t, &next);
    note_label(r->header_label, t, &next);
    for (size_t i = 0; i < r->child_count; i++)
        note_label(r->children[i].label, t, &next);
    return next;
}

// ---- preparing

static enum status make_sets(struct decide_case *c, struct arena *a)
{
    const struct ruleset *rs = c->labels.rs;
    struct partner_set *members = arena_array(a, rs->doc->community_count, sizeof *members);
    struct partner_set *unmarked = arena_array(a, rs->policies.count, sizeof *unmarked);
    c->fires = arena_array(a, rs->doc->denial_count, sizeof *c->fires);
    c->covers = arena_array(a, rs->doc->agreement_count, sizeof *c->covers);
    c->children = arena_array(a, c->report->child_count, sizeof *c->children);
    TRY(arena_status(a));
    communities_at(&rs->communities, c->labels.t, members);
    for (size_t i = 0; i < rs->policies.count; i++)
        party_list_join(&rs->unmarked[i].who, members, rs->doc->partner_count, &unmarked[i]);
    c->labels.members = members;
    c->labels.unmarked = unmarked;
    return ST_OK;
}

static enum status make_facts(struct decide_case *c, struct arena *a)
{
    struct label_view *views = arena_array(a, c->overall.view_count, sizeof *views);
    TRY(arena_status(a));
    for (size_t i = 0; i < c->overall.view_count; i++)
        views[i] = c->overall.views[i].view;
    c->facts = (struct condition_facts){
        .report = c->report,
        .vocabulary = c->labels.rs->vocabulary,
        .policies = &c->labels.rs->policies,
        .views = views,
        .view_count = c->overall.view_count,
    };
    return ST_OK;
}

enum status decide_case_init(struct decide_case *c, const struct ruleset *rs, const struct report *r, utc_ms t,
                             struct arena *a)
{
    *c = (struct decide_case){.report = r, .labels = {.rs = rs, .t = t, .arena = a}};
    c->next_label = decide_next_succession(r, t);
    TRY(make_sets(c, a));
    label_element_read(&c->labels, r->overall_withheld ? NULL : r->label, &c->overall);
    TRY(arena_status(a));
    return make_facts(c, a);
}

// ---- labels

struct label_element *decide_case_header(struct decide_case *c)
{
    if (!c->report->header_label)
        return &c->overall;
    if (!c->header.label)
        label_element_read(&c->labels, c->report->header_label, &c->header);
    return &c->header;
}

struct label_element *decide_case_child(struct decide_case *c, size_t child)
{
    const struct label *label = c->report->children[child].label;
    if (!label)
        return &c->overall;
    if (!c->children[child]) {
        struct label_element *e = arena_alloc(c->labels.arena, sizeof *e);
        if (!e)
            return &c->overall; // the arena has failed: no decision comes of it
        label_element_read(&c->labels, label, e);
        c->children[child] = e;
    }
    return c->children[child];
}

enum element_kind decide_element_kind(const struct report *r, size_t child, bool received)
{
    switch (r->children[child].kind) {
    case REPORT_PORTION:
    case REPORT_ATTACHMENT:
        return ELEMENT_PRESENT;
    case REPORT_WITHHELD:
        return received ? ELEMENT_WITHHELD : ELEMENT_NONE;
    case REPORT_REFERENCE:
        return ELEMENT_NONE;
    }
    return ELEMENT_WITHHELD;
}

bool decide_received(const struct ruleset *rs, const struct report *r, const struct decide_record *rec)
{
    return rec->received || strcmp(r->nation, rs->doc->nation) != 0;
}

// ---- denials and agreements

bool decide_case_denial_names(const struct decide_case *c, size_t denial, size_t partner)
{
    return party_list_has(&c->labels.rs->denials[denial].partners, c->labels.members, partner);
}

bool decide_case_denial_fires(struct decide_case *c, size_t denial)
{
    if (c->fires[denial] == MEMO_UNKNOWN) {
        bool fires = condition_when_fires(&c->facts, &c->labels.rs->doc->denials[denial].when);
        c->fires[denial] = fires ? MEMO_YES : MEMO_NO;
    }
    return c->fires[denial] == MEMO_YES;
}

bool decide_case_agreement_active(const struct decide_case *c, size_t agreement)
{
    return validity_holds(&c->labels.rs->doc->agreements[agreement].valid, c->labels.t);
}

bool decide_case_agreement_names(const struct decide_case *c, size_t agreement, size_t partner)
{
    return party_list_has(&c->labels.rs->agreements[agreement].parties, c->labels.members, partner);
}

bool decide_case_agreement_covers(struct decide_case *c, size_t agreement)
{
    if (c->covers[agreement] == MEMO_UNKNOWN) {
        bool holds = condition_scope_holds(&c->facts, &c->labels.rs->doc->agreements[agreement].scope);
        c->covers[agreement] = holds ? MEMO_YES : MEMO_NO;
    }
    return c->covers[agreement] == MEMO_YES;
}

const struct agreement_rule *decide_case_governing(struct decide_case *c, size_t partner)
{
    for (size_t i = 0; i < c->labels.rs->doc->agreement_count; i++)
        if (decide_case_agreement_active(c, i) && decide_case_agreement_names(c, i, partner) &&
            decide_case_agreement_covers(c, i))
            return &c->labels.rs->agreements[i];
    return NULL;
}
