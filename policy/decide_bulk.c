#include "policy/decide_bulk.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/bug.h"
#include "policy/bulk_attributes.h"
#include "policy/decide_case.h"
#include "policy/intern.h"

// A key holds what a label says, with a few bytes more for each word.
#define KEY_BYTES_MAX (16 * RENDITION_BYTES_MAX)

enum { OUTCOME_BITS = 3, REASON_BITS = 5 };

// What is known of the report last decided.
struct bulk_report {
    const struct report *report;
    struct bulk_attributes *attributes;
    bool received;
    utc_ms issued, next_label; // the instant that embargoes count from
    struct label_sets overall, header, portion; // with ceilings; of the portions the first
    struct partner_set none_withheld, portion_passes, redacted;
    struct partner_set children[REPORT_CHILDREN_MAX]; // who may see this child; not read where it is no element
};

struct decide_bulk {
    const struct ruleset *rs;
    utc_ms t;
    utc_ms *next_instant; // by partner
    struct arena *fixed;
    struct bulk_rules rules;
    struct label_bulk_context labels;
    // Grows with what is met, up to the maximum.
    size_t memory_max;
    struct arena *found;
    struct intern by_label, by_attributes;
    struct buf key;
    struct bulk_report now;
    struct decide_bulk_sets sets;
    // The numbers of each partner's outcome and reason, bit by bit: what the sets say, found without a search.
    struct partner_set outcome_bits[OUTCOME_BITS], reason_bits[REASON_BITS];
};

_Static_assert(OUTCOME_RELEASE < 1 << OUTCOME_BITS && REASON_APPROVAL < 1 << REASON_BITS, "numbers fit their bits");

// ---- preparing

static enum status prepare(struct decide_bulk *b)
{
    const struct ruleset *rs = b->rs;
    TRY(bulk_rules_compile(&b->rules, rs, b->fixed));
    TRY(label_bulk_init(&b->labels, rs, b->t, &b->rules.conditions, b->fixed));
    bulk_rules_at(&b->rules, b->t, b->labels.labels.members);
    b->next_instant = arena_array(b->fixed, rs->doc->partner_count, sizeof *b->next_instant);
    TRY(arena_status(b->fixed));
    for (size_t p = 0; p < rs->doc->partner_count; p++)
        b->next_instant[p] = ruleset_next_instant(rs, p, b->t);
    return ST_OK;
}

enum status decide_bulk_new(const struct ruleset *rs, utc_ms t, size_t memory_max, struct decide_bulk **ret)
{
    struct decide_bulk *b = calloc(1, sizeof *b);
    if (!b)
        return ST_NOMEM;
    *b = (struct decide_bulk){.rs = rs, .t = t, .memory_max = memory_max};
    buf_init(&b->key, KEY_BYTES_MAX);
    b->fixed = arena_new(memory_max);
    b->found = arena_new(memory_max);
    enum status st = b->fixed && b->found ? prepare(b) : ST_NOMEM;
    if (st == ST_OK)
        *ret = b;
    else
        decide_bulk_free(&b);
    return st;
}

void decide_bulk_free(struct decide_bulk **b)
{
    if (!*b)
        return;
    intern_fini(&(*b)->by_label);
    intern_fini(&(*b)->by_attributes);
    buf_fini(&(*b)->key);
    arena_free(&(*b)->fixed);
    arena_free(&(*b)->found);
    free(*b);
    *b = NULL;
}

// Begin anew, so that memory stays bounded however many distinct labels there are.
static enum status forget(struct decide_bulk *b)
{
    intern_fini(&b->by_label);
    intern_fini(&b->by_attributes);
    arena_free(&b->found);
    b->found = arena_new(b->memory_max);
    return b->found ? ST_OK : ST_NOMEM;
}

// ---- keys: all that labels and attributes say

// A text with its NUL; NULL differs from "".
static void key_text(struct buf *key, const char *text)
{
    if (text)
        buf_put(key, text, strlen(text) + 1);
    else
        buf_put(key, "\1", 2);
}

static void key_count(struct buf *key, size_t n)
{
    buf_put(key, &n, sizeof n);
}

