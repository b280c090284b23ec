// An outline decides as its report does; and where the comparison of two policies says nothing of an outline and a
// partner, nothing changes for any report of it, whatever is recorded. Over random worlds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/policy_change.h"
#include "tests/support/decide_pair.h"

enum { CASES_DEFAULT = 30000, REPORTS_PER_WORLD = 12, RECORDS = 6 };

static struct diag *faults;

static uint64_t cases_wanted(void)
{
    const char *text = getenv("RELTO_PROPERTY_CASES");
    return text && *text ? strtoull(text, NULL, 10) / 4 : CASES_DEFAULT;
}

// ---- another policy

// Cut the n-th element of this name, or change the value of its n-th attribute.
static bool cut(struct policy_gen *g, struct buf *to, const char *begin, const char *end)
{
    const char *text = buf_cstr(&g->policy), *at = text;
    for (size_t n = gen_below(g, 4) + 1; n > 0 && at; n--)
        at = strstr(at == text ? at : at + 1, begin);
    const char *behind = at ? strstr(at, end) : NULL;
    if (!behind)
        return false;
    buf_put(to, text, (size_t)(at - text));
    buf_puts(to, behind + strlen(end));
    return true;
}

static bool change(struct policy_gen *g, struct buf *to, const char *from, const char *into)
{
    const char *text = buf_cstr(&g->policy), *at = text;
    for (size_t n = gen_below(g, 3) + 1; n > 0 && at; n--)
        at = strstr(at == text ? at : at + 1, from);
    if (!at)
        return false;
    buf_put(to, text, (size_t)(at - text));
    buf_puts(to, into);
    buf_puts(to, at + strlen(from));
    return true;
}

// Mostly a small edit of the policy; now and then quite another one, or the same.
static bool write_other(struct policy_gen *g, struct buf *to)
{
    static const char *const edits[][2] = {
        {"redaction=\"permitted\"", "redaction=\"forbidden\""}, {"redaction=\"forbidden\"", "redaction=\"permitted\""},
        {"approval=\"0\"", "approval=\"1\""},   {"approval=\"1\"", "approval=\"0\""},   {"embargo=\"PT0S\"", "embargo=\"PT2H\""},
        {"onward=\"consent\"", "onward=\"permitted\""}, {"lapse=\"retain\"", "lapse=\"withdraw\""},
        {"withdraw=\"false\"", "withdraw=\"true\""},
    };
    size_t how = gen_below(g, 16);
    if (how < sizeof edits / sizeof *edits)
        return change(g, to, edits[how][0], edits[how][1]);
    if (how < 11)
        return cut(g, to, "<agreement ", "</agreement>");
    if (how == 11)
        return cut(g, to, "<deny ", "</deny>");
    if (how == 12)
        return cut(g, to, "<member ", "/>");
    if (how == 13)
        return cut(g, to, "<partner ", "</partner>");
    if (how == 14)
        gen_policy_write(g, to);
    else
        buf_span(to, buf_bytes(&g->policy));
    return true;
}

struct changing {
    struct policy_gen gen;
    struct decide_pair then, now;
    struct arena *a;
    utc_ms at_then, at_now;
    struct policy_change *change;
    uint64_t seed, cases, same, different;
};

static bool world_load(struct changing *x)
{
    struct buf other;
    policy_gen_init(&x->gen, x->seed, 0);
    diag_init(faults, NULL);
    assert_true(decide_pair_load_world(&x->then, &x->gen, faults));
    buf_init(&other, POLICY_BYTES_MAX);
    bool good = write_other(&x->gen, &other);
    struct buf docs[PAIR_SPIFS + GEN_SPIFS_MAX] = {other, x->gen.vocabulary};
    for (size_t i = 0; i < x->gen.spif_count; i++)
        docs[PAIR_SPIFS + i] = x->gen.spif_text[i];
    good = good && decide_pair_load(&x->now, docs, x->gen.spif_count, faults);
    buf_fini(&other);
    if (!good) {
        decide_pair_fini(&x->then);
        policy_gen_fini(&x->gen);
        return false;
    }
    x->a = arena_new(256 * MIB);
    assert_non_null(x->a);
    x->at_now = x->at_then = gen_boundary(&x->gen);
    utc_ms later = gen_boundary(&x->gen);
    if (gen_chance(&x->gen, 40) && later > x->at_now)
        x->at_now = later;
    assert_int_equal(policy_change_new(x->then.ruleset, x->at_then, x->now.ruleset, x->at_now, 32 * MIB, &x->change), ST_OK);
    return true;
}

static void world_unload(struct changing *x)
{
    policy_change_free(&x->change);
    arena_free(&x->a);
    decide_pair_fini(&x->then);
    decide_pair_fini(&x->now);
    policy_gen_fini(&x->gen);
}

// ---- the two claims

static void outline_decides_alike(struct changing *x, const struct report *r, const struct outline *o,
                                  const struct decide_record *record)
{
    struct report thin = *o->report;
    thin.has_issued = r->has_issued;
    thin.issued = r->issued;
    for (size_t p = 0; p < ruleset_partner_count(x->then.ruleset); p++) {
        struct decision whole, from_outline;
        decide(x->then.ruleset, r, p, x->at_then, record, &whole);
        decide(x->then.ruleset, &thin, p, x->at_then, record, &from_outline);
        const char *what = decisions_differ(&whole, &from_outline);
        if (what || whole.next_change != from_outline.next_change)
            fail_msg("world %llu: the outline decides otherwise: %s", (unsigned long long)x->seed, what ? what : "next_change");
    }
}

