// store/audit_index: what was left out of the indexes of the audit log is found all the same, in the right order, before and while it
// is listed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "store/audit_index.h"
#include "store/audit_log.h"
#include "store/key.h"
#include "tests/support/store_dir.h"

enum { EVENTS = 90, REPORTS = 4, PARTNERS = 3, TEXT_MAX = EVENTS * 4 };

static const char *const partners[PARTNERS] = {"FRA", "FR", "DEU"};
static const enum audit_kind kinds[] = {AUDIT_RELEASE, AUDIT_DECIDE, AUDIT_LAPSE, AUDIT_PUBLISH};

static uint64_t state_of_random = 7;

static size_t below(size_t n)
{
    state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state_of_random >> 33) % n;
}

static struct uuid uuid_of(size_t n)
{
    struct uuid id = {{0}};
    id.b[15] = (uint8_t)n;
    return id;
}

// ---- a log, and what was appended to it

struct model {
    struct audit_event events[EVENTS + 1];
    bool listed[EVENTS + 1]; // when they were appended
    size_t count;
};

static void append(struct store_dir *s, struct db_txn *t, struct model *m, bool at_once)
{
    struct audit_event *e = &m->events[m->count];
    const utc_ms at = (utc_ms)(1000 + m->count / 3);
    uint64_t n = UINT64_MAX;
    *e = (struct audit_event){.kind = kinds[below(4)], .actor = "node", .n = m->count};
    if (e->kind == AUDIT_DECIDE)
        audit_event_attr(e, "cause", below(3) ? "policy" : "receive");
    if (below(5)) {
        e->has_report = true;
        e->report = uuid_of(below(REPORTS));
        e->version = 1;
    }
    if (below(3))
        e->partner = partners[below(PARTNERS)];
    if (!e->has_report && below(2)) // what an event tells is not what it is about
        e->detail = span_cstr("<about partner=\"FRA\" report=\"urn:uuid:00000000-0000-0000-0000-000000000001\"></about>");
    assert_int_equal(at_once ? audit_append(t, e, at, &s->random) : audit_append_later(t, e, at, &s->random, &n), ST_OK);
    assert_true(n == UINT64_MAX || n == m->count);
    m->listed[m->count++] = n == UINT64_MAX;
}

// Listed ones, some that are left with listed ones among them, and again.
static void fill(struct store_dir *s, struct db_txn *t, struct model *m)
{
    *m = (struct model){.count = 0};
    for (size_t i = 0; i < 20; i++)
        append(s, t, m, true);
    for (size_t part = 0; part < 4; part++) {
        const uint64_t from = m->count;
        for (size_t i = 0; i < 10; i++)
            append(s, t, m, false);
        assert_int_equal(audit_index_leave(t, from, m->count), ST_OK);
        append(s, t, m, true);
    }
    while (m->count < EVENTS)
        append(s, t, m, true);
}

// ---- asking both

static bool matches(const struct audit_event *e, const struct audit_filter *f)
{
    const utc_ms at = (utc_ms)(1000 + e->n / 3);
    if (f->has_after && (f->newest_first ? e->n >= f->after : e->n <= f->after))
        return false;
    return (!f->by_report || (e->has_report && uuid_eq(e->report, f->report))) &&
           (!f->partner || (e->partner && strcmp(e->partner, f->partner) == 0)) && (!f->by_kind || e->kind == f->kind) &&
           at >= f->from && (!f->until || at < f->until);
}

static void expected(const struct model *m, const struct audit_filter *f, char out[TEXT_MAX])
{
    uint64_t found = 0;
    size_t len = 0;
    out[0] = 0;
    for (size_t i = 0; i < m->count && (!f->limit || found < f->limit); i++) {
        const struct audit_event *e = &m->events[f->newest_first ? m->count - 1 - i : i];
        if (!matches(e, f))
            continue;
        found++;
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "%d ", (int)e->n);
    }
}

struct answer {
    char text[TEXT_MAX];
    size_t len;
};

static enum status note(void *ctx, const struct audit_event *e)
{
    struct answer *a = ctx;
    a->len += (size_t)snprintf(a->text + a->len, TEXT_MAX - a->len, "%d ", (int)e->n);
    return ST_OK;
}

