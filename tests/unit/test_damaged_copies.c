// Stored copies that the disk damaged (spec 4.4, 8): they stop no feed and no recall, prove nothing, and heal when their source
// gives them again. GBR gives to FRA and DEU, FRA passes on to DEU.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/key.h"
#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define TO(id, max) "<partner id='" id "' name='" id "' kind='nation'><clearance policy='ALFA' max='" max "'/></partner>"
#define GBR_POLICY(max, onward)                                                                              \
    SIM_POLICY("GBR", TO("FRA", max) TO("DEU", max), "FRA DEU", SIM_TERMS(onward, "retain"))
#define GBR_DENIES_DEU                                                                                       \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" TO("FRA", "S") TO("DEU", "S") \
    "</partners><denials><deny id='D' partners='DEU' withdraw='true'><when><type any-of='INTREP'/></when></deny></denials>" \
    "<agreements>" W_AGREEMENT("A", "FRA DEU", SIM_TERMS("permitted", "retain")) "</agreements></policy>"
#define FRA_TO_GBR                                                                                           \
    "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='1'>" W_SECURITY                                    \
    "<communities><community id='TEAM'><member partner='GBR'/></community></communities><partners>" SIM_PARTNER("GBR") \
    "</partners><agreements>" W_AGREEMENT("A", "GBR", SIM_TERMS("permitted", "retain")) "</agreements></policy>"
#define STORY(text) SIM_REPORT(text, SIM_FOR_ALL, "x")
#define STORY_OF_FRA(text)                                                                                   \
    W_REPORT(W_ALFA("U", W_REL(W_V("TEAM") W_V("DEU"))), W_HEADER_OF("separable='true'", "", "FRA", ""),      \
             "<portion><text>" text "</text></portion>")
// The second portion is SECRET; so must the overall label be.
#define TWO_LEVELS                                                                                           \
    W_REPORT(W_ALFA("S", W_REL(W_V("FRA") W_V("DEU"))), W_HEADER_OF("separable='true'", SIM_FOR_ALL, "GBR", ""), \
             "<portion>" SIM_FOR_ALL "<text>low</text></portion><portion><text>high</text></portion>")

static struct sim *sim;

static int setup(void **state)
{
    static const char *const policies[] = {
        GBR_POLICY("S", "permitted"),
        SIM_POLICY("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), "DEU", SIM_TERMS("permitted", "retain")),
        SIM_POLICY("DEU", SIM_PARTNER("GBR") SIM_PARTNER("FRA"), "FRA", SIM_TERMS("forbidden", "retain"))};
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

static void again(void)
{
    teardown(NULL);
    setup(NULL);
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("pull: %s: %s", status_text(st), sim_why());
}

static void policy(size_t node, const char *text)
{
    sim_policy(sim, node, text);
    sim_redecide(sim, node, 1);
}

// What the disk can do to a copy: the facts beside the bytes, the bytes, the structure of the record.
enum damage { FACTS, BYTES, STRUCTURE, DAMAGES };

static void damage(size_t node, uint32_t version, const char *source, enum damage how)
{
    struct key k = {.len = 0};
    struct span v;
    struct tick *t = sim_tick(sim, node);
    key_uuid(&k, sim_id(1));
    key_u32(&k, version);
    key_id(&k, source);
    assert_int_equal(db_get(t->txn, DB_REPORTS, key_span(&k), &v), ST_OK);
    size_t len = how == STRUCTURE ? 20 : v.len;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, v.ptr, len);
    if (how != STRUCTURE)
        copy[how == FACTS ? 4 : len - 10] ^= 1;
    assert_int_equal(db_put(t->txn, DB_REPORTS, key_span(&k), span_of(copy, len)), ST_OK);
    free(copy);
    sim_commit(t);
}

// The current copy is whole, and says these words.
static void holds(size_t node, const char *words, const char *source)
{
    struct report_record r;
    const char *text = sim_text(sim, node, 1);
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in: %s", words, text ? text : "(nothing)");
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(reports_current(t->txn, sim_id(1), &r), ST_OK);
    struct digest d = sha256(r.bytes);
    assert_false(r.damaged);
    assert_true(digest_eq(&d, &r.digest));
    assert_string_equal(r.source, source);
    sim_commit(t);
}

static uint64_t quarantined(size_t node, const char *partner)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(source_get(t->txn, partner, &s), ST_OK);
    uint64_t n = s.quarantined;
    sim_commit(t);
    return n;
}

