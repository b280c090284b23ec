// node/core/hold: what awaits officers, and what their answers do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/hold.h"
#include "node/core/release.h"
#include "store/audit_log.h"
#include "store/grants.h"
#include "store/holds.h"
#include "store/key.h"
#include "store/ledger.h"
#include "tests/support/docs_schema.h"
#include "tests/support/officer.h"

#define TERMS(approval, lapse) \
    "<terms redaction='permitted' approval='" approval "' embargo='PT0S' onward='forbidden' lapse='" lapse "'/>"
#define POLICY(approval, lapse) SIM_POLICY("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "FRA", TERMS(approval, lapse))
#define REFUSABLE SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", TERMS("0", "retain"))
#define HOLDS "/v1/holds"

enum { GBR, FRA };

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY("2", "withdraw"), REFUSABLE};
    struct sim *s = sim_new(2, policies);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    sim_fini(*state);
    free(*state);
    return 0;
}

static const char *path_of(uint8_t id, const char *partner, const char *action)
{
    static char path[200];
    char urn[UUID_URN_LEN + 1];
    snprintf(path, sizeof path, HOLDS "/%s?partner=%s&action=%s", uuid_urn(sim_id(id), urn) + 9, partner, action);
    return path;
}

static const char *say(struct sim *s, const char *officer, uint8_t id, const char *action, int status, const char *words)
{
    return officer_call(s, GBR, officer, "POST", path_of(id, "FRA", action), "", status, words);
}

static void expect_list(struct sim *s, const char *words)
{
    const char *text = officer_call(s, GBR, "ANNE", "GET", HOLDS, "", 200, words);
    const char *fault = docs_schema_fault(span_cstr(text));
    if (fault)
        fail_msg("%s\n%s", fault, text);
}

static uint64_t ledger(struct sim *s, const char *partner)
{
    uint64_t n;
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(ledger_size(t->txn, partner, &n), ST_OK);
    sim_commit(t);
    return n;
}

#define EMPTY "<holds xmlns=\"urn:relto:holds:1\"></holds>"

static void two_officers_release(void **state)
{
    struct sim *s = *state;
    expect_list(s, EMPTY);
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(ledger(s, "FRA"), 0);
    expect_list(s, "agreement=\"A\" approvals=\"0\"");
    say(s, "ANNE", 1, "approve", 200, "outcome=\"hold\"");
    expect_list(s, "approvals=\"1\"");
    // the same officer counts once, and saying it again is no fault and no second event
    say(s, "ANNE", 1, "approve", 200, "approvals=\"1\"");
    assert_int_equal(ledger(s, "FRA"), 0);
    assert_int_equal(sim_events(s, GBR, AUDIT_APPROVE), 1);
    say(s, "BERT", 1, "approve", 200, "outcome=\"release\"");
    assert_int_equal(ledger(s, "FRA"), 1);
    assert_int_equal(sim_events(s, GBR, AUDIT_APPROVE), 2);
    expect_list(s, EMPTY);
    assert_int_equal(sim_pull(s, FRA, GBR), ST_OK);
    assert_non_null(sim_text(s, FRA, 1));
}

static void a_refusal_and_its_end(void **state)
{
    struct sim *s = *state;
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    say(s, "ANNE", 1, "approve", 200, "hold");
    say(s, "BERT", 1, "refuse", 200, "reason=\"refused\"");
    expect_list(s, EMPTY);
    say(s, "CLEO", 1, "approve", 200, "reason=\"refused\""); // two approvals do not outvote a refusal
    assert_int_equal(ledger(s, "FRA"), 0);
    say(s, "CLEO", 1, "revoke", 200, "reason=\"refused\"");
    say(s, "CLEO", 1, "revoke", 409, "nothing-to-revoke");
    say(s, "BERT", 1, "revoke", 200, "outcome=\"hold\"");
    expect_list(s, "approvals=\"1\"");
    say(s, "BERT", 1, "refuse", 200, "refused");
    say(s, "BERT", 1, "approve", 200, "outcome=\"release\""); // takes the place of his refusal
    assert_int_equal(ledger(s, "FRA"), 1);
    assert_int_equal(sim_events(s, GBR, AUDIT_REFUSE), 3);
    // a refusal after the release ends it as its terms say
    say(s, "ANNE", 1, "refuse", 200, "reason=\"refused\"");
    assert_int_equal(ledger(s, "FRA"), 2);
    assert_int_equal(sim_events(s, GBR, AUDIT_WITHDRAW), 1);
    say(s, "ANNE", 1, "revoke", 200, "outcome=\"hold\""); // her approval was replaced: it must be given again
    say(s, "ANNE", 1, "approve", 200, "outcome=\"release\"");
    assert_int_equal(ledger(s, "FRA"), 3);
}

static void an_approval_covers_what_was_seen(void **state)
{
    struct sim *s = *state;
    char header[200], etag[64] = "";
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    const char *text = officer_call(s, GBR, "ANNE", "GET", HOLDS, "", 200, "etag=\"1-");
    assert_int_equal(sscanf(strstr(text, "etag=\""), "etag=\"%60[^\"]", etag), 1);
    snprintf(header, sizeof header, "If-Match: \"%s\"\r\n", etag);
    officer_call(s, GBR, "ANNE", "POST", path_of(1, "FRA", "approve"), "If-Match: \"1-0000000000000000\"\r\n", 412, "version-changed");
    officer_call(s, GBR, "ANNE", "POST", path_of(1, "FRA", "approve"), header, 200, "approvals=\"1\"");
    // the next version is another matter
    sim_publish(s, GBR, 1, 2, SIM_PLAIN);
    officer_call(s, GBR, "BERT", "POST", path_of(1, "FRA", "approve"), header, 412, "version-changed");
    say(s, "BERT", 1, "approve", 200, "approvals=\"1\"");
    expect_list(s, "version=\"2\"");
    assert_int_equal(ledger(s, "FRA"), 0);
}

