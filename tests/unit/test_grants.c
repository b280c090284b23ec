// store/grants and store/consents: approvals of officers and the generation that tells of changes; what the disk changes in them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/consents.h"
#include "store/grants.h"
#include "store/key.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

static struct approval approval(const char *officer, bool refused)
{
    struct approval a = {.refused = refused, .at = 1234};
    snprintf(a.officer, sizeof a.officer, "%s", officer);
    withheld_add(&a.withheld, 3);
    withheld_add(&a.withheld, 900);
    return a;
}

static void approve(struct db_txn *t, uint8_t id, uint32_t version, const char *partner, const char *officer,
                    bool refused)
{
    struct approval a = approval(officer, refused);
    assert_int_equal(approval_put(t, uuid_of(id), version, partner, &a), ST_OK);
}

static enum status on_approval(void *ctx, const struct approval *a)
{
    char *out = ctx;
    struct approval want = approval(a->officer, a->refused);
    assert_int_equal(a->at, 1234);
    assert_memory_equal(&a->withheld.bits, &want.withheld.bits, sizeof want.withheld.bits);
    assert_int_equal(a->withheld.overall, want.withheld.overall);
    snprintf(out + strlen(out), 200 - strlen(out), "%s%s ", a->refused ? "!" : "", a->officer);
    return ST_OK;
}

static const char *found(struct db_txn *t, uint8_t id, uint32_t version, const char *partner)
{
    static char out[200];
    out[0] = 0;
    assert_int_equal(approval_each(t, uuid_of(id), version, partner, on_approval, out), ST_OK);
    return out;
}

static enum status note_refusal(void *ctx, const struct approval *a)
{
    *(bool *)ctx = a->refused;
    return ST_OK;
}