static bool is_recalled(size_t node, uint32_t version)
{
    struct recall_record r;
    struct tick *t = sim_tick(sim, node);
    enum status st = recalls_get(t->txn, sim_id(1), &r);
    sim_commit(t);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    if (st == ST_OK)
        assert_int_equal(r.version, version);
    return st == ST_OK;
}

static void erase(size_t node)
{
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(reports_erase(t->txn, sim_id(1), NULL), ST_OK);
    sim_commit(t);
}

static void retry(size_t expected_taken, size_t expected_left)
{
    size_t taken, left;
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(sync_retry(t, "GBR", "operator", &taken, &left), ST_OK);
    sim_commit(t);
    assert_int_equal(taken, expected_taken);
    assert_int_equal(left, expected_left);
}

// Another certificate than the one that signs: what comes does not verify. Returns the one of before.
static struct verifying_key *swap_key(struct verifying_key *with)
{
    struct verifying_key **slot = &sim->nodes[FRA].peers[GBR].report_keys[0], *old = *slot;
    static struct test_keys other;
    if (!with) {
        test_keys_make("XXX", &other);
        assert_int_equal(verifying_key_load(test_span(other.report.cert), NULL, &with), ST_OK);
    }
    *slot = with;
    return old;
}

// ---- the same version again

static void what_its_source_gives_again_heals_it(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        policy(GBR, GBR_POLICY("R", "permitted"));
        sim_publish(sim, GBR, 1, 1, TWO_LEVELS);
        sim_publish(sim, GBR, 2, 1, STORY("to be recalled"));
        pull(FRA, GBR);
        flow_expect(sim, FRA, "DEU", "R1 R1");
        damage(FRA, 1, "GBR", how);
        sim_redecide(sim, FRA, 1); // it lapses
        policy(GBR, GBR_POLICY("S", "permitted"));
        sim_recall(sim, GBR, 2);
        pull(FRA, GBR);
        holds(FRA, "high", "GBR");
        assert_null(sim_text(sim, FRA, 2)); // what stands behind it in the ledger arrives
        assert_int_equal(quarantined(FRA, "GBR"), 0);
        flow_expect(sim, FRA, "DEU", "R1 R1 X1 R1"); // and it is released anew
    }
}

// The very same bytes, under stricter terms: the terms of the copy are those that came last.
static void stricter_terms_heal_it_too(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        struct report_record r;
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        damage(FRA, 1, "GBR", how);
        policy(GBR, GBR_POLICY("S", "forbidden"));
        pull(FRA, GBR);
        holds(FRA, "story", "GBR");
        struct tick *t = sim_tick(sim, FRA);
        assert_int_equal(reports_get(t->txn, sim_id(1), 1, "GBR", &r), ST_OK);
        assert_int_equal(r.onward, ONWARD_FORBIDDEN);
        sim_commit(t);
    }
}

static void anothers_damaged_copy_is_passed_over(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, FRA);
        damage(DEU, 1, "FRA", how);
        pull(DEU, GBR);
        holds(DEU, "story", "GBR");
        assert_int_equal(quarantined(DEU, "GBR"), 0);
    }
}

// … also where the damaged one would be preferred.
static void a_whole_copy_stands_in_for_a_damaged_one(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, GBR);
        damage(DEU, 1, "GBR", how);
        pull(DEU, FRA);
        assert_int_equal(quarantined(DEU, "FRA"), 0);
        if (how != BYTES) // it would take reading them to see that
            holds(DEU, "story", "FRA");
    }
}

static void retrying_heals_it(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        policy(GBR, GBR_POLICY("R", "permitted"));
        sim_publish(sim, GBR, 1, 1, TWO_LEVELS);
        pull(FRA, GBR);
        struct verifying_key *good = swap_key(NULL);
        policy(GBR, GBR_POLICY("S", "permitted"));
        pull(FRA, GBR);
        assert_int_equal(quarantined(FRA, "GBR"), 1);
        damage(FRA, 1, "GBR", how);
        retry(0, 1); // it still does not verify
        struct verifying_key *bad = swap_key(good);
        retry(1, 0);
        holds(FRA, "high", "GBR");
        verifying_key_free(&bad);
    }
}