static bool permits(const struct decision *d)
{
    return d->outcome == OUTCOME_RELEASE || d->outcome == OUTCOME_REDACT;
}

// Would ledger, holding, hold or schedule be another one?
static bool matters(const struct decision *then, const struct decision *now)
{
    if (permits(then) != permits(now) || (then->outcome == OUTCOME_HOLD) != (now->outcome == OUTCOME_HOLD))
        return true;
    if (then->outcome == OUTCOME_EMBARGO || now->outcome == OUTCOME_EMBARGO)
        return then->outcome != now->outcome || then->until != now->until;
    return permits(now) && (then->withheld.overall != now->withheld.overall ||
                            memcmp(then->withheld.bits, now->withheld.bits, sizeof now->withheld.bits) != 0 ||
                            then->terms.lapse != now->terms.lapse || then->terms.onward != now->terms.onward);
}

static struct decide_record draw_record(struct policy_gen *g, const struct outline *o)
{
    struct decide_record rec = {.received = o->received, .onward = o->onward, .consented = gen_chance(g, 50),
                                .approvals = (uint32_t)gen_below(g, 4), .refused = gen_chance(g, 10)};
    rec.stored_at = gen_chance(g, 40) ? UTC_MIN : gen_instant((int)gen_below(g, 6));
    rec.any_approvals_count = gen_chance(g, 50);
    for (size_t i = 0; i < o->report->child_count; i++)
        if (gen_chance(g, 20))
            withheld_add(&rec.approved_withheld, i);
    return rec;
}

static void ask_both(struct changing *x, const struct report *r, const struct outline_change *c, size_t then, size_t now,
                     const struct decide_record *rec)
{
    struct decision a, b = {.outcome = OUTCOME_DENY};
    utc_ms base = r->issued > rec->stored_at ? r->issued : rec->stored_at;
    decide(x->then.ruleset, r, then, x->at_then, rec, &a);
    if (now != SIZE_MAX)
        decide(x->now.ruleset, r, now, x->at_now, rec, &b);
    if (a.outcome == OUTCOME_EMBARGO && a.until <= x->at_now)
        return; // its end lies between the two, and has its own place in the schedule
    x->cases++;
    bool said = now == SIZE_MAX ? partner_set_has(&c->gone, then) : partner_set_has(&c->changed, now);
    if (now != SIZE_MAX && partner_set_has(&c->embargo, now) && utc_add(base, c->embargo_ms) > x->at_now)
        said = true;
    if (said)
        x->different++;
    else if (matters(&a, &b))
        fail_msg("world %llu, partner %zu: nothing was said of a change: %s %s -> %s %s", (unsigned long long)x->seed, then,
                 outcome_text(a.outcome), reason_text(a.reason), outcome_text(b.outcome), reason_text(b.reason));
    else
        x->same++;
}

// What a node has stored says when it was issued.
static const struct report *issued(struct changing *x, const struct report *r)
{
    struct report *copy = arena_alloc(x->a, sizeof *copy);
    assert_non_null(copy);
    *copy = *r;
    copy->has_issued = true;
    copy->issued = r->has_issued ? r->issued : gen_instant((int)gen_below(&x->gen, 6));
    return copy;
}

static void try_report(struct changing *x, const struct report *r, const struct decide_record *record)
{
    struct buf bytes;
    struct outline o;
    struct outline_change c;
    buf_init(&bytes, OUTLINE_BYTES_MAX);
    outline_write(r, record->received, record->onward, &bytes);
    assert_int_equal(buf_status(&bytes), ST_OK);
    assert_int_equal(outline_read(buf_bytes(&bytes), x->a, &o), ST_OK);
    outline_decides_alike(x, r, &o, record);
    assert_int_equal(policy_change_outline(x->change, &o, &c), ST_OK);
    for (size_t i = 0; i < RECORDS; i++) {
        struct decide_record rec = draw_record(&x->gen, &o);
        for (size_t p = 0; p < ruleset_partner_count(x->then.ruleset); p++)
            ask_both(x, r, &c, p, ruleset_partner_index(x->now.ruleset, ruleset_partner(x->then.ruleset, p)->id), &rec);
    }
    // bytes that were cut short or changed are refused or read, and nothing else
    size_t len = gen_below(&x->gen, bytes.len);
    assert_int_equal(outline_read(span_of(bytes.ptr, len), x->a, &o), ST_CORRUPT);
    bytes.ptr[len] ^= (uint8_t)(1 + gen_below(&x->gen, 255));
    (void)(outline_read(buf_bytes(&bytes), x->a, &o) == ST_OK);
    buf_fini(&bytes);
}

static void what_is_not_said_does_not_change(void **state)
{
    struct changing *x = calloc(1, sizeof *x);
    struct buf text;
    (void)state;
    assert_non_null(x);
    buf_init(&text, MIB);
    for (x->seed = 1; x->cases < cases_wanted(); x->seed++) {
        if (!world_load(x))
            continue;
        for (size_t i = 0; i < REPORTS_PER_WORLD; i++) {
            struct decide_record record;
            const struct report *r;
            buf_reset(&text);
            policy_gen_report(&x->gen, x->seed * REPORTS_PER_WORLD + i, 0, &text, &record);
            assert_int_equal(report_read(buf_bytes(&text), "report.xml", x->a, faults, &r), ST_OK);
            try_report(x, issued(x, r), &record);
        }
        world_unload(x);
    }
    buf_fini(&text);
    // the comparison is worth something: most is said to stay, some to change
    assert_true(x->different > x->cases / 100 && x->same > x->cases / 2);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_not_said_does_not_change)};
    faults = malloc(sizeof *faults);
    if (!faults)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(faults);
    return failed;
}