static void key_doc(struct buf *key, const struct label_doc *doc)
{
    for (; doc; doc = doc->successor) {
        key_text(key, doc->policy);
        key_text(key, doc->policy_uri);
        key_text(key, doc->classification);
        key_count(key, doc->category_count);
        for (size_t i = 0; i < doc->category_count; i++) {
            const struct label_category *c = &doc->categories[i];
            buf_putc(key, (char)c->type);
            key_text(key, c->tag_set);
            key_count(key, c->value_count);
            for (size_t v = 0; v < c->value_count; v++)
                key_text(key, c->values[v]);
        }
        buf_putc(key, (char)((doc->succession_broken ? 1 : 0) | (doc->successor ? 2 : 0)));
        buf_put(key, &doc->succeeded_at, sizeof doc->succeeded_at);
    }
}

static void key_label(struct buf *key, const struct label *label)
{
    buf_reset(key);
    if (!label || !label->originator)
        return;
    key_count(key, label->alternative_count);
    key_doc(key, label->originator);
    for (size_t i = 0; i < label->alternative_count; i++)
        key_doc(key, label->alternatives[i]);
}

static void key_list(struct buf *key, const char *const *list, size_t count)
{
    key_count(key, count);
    for (size_t i = 0; i < count; i++)
        key_text(key, list[i]);
}

static void key_attributes(struct decide_bulk *b, const struct report *r, const struct label_bulk *overall)
{
    struct buf *key = &b->key;
    buf_reset(key);
    key_text(key, r->type);
    key_text(key, r->nation);
    key_text(key, r->cell);
    buf_putc(key, r->reliability);
    buf_putc(key, r->credibility);
    key_list(key, r->topics, r->topic_count);
    key_list(key, r->areas, r->area_count);
    key_list(key, r->exercises, r->exercise_count);
    for (size_t i = 0; i < b->rules.conditions.leaf_count; i++)
        if (b->rules.conditions.on_label[i])
            buf_putc(key, (char)overall->leaves[i]);
}

static enum status remember(struct decide_bulk *b, struct intern *where, uint64_t hash, void *value)
{
    struct span key = buf_bytes(&b->key);
    uint8_t *copy = arena_alloc(b->found, key.len);
    TRY(arena_status(b->found));
    if (key.len)
        memcpy(copy, key.ptr, key.len);
    return intern_put(where, (struct span){copy, key.len}, hash, value);
}

static enum status label_of(struct decide_bulk *b, const struct label *label, struct label_bulk **ret)
{
    key_label(&b->key, label);
    TRY(buf_status(&b->key));
    uint64_t hash = intern_hash(buf_bytes(&b->key));
    *ret = intern_get(&b->by_label, buf_bytes(&b->key), hash);
    if (*ret)
        return ST_OK;
    TRY(label_bulk_check(&b->labels, label, b->found, ret));
    return remember(b, &b->by_label, hash, *ret);
}

static enum status attributes_of(struct decide_bulk *b, const struct report *r, const struct label_bulk *overall,
                                 struct bulk_attributes **ret)
{
    key_attributes(b, r, overall);
    TRY(buf_status(&b->key));
    uint64_t hash = intern_hash(buf_bytes(&b->key));
    *ret = intern_get(&b->by_attributes, buf_bytes(&b->key), hash);
    if (*ret)
        return ST_OK;
    TRY(bulk_attributes_find(&b->rules, r, overall->leaves, b->found, ret));
    return remember(b, &b->by_attributes, hash, *ret);
}

// ---- labels under the ceilings

static enum status under_ceilings(struct decide_bulk *b, const struct label_bulk *l, struct label_sets *ret)
{
    *ret = l->sets;
    for (size_t i = 0; i < l->cell_count; i++) {
        const struct label_cell *cell = &l->cells[i];
        const struct partner_set *passing =
            bulk_attributes_ceiling(&b->rules, b->now.attributes, cell->policy, cell->cls, b->found);
        if (!passing)
            return arena_status(b->found);
        struct partner_set above = cell->group;
        partner_set_drop(&above, passing);
        if (!partner_set_any(&above))
            continue;
        // The ceiling is tested before all that may have failed later.
        partner_set_drop(&ret->passes, &above);
        for (size_t k = 0; k < LABEL_REASONS; k++)
            partner_set_drop(&ret->fails[k], &above);
        partner_set_join(&ret->fails[REASON_CLASSIFICATION - REASON_UNKNOWN_POLICY], &above);
    }
    return ST_OK;
}

