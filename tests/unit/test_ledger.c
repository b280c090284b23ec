// store/ledger: entries, epochs, holdings, deliveries, receipts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/key.h"
#include "store/ledger.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

static uint64_t append(struct store_dir *s, struct db_txn *t, const char *partner, uint8_t report, utc_ms now)
{
    struct ledger_entry e = {
        .kind = ENTRY_RELEASE, .report = uuid_of(report), .version = 1, .onward = ONWARD_CONSENT};
    uint64_t n;
    e.digest = sha256(span_of(&report, 1));
    assert_int_equal(ledger_append(t, partner, &e, now, &s->random, &n), ST_OK);
    return n;
}

static void entries_get_position_time_and_salt(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    uint64_t epoch = 1, size;
    assert_int_equal(ledger_epoch(t, "FRA", &epoch), ST_OK);
    assert_int_equal(epoch, 0);
    assert_int_equal(append(s, t, "FRA", 1, 5000), 0);
    assert_int_equal(append(s, t, "FRA", 2, 5000), 1); // the same instant
    assert_int_equal(append(s, t, "FRA", 3, 100), 2);  // the clock was set back
    assert_int_equal(append(s, t, "DEU", 1, 7000), 0);
    assert_int_equal(append(s, t, "FRA", 4, 9000), 3);
    store_dir_commit(t);
    db_close(&s->db);
    store_dir_open(s, false);
    t = store_dir_read(s);
    static const utc_ms times[] = {5000, 5001, 5002, 9000};
    struct ledger_entry e, first;
    for (uint64_t n = 0; n < 4; n++) {
        assert_int_equal(ledger_get(t, "FRA", n, &e), ST_OK);
        assert_int_equal(e.n, n);
        assert_int_equal(e.at, times[n]);
        assert_true(uuid_eq(e.report, uuid_of((uint8_t)(n + 1))));
        if (n == 0)
            first = e;
        else
            assert_memory_not_equal(e.salt, first.salt, 16);
    }
    assert_int_equal(ledger_get(t, "FRA", 4, &e), ST_NOT_FOUND);
    assert_int_equal(ledger_size(t, "FRA", &size), ST_OK);
    assert_int_equal(size, 4);
    uint64_t other, again;
    assert_int_equal(ledger_epoch(t, "FRA", &epoch), ST_OK);
    assert_int_equal(ledger_epoch(t, "DEU", &other), ST_OK);
    assert_int_equal(ledger_epoch(t, "FRA", &again), ST_OK);
    assert_int_not_equal(epoch, 0);
    assert_int_not_equal(epoch, other);
    assert_int_equal(epoch, again);
    db_abort(&t);
}

static void leaves_are_the_bytes_of_entries(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct merkle_frontier f = {.size = 0};
    for (uint8_t i = 0; i < 9; i++) {
        uint64_t n = append(s, t, "FRA", i, 1000);
        struct ledger_entry e;
        struct buf b;
        struct digest leaf, root, want;
        assert_int_equal(ledger_get(t, "FRA", n, &e), ST_OK);
        buf_init(&b, 4096);
        ledger_entry_write(&e, &b);
        want = merkle_leaf(buf_bytes(&b));
        buf_fini(&b);
        assert_int_equal(ledger_leaf(t, "FRA", n, &leaf), ST_OK);
        assert_true(digest_eq(&leaf, &want));
        merkle_frontier_append(&f, &leaf);
        want = merkle_frontier_root(&f);
        assert_int_equal(ledger_root(t, "FRA", n + 1, &root), ST_OK);
        assert_true(digest_eq(&root, &want));
    }
    struct digest root;
    assert_int_equal(ledger_root(t, "FRA", 10, &root), ST_INVALID);
    struct ledger_entry bad = {.kind = ENTRY_RECALL};
    uint64_t n;
    assert_int_equal(ledger_append(t, "FRA", &bad, 1, &s->random, &n), ST_INVALID); // no version
    db_abort(&t);
}

