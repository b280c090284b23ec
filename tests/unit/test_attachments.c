// The bytes of attachments in the store: taken in by pieces, taken up again, kept once, given, wanted, erased.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "formats/base/sha256_stream.h"
#include "store/attachments.h"
#include "store/verify.h"
#include "tests/support/store_dir.h"

enum { MANY = 3 * ATTACHMENT_CHUNK + 777, RULES_MAX = 400 };
static const char cell[] = "cell:J2-NORTH";

// `len` bytes that differ from place to place; owned by the caller.
static uint8_t *some_bytes(size_t len, uint8_t seed)
{
    uint8_t *b = malloc(len ? len : 1);
    assert_non_null(b);
    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)(i * 31 + i / 251 + seed);
    return b;
}

static enum status append(struct store_dir *s, const struct digest *d, const char *who, uint64_t size, uint64_t at,
                          struct span bytes, bool *whole)
{
    struct db_txn *t = store_dir_write(s);
    enum status st = attachment_append(t, d, who, size, at, bytes, 1000, whole);
    store_dir_commit(t);
    return st;
}

// Bring all of it, a chunk at a time.
static struct digest bring(struct store_dir *s, const char *who, const uint8_t *bytes, size_t len)
{
    struct digest d = sha256(span_of(bytes, len));
    bool whole = false;
    for (size_t at = 0; !whole; at += ATTACHMENT_CHUNK) {
        size_t n = len - at < ATTACHMENT_CHUNK ? len - at : (size_t)ATTACHMENT_CHUNK;
        assert_int_equal(append(s, &d, who, len, at, span_of(bytes + at, n), &whole), ST_OK);
    }
    return d;
}

static bool is_here(struct store_dir *s, const struct digest *d)
{
    uint64_t size;
    struct db_txn *t = store_dir_read(s);
    enum status st = attachment_size(t, d, &size);
    db_abort(&t);
    return st == ST_OK;
}

static uint64_t have(struct store_dir *s, const struct digest *d, const char *who, uint64_t size)
{
    uint64_t n;
    struct db_txn *t = store_dir_read(s);
    assert_int_equal(attachment_have(t, d, who, size, &n), ST_OK);
    db_abort(&t);
    return n;
}

static size_t rows(struct store_dir *s, enum db_table table)
{
    struct db_txn *t = store_dir_read(s);
    struct db_walk w;
    size_t n = 0;
    for (bool ok = db_walk_first(t, table, span_of(NULL, 0), span_of(NULL, 0), &w); ok; ok = db_walk_next(&w))
        n++;
    db_walk_end(&w);
    db_abort(&t);
    return n;
}

static utc_ms tidy(struct store_dir *s, utc_ms now)
{
    utc_ms next;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(attachment_tidy(t, now, &next), ST_OK);
    store_dir_commit(t);
    return next;
}

static struct uuid id_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

// A copy of this version that names it, or (NULL) nothing.
static void name_version(struct store_dir *s, uint8_t id, uint32_t version, const char *source, const char *nation,
                         const struct digest *d, uint64_t size)
{
    struct attachment_name name = {.size = size};
    struct report_record r = {.id = id_of(id), .version = version, .stored_at = 1, .bytes = span_cstr("<report/>")};
    struct db_txn *t = store_dir_write(s);
    r.digest = sha256(r.bytes);
    memcpy(r.source, source, strlen(source));
    if (d)
        name.digest = *d;
    assert_int_equal(reports_put(t, &r), ST_OK);
    assert_int_equal(attachment_set_names(t, id_of(id), version, source, nation, &name, d ? 1 : 0), ST_OK);
    store_dir_commit(t);
}

static void name_it(struct store_dir *s, uint8_t id, const char *source, const char *nation, const struct digest *d, uint64_t size)
{
    name_version(s, id, 1, source, nation, d, size);
}

static void unname(struct store_dir *s, uint8_t id, const char *source)
{
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(reports_erase(t, id_of(id), source), ST_OK);
    store_dir_commit(t);
}

static bool wanted(struct store_dir *s, const char *partner, const struct digest *d)
{
    struct attachment_want w;
    struct db_txn *t = store_dir_read(s);
    enum status st = attachment_want_get(t, partner, d, &w);
    db_abort(&t);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return st == ST_OK;
}

// ---- the hash that can be stored

