// store/reports: copies, which one is current, recalls, listing, drafts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/drafts.h"
#include "store/key.h"
#include "store/reports.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[0] = n;
    return id;
}

static struct report_record record(uint8_t id, uint32_t version, const char *source, utc_ms at,
                                   const char *bytes)
{
    struct report_record r = {.id = uuid_of(id),
                              .version = version,
                              .stored_at = at,
                              .issued = at - 1,
                              .onward = ONWARD_CONSENT,
                              .bytes = span_cstr(bytes)};
    snprintf(r.source, sizeof r.source, "%s", source);
    strcpy(r.nation, *source ? "DEU" : "GBR");
    strcpy(r.type, "INTREP");
    strcpy(r.title, "A title");
    r.digest = sha256(r.bytes);
    return r;
}

static void put(struct db_txn *t, struct report_record r)
{
    assert_int_equal(reports_put(t, &r), ST_OK);
}

static void check_current(struct db_txn *t, uint8_t id, const char *bytes)
{
    struct report_record r;
    assert_int_equal(reports_current(t, uuid_of(id), &r), ST_OK);
    if (!span_eq_cstr(r.bytes, bytes))
        fail_msg("current is %.*s, expected %s", (int)r.bytes.len, (const char *)r.bytes.ptr, bytes);
}

static void records_round_trip(void **state)
{
    struct store_dir *s = *state;
    struct report_record r = record(1, 3, "FRA", 5000, "<report></report>"), back;
    struct db_txn *t = store_dir_write(s);
    r.not_understood = true;
    put(t, r);
    store_dir_commit(t);
    db_close(&s->db);
    store_dir_open(s, true);
    t = store_dir_read(s);
    assert_int_equal(reports_get(t, uuid_of(1), 3, "FRA", &back), ST_OK);
    assert_int_equal(back.version, 3);
    assert_string_equal(back.source, "FRA");
    assert_int_equal(back.stored_at, 5000);
    assert_int_equal(back.issued, 4999);
    assert_true(digest_eq(&back.digest, &r.digest));
    assert_int_equal(back.onward, ONWARD_CONSENT);
    assert_true(back.not_understood);
    assert_string_equal(back.nation, "DEU");
    assert_string_equal(back.type, "INTREP");
    assert_string_equal(back.title, "A title");
    assert_true(span_eq_cstr(back.bytes, "<report></report>"));
    assert_int_equal(reports_get(t, uuid_of(1), 3, "", &back), ST_NOT_FOUND);
    assert_int_equal(reports_get(t, uuid_of(1), 2, "FRA", &back), ST_NOT_FOUND);
    db_abort(&t);
}

static void the_same_again_is_fine_other_bytes_are_not(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct report_record a = record(1, 1, "", 10, "a"), b = record(1, 1, "", 20, "b");
    put(t, a);
    put(t, a);
    assert_int_equal(reports_put(t, &b), ST_CONFLICT);
    check_current(t, 1, "a");
    assert_int_equal(reports_replace(t, &b), ST_OK);
    check_current(t, 1, "b");
    b.digest.b[0] ^= 1;
    assert_int_equal(reports_replace(t, &b), ST_INVALID);
    b = record(1, 0, "", 20, "b");
    assert_int_equal(reports_put(t, &b), ST_INVALID);
    db_abort(&t);
}

static void check_is_current(struct db_txn *t, struct report_record r, bool expected)
{
    bool current = !expected;
    assert_int_equal(reports_is_current(t, &r, &current), ST_OK);
    assert_int_equal(current, expected);
}

// Spec 4.4: highest version; own or the originator's feed first; then the earliest.
static void which_copy_is_current(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct report_record r;
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_NOT_FOUND);
    put(t, record(1, 1, "FRA", 50, "fra1"));
    check_current(t, 1, "fra1");
    put(t, record(1, 1, "NATO", 40, "nato1"));
    check_current(t, 1, "nato1"); // earlier
    put(t, record(1, 1, "DEU", 60, "deu1"));
    check_current(t, 1, "deu1"); // the originator's
    put(t, record(1, 1, "ITA", 10, "ita1"));
    check_current(t, 1, "deu1");
    put(t, record(1, 2, "FRA", 70, "fra2"));
    check_current(t, 1, "fra2"); // a higher version from anyone
    put(t, record(1, 2, "", 80, "own2"));
    check_current(t, 1, "own2");
    put(t, record(1, 1, "USA", 90, "usa1")); // late and old
    check_current(t, 1, "own2");
    assert_int_equal(reports_erase(t, uuid_of(1), ""), ST_OK);
    check_current(t, 1, "fra2");
    assert_int_equal(reports_erase(t, uuid_of(1), "FRA"), ST_OK); // both versions from there
    check_current(t, 1, "deu1");
    assert_int_equal(reports_get(t, uuid_of(1), 1, "FRA", &r), ST_NOT_FOUND);
    assert_int_equal(reports_erase(t, uuid_of(1), NULL), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_NOT_FOUND);
    put(t, record(1, 3, "FRA", 70, "fra3")); // withdrawn is not recalled: it may come again
    check_current(t, 1, "fra3");
    db_abort(&t);
}