// Whatever bit the disk changes in what an officer said: nothing is permitted by it.
static void a_flipped_bit_permits_nothing(void **state)
{
    for (int refused = 0; refused < 2; refused++) {
        struct key k = {.len = 0};
        struct span v;
        uint8_t value[400];
        uint64_t damaged;
        struct db_txn *t = store_dir_write(*state);
        approve(t, 1, 1, "FRA", "Smith", refused);
        key_uuid(&k, uuid_of(1));
        key_u32(&k, 1);
        key_id(&k, "FRA");
        key_text(&k, "Smith");
        assert_int_equal(db_get(t, DB_APPROVALS, key_span(&k), &v), ST_OK);
        assert_true(v.len <= sizeof value);
        size_t len = v.len;
        memcpy(value, v.ptr, len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            bool is_refused = false;
            value[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(db_put(t, DB_APPROVALS, key_span(&k), span_of(value, len)), ST_OK);
            enum status st = approval_each(t, uuid_of(1), 1, "FRA", note_refusal, &is_refused);
            if (st != ST_OK || !is_refused)
                fail_msg("bit %zu of what %s", bit, refused ? "refused" : "approved");
            assert_int_equal(approvals_damaged(t, &damaged), ST_OK);
            assert_int_equal(damaged, 1);
            value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(db_put(t, DB_APPROVALS, key_span(&k), span_of(value, len)), ST_OK);
        assert_int_equal(approvals_damaged(t, &damaged), ST_OK);
        assert_int_equal(damaged, 0);
        db_abort(&t);
    }
}

static void a_flipped_bit_of_a_consent_covers_nothing(void **state)
{
    static const enum consent_state states[] = {CONSENT_GRANTED, CONSENT_REFUSED, CONSENT_UNSENT};
    const struct report_record copy = {.id = uuid_of(1), .version = 1, .digest = {{7}}};
    for (size_t i = 0; i < 3; i++) {
        struct consent_record r = {.id = uuid_of(9), .ours = true, .state = states[i], .peer = "GBR", .changed = 1, .expires = 5000};
        struct key k = {.len = 0};
        struct span v;
        uint8_t value[400];
        utc_ms until;
        struct db_txn *t = store_dir_write(*state);
        r.what = (struct consent_request){.report = copy.id, .version = 1, .rendition = copy.digest, .recipient = "DEU"};
        assert_int_equal(consent_put(t, &r), ST_OK);
        assert_int_equal(consent_covers(t, &copy, "DEU", 100, &until, NULL), ST_OK);
        assert_int_equal(until, i == 0 ? 5000 : UTC_MIN);
        key_uuid(&k, uuid_of(9));
        assert_int_equal(db_get(t, DB_CONSENT_REQUESTS, key_span(&k), &v), ST_OK);
        assert_true(v.len <= sizeof value);
        size_t len = v.len;
        memcpy(value, v.ptr, len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            value[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(db_put(t, DB_CONSENT_REQUESTS, key_span(&k), span_of(value, len)), ST_OK);
            enum status st = consent_covers(t, &copy, "DEU", 100, &until, NULL);
            if (st != ST_OK || until != UTC_MIN)
                fail_msg("bit %zu of a consent that is %s", bit, consent_state_text(states[i]));
            value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        db_abort(&t);
    }
}

static enum status note_id(void *ctx, const struct consent_record *r)
{
    char *out = ctx;
    snprintf(out + strlen(out), 20 - strlen(out), "%u ", r->id.b[15]);
    return ST_OK;
}

// One record that cannot be read hides no other, and is counted; so is a place in an index that names none.
static void what_cannot_be_read_stops_no_walk(void **state)
{
    struct db_txn *t = store_dir_write(*state);
    const struct uuid lost = uuid_of(2);
    const struct span key = span_of(lost.b, sizeof lost.b);
    char all[20] = "", open[20] = "", changed[20] = "";
    uint64_t damaged;
    for (uint8_t i = 1; i <= 3; i++) {
        struct consent_record r = {.id = uuid_of(i), .state = CONSENT_WAITING, .peer = "FRA",
                                   .what = {.report = uuid_of(9), .recipient = "DEU"}};
        assert_int_equal(consent_put(t, &r), ST_OK);
    }
    assert_int_equal(db_put(t, DB_CONSENT_REQUESTS, key, span_cstr("\x02\x01")), ST_OK);
    assert_int_equal(consents_each(t, NULL, note_id, all), ST_OK);
    assert_int_equal(consents_open(t, false, "FRA", note_id, open), ST_OK);
    assert_int_equal(consents_changed(t, "FRA", 0, note_id, changed), ST_OK);
    assert_string_equal(all, "1 3 ");
    assert_string_equal(open, "1 3 ");
    assert_string_equal(changed, "1 3 ");
    assert_int_equal(consents_damaged(t, &damaged), ST_OK);
    assert_int_equal(damaged, 1);
    assert_int_equal(db_del(t, DB_CONSENT_REQUESTS, key), ST_OK);
    changed[0] = 0;
    assert_int_equal(consents_changed(t, "FRA", 0, note_id, changed), ST_OK);
    assert_string_equal(changed, "1 3 ");
    assert_int_equal(consents_damaged(t, &damaged), ST_OK);
    assert_int_equal(damaged, 2); // named by two indexes
    db_abort(&t);
}

static uint64_t generation(struct db_txn *t, uint8_t id)
{
    uint64_t g;
    assert_int_equal(grants_generation(t, uuid_of(id), &g), ST_OK);
    return g;
}

static void approvals_bind_version_and_partner(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    assert_string_equal(found(t, 1, 1, "FRA"), "");
    approve(t, 1, 1, "FRA", "Smith", false);
    approve(t, 1, 1, "FRA", "Jones", true);
    approve(t, 1, 1, "FRAX", "Brown", false);
    approve(t, 1, 2, "FRA", "Green", false);
    approve(t, 2, 1, "FRA", "White", false);
    assert_string_equal(found(t, 1, 1, "FRA"), "!Jones Smith ");
    assert_string_equal(found(t, 1, 2, "FRA"), "Green ");
    assert_string_equal(found(t, 1, 1, "FRAX"), "Brown ");
    approve(t, 1, 1, "FRA", "Jones", false); // the same officer again: replaced
    assert_string_equal(found(t, 1, 1, "FRA"), "Jones Smith ");
    assert_int_equal(approval_del(t, uuid_of(1), 1, "FRA", "Smith"), ST_OK);
    assert_string_equal(found(t, 1, 1, "FRA"), "Jones ");
    // names as long as the structure holds
    static const char name[] =
        "CN=An officer with a very long name,OU=Foreign disclosure,O=Ministry of D,C=GB";
    approve(t, 3, 1, "FRA", name, false);
    assert_string_equal(found(t, 3, 1, "FRA"),
                        "CN=An officer with a very long name,OU=Foreign disclosure,O=Ministry of D,C=GB ");
    struct approval nobody = approval("", false);
    assert_int_equal(approval_put(t, uuid_of(1), 1, "FRA", &nobody), ST_INVALID);
    db_abort(&t);
}

static void every_grant_changes_the_generation(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(generation(t, 1), 0);
    approve(t, 1, 1, "FRA", "Smith", false);
    uint64_t g = generation(t, 1);
    assert_int_not_equal(g, 0);
    approve(t, 1, 1, "FRA", "Smith", false);
    assert_int_not_equal(generation(t, 1), g);
    g = generation(t, 1);
    assert_int_equal(approval_del(t, uuid_of(1), 1, "FRA", "Smith"), ST_OK);
    assert_int_not_equal(generation(t, 1), g);
    assert_int_equal(generation(t, 2), 0);
    db_abort(&t);
}

static void damage_is_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct key k = {.len = 0}, g = {.len = 0};
    bool is_refused = false;
    uint64_t n;
    key_uuid(&k, uuid_of(1));
    key_u32(&k, 1);
    key_id(&k, "FRA");
    key_text(&k, "Smith");
    assert_int_equal(db_put(t, DB_APPROVALS, key_span(&k), span_cstr("\x01\x02")), ST_OK);
    assert_int_equal(approval_each(t, uuid_of(1), 1, "FRA", note_refusal, &is_refused), ST_OK);
    assert_true(is_refused);
    assert_int_equal(approvals_damaged(t, &n), ST_OK);
    assert_int_equal(n, 1);
    key_id(&g, "grants");
    key_uuid(&g, uuid_of(1));
    assert_int_equal(db_put(t, DB_META, key_span(&g), span_cstr("123456789")), ST_OK);
    assert_int_equal(grants_generation(t, uuid_of(1), &n), ST_CORRUPT);
    struct approval a = approval("Smith", false);
    assert_int_equal(approval_put(t, uuid_of(1), 1, "FRA", &a), ST_CORRUPT);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(approvals_bind_version_and_partner),
                                       T(every_grant_changes_the_generation), T(damage_is_told),
                                       T(a_flipped_bit_permits_nothing), T(a_flipped_bit_of_a_consent_covers_nothing),
                                       T(what_cannot_be_read_stops_no_walk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