static void expect_same(struct db_txn *t, const struct model *m, const struct audit_filter *f)
{
    char want[TEXT_MAX];
    struct answer a = {.len = 0};
    expected(m, f, want);
    assert_int_equal(audit_each(t, f, note, &a), ST_OK);
    assert_string_equal(a.text, want);
}

// What is asked page by page is what is asked at once: a page ends where enough bytes were looked at.
static void expect_pages(struct db_txn *t, const struct model *m, struct audit_filter f)
{
    char want[TEXT_MAX];
    struct answer a = {.len = 0};
    expected(m, &f, want);
    for (int i = 0; i <= EVENTS; i++) {
        struct audit_looked looked = {.bytes_max = 1000};
        f.looked = &looked;
        assert_int_equal(audit_each(t, &f, note, &a), ST_OK);
        if (looked.bytes < looked.bytes_max)
            break;
        f.has_after = true;
        f.after = looked.last;
    }
    assert_string_equal(a.text, want);
}

static void ask(struct db_txn *t, const struct model *m)
{
    for (int i = 0; i < 400; i++) {
        struct audit_filter f = {.newest_first = below(2)};
        if (below(2)) {
            f.by_report = true;
            f.report = uuid_of(below(REPORTS));
        }
        if (below(2))
            f.partner = partners[below(PARTNERS)];
        if (below(3) == 0) {
            f.by_kind = true;
            f.kind = kinds[below(4)];
        }
        f.from = below(2) ? (utc_ms)(1000 + below(EVENTS / 3)) : 0;
        f.until = below(2) ? (utc_ms)(1000 + below(EVENTS / 3)) : 0;
        if (below(3) == 0) {
            f.has_after = true;
            f.after = below(EVENTS + 5);
        } else if (below(2)) {
            expect_pages(t, m, f);
        }
        f.limit = below(3) ? 0 : 1 + below(4);
        expect_same(t, m, &f);
    }
}

static struct audit_behind behind(struct db_txn *t)
{
    struct audit_behind b;
    assert_int_equal(audit_behind(t, &b), ST_OK);
    return b;
}

static void what_is_left_is_found(void **state)
{
    static const size_t most[] = {1, 7, 13, AUDIT_INDEX_MOST};
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static struct model m;
    bool more = true;
    fill(s, t, &m);
    assert_int_equal(behind(t).from, 20);
    assert_int_equal(behind(t).until, 63);
    ask(t, &m);
    for (size_t i = 0; more; i++) {
        const struct audit_behind before = behind(t);
        assert_int_equal(audit_index_work(t, most[i % 4], &more), ST_OK);
        if (more)
            assert_int_equal(behind(t).from, before.from + most[i % 4]);
        ask(t, &m);
    }
    assert_int_equal(behind(t).until, 0);
    assert_int_equal(audit_index_work(t, 1, &more), ST_OK); // nothing is left
    assert_false(more);
    append(s, t, &m, false); // and it begins again where the log ends
    assert_int_equal(audit_index_leave(t, EVENTS, EVENTS + 1), ST_OK);
    assert_int_equal(behind(t).from, EVENTS);
    store_dir_commit(t);
}

// What the indexes hold once all is listed is what they hold when each event is listed at once.
static void the_indexes_become_the_same(void **state)
{
    static const enum db_table tables[] = {DB_AUDIT_BY_REPORT, DB_AUDIT_BY_PARTNER};
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static struct model m;
    uint64_t wanted[2] = {0, 0};
    bool more = true;
    fill(s, t, &m);
    while (more)
        assert_int_equal(audit_index_work(t, 16, &more), ST_OK);
    for (size_t i = 0; i < m.count; i++) {
        struct key k[2] = {{.len = 0}, {.len = 0}};
        struct span value;
        const bool in[2] = {audit_report_key(&m.events[i], &k[0]), audit_partner_key(&m.events[i], &k[1])};
        for (size_t x = 0; x < 2; x++) {
            wanted[x] += in[x];
            assert_int_equal(in[x] ? db_get(t, tables[x], key_span(&k[x]), &value) : ST_OK, ST_OK);
        }
    }
    for (size_t x = 0; x < 2; x++) {
        uint64_t count;
        assert_int_equal(db_count(t, tables[x], &count), ST_OK);
        assert_int_equal(count, wanted[x]);
    }
    store_dir_commit(t);
}