static void aborted_entries_leave_no_gap(void **state)
{
    struct store_dir *s = *state;
    for (uint8_t i = 0; i < 6; i++) {
        struct db_txn *t = store_dir_write(s);
        assert_int_equal(append(s, t, "FRA", i, 1000), i / 2);
        if (i % 2)
            store_dir_commit(t);
        else
            db_abort(&t);
    }
}

static enum status on_partner(void *ctx, const char *partner)
{
    char *out = ctx;
    snprintf(out + strlen(out), 100 - strlen(out), "%s ", partner);
    return ST_OK;
}

static void ledgers_are_listed(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    append(s, t, "FRA", 1, 1);
    append(s, t, "NATO", 1, 1);
    append(s, t, "DEU", 1, 1);
    char out[100] = "";
    assert_int_equal(ledger_each_partner(t, on_partner, out), ST_OK);
    assert_string_equal(out, "DEU FRA NATO ");
    db_abort(&t);
}

static struct holding sample(uint64_t n)
{
    struct holding h = {.n = n, .kind = ENTRY_RELEASE, .ever_delivered = true, .version = 3, .source = "DEU"};
    h.digest = sha256(span_cstr("rendition"));
    h.policy = sha256(span_cstr("policy"));
    h.withheld.overall = true;
    withheld_add(&h.withheld, 0);
    withheld_add(&h.withheld, 70);
    withheld_add(&h.withheld, 1023);
    h.onward = ONWARD_PERMITTED;
    h.lapse = LAPSE_WITHDRAW;
    h.grants = 7;
    h.next_change = UTC_MAX;
    return h;
}

static void holdings_round_trip(void **state)
{
    struct store_dir *s = *state;
    struct holding want = sample(41), h;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(holding_get(t, "FRA", uuid_of(1), &h), ST_NOT_FOUND);
    assert_int_equal(holding_put(t, "FRA", uuid_of(1), &want), ST_OK);
    assert_int_equal(holding_get(t, "FRA", uuid_of(1), &h), ST_OK);
    assert_int_equal(h.n, 41);
    assert_int_equal(h.kind, ENTRY_RELEASE);
    assert_false(h.lapsed);
    assert_true(h.ever_delivered);
    assert_int_equal(h.version, 3);
    assert_string_equal(h.source, "DEU");
    assert_true(digest_eq(&h.digest, &want.digest));
    assert_true(digest_eq(&h.policy, &want.policy));
    assert_memory_equal(&h.withheld.bits, &want.withheld.bits, sizeof h.withheld.bits);
    assert_true(h.withheld.overall);
    assert_int_equal(h.onward, ONWARD_PERMITTED);
    assert_int_equal(h.lapse, LAPSE_WITHDRAW);
    assert_int_equal(h.grants, 7);
    assert_int_equal(h.next_change, UTC_MAX);
    want.kind = ENTRY_WITHDRAW;
    want.lapsed = true;
    want.next_change = -5;
    want.withheld = (struct withheld_set){.overall = false};
    assert_int_equal(holding_put(t, "FRA", uuid_of(1), &want), ST_OK);
    assert_int_equal(holding_get(t, "FRA", uuid_of(1), &h), ST_OK);
    assert_int_equal(h.kind, ENTRY_WITHDRAW);
    assert_true(h.lapsed);
    assert_int_equal(h.next_change, -5);
    assert_int_equal(h.withheld.bits[15], 0);
    db_abort(&t);
}

struct writer {
    struct db_txn *t;
    int calls;
};

// Writes to the table that is being walked.
static enum status rewrite(void *ctx, const char *partner)
{
    struct writer *w = ctx;
    struct holding h;
    w->calls++;
    TRY(holding_get(w->t, partner, uuid_of(1), &h));
    h.n += 100;
    return holding_put(w->t, partner, uuid_of(1), &h);
}

