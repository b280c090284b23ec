// node/core/sync: pages of partners applied, refused, quarantined; recalls, several sources, forks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/audit_log.h"
#include "store/erasures.h"
#include "store/ledger.h"
#include "store/sources.h"
#include "tests/support/two_nodes.h"

enum { GBR, FRA, DEU };

#define TO(id, max) "<partner id='" id "' name='" id "' kind='nation'><clearance policy='ALFA' max='" max "'/></partner>"
#define GBR_POLICY(parties, max) SIM_POLICY("GBR", TO("FRA", max) TO("DEU", "S"), parties, SIM_TERMS("permitted", "retain"))
#define DENY_FRA                                                                                             \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" TO("FRA", "S") TO("DEU", "S") \
    "</partners><denials><deny id='D' partners='FRA' withdraw='true'><when><type any-of='INTREP'/></when>"      \
    "</deny></denials><agreements>" W_AGREEMENT("A", "FRA DEU", SIM_TERMS("permitted", "retain"))               \
    "</agreements></policy>"
#define FRA_POLICY SIM_POLICY("FRA", TO("GBR", "S") TO("DEU", "S"), "DEU", SIM_TERMS("permitted", "retain"))
#define DEU_POLICY SIM_POLICY("DEU", TO("GBR", "S") TO("FRA", "S"), "FRA", SIM_TERMS("forbidden", "retain"))
#define SECRET_FOR_ALL W_ALFA("S", W_REL(W_V("FRA") W_V("DEU")))
// The second portion is SECRET; so must the overall label be.
#define TWO_LEVELS                                                                                           \
    W_REPORT(SECRET_FOR_ALL, W_HEADER_OF("separable='true'", SIM_FOR_ALL, "GBR", ""),                          \
             "<portion>" SIM_FOR_ALL "<text>low</text></portion><portion><text>high</text></portion>")

static struct sim *sim;

static int setup_for(size_t count, const char *parties)
{
    const char *const to_all[] = {GBR_POLICY("FRA DEU", "S"), FRA_POLICY, DEU_POLICY};
    const char *const to_fra[] = {GBR_POLICY("FRA", "S"), FRA_POLICY, DEU_POLICY};
    sim = calloc(1, sizeof *sim);
    sim_init(sim, count, strcmp(parties, "FRA") == 0 ? to_fra : to_all);
    return 0;
}

static int setup_two(void **state)
{
    (void)state;
    return setup_for(2, "FRA DEU");
}

static int setup_chain(void **state)
{
    (void)state;
    return setup_for(3, "FRA"); // GBR gives to FRA alone, FRA passes on to DEU
}

static int setup_three(void **state)
{
    (void)state;
    return setup_for(3, "FRA DEU");
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

// ---- small looks

static struct source_state source_of(size_t node, const char *partner)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(source_get(t->txn, partner, &s), ST_OK);
    sim_commit(t);
    s.checkpoint = span_of(NULL, 0); // was the store's
    return s;
}

static uint64_t receipt_of(size_t node, const char *partner)
{
    struct receipt r;
    struct tick *t = sim_tick(sim, node);
    enum status st = receipt_latest(t->txn, partner, &r);
    uint64_t size = st == ST_OK ? r.size : 0;
    sim_commit(t);
    return size;
}

static bool is_recalled(size_t node, uint8_t id)
{
    struct recall_record r;
    struct tick *t = sim_tick(sim, node);
    enum status st = recalls_get(t->txn, sim_id(id), &r);
    sim_commit(t);
    return st == ST_OK;
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("pull: %s: %s", status_text(st), sim_why());
}

static void holds(size_t node, uint8_t id, const char *words)
{
    const char *text = sim_text(sim, node, id);
    if (!words) {
        assert_null(text);
        return;
    }
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in: %s", words, text ? text : "(nothing)");
}

// Put another store in the place of a node's: one saved before (from "data.mdb" to a name), or brought back.
static void copy_store(size_t node, const char *from, const char *to)
{
    char command[700];
    const char *dir = sim->nodes[node].dir.path;
    db_close(&sim->nodes[node].core.db);
    sim->nodes[node].dir.db = NULL;
    snprintf(command, sizeof command, "cp %s/%s %s/%s", dir, from, dir, to);
    assert_int_equal(system(command), 0);
    store_dir_open(&sim->nodes[node].dir, false);
    sim->nodes[node].core.db = sim->nodes[node].dir.db;
}