// A record read earlier: is the copy it describes the current one still?
static void a_copy_is_current_until_another_is(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    const struct recall_record rec = {.at = 100, .by = "cell:J2-NORTH", .reason = "wrong ship", .version = 2};
    const struct report_record first = record(1, 1, "FRA", 50, "fra1"), better = record(1, 1, "DEU", 60, "deu1");
    const struct report_record again = record(1, 1, "FRA", 70, "fra1"), next = record(1, 2, "DEU", 80, "deu2");
    check_is_current(t, first, false); // not here yet
    put(t, first);
    check_is_current(t, first, true);
    check_is_current(t, again, false); // it came at another time
    put(t, better);
    check_is_current(t, first, false);
    check_is_current(t, better, true);
    put(t, next);
    check_is_current(t, better, false);
    check_is_current(t, next, true);
    assert_int_equal(reports_recall(t, uuid_of(1), &rec), ST_OK);
    check_is_current(t, next, false);
    db_abort(&t);
}

static void recalled_is_for_ever(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct recall_record rec = {.at = 100, .by = "cell:J2-NORTH", .reason = "wrong ship", .version = 2}, back;
    struct report_record r = record(1, 3, "", 200, "own3");
    put(t, record(1, 1, "", 10, "own1"));
    put(t, record(1, 2, "", 20, "own2"));
    put(t, record(2, 1, "", 20, "other"));
    assert_int_equal(recalls_get(t, uuid_of(1), &back), ST_NOT_FOUND);
    assert_int_equal(reports_recall(t, uuid_of(1), &rec), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_GONE);
    assert_int_equal(reports_get(t, uuid_of(1), 2, "", &r), ST_NOT_FOUND);
    r = record(1, 3, "", 200, "own3");
    assert_int_equal(reports_put(t, &r), ST_GONE);
    assert_int_equal(reports_replace(t, &r), ST_GONE);
    assert_int_equal(reports_erase(t, uuid_of(1), NULL), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_GONE);
    rec.at = 300;
    strcpy(rec.reason, "again");
    assert_int_equal(reports_recall(t, uuid_of(1), &rec), ST_OK);
    assert_int_equal(recalls_get(t, uuid_of(1), &back), ST_OK);
    assert_int_equal(back.at, 100);
    assert_int_equal(back.version, 2);
    assert_string_equal(back.by, "cell:J2-NORTH");
    assert_string_equal(back.reason, "wrong ship");
    check_current(t, 2, "other");
    assert_int_equal(reports_recall(t, uuid_of(9), &rec), ST_OK); // one that never came
    r = record(9, 1, "", 200, "late");
    assert_int_equal(reports_put(t, &r), ST_GONE);
    db_abort(&t);
}

struct listing {
    struct db_txn *t;
    bool write;
    char out[200];
};

static enum status on_report(void *ctx, const struct report_record *r)
{
    struct listing *l = ctx;
    struct report_record copy = *r;
    snprintf(l->out + strlen(l->out), sizeof l->out - strlen(l->out), "%.*s ", (int)r->bytes.len,
             (const char *)r->bytes.ptr);
    return l->write ? reports_erase(l->t, copy.id, NULL) : ST_OK;
}

static const char *listed(struct db_txn *t, struct listing *l, bool write)
{
    *l = (struct listing){.t = t, .write = write};
    assert_int_equal(reports_each(t, on_report, l), ST_OK);
    return l->out;
}