static void hash_in_pieces_is_the_hash(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 63, 64, 65, 128, 1000, ATTACHMENT_CHUNK, ATTACHMENT_CHUNK + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t *b = some_bytes(lengths[i], 7);
        size_t blocks = lengths[i] / SHA256_BLOCK, half = blocks / 2 * SHA256_BLOCK, most = blocks * SHA256_BLOCK;
        struct sha256_stream x, y;
        sha256_stream_init(&x);
        sha256_stream_blocks(&x, span_of(b, half));
        memcpy(&y, &x, sizeof y); // as if stored and read again
        sha256_stream_blocks(&y, span_of(b + half, most - half));
        struct digest got = sha256_stream_end(&y, span_of(b + most, lengths[i] - most)), want = sha256(span_of(b, lengths[i]));
        assert_true(digest_eq(&got, &want));
        free(b);
    }
}

// ---- bytes

static void come_back_as_they_came(void **state)
{
    struct store_dir *s = *state;
    static const size_t lengths[] = {0, 1, ATTACHMENT_CHUNK - 1, ATTACHMENT_CHUNK, ATTACHMENT_CHUNK + 1, MANY};
    uint8_t *out = malloc(ATTACHMENT_CHUNK);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t *b = some_bytes(lengths[i], (uint8_t)i);
        struct digest d = bring(s, cell, b, lengths[i]);
        struct db_txn *t = store_dir_read(s);
        for (uint64_t at = lengths[i] / 3, n; at < lengths[i]; at += n) {
            size_t len = 0;
            assert_int_equal(attachment_read(t, &d, at, out, &len), ST_OK);
            assert_true(len > 0 && at + len <= lengths[i]);
            assert_memory_equal(out, b + at, len);
            n = len;
        }
        size_t len;
        assert_int_equal(attachment_read(t, &d, lengths[i], out, &len), ST_NOT_FOUND);
        db_abort(&t);
        free(b);
    }
    free(out);
}

static void an_upload_goes_on_after_a_restart(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 1);
    struct digest d = sha256(span_of(b, MANY));
    bool whole;
    assert_int_equal(append(s, &d, cell, MANY, 0, span_of(b, ATTACHMENT_CHUNK), &whole), ST_OK);
    assert_false(whole);
    assert_false(is_here(s, &d));
    db_close(&s->db);
    store_dir_open(s, false);
    assert_int_equal(have(s, &d, cell, MANY), ATTACHMENT_CHUNK);
    assert_int_equal(have(s, &d, "cell:OTHER", MANY), 0);
    assert_int_equal(have(s, &d, cell, MANY + 1), 0);
    assert_int_equal(append(s, &d, cell, MANY, 0, span_of(b, ATTACHMENT_CHUNK), &whole), ST_CONFLICT);
    assert_int_equal(append(s, &d, cell, MANY, ATTACHMENT_CHUNK, span_of(b, 100), &whole), ST_INVALID);
    assert_int_equal(append(s, &d, cell, MANY, ATTACHMENT_CHUNK, span_of(b, MANY), &whole), ST_INVALID);
    assert_int_equal(append(s, &d, cell, MANY, ATTACHMENT_CHUNK, span_of(b + ATTACHMENT_CHUNK, MANY - ATTACHMENT_CHUNK), &whole), ST_OK);
    assert_true(whole && is_here(s, &d));
    assert_int_equal(rows(s, DB_ATTACHMENT_PARTS), 0);
    free(b);
}

static void wrong_bytes_leave_nothing(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 2);
    struct digest d = sha256(span_of(b, MANY));
    bool whole;
    b[MANY - 1] ^= 1;
    assert_int_equal(append(s, &d, cell, MANY, 0, span_of(b, MANY), &whole), ST_BAD_PROOF);
    assert_false(whole || is_here(s, &d));
    assert_int_equal(have(s, &d, cell, MANY), 0);
    tidy(s, 1000);
    assert_int_equal(rows(s, DB_ATTACHMENT_BYTES), 0);
    free(b);
}

static void are_kept_once_and_given_by_each(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 3);
    struct digest d = bring(s, cell, b, MANY);
    bool given;
    struct db_txn *t = store_dir_read(s);
    assert_int_equal(attachment_given(t, &d, "cell:OTHER", &given), ST_OK);
    assert_false(given);
    db_abort(&t);
    bring(s, "cell:OTHER", b, MANY);
    tidy(s, 1000);
    assert_int_equal(rows(s, DB_ATTACHMENT_BYTES), 4);
    t = store_dir_read(s);
    assert_int_equal(attachment_given(t, &d, "cell:OTHER", &given), ST_OK);
    assert_true(given);
    db_abort(&t);
    free(b);
}

