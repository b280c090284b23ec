// node/core/sync against a partner that lies about reports of others (spec 4.4, 8-22, 8-28).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/sync_item.h"
#include "store/sources.h"
#include "tests/support/two_nodes.h"

enum { GBR, FRA, DEU };

#define POLICY(own, a, b)                                                                                     \
    SIM_POLICY(own, SIM_PARTNER(a) SIM_PARTNER(b), a " " b, SIM_TERMS("permitted", "retain"))
#define REPORT_OF(nation, text)                                                                               \
    W_REPORT(W_ALFA("R", W_REL(W_V("FRA") W_V("DEU"))), W_HEADER_OF("separable='true'", "", nation, ""), \
             "<portion><text>" text "</text></portion>")

static struct sim *sim;

static int setup(void **state)
{
    static const char *const policies[] = {POLICY("GBR", "FRA", "DEU"), POLICY("FRA", "GBR", "DEU"),
                                           POLICY("DEU", "GBR", "FRA")};
    (void)state;
    sim = sim_new(3, policies);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("%s: %s", status_text(st), sim_why());
}

static void holds(size_t node, uint8_t id, const char *words)
{
    const char *text = sim_text(sim, node, id);
    if (!words)
        assert_null(text);
    else
        assert_true(text && strstr(text, words));
}

static uint64_t quarantined(size_t node, const char *partner)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(source_get(t->txn, partner, &s), ST_OK);
    sim_commit(t);
    return s.quarantined;
}

static size_t kept; // bytes

static enum status sum_up(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    (void)n;
    assert_string_equal(reason, ctx);
    kept += bytes.len;
    return ST_OK;
}

// FRA knows the id of a report of GBR, gives out one of its own under it, and recalls that.
static void nobody_can_make_anothers_report_vanish_silently(void **state)
{
    static char reason[] = "recalled-by-another";
    (void)state;
    sim_publish(sim, FRA, 1, 1, REPORT_OF("FRA", "squatter"));
    pull(DEU, FRA);
    holds(DEU, 1, "squatter");
    sim_recall(sim, FRA, 1);
    pull(DEU, FRA);
    holds(DEU, 1, NULL);
    sim_publish(sim, GBR, 1, 1, REPORT_OF("GBR", "the true one"));
    pull(DEU, GBR);
    holds(DEU, 1, NULL); // the id is burnt, but somebody hears of it
    assert_int_equal(quarantined(DEU, "GBR"), 1);
    assert_int_equal(sim_events(sim, DEU, AUDIT_QUARANTINE), 1);
    struct tick *t = sim_tick(sim, DEU);
    kept = 0;
    assert_int_equal(quarantine_each(t->txn, "GBR", sum_up, reason), ST_OK);
    assert_int_equal(kept, 0);
    size_t taken, left;
    assert_int_equal(sync_retry(t, "GBR", "operator", &taken, &left), ST_OK);
    assert_int_equal(taken + left, 0);
    sim_commit(t);
}

// … or recalls and withdraws what is not its own, which others hold from its nation.
static void nobody_can_end_anothers_report(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, REPORT_OF("GBR", "the true one"));
    pull(DEU, GBR);
    sim_publish(sim, FRA, 1, 1, REPORT_OF("FRA", "squatter"));
    pull(DEU, FRA);
    assert_int_equal(quarantined(DEU, "FRA"), 1);
    sim_recall(sim, FRA, 1);
    pull(DEU, FRA);
    holds(DEU, 1, "the true one");
    assert_int_equal(quarantined(DEU, "FRA"), 0);
    // and ours
    sim_publish(sim, DEU, 2, 1, REPORT_OF("DEU", "our own"));
    sim_publish(sim, FRA, 2, 1, REPORT_OF("FRA", "squatter"));
    sim_recall(sim, FRA, 2);
    pull(DEU, FRA);
    holds(DEU, 2, "our own");
}

struct offering {
    struct span bytes;
    enum item_fate fate;
    const char *reason;
    uint32_t version;
};

// What DEU makes of these bytes from FRA, under an entry that fits them.
static enum status offer(struct tick *t, struct tick_job *job)
{
    struct offering *o = job->ctx;
    struct ledger_entry e = {.kind = ENTRY_RELEASE, .report = sim_id(1), .version = o->version, .digest = sha256(o->bytes)};
    const struct item item = {.entry = &e, .content = o->bytes};
    return item_take(t, core_peer(t->core, "FRA"), &item, true, &o->fate, &o->reason);
}

// A finished report of this draft, signed by this node's key.
static void sign(size_t by, const char *draft, uint32_t version, struct buf *out)
{
    struct core *c = &sim->nodes[by].core;
    struct arena *a = xml_arena_new(strlen(draft));
    const struct report *r;
    const struct report_finish with = {.id = sim_id(1), .version = version, .issued = sim->now, .random = &c->random,
                                       .key = c->report_key};
    assert_int_equal(report_read(span_cstr(draft), NULL, a, NULL, &r), ST_OK);
    assert_int_equal(report_finish(r, &with, out, NULL), ST_OK);
    arena_free(&a);
}

static void reports_of_others_need_their_keys(void **state)
{
    static const struct {
        size_t signer;
        const char *nation;
        uint32_t version, entry;
        enum item_fate fate;
        const char *reason;
    } cases[] = {
        {FRA, "GBR", 1, 1, ITEM_QUARANTINED, "unknown-key"},
        {FRA, "DEU", 1, 1, ITEM_QUARANTINED, "own-report"}, // says that it is ours, signed by FRA …
        {DEU, "DEU", 1, 1, ITEM_QUARANTINED, "own-report"}, // … or truly ours, sent back
        {GBR, "FRA", 1, 1, ITEM_QUARANTINED, "unknown-key"},
        {FRA, "FRA", 1, 2, ITEM_QUARANTINED, "not-the-entry"},
        {FRA, "FRA", UINT32_MAX, UINT32_MAX, ITEM_TAKEN, NULL}, // its own matter
        {GBR, "GBR", 1, 1, ITEM_QUARANTINED, "equivocation"},   // the id is FRA's now
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char draft[4096];
        struct buf bytes;
        buf_init(&bytes, RENDITION_BYTES_MAX);
        const char *text = REPORT_OF("NAT", "words"), *at = strstr(text, "NAT");
        snprintf(draft, sizeof draft, "%.*s%s%s", (int)(at - text), text, cases[i].nation, at + 3);
        sign(cases[i].signer, draft, cases[i].version, &bytes);
        struct offering o = {.bytes = buf_bytes(&bytes), .version = cases[i].entry};
        sim_job(sim, DEU, offer, &o);
        if (o.fate != cases[i].fate || strcmp(o.reason ? o.reason : "-", cases[i].reason ? cases[i].reason : "-") != 0)
            fail_msg("case %zu: %d %s", i, (int)o.fate, o.reason ? o.reason : "-");
        buf_fini(&bytes);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_can_make_anothers_report_vanish_silently),
        TEST(nobody_can_end_anothers_report),
        TEST(reports_of_others_need_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