// A damaged copy is healed by what its source said last, not by what that took the place of.
static void retrying_does_not_bring_back_what_was_replaced(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, TWO_LEVELS);
        struct verifying_key *good = swap_key(NULL);
        pull(FRA, GBR); // both portions, in quarantine
        struct verifying_key *bad = swap_key(good);
        policy(GBR, GBR_POLICY("R", "permitted"));
        pull(FRA, GBR);
        policy(GBR, GBR_POLICY("R", "forbidden"));
        pull(FRA, GBR);
        damage(FRA, 1, "GBR", how);
        retry(0, 0);
        assert_null(sim_text(sim, FRA, 1) ? strstr(sim_text(sim, FRA, 1), "high") : NULL);
        verifying_key_free(&bad);
    }
}

// ---- what is whole is compared as ever

static void equivocation_is_seen_beside_a_damaged_copy(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("first story"));
        pull(FRA, GBR);
        pull(DEU, FRA);
        pull(DEU, GBR);
        damage(DEU, 1, "GBR", how);
        erase(GBR);
        sim_publish(sim, GBR, 1, 1, STORY("other story"));
        pull(DEU, GBR);
        assert_int_equal(quarantined(DEU, "GBR"), 1);
        assert_false(sim_text(sim, DEU, 1) && strstr(sim_text(sim, DEU, 1), "other"));
    }
}

static void an_id_stays_its_nations_behind_a_damaged_copy(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("first"));
        pull(DEU, GBR);
        sim_publish(sim, GBR, 1, 2, STORY("second"));
        pull(DEU, GBR);
        damage(DEU, 2, "GBR", how);
        sim_publish(sim, FRA, 1, 3, STORY_OF_FRA("mine"));
        pull(DEU, FRA);
        assert_int_equal(quarantined(DEU, "FRA"), 1);
    }
}

// ---- what is recorded of which copy is current

static void damage_head(size_t node)
{
    struct key k = {.len = 0};
    struct tick *t = sim_tick(sim, node);
    key_uuid(&k, sim_id(1));
    assert_int_equal(db_put(t->txn, DB_HEADS, key_span(&k), span_cstr("?")), ST_OK);
    sim_commit(t);
}

static enum status count(void *ctx, const struct report_record *r)
{
    (void)r;
    ++*(size_t *)ctx;
    return ST_OK;
}

static size_t listed(size_t node)
{
    size_t n = 0;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(reports_each(t->txn, count, &n), ST_OK);
    sim_commit(t);
    return n;
}

static void a_damaged_head_stops_nothing_and_heals(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 2, 1, STORY("another"));
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(FRA, GBR);
    pull(DEU, GBR);
    damage_head(FRA);
    damage_head(DEU);
    sim->now += 1000;
    sim_publish(sim, GBR, 1, 2, STORY("second"));
    pull(FRA, GBR);
    holds(FRA, "second", "GBR");
    assert_int_equal(listed(FRA), 2); // in one place
    damage_head(GBR);
    sim_recall(sim, GBR, 1);
    pull(DEU, GBR);
    assert_true(is_recalled(DEU, 1));
    assert_int_equal(listed(DEU) + listed(GBR), 2);
}

// ---- recalls and withdrawals

static void the_originators_recall_is_obeyed(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, FRA);
        pull(DEU, GBR);
        damage(DEU, 1, "GBR", how);
        sim_recall(sim, GBR, 1);
        pull(DEU, GBR);
        assert_null(sim_text(sim, DEU, 1));
        assert_true(is_recalled(DEU, 1));
        flow_expect(sim, FRA, "DEU", "R1");
    }
}

// Nothing whole says whose report it was: whoever recalls it may be its nation.
static void a_recall_of_what_cannot_be_read_goes_everywhere(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        damage(FRA, 1, "GBR", how);
        sim_recall(sim, GBR, 1);
        pull(FRA, GBR);
        assert_true(is_recalled(FRA, 1));
        flow_expect(sim, FRA, "DEU", "R1 X1"); // who was given it hears of it
    }
}

// One that only passed it on ends its own copy, when a whole one says whose report it is.
static void anothers_recall_ends_its_own_copy_alone(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, FRA);
        damage(DEU, 1, "FRA", how);
        pull(DEU, GBR);
        sim_recall(sim, GBR, 1);
        pull(FRA, GBR);
        pull(DEU, FRA);
        holds(DEU, "story", "GBR");
        assert_false(is_recalled(DEU, 1));
    }
}