// Who asks for what was listed at once is not told of the rest: it costs nothing then.
static void what_was_listed_alone(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static struct model m;
    struct audit_filter f = {.by_report = true, .listed = true};
    struct answer a = {.len = 0};
    fill(s, t, &m);
    for (size_t i = 0; i < m.count; i++)
        m.events[i].has_report &= m.listed[i];
    for (size_t r = 0; r < REPORTS; r++) {
        char want[TEXT_MAX];
        f.report = uuid_of(r);
        a.len = 0;
        expected(&m, &f, want);
        assert_int_equal(audit_each(t, &f, note, &a), ST_OK);
        assert_string_equal(a.text, want);
    }
    store_dir_commit(t);
}

// Only what follows from another policy waits: what is asked for alone elsewhere is found at once.
static void what_may_wait(void **state)
{
    static const struct {
        enum audit_kind kind;
        const char *partner, *cause;
        bool waits;
    } cases[] = {
        {AUDIT_RELEASE, "FRA", NULL, true},   {AUDIT_WITHDRAW, "FRA", NULL, true},    {AUDIT_LAPSE, "FRA", NULL, true},
        {AUDIT_LAPSE, NULL, NULL, false},     {AUDIT_DECIDE, NULL, "policy", true},   {AUDIT_DECIDE, NULL, "instant", true},
        {AUDIT_DECIDE, NULL, "receive", false}, {AUDIT_DECIDE, NULL, "publish", false}, {AUDIT_DECIDE, NULL, NULL, false},
        {AUDIT_RECALL, "FRA", NULL, false},   {AUDIT_PUBLISH, NULL, NULL, false},     {AUDIT_QUARANTINE, NULL, NULL, false},
        {AUDIT_DELIVER, "FRA", NULL, false},  {AUDIT_CONSENT, "FRA", NULL, false},    {AUDIT_APPROVE, "FRA", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct audit_event e = {.kind = cases[i].kind, .partner = cases[i].partner};
        if (cases[i].cause)
            audit_event_attr(&e, "cause", cases[i].cause);
        if (audit_index_may_wait(&e) != cases[i].waits)
            fail_msg("case %zu", i);
    }
}

// Where it cannot be read what is left, all may be: the log itself is looked through, and listed again.
static void a_damaged_record_hides_nothing(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static struct model m;
    struct span v;
    uint8_t value[64];
    fill(s, t, &m);
    assert_int_equal(db_get(t, DB_META, span_cstr("audit-behind"), &v), ST_OK);
    const size_t len = v.len;
    memcpy(value, v.ptr, len);
    store_dir_commit(t);
    for (size_t bit = 0; bit <= 8 * len; bit++) { // and cut
        bool more;
        t = store_dir_write(s);
        if (bit < 8 * len)
            value[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(db_put(t, DB_META, span_cstr("audit-behind"), span_of(value, bit < 8 * len ? len : len - 1)), ST_OK);
        if (bit < 8 * len)
            value[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(behind(t).damaged);
        assert_int_equal(behind(t).from, 0);
        assert_int_equal(behind(t).until, EVENTS);
        if (bit % 40 == 0)
            ask(t, &m);
        assert_int_equal(audit_index_work(t, AUDIT_INDEX_MOST, &more), ST_OK);
        assert_false(more);
        assert_int_equal(behind(t).until, 0);
        if (bit % 40 == 0)
            ask(t, &m);
        db_abort(&t);
    }
}

// An event that cannot be read does not keep the others out.
static void damage_is_passed_over(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    static struct model m;
    struct key k = {.len = 0};
    uint64_t n = 20;
    bool more;
    fill(s, t, &m);
    while (m.listed[n])
        n++;
    key_u64(&k, n);
    assert_int_equal(db_put(t, DB_AUDIT, key_span(&k), span_cstr("nonsense")), ST_OK);
    m.events[n].has_report = false;
    m.events[n].partner = NULL;
    assert_int_equal(audit_index_work(t, AUDIT_INDEX_MOST, &more), ST_OK);
    assert_false(more);
    for (size_t r = 0; r < REPORTS; r++)
        expect_same(t, &m, &(struct audit_filter){.by_report = true, .report = uuid_of(r)});
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(what_is_left_is_found), T(the_indexes_become_the_same), T(what_was_listed_alone),
                                       cmocka_unit_test(what_may_wait), T(a_damaged_record_hides_nothing), T(damage_is_passed_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