// Approved with one portion withheld: when the policy lets more be seen, it must be approved anew.
static void a_larger_set_is_held_again(void **state)
{
    struct sim *s = *state;
    static const char high[] = SIM_REPORT("all", W_ALFA("S", W_REL(W_V("FRA"))), "secret");
    sim_policy(s, GBR, SIM_POLICY("GBR", SIM_PARTNER("FRA"), "FRA", "<ceiling policy='ALFA' max='R'/>" TERMS("1", "withdraw")));
    sim_publish(s, GBR, 1, 1, high);
    say(s, "ANNE", 1, "approve", 200, "outcome=\"redact\"");
    assert_int_equal(ledger(s, "FRA"), 1);
    sim_policy(s, GBR, POLICY("1", "withdraw"));
    sim_redecide(s, GBR, 1);
    expect_list(s, "approvals=\"0\"");
    say(s, "ANNE", 1, "approve", 200, "outcome=\"release\"");
    expect_list(s, EMPTY);
}

static void what_is_refused(void **state)
{
    struct sim *s = *state;
    char path[200];
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    say(s, "ANNE", 2, "approve", 404, "not-found");
    say(s, "ANNE", 1, "revoke", 409, "nothing-to-revoke");
    say(s, "ANNE", 1, "bless", 422, "hold-form");
    officer_call(s, GBR, "ANNE", "POST", path_of(1, "USA", "approve"), "", 404, "not-found");
    officer_call(s, GBR, "ANNE", "POST", path_of(1, "DEU", "approve"), "", 409, "no-agreement");
    officer_call(s, GBR, "ANNE", "POST", path_of(1, "DEU", "refuse"), "", 409, "not-held");
    snprintf(path, sizeof path, "%.*s", (int)strcspn(path_of(1, "FRA", "approve"), "?"), path_of(1, "FRA", "approve"));
    officer_call(s, GBR, "ANNE", "POST", path, "", 422, "hold-form");
    officer_call(s, GBR, "ANNE", "GET", HOLDS "?after=x", "", 422, "hold-form");
    struct reply rp;
    sim_request(s, FRA, GBR, "GET", HOLDS, "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 403);
    reply_fini(&rp);
    sim_recall(s, GBR, 1);
    expect_list(s, EMPTY);
    say(s, "ANNE", 1, "approve", 410, "recalled");
}

static void a_long_list_has_pages(void **state)
{
    struct sim *s = *state;
    char path[200], next[128] = "";
    size_t count = 0;
    struct tick *t = sim_tick(s, GBR);
    const char *const fra[] = {"FRA"};
    // what is in the index only is looked at, and left out
    for (uint8_t i = 20; i < 60; i++)
        assert_int_equal(holds_set(t->txn, sim_id(i), 1, s->now, fra, 1), ST_OK);
    sim_commit(t);
    sim_publish(s, GBR, 100, 1, SIM_PLAIN);
    sim_publish(s, GBR, 200, 1, SIM_PLAIN);
    const char *text = officer_call(s, GBR, "ANNE", "GET", HOLDS, "", 200, NULL);
    for (const char *at = strstr(text, "<hold "); at; at = strstr(at + 1, "<hold "))
        count++;
    assert_int_equal(count, 2);
    char urn[UUID_URN_LEN + 1];
    snprintf(path, sizeof path, HOLDS "?after=%s/FRA", uuid_urn(sim_id(100), urn) + 9);
    text = officer_call(s, GBR, "ANNE", "GET", path, "", 200, uuid_urn(sim_id(200), urn));
    assert_null(strstr(text, uuid_urn(sim_id(100), urn)));
    assert_int_equal(sscanf(text, "next=\"%100[^\"]", next), 0);
}

// What an officer said and nobody can read: it counts as a refusal, hides no other hold, and its officer can say it anew.
static void what_cannot_be_read_refuses(void **state)
{
    struct sim *s = *state;
    struct key k = {.len = 0};
    const struct uuid id = sim_id(1);
    char urn[UUID_URN_LEN + 1];
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    sim_publish(s, GBR, 2, 1, SIM_PLAIN);
    say(s, "ANNE", 1, "approve", 200, "approvals=\"1\"");
    struct tick *t = sim_tick(s, GBR);
    key_uuid(&k, id);
    key_u32(&k, 1);
    key_id(&k, "FRA");
    key_text(&k, "officer:ANNE");
    struct span there;
    assert_int_equal(db_get(t->txn, DB_APPROVALS, key_span(&k), &there), ST_OK);
    assert_int_equal(db_put(t->txn, DB_APPROVALS, key_span(&k), span_cstr("\x02\x01")), ST_OK);
    sim_commit(t);
    expect_list(s, uuid_urn(sim_id(2), urn));
    say(s, "BERT", 1, "approve", 200, "reason=\"refused\"");
    assert_int_equal(ledger(s, "FRA"), 0);
    say(s, "ANNE", 1, "approve", 200, "outcome=\"release\"");
    assert_int_equal(ledger(s, "FRA"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_officers_release, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_and_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_approval_covers_what_was_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_larger_set_is_held_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_list_has_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_refuses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