static enum status sets_of(struct decide_bulk *b, const struct label *label, struct label_sets *ret)
{
    struct label_bulk *l;
    TRY(label_of(b, label, &l));
    return under_ceilings(b, l, ret);
}

static enum status find_child(struct decide_bulk *b, size_t i, bool *portion_seen)
{
    struct bulk_report *n = &b->now;
    const struct report_child *child = &n->report->children[i];
    struct label_sets sets, *found = &n->overall;
    switch (decide_element_kind(n->report, i, n->received)) {
    case ELEMENT_NONE:
        return ST_OK;
    case ELEMENT_WITHHELD:
        sets = (struct label_sets){.fails = {b->labels.everyone}};
        found = &sets;
        break;
    case ELEMENT_PRESENT:
        if (child->label) {
            TRY(sets_of(b, child->label, &sets));
            found = &sets;
        }
        break;
    }
    n->children[i] = found->passes;
    partner_set_meet(&n->none_withheld, &found->passes);
    if (child->kind != REPORT_PORTION)
        return ST_OK;
    partner_set_join(&n->portion_passes, &found->passes);
    if (!*portion_seen)
        n->portion = *found;
    *portion_seen = true;
    return ST_OK;
}

// Everything that does not depend on what is recorded, save that the report was received.
static enum status find(struct decide_bulk *b, const struct report *r, const struct decide_record *rec)
{
    struct bulk_report *n = &b->now;
    struct label_bulk *overall;
    bool portion_seen = false;
    n->report = r;
    n->received = decide_received(b->rs, r, rec);
    n->issued = r->has_issued ? r->issued : b->t;
    if (rec->stored_at > n->issued)
        n->issued = rec->stored_at;
    n->next_label = decide_next_succession(r, b->t);
    TRY(label_of(b, r->overall_withheld ? NULL : r->label, &overall));
    TRY(attributes_of(b, r, overall, &n->attributes));
    TRY(under_ceilings(b, overall, &n->overall));
    if (r->header_label)
        TRY(sets_of(b, r->header_label, &n->header));
    n->none_withheld = b->labels.everyone;
    n->portion_passes = (struct partner_set){{0}};
    n->portion = (struct label_sets){.fails = {b->labels.everyone}};
    n->redacted = (struct partner_set){{0}};
    for (size_t i = 0; i < r->child_count; i++)
        TRY(find_child(b, i, &portion_seen));
    return ST_OK;
}

// ---- the table, in sets

static void settle(struct decide_bulk *b, const struct partner_set *who, enum outcome outcome, enum reason reason)
{
    partner_set_join(&b->sets.outcomes[outcome], who);
    partner_set_join(&b->sets.reasons[reason], who);
}

static struct partner_set both(const struct partner_set *a, const struct partner_set *b)
{
    struct partner_set s = *a;
    partner_set_meet(&s, b);
    return s;
}

// Deny those of `live` who are among `who`; the others stay.
static void deny(struct decide_bulk *b, struct partner_set *live, const struct partner_set *who, enum reason reason)
{
    struct partner_set out = both(live, who);
    settle(b, &out, OUTCOME_DENY, reason);
    partner_set_drop(live, &out);
}

static void deny_by_label(struct decide_bulk *b, struct partner_set *live, const struct label_sets *label)
{
    for (size_t k = 0; k < LABEL_REASONS; k++)
        deny(b, live, &label->fails[k], (enum reason)(REASON_UNKNOWN_POLICY + k));
}

static void lines_1_to_3(struct decide_bulk *b, struct partner_set *live)
{
    const struct bulk_attributes *f = b->now.attributes;
    struct partner_set ungoverned = *live;
    deny(b, live, &f->originator, REASON_ORIGINATOR);
    deny(b, live, &f->denied, REASON_RULE);
    partner_set_drop(&ungoverned, &f->governed);
    deny(b, live, &ungoverned, REASON_NO_AGREEMENT);
}