static void note_rule(void *ctx, const struct verify_finding *f)
{
    char *rules = ctx;
    snprintf(rules + strlen(rules), RULES_MAX - strlen(rules), "%s ", f->rule);
}

static void expect_verified(struct store_dir *s, const char *findings, uint64_t attachments)
{
    static const struct verify_options o = {.nation = "GBR", .node_name = "gbr.example"};
    char rules[RULES_MAX] = "";
    struct verify_summary sum;
    struct db_txn *t = store_dir_read(s);
    assert_int_equal(verify_store(t, &o, note_rule, rules, &sum), ST_OK);
    db_abort(&t);
    assert_string_equal(rules, findings);
    assert_int_equal(sum.attachments, attachments);
}

static void a_whole_one_is_verified(void **state)
{
    struct store_dir *s = *state;
    static const size_t sizes[] = {1, 63, 64, ATTACHMENT_CHUNK, ATTACHMENT_CHUNK + 1, MANY};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *b = some_bytes(sizes[i], (uint8_t)(40 + i));
        bring(s, cell, b, sizes[i]);
        free(b);
    }
    expect_verified(s, "", sizeof sizes / sizeof *sizes);
    // A record that says another digest than its bytes have.
    struct db_txn *t = store_dir_write(s);
    struct db_walk w;
    uint8_t value[64];
    assert_true(db_walk_first(t, DB_ATTACHMENTS, span_of(NULL, 0), span_of(NULL, 0), &w));
    size_t len = w.value.len;
    memcpy(value, w.value.ptr, len);
    db_walk_end(&w);
    struct digest d = sha256(span_cstr("another"));
    assert_int_equal(db_put(t, DB_ATTACHMENTS, span_of(d.b, sizeof d.b), span_of(value, len)), ST_OK);
    store_dir_commit(t);
    expect_verified(s, "attachment-differs ", sizeof sizes / sizeof *sizes + 1);
}

static void damage_is_noticed(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 4), *out = malloc(ATTACHMENT_CHUNK), *copy = malloc(ATTACHMENT_CHUNK + SHA256_LEN);
    struct digest d = bring(s, cell, b, MANY);
    struct db_walk w;
    size_t len;
    struct db_txn *t = store_dir_write(s);
    assert_true(db_walk_first(t, DB_ATTACHMENT_BYTES, span_of(NULL, 0), span_of(NULL, 0), &w));
    uint8_t key[16];
    assert_int_equal(w.key.len, sizeof key);
    memcpy(key, w.key.ptr, sizeof key);
    memcpy(copy, w.value.ptr, w.value.len);
    len = w.value.len;
    db_walk_end(&w);
    copy[len / 2] ^= 1;
    assert_int_equal(db_put(t, DB_ATTACHMENT_BYTES, span_of(key, sizeof key), span_of(copy, len)), ST_OK);
    assert_int_equal(attachment_read(t, &d, 0, out, &len), ST_CORRUPT);
    assert_int_equal(attachment_read(t, &d, ATTACHMENT_CHUNK, out, &len), ST_OK);
    store_dir_commit(t);
    expect_verified(s, "attachment-damaged ", 1);
    free(copy);
    free(out);
    free(b);
}

static void unused_uploads_expire(void **state)
{
    struct store_dir *s = *state;
    const utc_ms day = (utc_ms)ATTACHMENT_IDLE_H * 3600000;
    uint8_t *b = some_bytes(MANY, 5);
    struct digest used = bring(s, cell, b, MANY - 1), unused = bring(s, cell, b, MANY), part = sha256(span_of(b, MANY - 2));
    bool whole;
    assert_int_equal(append(s, &part, cell, MANY - 2, 0, span_of(b, ATTACHMENT_CHUNK), &whole), ST_OK);
    name_it(s, 1, "", "GBR", &used, MANY - 1);
    assert_int_equal(tidy(s, 1000 + day - 1), 1000 + day);
    assert_true(is_here(s, &unused));
    tidy(s, 1000 + day);
    assert_true(is_here(s, &used));
    assert_false(is_here(s, &unused));
    assert_int_equal(have(s, &part, cell, MANY - 2), 0);
    assert_int_equal(rows(s, DB_ATTACHMENT_BYTES), 4);
    assert_int_equal(rows(s, DB_ATTACHMENT_IDLE), 0);
    assert_int_equal(tidy(s, 1000 + day), UTC_MAX);
    free(b);
}