static struct digest received_root(size_t node, const char *partner)
{
    char log[PARTNER_ID_MAX + 8];
    uint64_t size;
    struct digest root;
    struct tick *t = sim_tick(sim, node);
    source_log_name(partner, log);
    assert_int_equal(tree_size(t->txn, log, &size), ST_OK);
    assert_int_equal(tree_root(t->txn, log, size, &root), ST_OK);
    sim_commit(t);
    return root;
}

// The page that `node` would get from GBR next, as bytes.
static void next_page(size_t node, const char *target, struct buf *out)
{
    struct reply rp;
    sim_request(sim, node, GBR, "GET", target, "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    buf_init(out, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(sim, node, GBR, &rp, out);
    reply_fini(&rp);
}

// Another certificate than the one that signs: what comes does not verify. Returns the good one.
static struct verifying_key *swap_key(size_t node, size_t of, struct verifying_key *with)
{
    struct verifying_key **slot = &sim->nodes[node].peers[of].report_keys[0], *old = *slot;
    static struct test_keys other;
    if (!with) {
        test_keys_make("XXX", &other);
        assert_int_equal(verifying_key_load(test_span(other.report.cert), NULL, &with), ST_OK);
    }
    *slot = with;
    return old;
}

// ---- the way it should be

static void what_is_released_arrives_once_and_is_acknowledged(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_REPORT("for all", SIM_ONLY("DEU"), "CANARY-DEU"));
    pull(FRA, GBR);
    for (uint8_t i = 1; i <= 3; i++) {
        holds(FRA, i, "for all");
        assert_null(strstr(sim_text(sim, FRA, i), "CANARY"));
    }
    assert_false(sim_store_holds(sim, FRA, "CANARY-DEU"));
    assert_int_equal(receipt_of(GBR, "FRA"), 3);
    struct source_state s = source_of(FRA, "GBR");
    assert_int_equal(s.size, 3);
    assert_int_equal(s.received, 3);
    assert_false(s.cosignature_due);
    assert_int_equal(sim_events(sim, FRA, AUDIT_RECEIVE), 1);
    pull(FRA, GBR); // nothing new
    assert_int_equal(source_of(FRA, "GBR").size, 3);
    assert_int_equal(sim_events(sim, FRA, AUDIT_RECEIVE), 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 1);
}

static void many_pages_arrive_in_order(void **state)
{
    (void)state;
    static char draft[8192];
    for (unsigned i = 1; i <= 40; i++) {
        snprintf(draft, sizeof draft, SIM_REPORT("number %u", SIM_FOR_ALL, "x"), i);
        sim_publish(sim, GBR, (uint8_t)i, 1, draft);
        if (i % 7 == 0)
            pull(FRA, GBR);
    }
    pull(FRA, GBR);
    for (unsigned i = 1; i <= 40; i++) {
        char words[32];
        snprintf(words, sizeof words, "number %u<", i);
        holds(FRA, (uint8_t)i, words);
    }
    assert_int_equal(receipt_of(GBR, "FRA"), 40);
}