static void listing_is_newest_first(void **state)
{
    struct store_dir *s = *state;
    struct listing l;
    struct db_txn *t = store_dir_write(s);
    assert_string_equal(listed(t, &l, false), "");
    put(t, record(1, 1, "", 10, "a1"));
    put(t, record(2, 1, "", 30, "b1"));
    put(t, record(3, 1, "", 20, "c1"));
    put(t, record(4, 1, "", 20, "d1"));
    assert_string_equal(listed(t, &l, false), "b1 d1 c1 a1 ");
    put(t, record(1, 2, "", 40, "a2")); // a new version comes to the top, the old one is gone from the list
    assert_string_equal(listed(t, &l, false), "a2 b1 d1 c1 ");
    assert_int_equal(reports_recall(t, uuid_of(2), &(struct recall_record){.at = 1}), ST_OK);
    assert_string_equal(listed(t, &l, false), "a2 d1 c1 ");
    assert_string_equal(listed(t, &l, true), "a2 d1 c1 "); // erasing what is listed
    assert_string_equal(listed(t, &l, false), "");
    db_abort(&t);
}

static void titles_are_cut_between_characters(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static const struct {
        const char *in, *out;
    } cases[] = {{"abc\xe2\x82", "abc"}, {"abc\xe2", "abc"},       {"abc\xe2\x82\xac", "abc\xe2\x82\xac"},
                 {"\xf0\x9f\x98", ""},   {"\xc3\xa9", "\xc3\xa9"}, {"", ""}};
    for (uint8_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_record r = record(i, 1, "", 1, "x"), back;
        strcpy(r.title, cases[i].in);
        put(t, r);
        assert_int_equal(reports_current(t, uuid_of(i), &back), ST_OK);
        assert_string_equal(back.title, cases[i].out);
    }
    db_abort(&t);
}

static void drafts_are_known_for_30_days(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    const utc_ms day = 86400000;
    struct digest body = sha256(span_cstr("draft")), other = sha256(span_cstr("another"));
    struct uuid id = uuid_of(0);
    uint32_t version = 0;
    assert_int_equal(drafts_find(t, "cell:A", &body, 0, &id, &version), ST_NOT_FOUND);
    assert_int_equal(drafts_add(t, "cell:A", &body, uuid_of(5), 7, 1000), ST_OK);
    assert_int_equal(drafts_find(t, "cell:A", &body, 1000, &id, &version), ST_OK);
    assert_true(uuid_eq(id, uuid_of(5)));
    assert_int_equal(version, 7);
    assert_int_equal(drafts_find(t, "cell:B", &body, 1000, &id, &version), ST_NOT_FOUND);
    assert_int_equal(drafts_find(t, "cell:A", &other, 1000, &id, &version), ST_NOT_FOUND);
    assert_int_equal(drafts_find(t, "cell:A", &body, 1000 + 30 * day - 1, &id, &version), ST_OK);
    assert_int_equal(drafts_find(t, "cell:A", &body, 1000 + 30 * day, &id, &version), ST_NOT_FOUND);
    // old ones go with additions
    for (uint64_t i = 0; i < 400; i++) {
        struct digest d = sha256(span_of(&i, sizeof i));
        assert_int_equal(drafts_add(t, "cell:A", &d, uuid_of(1), 1, 1000 + (utc_ms)i * day), ST_OK);
    }
    size_t left = 0;
    struct db_walk w;
    for (bool ok = db_walk_first(t, DB_DRAFTS, span_of(NULL, 0), span_of(NULL, 0), &w); ok;
         ok = db_walk_next(&w))
        left++;
    assert_in_range(left, 30, 150);
    db_abort(&t);
}

static void damage_is_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct key copy = {.len = 0}, head = {.len = 0};
    struct report_record r;
    struct recall_record rec;
    struct span v;
    uint8_t bytes[400];
    put(t, record(1, 1, "", 10, "a1"));
    key_uuid(&copy, uuid_of(1));
    key_uuid(&head, uuid_of(1));
    key_u32(&copy, 1);
    key_id(&copy, "");
    assert_int_equal(db_get(t, DB_REPORTS, key_span(&copy), &v), ST_OK);
    size_t facts = v.len - 2;
    memcpy(bytes, v.ptr, v.len);
    for (size_t cut = 0; cut < facts; cut++) {
        assert_int_equal(db_put(t, DB_REPORTS, key_span(&copy), span_of(bytes, cut)), ST_OK);
        assert_int_equal(reports_get(t, uuid_of(1), 1, "", &r), ST_CORRUPT);
    }
    assert_int_equal(db_put(t, DB_HEADS, key_span(&head), span_cstr("?")), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_CORRUPT);
    assert_int_equal(db_put(t, DB_RECALLED, key_span(&head), span_cstr("\x01?")), ST_OK);
    assert_int_equal(recalls_get(t, uuid_of(1), &rec), ST_CORRUPT);
    put(t, record(2, 1, "", 10, "b1"));
    copy.b[0] = 2;
    assert_int_equal(db_del(t, DB_REPORTS, key_span(&copy)), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(2), &r), ST_CORRUPT);
    db_abort(&t);
}