// ---- names and wants

static void go_with_the_last_report_that_names_them(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 6);
    struct digest d = bring(s, cell, b, MANY);
    name_it(s, 1, "", "GBR", &d, MANY);
    name_it(s, 2, "", "GBR", &d, MANY);
    name_it(s, 1, "", "GBR", &d, MANY); // again: no change
    unname(s, 1, "");
    assert_true(is_here(s, &d));
    unname(s, 2, "");
    assert_false(is_here(s, &d));
    tidy(s, 1000);
    assert_int_equal(rows(s, DB_ATTACHMENT_BYTES), 0);
    assert_int_equal(rows(s, DB_ATTACHMENT_GIVERS), 0);
    assert_int_equal(rows(s, DB_ATTACHMENT_USES), 0);
    assert_int_equal(rows(s, DB_ATTACHMENT_NAMES), 0);
    free(b);
}

static void are_wanted_until_given_for_that_nation(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 8);
    struct digest d = bring(s, cell, b, MANY); // one of our cells has the same file
    name_it(s, 1, "FRA", "FRA", &d, MANY);
    name_it(s, 1, "DEU", "FRA", &d, MANY); // another way to the same report
    name_it(s, 2, "DEU", "DEU", &d, MANY);
    assert_true(wanted(s, "FRA", &d) && wanted(s, "DEU", &d));
    bring(s, "partner:FRA", b, MANY);
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(attachment_arrived(t, "FRA", &d, 1000), ST_OK);
    store_dir_commit(t);
    assert_false(wanted(s, "FRA", &d));
    assert_true(wanted(s, "DEU", &d)); // for its own report
    unname(s, 2, "DEU");
    assert_false(wanted(s, "DEU", &d));
    name_it(s, 3, "FRA", "FRA", &d, MANY); // known already
    assert_false(wanted(s, "FRA", &d));
    free(b);
}

// What is wanted of FRA: how many there are, and which comes first.
static uint64_t first_wanted(struct store_dir *s, struct attachment_want *ret)
{
    uint64_t n;
    struct db_txn *t = store_dir_read(s);
    assert_int_equal(attachment_want_count(t, "FRA", &n), ST_OK);
    assert_int_equal(attachment_want_first(t, "FRA", ret), n ? ST_OK : ST_NOT_FOUND);
    db_abort(&t);
    return n;
}

static void the_earliest_want_comes_first(void **state)
{
    struct store_dir *s = *state;
    struct attachment_want w;
    enum { COUNT = 5 };
    static const utc_ms again[COUNT] = {500, 300, 100, 400, 200};
    assert_int_equal(first_wanted(s, &w), 0);
    for (uint8_t i = 0; i < COUNT; i++) {
        struct digest d = sha256(span_of(&i, 1));
        name_it(s, i, "FRA", "FRA", &d, 5);
        name_it(s, i, "DEU", "FRA", &d, 5);
        assert_int_equal(first_wanted(s, &w), i + 1);
        w = (struct attachment_want){.digest = d, .size = 5, .again_at = 9999};
        for (int k = 0; k < 2; k++, w.again_at = again[i]) { // the place of before goes
            struct db_txn *t = store_dir_write(s);
            assert_int_equal(attachment_want_put(t, "FRA", &w), ST_OK);
            store_dir_commit(t);
        }
    }
    for (utc_ms at = 100; at <= 500; at += 100) {
        assert_int_equal(first_wanted(s, &w), (uint64_t)(6 - at / 100));
        assert_int_equal(w.again_at, at);
        uint8_t i = 0;
        while (again[i] != at)
            i++;
        unname(s, i, "FRA");
    }
    assert_int_equal(first_wanted(s, &w), 0);
    assert_int_equal(rows(s, DB_ATTACHMENT_DUE), COUNT); // DEU's
}

static void only_the_latest_version_wants(void **state)
{
    struct store_dir *s = *state;
    struct digest d = sha256(span_cstr("first")), second = sha256(span_cstr("second"));
    name_version(s, 1, 1, "FRA", "FRA", &d, 5);
    name_version(s, 1, 1, "DEU", "FRA", &d, 5);
    assert_true(wanted(s, "FRA", &d));
    name_version(s, 1, 2, "FRA", "FRA", NULL, 0);
    assert_false(wanted(s, "FRA", &d)); // FRA will not give it any more
    assert_true(wanted(s, "DEU", &d));
    name_version(s, 1, 3, "FRA", "FRA", &second, 6);
    assert_true(wanted(s, "FRA", &second) && !wanted(s, "FRA", &d));
    unname(s, 1, "FRA");
    assert_false(wanted(s, "FRA", &second) || wanted(s, "FRA", &d));
}