static void a_withdrawal_ends_the_damaged_copy(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, GBR);
        pull(DEU, FRA);
        damage(DEU, 1, "GBR", how);
        policy(GBR, GBR_DENIES_DEU);
        pull(DEU, GBR);
        holds(DEU, "story", "FRA");
    }
}

// … and another source's withdrawal leaves it, as it is.
static void a_withdrawal_beside_a_damaged_copy_is_obeyed(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        struct report_record r;
        again();
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        pull(FRA, GBR);
        pull(DEU, GBR);
        pull(DEU, FRA);
        damage(DEU, 1, "FRA", how);
        policy(GBR, GBR_DENIES_DEU);
        pull(DEU, GBR);
        struct tick *t = sim_tick(sim, DEU);
        assert_int_equal(reports_get(t->txn, sim_id(1), 1, "GBR", &r), ST_NOT_FOUND);
        assert_int_equal(reports_current(t->txn, sim_id(1), &r), how == STRUCTURE ? ST_CORRUPT : ST_OK);
        sim_commit(t);
    }
}

static int recall(enum role role, const char *who, const char *version)
{
    struct reply rp;
    flow_ask(sim, GBR, role, who, "DELETE", "/v1/reports/01000000-0000-4000-8000-000000000000?reason=wrong", version,
             span_of(NULL, 0), &rp);
    int status = rp.status;
    reply_fini(&rp);
    return status;
}

static void an_own_report_can_be_recalled(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_publish(sim, GBR, 1, 1, STORY("first"));
        sim_publish(sim, GBR, 1, 2, STORY("second"));
        damage(GBR, 2, "", how);
        assert_int_equal(recall(ROLE_OFFICER, "X", "If-Match: \"1\"\r\n"), 412);
        assert_int_equal(recall(ROLE_OFFICER, "X", "If-Match: \"2\"\r\n"), 204);
        assert_true(is_recalled(GBR, 2));
        flow_expect(sim, GBR, "FRA", "R1 R2 X2");
    }
}

// Which cell wrote it stands in the bytes.
static void an_officer_has_to_recall_what_cannot_be_read(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("story"));
    damage(GBR, 1, "", STRUCTURE);
    assert_int_equal(recall(ROLE_CELL, "J2", "If-Match: \"1\"\r\n"), 409);
    assert_false(is_recalled(GBR, 1));
    assert_int_equal(recall(ROLE_OFFICER, "X", "If-Match: \"1\"\r\n"), 204);
}

// Our own reports end by us alone, also when a partner gives out a report under the same id and recalls it.
static void a_partner_does_not_recall_our_damaged_report(void **state)
{
    (void)state;
    for (enum damage how = 0; how < DAMAGES; how++) {
        again();
        sim_policy(sim, FRA, FRA_TO_GBR);
        sim_publish(sim, GBR, 1, 1, STORY("story"));
        damage(GBR, 1, "", how);
        sim_publish(sim, FRA, 1, 1, STORY_OF_FRA("mine"));
        pull(GBR, FRA);
        assert_int_equal(quarantined(GBR, "FRA"), 1); // the id is ours, whatever became of the record
        sim_recall(sim, FRA, 1);
        pull(GBR, FRA);
        assert_false(is_recalled(GBR, 1));
        flow_expect(sim, GBR, "FRA", "R1");
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_its_source_gives_again_heals_it),
        T(stricter_terms_heal_it_too),
        T(anothers_damaged_copy_is_passed_over),
        T(a_whole_copy_stands_in_for_a_damaged_one),
        T(retrying_heals_it),
        T(retrying_does_not_bring_back_what_was_replaced),
        T(equivocation_is_seen_beside_a_damaged_copy),
        T(an_id_stays_its_nations_behind_a_damaged_copy),
        T(a_damaged_head_stops_nothing_and_heals),
        T(the_originators_recall_is_obeyed),
        T(a_recall_of_what_cannot_be_read_goes_everywhere),
        T(anothers_recall_ends_its_own_copy_alone),
        T(a_withdrawal_ends_the_damaged_copy),
        T(a_withdrawal_beside_a_damaged_copy_is_obeyed),
        T(an_own_report_can_be_recalled),
        T(an_officer_has_to_recall_what_cannot_be_read),
        T(a_partner_does_not_recall_our_damaged_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