static void line_4(struct decide_bulk *b, const struct decide_record *rec, struct partner_set *live)
{
    enum onward onward = rec->received ? rec->onward : ONWARD_FORBIDDEN;
    if (!b->now.received || onward == ONWARD_PERMITTED || (onward == ONWARD_CONSENT && rec->consented))
        return;
    if (onward == ONWARD_CONSENT)
        settle(b, live, OUTCOME_CONSENT, REASON_ORIGINATOR_CONSENT);
    else
        settle(b, live, OUTCOME_DENY, REASON_ORIGINATOR_CONTROL);
    *live = (struct partner_set){{0}};
}

// Splits the living into those who may have the whole and, in now.redacted, those who may have parts.
static void line_6(struct decide_bulk *b, struct partner_set *live)
{
    struct bulk_report *n = &b->now;
    struct partner_set rest = *live;
    partner_set_meet(live, &n->none_withheld);
    partner_set_meet(live, &n->overall.passes);
    partner_set_meet(live, &n->portion_passes);
    partner_set_drop(&rest, live);
    if (!partner_set_any(&rest))
        return;
    if (!n->report->separable)
        deny_by_label(b, &rest, &n->overall);
    struct partner_set compilation = both(&n->none_withheld, &n->portion_passes);
    deny(b, &rest, &compilation, REASON_COMPILATION);
    struct partner_set parts = both(&rest, &n->portion_passes);
    partner_set_drop(&rest, &parts);
    deny_by_label(b, &rest, &n->overall);
    deny_by_label(b, &rest, &n->portion);
    for (size_t g = 0; g < n->attributes->group_count; g++)
        if (!n->attributes->groups[g].terms->redaction_permitted)
            deny(b, &parts, &n->attributes->groups[g].who, REASON_REDACTION_FORBIDDEN);
    n->redacted = parts;
}

// For whom the approvals show no less than what is visible now.
static struct partner_set covered(const struct decide_bulk *b, const struct decide_record *rec)
{
    const struct bulk_report *n = &b->now;
    struct partner_set who = b->labels.everyone;
    if (rec->any_approvals_count)
        return who;
    if (rec->approved_withheld.overall)
        partner_set_drop(&who, &n->overall.passes);
    for (size_t i = 0; i < n->report->child_count; i++)
        if (withheld_has(&rec->approved_withheld, i) &&
            decide_element_kind(n->report, i, n->received) != ELEMENT_NONE)
            partner_set_drop(&who, &n->children[i]);
    return who;
}

static void lines_7_to_9(struct decide_bulk *b, const struct decide_record *rec, const struct terms_group *g,
                         const struct partner_set *whole)
{
    struct partner_set all = both(whole, &g->who), parts = both(&b->now.redacted, &g->who);
    partner_set_join(&all, &parts);
    if (b->t < utc_add(b->now.issued, g->terms->embargo_ms)) {
        settle(b, &all, OUTCOME_EMBARGO, REASON_NONE);
        return;
    }
    if (rec->refused) {
        settle(b, &all, OUTCOME_DENY, REASON_REFUSED);
        return;
    }
    struct partner_set enough = b->labels.everyone;
    if (g->terms->approval > 0)
        enough = rec->approvals >= g->terms->approval ? covered(b, rec) : (struct partner_set){{0}};
    struct partner_set hold = all;
    partner_set_drop(&hold, &enough);
    settle(b, &hold, OUTCOME_HOLD, REASON_APPROVAL);
    partner_set_meet(&parts, &enough);
    settle(b, &parts, OUTCOME_REDACT, REASON_NONE);
    partner_set_drop(&all, &hold);
    partner_set_drop(&all, &parts);
    settle(b, &all, OUTCOME_RELEASE, REASON_NONE);
}

static void run_table(struct decide_bulk *b, const struct decide_record *rec)
{
    struct partner_set live = b->labels.everyone;
    lines_1_to_3(b, &live);
    line_4(b, rec, &live);
    deny_by_label(b, &live, b->now.report->header_label ? &b->now.header : &b->now.overall);
    if (!partner_set_any(&live))
        return;
    line_6(b, &live);
    for (size_t g = 0; g < b->now.attributes->group_count; g++)
        lines_7_to_9(b, rec, &b->now.attributes->groups[g], &live);
}