static void a_part_goes_with_the_want(void **state)
{
    struct store_dir *s = *state;
    uint8_t *b = some_bytes(MANY, 9);
    struct digest d = sha256(span_of(b, MANY));
    bool whole;
    name_it(s, 1, "FRA", "FRA", &d, MANY);
    assert_int_equal(append(s, &d, "partner:FRA", MANY, 0, span_of(b, ATTACHMENT_CHUNK), &whole), ST_OK);
    unname(s, 1, "FRA");
    assert_false(wanted(s, "FRA", &d));
    assert_int_equal(have(s, &d, "partner:FRA", MANY), 0);
    tidy(s, 1000);
    assert_int_equal(rows(s, DB_ATTACHMENT_BYTES), 0);
    free(b);
}

// ---- many reports that name one attachment

enum { FEW = 200, MANY_USES = 800 };

static double cpu_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void name_in(struct db_txn *t, uint16_t id, uint32_t version, const struct digest *d, uint64_t size)
{
    struct attachment_name name = {.digest = *d, .size = size};
    struct report_record r = {.version = version, .stored_at = 1, .bytes = span_cstr("<report/>"), .source = "FRA"};
    r.id.b[0] = (uint8_t)(id >> 8);
    r.id.b[1] = (uint8_t)id;
    r.digest = sha256(r.bytes);
    assert_int_equal(reports_put(t, &r), ST_OK);
    assert_int_equal(attachment_set_names(t, r.id, version, "FRA", "FRA", &name, 1), ST_OK);
}

// What it costs when it comes for that many reports, the last of which states another size and goes on wanting it, and
// (*ret_versions) when the first report then gets new versions that name it, too, while the last one wants no more.
static double cost_with(struct store_dir *s, uint8_t seed, uint16_t uses, double *ret_versions)
{
    uint8_t *b = some_bytes(777, seed);
    uint16_t first = (uint16_t)(seed * 1000);
    struct digest other = sha256(span_cstr("other")), d = bring(s, "partner:FRA", b, 777);
    struct db_txn *t = store_dir_write(s);
    for (uint16_t i = 0; i < uses; i++)
        name_in(t, (uint16_t)(first + i), 1, &d, i + 1 < uses ? 777 : 778);
    double start = cpu_s();
    assert_int_equal(attachment_arrived(t, "FRA", &d, 1000), ST_OK);
    double arrived = cpu_s() - start;
    store_dir_commit(t);
    assert_true(wanted(s, "FRA", &d));
    t = store_dir_write(s);
    name_in(t, (uint16_t)(first + uses - 1), 2, &other, 5);
    start = cpu_s();
    for (uint32_t version = 2; version < 42; version++)
        name_in(t, first, version, &d, 777);
    *ret_versions = cpu_s() - start;
    store_dir_commit(t);
    assert_false(wanted(s, "FRA", &d));
    free(b);
    return arrived;
}

// A partner that names one attachment in very many reports must not hold up the node.
static void cost_of_many_reports_grows_with_their_number_at_most(void **state)
{
    double few_versions, many_versions;
    double few = cost_with(*state, 1, FEW, &few_versions), many = cost_with(*state, 2, MANY_USES, &many_versions);
    print_message("arriving %.4f s -> %.4f s, versions %.4f s -> %.4f s\n", few, many, few_versions, many_versions);
    assert_true(many < 9 * few); // 4 times as many; by each pair it would be 16
    assert_true(many_versions < 2.5 * few_versions);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_in_pieces_is_the_hash),
        T(come_back_as_they_came),
        T(an_upload_goes_on_after_a_restart),
        T(wrong_bytes_leave_nothing),
        T(are_kept_once_and_given_by_each),
        T(a_whole_one_is_verified),
        T(damage_is_noticed),
        T(unused_uploads_expire),
        T(go_with_the_last_report_that_names_them),
        T(are_wanted_until_given_for_that_nation),
        T(the_earliest_want_comes_first),
        T(only_the_latest_version_wants),
        T(a_part_goes_with_the_want),
        T(cost_of_many_reports_grows_with_their_number_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
