// Reports of other nations passed on by a hub (spec 4.4, 4.6): who vouches for them, under which terms, and that loops end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/carried.h"
#include "store/key.h"
#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define PARTNERS(a, b) SIM_PARTNER(a) SIM_PARTNER(b)
#define GBR_TO(parties, onward) SIM_POLICY("GBR", PARTNERS("FRA", "DEU"), parties, SIM_TERMS(onward, "withdraw"))
#define FRA_TO(parties, onward) SIM_POLICY("FRA", PARTNERS("GBR", "DEU"), parties, SIM_TERMS(onward, "withdraw"))
#define DEU_TO(parties, onward) SIM_POLICY("DEU", PARTNERS("GBR", "FRA"), parties, SIM_TERMS(onward, "withdraw"))

static struct sim *sim;
static struct nation_anchors gbr; // what DEU trusts for GBR

static void start(const char *first, const char *second, const char *third)
{
    const char *const policies[] = {first, second, third};
    sim = calloc(1, sizeof *sim);
    sim_init(sim, 3, policies);
}

static int teardown(void **state)
{
    (void)state;
    anchors_free(&gbr.anchors);
    sim_fini(sim);
    free(sim);
    return 0;
}

// DEU holds no card of GBR, which gives nothing to it.
static void far_apart(void)
{
    struct core *c = &sim->nodes[DEU].core;
    c->peers[0] = c->peers[1];
    c->peer_count = 1;
}

// From now on DEU trusts this node's authority for GBR.
static void trust(size_t authority)
{
    struct core *c = &sim->nodes[DEU].core;
    anchors_free(&gbr.anchors);
    snprintf(gbr.nation, sizeof gbr.nation, "GBR");
    assert_int_equal(anchors_load(test_span(sim->nodes[authority].keys.ca.cert), span_of("", 0), NULL, &gbr.anchors), ST_OK);
    c->nation_anchors = &gbr;
    c->nation_anchor_count = 1;
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("pull: %s: %s", status_text(st), sim_why());
}

static enum status note_reason(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    (void)n, (void)bytes;
    snprintf(ctx, 64, "%s", reason);
    return ST_OK;
}

// Why DEU has the last report from FRA in quarantine; "" when it has none there.
static const char *quarantined(void)
{
    static char reason[64];
    struct tick *t = sim_tick(sim, DEU);
    reason[0] = 0;
    assert_int_equal(quarantine_each(t->txn, "FRA", note_reason, reason), ST_OK);
    sim_commit(t);
    return reason;
}

static size_t retry(void)
{
    size_t taken, left;
    struct tick *t = sim_tick(sim, DEU);
    assert_int_equal(sync_retry(t, "FRA", "operator", &taken, &left), ST_OK);
    sim_commit(t);
    return taken;
}