static enum status sum_up(void *ctx, struct uuid id, const struct holding *h)
{
    *(uint64_t *)ctx += h->n * 1000 + id.b[15];
    return ST_OK;
}

static enum status stop(void *ctx, struct uuid id, const struct holding *h)
{
    (void)id, (void)h;
    ++*(int *)ctx;
    return ST_BUSY;
}

static void walks_over_holdings(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static const char *const partners[] = {"A", "B", "NATO", "AB"};
    for (size_t i = 0; i < 4; i++)
        for (uint8_t r = 1; r <= 3; r++) {
            struct holding h = sample(i);
            assert_int_equal(holding_put(t, partners[i], uuid_of(r), &h), ST_OK);
        }
    char out[100] = "";
    assert_int_equal(holding_each_partner(t, uuid_of(2), on_partner, out), ST_OK);
    assert_string_equal(out, "A B AB NATO ");
    struct writer w = {t, 0};
    assert_int_equal(holding_each_partner(t, uuid_of(1), rewrite, &w), ST_OK);
    assert_int_equal(w.calls, 4);
    uint64_t sum = 0;
    assert_int_equal(holding_each_report(t, "B", sum_up, &sum), ST_OK);
    assert_int_equal(sum, 103 * 1000 + 6);
    int calls = 0;
    assert_int_equal(holding_each_report(t, "B", stop, &calls), ST_BUSY);
    assert_int_equal(calls, 1);
    out[0] = 0;
    assert_int_equal(holding_each_partner(t, uuid_of(9), on_partner, out), ST_OK);
    assert_string_equal(out, "");
    db_abort(&t);
}

static void deliveries_keep_the_first_time(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    utc_ms at = 5;
    assert_int_equal(delivered_get(t, "FRA", 3, &at), ST_OK);
    assert_int_equal(at, 0);
    assert_int_equal(delivered_mark(t, "FRA", 3, 1000), ST_OK);
    assert_int_equal(delivered_mark(t, "FRA", 3, 2000), ST_OK);
    assert_int_equal(delivered_get(t, "FRA", 3, &at), ST_OK);
    assert_int_equal(at, 1000);
    assert_int_equal(delivered_get(t, "FRA", 4, &at), ST_OK);
    assert_int_equal(at, 0);
    assert_int_equal(delivered_mark(t, "FRA", 4, 0), ST_OK); // whatever the clock says, it left
    assert_int_equal(delivered_get(t, "FRA", 4, &at), ST_OK);
    assert_int_not_equal(at, 0);
    db_abort(&t);
}

static enum status on_receipt(void *ctx, const struct receipt *r)
{
    *(uint64_t *)ctx = *(uint64_t *)ctx * 1000 + r->size;
    return ST_OK;
}

static void the_newest_receipt_is_the_largest(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct receipt r;
    assert_int_equal(receipt_latest(t, "FRA", &r), ST_NOT_FOUND);
    static const uint64_t sizes[] = {300, 5, 40};
    for (size_t i = 0; i < 3; i++) {
        struct receipt x = {.size = sizes[i], .at = (utc_ms)i, .note = span_cstr("note")};
        x.root = sha256(span_of(&sizes[i], 8));
        assert_int_equal(receipt_put(t, "FRA", &x), ST_OK);
        assert_int_equal(receipt_put(t, "FRAA", &x), ST_OK);
    }
    struct digest want = sha256(span_of(&sizes[0], 8));
    assert_int_equal(receipt_latest(t, "FRA", &r), ST_OK);
    assert_int_equal(r.size, 300);
    // the first that covers an entry; a later one of the same size does not change when the first came
    assert_int_equal(receipt_for(t, "FRA", r.size - 1, &r), ST_OK);
    assert_int_equal(r.size, 300);
    assert_int_equal(receipt_for(t, "FRA", r.size, &r), ST_NOT_FOUND);
    assert_int_equal(receipt_for(t, "FRA", 0, &r), ST_OK);
    assert_true(r.size < 300 && r.taken_at == r.at);
    struct receipt again = {.size = r.size, .at = 1000, .taken_at = 2000, .note = span_cstr("again")};
    assert_int_equal(receipt_put(t, "FRA", &again), ST_OK);
    utc_ms first = r.taken_at;
    assert_int_equal(receipt_for(t, "FRA", 0, &r), ST_OK);
    assert_true(r.at == 1000 && r.taken_at == first);
    assert_int_equal(receipt_latest(t, "FRA", &r), ST_OK);
    assert_true(digest_eq(&r.root, &want));
    assert_true(span_eq_cstr(r.note, "note"));
    uint64_t seen = 0;
    assert_int_equal(receipt_each(t, "FRA", on_receipt, &seen), ST_OK);
    assert_int_equal(seen, 5040300);
    db_abort(&t);
}