// What the disk changes in the facts beside the bytes is seen; storing the copy again mends it. What an earlier version wrote is
// read without a check.
static void the_facts_beside_the_bytes_are_checked(void **state)
{
    struct db_txn *t = store_dir_write(*state);
    struct key k = {.len = 0};
    struct report_record r;
    struct span v;
    uint8_t value[400];
    put(t, record(1, 1, "DEU", 10, "a1"));
    key_uuid(&k, uuid_of(1));
    key_u32(&k, 1);
    key_id(&k, "DEU");
    assert_int_equal(db_get(t, DB_REPORTS, key_span(&k), &v), ST_OK);
    size_t len = v.len;
    assert_true(len <= sizeof value);
    memcpy(value, v.ptr, len);
    for (size_t bit = 0; bit < 8 * (len - 2); bit++) {
        value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(db_put(t, DB_REPORTS, key_span(&k), span_of(value, len)), ST_OK);
        enum status st = reports_get(t, uuid_of(1), 1, "DEU", &r);
        if (st != ST_CORRUPT && (st != ST_OK || !r.damaged))
            fail_msg("bit %zu", bit);
        value[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    put(t, record(1, 1, "DEU", 10, "a1")); // the last flip was in the check
    assert_int_equal(reports_get(t, uuid_of(1), 1, "DEU", &r), ST_OK);
    assert_false(r.damaged);
    value[0] = 1;
    memmove(value + len - 10, value + len - 2, 2);
    assert_int_equal(db_put(t, DB_REPORTS, key_span(&k), span_of(value, len - 8)), ST_OK);
    assert_int_equal(reports_get(t, uuid_of(1), 1, "DEU", &r), ST_OK);
    assert_false(r.damaged);
    assert_true(span_eq_cstr(r.bytes, "a1"));
    assert_string_equal(r.title, "A title");
    db_abort(&t);
}

// Leave too little of the record for it to be read.
static void cut_record(struct db_txn *t, uint32_t version, const char *source)
{
    struct key k = {.len = 0};
    key_uuid(&k, uuid_of(1));
    key_u32(&k, version);
    key_id(&k, source);
    assert_int_equal(db_put(t, DB_REPORTS, key_span(&k), span_cstr("\x02?")), ST_OK);
}

static void a_record_that_cannot_be_read_stops_no_other(void **state)
{
    struct db_txn *t = store_dir_write(*state);
    struct report_record r;
    struct uuid oldest;
    utc_ms at;
    put(t, record(1, 1, "FRA", 10, "fra1"));
    cut_record(t, 1, "FRA");
    put(t, record(1, 2, "FRA", 20, "fra2")); // behind a version that cannot be read
    check_current(t, 1, "fra2");
    put(t, record(1, 2, "DEU", 30, "deu2"));
    assert_int_equal(reports_erase(t, uuid_of(1), "DEU"), ST_OK);
    check_current(t, 1, "fra2");
    put(t, record(1, 2, "DEU", 30, "deu2"));
    cut_record(t, 2, "DEU"); // the copy that is preferred
    put(t, record(1, 2, "ITA", 40, "ita2"));
    check_current(t, 1, "fra2");
    assert_int_equal(reports_version(t, uuid_of(1), 2, &r), ST_OK);
    assert_true(span_eq_cstr(r.bytes, "fra2"));
    // Nothing else is left of the highest version: it stays the current one, and is not given out. An older one does not come back.
    assert_int_equal(reports_erase(t, uuid_of(1), "ITA"), ST_OK);
    put(t, record(1, 1, "ITA", 50, "ita1"));
    cut_record(t, 2, "FRA");
    assert_int_equal(reports_erase(t, uuid_of(1), "DEU"), ST_OK);
    assert_int_equal(reports_current(t, uuid_of(1), &r), ST_CORRUPT);
    assert_int_equal(reports_version(t, uuid_of(1), 2, &r), ST_CORRUPT);
    assert_int_equal(reports_oldest(t, &at, &oldest), ST_OK); // where it stood before in the listing
    assert_int_equal(at, 20);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        T(records_round_trip),           T(the_same_again_is_fine_other_bytes_are_not),
        T(which_copy_is_current),        T(a_copy_is_current_until_another_is),
        T(recalled_is_for_ever),
        T(listing_is_newest_first),      T(titles_are_cut_between_characters),
        T(drafts_are_known_for_30_days), T(damage_is_told),
        T(the_facts_beside_the_bytes_are_checked),
        T(a_record_that_cannot_be_read_stops_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