static void the_certificate_goes_on_with_the_report(void **state)
{
    (void)state;
    start(GBR_TO("FRA", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("GBR", "permitted"));
    far_apart();
    trust(GBR);
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull(DEU, FRA);
    assert_string_equal(quarantined(), "");
    assert_non_null(sim_text(sim, DEU, 1));
    // ... and would go on from there, too.
    struct feed_carried with[2];
    struct digest digest[2];
    for (size_t i = 0; i < 2; i++) {
        struct tick *t = sim_tick(sim, i ? DEU : FRA);
        assert_int_equal(carried_get(t->txn, sim_id(1), 1, i ? "FRA" : "GBR", &with[i]), ST_OK);
        assert_true(with[i].certificate.len > 0);
        digest[i] = sha256(with[i].certificate);
        sim_commit(t);
    }
    assert_true(digest_eq(&digest[0], &digest[1]));
    // It goes with the copy.
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(carried_get(t->txn, sim_id(1), 1, "GBR", &with[0]), ST_OK);
    assert_int_equal(with[0].certificate.len, 0);
    sim_commit(t);
}

static void only_the_nations_own_anchors_vouch(void **state)
{
    (void)state;
    start(GBR_TO("FRA", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("GBR", "permitted"));
    far_apart();
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull(DEU, FRA);
    assert_string_equal(quarantined(), "unknown-originator");
    trust(FRA); // an authority that vouches for others
    assert_int_equal(retry(), 0);
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
    trust(GBR);
    assert_int_equal(retry(), 1); // with the certificate that came then
    assert_non_null(sim_text(sim, DEU, 1));
}

// DEU pulls a page of FRA's in which something was changed on the way.
static void pull_changed(const char *from, const char *until, const char *instead)
{
    struct reply rp;
    struct buf page, changed;
    struct sync_result r;
    buf_init(&page, MIB);
    buf_init(&changed, MIB);
    sim_request(sim, DEU, FRA, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    sim_wire(sim, DEU, FRA, &rp, &page);
    const char *text = buf_cstr(&page), *at = strstr(text, from);
    assert_non_null(at);
    buf_put(&changed, text, (size_t)(at - text));
    buf_puts(&changed, instead);
    buf_puts(&changed, strstr(at, until) + strlen(until));
    assert_int_equal(sim_apply(sim, DEU, FRA, buf_bytes(&changed), &r), ST_OK);
    sync_result_fini(&r);
    reply_fini(&rp);
    buf_fini(&page);
    buf_fini(&changed);
}

static void a_report_without_its_certificate_is_quarantined(void **state)
{
    (void)state;
    start(GBR_TO("FRA", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("GBR", "permitted"));
    far_apart();
    trust(GBR);
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull_changed("<r:certificate ", "</r:certificate>", "");
    assert_string_equal(quarantined(), "certificate-missing");
    assert_null(sim_text(sim, DEU, 1));
}

static void a_certificate_of_another_is_no_help(void **state)
{
    (void)state;
    struct verifying_key *fra;
    struct buf der, text;
    start(GBR_TO("FRA", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("GBR", "permitted"));
    far_apart();
    trust(GBR);
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    buf_init(&der, CERTIFICATE_BYTES_MAX);
    buf_init(&text, MIB);
    assert_int_equal(verifying_key_load(test_span(sim->nodes[FRA].keys.report.cert), NULL, &fra), ST_OK);
    assert_int_equal(verifying_key_der(fra, &der), ST_OK);
    buf_puts(&text, "<r:certificate xmlns:r=\"urn:relto:feed:1\">");
    base64_put(&text, buf_bytes(&der));
    buf_puts(&text, "</r:certificate>");
    pull_changed("<r:certificate ", "</r:certificate>", buf_cstr(&text));
    assert_string_equal(quarantined(), "unknown-key");
    verifying_key_free(&fra);
    buf_fini(&der);
    buf_fini(&text);
}

// What FRA writes for DEU when GBR gave it a report under these terms.
static const char *passed_on(const char *gbr_policy)
{
    start(gbr_policy, FRA_TO("DEU", "consent"), DEU_TO("FRA", "permitted"));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    return flow_ledger(sim, FRA, "DEU");
}

static void forbidden_is_forbidden(void **state)
{
    (void)state;
    assert_string_equal(passed_on(GBR_TO("FRA", "forbidden")), "");
}

// Flip one bit at a place of what FRA stored about GBR's report: of its head, before its bytes.
static void flip_stored(size_t at, uint8_t bit)
{
    struct key k = {.len = 0};
    struct span v;
    struct tick *t = sim_tick(sim, FRA);
    key_uuid(&k, sim_id(1));
    key_u32(&k, 1);
    key_id(&k, "GBR");
    assert_int_equal(db_get(t->txn, DB_REPORTS, key_span(&k), &v), ST_OK);
    uint8_t *copy = malloc(v.len);
    assert_non_null(copy);
    memcpy(copy, v.ptr, v.len);
    copy[at] ^= bit;
    assert_int_equal(db_put(t->txn, DB_REPORTS, key_span(&k), span_of(copy, v.len)), ST_OK);
    free(copy);
    sim_commit(t);
}

// The disk may change a bit of the terms under which a report came, or of when: nobody gets it by that (spec 8-6).
static void a_flipped_bit_gives_it_to_nobody(void **state)
{
    (void)state;
    assert_string_equal(passed_on(GBR_TO("FRA", "forbidden")), "");
    for (size_t at = 0; at < 52; at++) // up to the flags; text follows
        for (unsigned bit = 0; bit < 8; bit++) {
            flip_stored(at, (uint8_t)(1u << bit));
            sim_redecide(sim, FRA, 1);
            if (*flow_ledger(sim, FRA, "DEU"))
                fail_msg("bit %u of byte %zu gave it to DEU", bit, at);
            flip_stored(at, (uint8_t)(1u << bit));
        }
    assert_true(sim_events(sim, FRA, AUDIT_QUARANTINE) > 0);
}

static void consent_is_waited_for(void **state)
{
    (void)state;
    assert_string_equal(passed_on(GBR_TO("FRA", "consent")), "");
}

static void permitted_goes_on_under_the_hubs_stricter_terms(void **state)
{
    (void)state;
    assert_string_equal(passed_on(GBR_TO("FRA", "permitted")), "R1");
    assert_int_equal(flow_entry(sim, FRA, "DEU", 0).onward, ONWARD_CONSENT);
    pull(DEU, FRA);
    assert_string_equal(flow_ledger(sim, DEU, "FRA"), ""); // whose consent it would be
}

// A hub cannot make the originator's terms laxer: its own feed's count as soon as it gives the report, too.
static void the_originators_own_terms_win(void **state)
{
    (void)state;
    start("<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" PARTNERS("FRA", "DEU")
          "</partners><agreements>" W_AGREEMENT("A", "FRA", SIM_TERMS("permitted", "withdraw"))
          W_AGREEMENT("B", "DEU", SIM_TERMS("forbidden", "withdraw")) "</agreements></policy>",
          FRA_TO("DEU", "permitted"), DEU_TO("FRA", "permitted"));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull(DEU, FRA);
    assert_string_equal(flow_ledger(sim, DEU, "FRA"), "R1");
    pull(DEU, GBR);
    assert_string_equal(flow_ledger(sim, DEU, "FRA"), "R1 W1");
}

// DEU gives FRA back, under stricter terms, what it has from FRA: that is no reason for FRA to take it away again.
static void what_comes_back_under_stricter_terms_changes_nothing(void **state)
{
    (void)state;
    start(GBR_TO("FRA", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("FRA", "forbidden"));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    for (int round = 0; round < 3; round++) {
        pull(DEU, FRA);
        pull(FRA, DEU);
    }
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
    assert_string_equal(flow_ledger(sim, DEU, "FRA"), "R1");
}

static void a_loop_ends_by_itself(void **state)
{
    static const char *const names[] = {"GBR", "FRA", "DEU"};
    (void)state;
    start(GBR_TO("FRA DEU", "permitted"), FRA_TO("GBR DEU", "permitted"), DEU_TO("GBR FRA", "permitted"));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    for (int round = 0; round < 4; round++)
        for (size_t node = 0; node < 3; node++)
            for (size_t from = 0; from < 3; from++)
                if (node != from)
                    pull(node, from);
    for (size_t from = 0; from < 3; from++) // nothing goes back to its originator, and nothing goes round and round
        for (size_t to = 0; to < 3; to++)
            if (from != to)
                assert_string_equal(flow_ledger(sim, from, names[to]), to == GBR ? "" : "R1");
    for (size_t node = 1; node < 3; node++) {
        struct report_record r;
        struct tick *t = sim_tick(sim, node);
        assert_int_equal(reports_current(t->txn, sim_id(1), &r), ST_OK);
        assert_string_equal(r.source, "GBR"); // one report, and the originator's own copy of it
        sim_commit(t);
    }
    sim_recall(sim, GBR, 1);
    for (int round = 0; round < 3; round++)
        for (size_t node = 1; node < 3; node++)
            for (size_t from = 0; from < 3; from++)
                if (node != from)
                    pull(node, from);
    assert_null(sim_text(sim, FRA, 1));
    assert_null(sim_text(sim, DEU, 1));
}

// The originator signed two texts as one version, and told one of them to each: who hears both says so.
static void two_texts_of_one_version_by_two_ways_are_told(void **state)
{
    (void)state;
    start(GBR_TO("FRA DEU", "permitted"), FRA_TO("DEU", "permitted"), DEU_TO("FRA", "permitted"));
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("first story", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reports_erase(t->txn, sim_id(1), NULL), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("other story", SIM_FOR_ALL, "x"));
    pull(DEU, GBR);
    pull(DEU, FRA);
    assert_string_equal(quarantined(), "equivocation");
    assert_non_null(strstr(sim_text(sim, DEU, 1), "other story"));
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        T(the_certificate_goes_on_with_the_report),
        T(only_the_nations_own_anchors_vouch),
        T(a_report_without_its_certificate_is_quarantined),
        T(a_certificate_of_another_is_no_help),
        T(forbidden_is_forbidden),
        T(a_flipped_bit_gives_it_to_nobody),
        T(consent_is_waited_for),
        T(permitted_goes_on_under_the_hubs_stricter_terms),
        T(the_originators_own_terms_win),
        T(what_comes_back_under_stricter_terms_changes_nothing),
        T(a_loop_ends_by_itself),
        T(two_texts_of_one_version_by_two_ways_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