static void starting_again_duplicates_nothing(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    pull(FRA, GBR);
    sim_recall(sim, GBR, 2);
    pull(FRA, GBR);
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(sync_restart(t, "GBR"), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    size_t events = sim_events(sim, FRA, AUDIT_RECEIVE);
    pull(FRA, GBR);
    assert_int_equal(sim_events(sim, FRA, AUDIT_RECEIVE), events + 1); // the new entry alone
    assert_int_equal(source_of(FRA, "GBR").size, 5);
    assert_int_equal(source_of(FRA, "GBR").received, 4);
    holds(FRA, 1, "all");
    holds(FRA, 2, NULL);
    holds(FRA, 4, "all");
    assert_int_equal(receipt_of(GBR, "FRA"), 5);
}

// The store was lost altogether: what is current comes again, what was recalled does not, and nobody is alarmed.
static void a_partner_that_lost_everything_gets_it_again(void **state)
{
    (void)state;
    copy_store(FRA, "data.mdb", "empty");
    for (uint8_t i = 1; i <= 4; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    pull(FRA, GBR);
    sim_recall(sim, GBR, 2);
    sim_publish(sim, GBR, 3, 2, SIM_REPORT("second version", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    struct digest before = received_root(FRA, "GBR");
    size_t receipts = sim_events(sim, GBR, AUDIT_RECEIPT);
    copy_store(FRA, "empty", "data.mdb");
    holds(FRA, 1, NULL);
    pull(FRA, GBR);
    struct digest after = received_root(FRA, "GBR");
    assert_true(digest_eq(&before, &after)); // the same ledger, entry by entry
    holds(FRA, 1, "all");
    holds(FRA, 2, NULL);
    holds(FRA, 3, "second version");
    holds(FRA, 4, "all");
    assert_int_equal(source_of(FRA, "GBR").size, 6);
    assert_int_equal(source_of(FRA, "GBR").received, 3);
    assert_int_equal(source_of(FRA, "GBR").quarantined, 0);
    assert_int_equal(sim_events(sim, FRA, AUDIT_LOG_FORK) + sim_events(sim, GBR, AUDIT_LOG_FORK), 0);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), receipts); // the receipt was held already
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    pull(FRA, GBR);
    holds(FRA, 5, "all");
    assert_int_equal(receipt_of(GBR, "FRA"), 7);
}

static void versions_and_renditions_replace_each_other(void **state)
{
    (void)state;
    sim_policy(sim, GBR, GBR_POLICY("FRA", "R"));
    sim_publish(sim, GBR, 1, 1, TWO_LEVELS);
    pull(FRA, GBR);
    holds(FRA, 1, "low");
    assert_null(strstr(sim_text(sim, FRA, 1), "high"));
    sim_policy(sim, GBR, GBR_POLICY("FRA", "S"));
    sim_redecide(sim, GBR, 1);
    bool pending;
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(erasures_pending(t->txn, &pending), ST_OK);
    assert_false(pending);
    sim_commit(t);
    pull(FRA, GBR); // the same version, another rendition of the same manifest
    holds(FRA, 1, "high");
    t = sim_tick(sim, FRA); // it could have shown less: the bytes of the one before go from the file, too
    assert_int_equal(erasures_pending(t->txn, &pending), ST_OK);
    assert_true(pending);
    sim_commit(t);
    sim_publish(sim, GBR, 1, 2, SIM_REPORT("second version", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    holds(FRA, 1, "second version");
    assert_int_equal(source_of(FRA, "GBR").quarantined, 0);
}

// ---- recalls and withdrawals

static void a_recall_erases_and_holds_for_ever(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    holds(FRA, 1, NULL);
    assert_true(is_recalled(FRA, 1));
    assert_int_equal(receipt_of(GBR, "FRA"), 2); // the proof that it was obeyed
}

static void a_withdrawal_ends_the_copy_but_not_for_ever(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    sim_policy(sim, GBR, DENY_FRA);
    sim_redecide(sim, GBR, 1);
    pull(FRA, GBR);
    holds(FRA, 1, NULL);
    assert_false(is_recalled(FRA, 1));
    sim_policy(sim, GBR, GBR_POLICY("FRA", "S"));
    sim_redecide(sim, GBR, 1);
    pull(FRA, GBR);
    holds(FRA, 1, "all");
}

static void what_is_passed_on_is_recalled_there_too(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("for all", SIM_ONLY("FRA"), "CANARY-FRA"));
    pull(FRA, GBR);
    holds(FRA, 1, "CANARY-FRA");
    pull(DEU, FRA);
    holds(DEU, 1, "for all");
    assert_null(strstr(sim_text(sim, DEU, 1), "CANARY-FRA"));
    assert_false(sim_store_holds(sim, DEU, "CANARY-FRA"));
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    holds(FRA, 1, NULL);
    pull(DEU, FRA);
    holds(DEU, 1, NULL);
    assert_false(is_recalled(DEU, 1)); // FRA is not the originator: GBR could still give it
}

static void a_recall_by_the_only_way_goes_on(void **state)
{
    (void)state;
    sim->nodes[DEU].peers[GBR].pull = false; // DEU hears of GBR's reports by FRA alone
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull(DEU, FRA);
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    pull(DEU, FRA);
    holds(DEU, 1, NULL);
    assert_true(is_recalled(DEU, 1));
}

static void one_source_withdraws_the_other_stays(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("for all", SIM_ONLY("DEU"), "for DEU"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    holds(DEU, 1, "for all");
    pull(DEU, GBR);
    holds(DEU, 1, "for DEU"); // the originator's own feed comes first
    sim_policy(sim, GBR, DENY_FRA);
    sim_redecide(sim, GBR, 1);
    pull(FRA, GBR);
    holds(FRA, 1, NULL);
    pull(DEU, FRA);
    holds(DEU, 1, "for DEU");
}

static void a_recalled_report_does_not_come_back_by_another_way(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    pull(DEU, GBR);
    sim_recall(sim, GBR, 1);
    pull(DEU, GBR);
    pull(DEU, FRA); // FRA has not heard yet
    holds(DEU, 1, NULL);
    assert_int_equal(source_of(DEU, "FRA").quarantined, 0);
}

static void a_recall_of_what_we_do_not_hold_is_remembered(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("CANARY-GONE", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    struct verifying_key *good = swap_key(DEU, GBR, NULL);
    pull(DEU, GBR);
    assert_int_equal(source_of(DEU, "GBR").quarantined, 1);
    sim_recall(sim, GBR, 1);
    pull(DEU, GBR);
    assert_int_equal(source_of(DEU, "GBR").quarantined, 0); // recalls reach into quarantine
    struct verifying_key *bad = swap_key(DEU, GBR, good);
    pull(DEU, FRA);
    holds(DEU, 1, NULL);
    verifying_key_free(&bad);
}

// ---- quarantine

static void what_does_not_verify_is_quarantined_and_the_page_goes_on(void **state)
{
    (void)state;
    size_t taken, left;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    struct verifying_key *good = swap_key(FRA, GBR, NULL);
    pull(FRA, GBR);
    holds(FRA, 1, NULL);
    assert_int_equal(source_of(FRA, "GBR").quarantined, 2);
    assert_int_equal(source_of(FRA, "GBR").size, 2);
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 2);
    assert_int_equal(receipt_of(GBR, "FRA"), 2);
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(sync_retry(t, "GBR", "operator", &taken, &left), ST_OK);
    sim_commit(t);
    assert_int_equal(taken, 0);
    assert_int_equal(left, 2);
    struct verifying_key *bad = swap_key(FRA, GBR, good);
    t = sim_tick(sim, FRA);
    assert_int_equal(sync_retry(t, "GBR", "operator", &taken, &left), ST_OK);
    sim_commit(t);
    assert_int_equal(taken, 2);
    assert_int_equal(left, 0);
    holds(FRA, 1, "all");
    holds(FRA, 2, "all");
    assert_int_equal(source_of(FRA, "GBR").quarantined, 0);
    verifying_key_free(&bad);
}

static void retrying_does_not_bring_back_what_was_replaced(void **state)
{
    (void)state;
    size_t taken, left;
    sim_publish(sim, GBR, 1, 1, TWO_LEVELS);
    struct verifying_key *good = swap_key(FRA, GBR, NULL);
    pull(FRA, GBR); // both portions, in quarantine
    struct verifying_key *bad = swap_key(FRA, GBR, good);
    sim_policy(sim, GBR, GBR_POLICY("FRA", "R"));
    sim_redecide(sim, GBR, 1);
    struct tick *t = sim_tick(sim, GBR); // the narrower rendition is the one that counts now
    uint64_t size;
    assert_int_equal(ledger_size(t->txn, "FRA", &size), ST_OK);
    sim_commit(t);
    assert_true(size >= 2);
    pull(FRA, GBR);
    t = sim_tick(sim, FRA);
    assert_int_equal(sync_retry(t, "GBR", "operator", &taken, &left), ST_OK);
    sim_commit(t);
    assert_int_equal(taken + left, 0);
    assert_null(sim_text(sim, FRA, 1) ? strstr(sim_text(sim, FRA, 1), "high") : NULL);
    verifying_key_free(&bad);
}

static void compromised_keys_vouch_for_nothing_new(void **state)
{
    (void)state;
    struct card_certificate *cert = &sim->nodes[FRA].peers[GBR].card.report_certs[0];
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    cert->has_compromised_from = true;
    cert->compromised_from = sim->now + 1;
    pull(FRA, GBR);
    holds(FRA, 1, "all");
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN); // issued before, comes after
    sim->now += 2;
    pull(FRA, GBR);
    holds(FRA, 2, NULL);
    assert_int_equal(source_of(FRA, "GBR").quarantined, 1);
}

// Two manifests for one version of a report.
static void equivocation_is_quarantined(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("first story", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reports_erase(t->txn, sim_id(1), NULL), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("other story", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    holds(FRA, 1, "first story");
    assert_int_equal(source_of(FRA, "GBR").quarantined, 1);
}

static void nobody_vouches_for_an_unknown_nation(void **state)
{
    (void)state;
    // FRA gives out a report that it signed itself as one of USA.
    sim_policy(sim, FRA, SIM_POLICY("USA", TO("GBR", "S") TO("DEU", "S"), "GBR DEU", SIM_TERMS("permitted", "retain")));
    sim_publish(sim, FRA, 1, 1,
                W_REPORT(W_ALFA("R", W_REL(W_V("FRA") W_V("DEU"))), W_HEADER_OF("separable='true'", "", "USA", ""),
                         W_PORTION("")));
    pull(DEU, FRA);
    holds(DEU, 1, NULL);
    assert_int_equal(source_of(DEU, "FRA").quarantined, 1);
}

// ---- pages that are refused whole

static void refused(struct buf *page, const char *old, const char *new, enum status expected)
{
    struct sync_result r;
    struct buf b;
    const char *text = buf_cstr(page), *at = strstr(text, old);
    assert_non_null(at);
    buf_init(&b, FEED_DOCUMENT_BYTES_MAX);
    buf_put(&b, text, (size_t)(at - text));
    buf_puts(&b, new);
    buf_puts(&b, at + strlen(old));
    enum status st = sim_apply(sim, FRA, GBR, buf_bytes(&b), &r);
    if (st != expected)
        fail_msg("\"%s\" -> \"%s\": %s, expected %s: %s", old, new, status_text(st), status_text(expected), sim_why());
    assert_int_equal(r.cosignature.len, 0);
    assert_int_equal(source_of(FRA, "GBR").size, 0);
    assert_false(source_of(FRA, "GBR").forked);
    holds(FRA, 1, NULL);
    sync_result_fini(&r);
    buf_fini(&b);
}

static void pages_that_are_off_change_nothing(void **state)
{
    (void)state;
    struct buf page;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    next_page(FRA, "/v1/feed", &page);
    refused(&page, "<text>all</text>", "<text>ALL</text>", ST_BAD_PROOF);
    refused(&page, "onward=\"permitted\"", "onward=\"forbidden\"", ST_BAD_PROOF);
    refused(&page, "n=\"1\"", "n=\"2\"", ST_BAD_PROOF);
    refused(&page, "gbr.example/release/FRA\n2\n", "gbr.example/release/FRA\n3\n", ST_BAD_SIGNATURE);
    refused(&page, "gbr.example/release/FRA\n2\n", "gbr.example/release/DEU\n2\n", ST_MALFORMED);
    refused(&page, ":gbr:feed:FRA", ":gbr:feed:DEU", ST_INVALID);
    refused(&page, "salt=\"", "salt=\"A", ST_INVALID);
    buf_fini(&page);
    pull(FRA, GBR);
    holds(FRA, 1, "all");
}

static void a_page_cannot_leave_a_gap(void **state)
{
    (void)state;
    struct buf page, first;
    struct sync_result r;
    for (uint8_t i = 1; i <= 4; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    next_page(FRA, "/v1/feed?limit=2", &first);
    char target[300];
    const char *next = strstr(buf_cstr(&first), "/v1/feed?after=");
    snprintf(target, sizeof target, "%.63s", next);
    next_page(FRA, target, &page);
    assert_int_equal(sim_apply(sim, FRA, GBR, buf_bytes(&page), &r), ST_BAD_PROOF);
    sync_result_fini(&r);
    assert_false(source_of(FRA, "GBR").forked);
    // In order they are fine, and again: duplicated pages change nothing.
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sim_apply(sim, FRA, GBR, buf_bytes(i == 1 ? &page : &first), &r), ST_OK);
        sync_result_fini(&r);
    }
    assert_int_equal(source_of(FRA, "GBR").size, 4);
    assert_int_equal(source_of(FRA, "GBR").received, 4);
    buf_fini(&page);
    buf_fini(&first);
}

// One flipped bit anywhere: what is then applied, if anything, is what was sent.
static void flipped_bits_change_nothing_that_counts(void **state)
{
    (void)state;
    struct buf page;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("the text", SIM_ONLY("DEU"), "x"));
    next_page(FRA, "/v1/feed", &page);
    size_t applied = 0;
    for (size_t i = 0; i < page.len; i += 3) {
        struct sync_result r;
        struct report_record rec;
        page.ptr[i] ^= (uint8_t)(1 << i % 7);
        struct tick *t = sim_tick(sim, FRA);
        enum status st = sync_apply_page(t, "GBR", buf_bytes(&page), NULL, &r);
        assert_true(st == ST_OK || sync_is_refusal(st));
        if (st == ST_OK) {
            applied++;
            assert_int_equal(r.entries, 1);
            assert_int_equal(r.reports, 1);
            assert_int_equal(reports_current(t->txn, sim_id(1), &rec), ST_OK);
            assert_non_null(memmem(rec.bytes.ptr, rec.bytes.len, "the text", 8));
        }
        db_abort(&t->txn);
        free(t);
        sync_result_fini(&r);
        page.ptr[i] ^= (uint8_t)(1 << i % 7);
    }
    assert_true(applied < page.len / 3 / 4); // titles, links, the cursor
    buf_fini(&page);
}

// ---- forks

static void is_forked(void)
{
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF);
    assert_true(source_of(FRA, "GBR").forked);
    assert_int_equal(sim_events(sim, FRA, AUDIT_LOG_FORK), 1);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF); // stopped; no second alarm
    assert_int_equal(sim_events(sim, FRA, AUDIT_LOG_FORK), 1);
}

static void a_restored_backup_that_went_on_is_a_fork(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    copy_store(GBR, "data.mdb", "saved");
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    pull(FRA, GBR);
    copy_store(GBR, "saved", "data.mdb");
    sim_publish(sim, GBR, 3, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    is_forked();
    holds(FRA, 2, "all"); // what was got before stays
    holds(FRA, 4, NULL);
    struct tick *t = sim_tick(sim, FRA);
    bool resumed;
    assert_int_equal(sync_resume(t, "GBR", "operator", "compared by voice", &resumed), ST_OK);
    assert_true(resumed);
    sim_commit(t);
    assert_false(source_of(FRA, "GBR").forked);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF); // it still contradicts itself
    assert_true(source_of(FRA, "GBR").forked);
}

static void a_restored_backup_is_a_fork_even_before_it_goes_on(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA, GBR);
    copy_store(GBR, "data.mdb", "saved");
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    pull(FRA, GBR);
    copy_store(GBR, "saved", "data.mdb");
    is_forked(); // 410, start again, and the ledger ends too early
}