static void damage_is_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct key entry = {.len = 0}, pair = {.len = 0};
    struct ledger_entry e;
    struct holding h = sample(1), back;
    struct span v;
    uint8_t copy[600];
    append(s, t, "FRA", 1, 1000);
    append(s, t, "FRA", 2, 1000);
    t = store_dir_restart(s, t);
    key_id(&entry, "FRA");
    key_u64(&entry, 1);
    assert_int_equal(db_get(t, DB_LEDGER, key_span(&entry), &v), ST_OK);
    memcpy(copy, v.ptr, v.len);
    copy[v.len - 12] ^= 1;
    assert_int_equal(db_put(t, DB_LEDGER, key_span(&entry), span_of(copy, v.len)), ST_OK);
    enum status st = ledger_get(t, "FRA", 1, &e);
    assert_true(st == ST_CORRUPT || st == ST_OK); // another version number reads well: the tree tells
    assert_int_equal(db_put(t, DB_LEDGER, key_span(&entry), span_cstr("<entry")), ST_OK);
    assert_int_equal(ledger_get(t, "FRA", 1, &e), ST_CORRUPT);
    struct ledger_entry next = {.kind = ENTRY_HEAD};
    uint64_t n;
    assert_int_equal(ledger_append(t, "FRA", &next, 1, &s->random, &n), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_LEDGER, key_span(&entry)), ST_OK);
    assert_int_equal(ledger_get(t, "FRA", 1, &e), ST_CORRUPT);

    // every shorter value, and one more byte, is refused
    key_id(&pair, "FRA");
    key_uuid(&pair, uuid_of(1));
    assert_int_equal(holding_put(t, "FRA", uuid_of(1), &h), ST_OK);
    assert_int_equal(db_get(t, DB_HOLDINGS, key_span(&pair), &v), ST_OK);
    size_t len = v.len;
    memset(copy, 0, sizeof copy);
    memcpy(copy, v.ptr, len);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(db_put(t, DB_HOLDINGS, key_span(&pair), span_of(copy, cut)), ST_OK);
        assert_int_equal(holding_get(t, "FRA", uuid_of(1), &back), ST_CORRUPT);
    }
    assert_int_equal(db_put(t, DB_HOLDINGS, key_span(&pair), span_of(copy, len + 1)), ST_OK);
    assert_int_equal(holding_get(t, "FRA", uuid_of(1), &back), ST_CORRUPT);
    copy[0] = 2; // another layout
    assert_int_equal(db_put(t, DB_HOLDINGS, key_span(&pair), span_of(copy, len)), ST_OK);
    assert_int_equal(holding_get(t, "FRA", uuid_of(1), &back), ST_CORRUPT);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        T(entries_get_position_time_and_salt),
        T(leaves_are_the_bytes_of_entries),
        T(aborted_entries_leave_no_gap),
        T(ledgers_are_listed),
        T(holdings_round_trip),
        T(walks_over_holdings),
        T(deliveries_keep_the_first_time),
        T(the_newest_receipt_is_the_largest),
        T(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