static void number_sets(const struct partner_set *sets, size_t count, struct partner_set *ret_bits, size_t bit_count)
{
    memset(ret_bits, 0, bit_count * sizeof *ret_bits);
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < bit_count; k++)
            if (i >> k & 1)
                partner_set_join(&ret_bits[k], &sets[i]);
}

enum status decide_bulk(struct decide_bulk *b, const struct report *r, const struct decide_record *rec,
                        const struct decide_bulk_sets **ret)
{
    if (arena_used(b->found) > b->memory_max / 2)
        TRY(forget(b));
    b->sets = (struct decide_bulk_sets){0};
    enum status st = find(b, r, rec);
    if (st != ST_OK) { // what was half made is not found again
        b->now.report = NULL;
        enum status again = forget(b);
        return again == ST_OK ? st : again;
    }
    run_table(b, rec);
    number_sets(b->sets.outcomes, OUTCOME_RELEASE + 1, b->outcome_bits, OUTCOME_BITS);
    number_sets(b->sets.reasons, REASON_APPROVAL + 1, b->reason_bits, REASON_BITS);
    *ret = &b->sets;
    return ST_OK;
}

// ---- one partner

// The number of the set that holds the partner.
static size_t number_of(const struct partner_set *bits, size_t bit_count, size_t partner)
{
    size_t n = 0;
    for (size_t k = 0; k < bit_count; k++)
        n |= (size_t)partner_set_has(&bits[k], partner) << k;
    return n;
}

static void put_rule(const struct decide_bulk *b, size_t partner, struct decision *ret)
{
    const struct bulk_attributes *f = b->now.attributes;
    size_t i = 0;
    while (i < f->fired_count && !partner_set_has(&b->rules.denied[f->fired[i]], partner))
        i++;
    BUG_IF(i == f->fired_count);
    ret->rule = b->rs->doc->denials[f->fired[i]].id;
    ret->rule_withdraws = b->rs->doc->denials[f->fired[i]].withdraw;
}

static void put_withheld(const struct decide_bulk *b, size_t partner, struct withheld_set *ret)
{
    const struct bulk_report *n = &b->now;
    ret->overall = !partner_set_has(&n->overall.passes, partner);
    for (size_t i = 0; i < n->report->child_count; i++)
        if (decide_element_kind(n->report, i, n->received) != ELEMENT_NONE && !partner_set_has(&n->children[i], partner))
            withheld_add(ret, i);
}

// In pieces that compilers write as plain stores: as one large piece it would take longer than all the rest.
static void clear(struct decision *d)
{
    enum { PIECE = 64 };
    char *p = (char *)d;
    size_t left = sizeof *d;
    for (; left >= PIECE; left -= PIECE, p += PIECE)
        memset(p, 0, PIECE);
    memset(p, 0, left);
}

void decide_bulk_partner(const struct decide_bulk *b, size_t partner, struct decision *ret)
{
    const struct bulk_report *n = &b->now;
    BUG_IF(!n->report || partner >= b->rs->doc->partner_count);
    clear(ret);
    ret->outcome = (enum outcome)number_of(b->outcome_bits, OUTCOME_BITS, partner);
    ret->reason = (enum reason)number_of(b->reason_bits, REASON_BITS, partner);
    ret->next_change = b->next_instant[partner] < n->next_label ? b->next_instant[partner] : n->next_label;
    ret->own_change = n->next_label;
    if (ret->reason == REASON_RULE)
        put_rule(b, partner, ret);
    if (ret->reason == REASON_ORIGINATOR || ret->reason == REASON_RULE || ret->reason == REASON_NO_AGREEMENT)
        return;
    const struct policy_agreement *governing = &b->rs->doc->agreements[n->attributes->governing[partner]];
    ret->agreement = governing->id;
    ret->terms = governing->terms;
    if (partner_set_has(&n->redacted, partner))
        put_withheld(b, partner, &ret->withheld);
    if (ret->outcome != OUTCOME_EMBARGO)
        return;
    ret->until = utc_add(n->issued, governing->terms.embargo_ms);
    if (ret->until < ret->own_change)
        ret->own_change = ret->until;
    if (ret->until < ret->next_change)
        ret->next_change = ret->until;
}