#define T2(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown)
#define T3(f) cmocka_unit_test_setup_teardown(f, setup_three, teardown)
#define TC(f) cmocka_unit_test_setup_teardown(f, setup_chain, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T2(what_is_released_arrives_once_and_is_acknowledged),
        T2(many_pages_arrive_in_order),
        T2(starting_again_duplicates_nothing),
        T2(a_partner_that_lost_everything_gets_it_again),
        T2(versions_and_renditions_replace_each_other),
        T2(a_recall_erases_and_holds_for_ever),
        T2(a_withdrawal_ends_the_copy_but_not_for_ever),
        TC(what_is_passed_on_is_recalled_there_too),
        TC(a_recall_by_the_only_way_goes_on),
        T3(one_source_withdraws_the_other_stays),
        T3(a_recalled_report_does_not_come_back_by_another_way),
        T3(a_recall_of_what_we_do_not_hold_is_remembered),
        T2(what_does_not_verify_is_quarantined_and_the_page_goes_on),
        T2(retrying_does_not_bring_back_what_was_replaced),
        T2(compromised_keys_vouch_for_nothing_new),
        T2(equivocation_is_quarantined),
        T3(nobody_vouches_for_an_unknown_nation),
        T2(pages_that_are_off_change_nothing),
        T2(a_page_cannot_leave_a_gap),
        T2(flipped_bits_change_nothing_that_counts),
        T2(a_restored_backup_that_went_on_is_a_fork),
        T2(a_restored_backup_is_a_fork_even_before_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
