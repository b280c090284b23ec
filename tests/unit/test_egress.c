// node/io/egress: report bytes leave only under a permit, each for its partner, policy and instant.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "node/core/compress.h"
#include "node/core/core.h"
#include "node/io/egress.h"
#include "node/io/http_wire.h"
#include "tests/support/policy_world.h"

static const char policy[] =
    W_POLICY(W_SECURITY "<partners><partner id='FRA' name='f' kind='nation'/><partner id='DEU' name='d' kind='nation'/></partners>");
static const struct principal fra = {.role = ROLE_PARTNER, .id = "FRA"};

static const struct core core; // in which nothing ends
static const struct uuid no_report;

static void add(struct world *w, struct reply *rp, const char *frame, const char *rendition, const char *permitted)
{
    struct decision dec = {.outcome = OUTCOME_RELEASE, .next_change = 2000};
    struct withheld_set none = {0};
    struct permit *p = NULL;
    struct buf b;
    buf_puts(&rp->body, frame);
    buf_init(&b, 1024);
    buf_puts(&b, rendition);
    if (permitted)
        assert_int_equal(permit_new(w->rules, 0, &dec, 1000, &none, span_cstr(permitted), &p), ST_OK);
    reply_watch(rp, &core);
    assert_int_equal(reply_add_item(rp, no_report, 0, &b, &p), ST_OK);
}

// "" when refused.
static const char *sent(struct world *w, const struct reply *rp, const struct principal *to, utc_ms t)
{
    static char text[256];
    struct egress e;
    enum status st = egress_open(&e, rp, to, ruleset_digest(w->rules), t);
    text[0] = 0;
    if (st == ST_OK)
        text[egress_take(&e, (uint8_t *)text, sizeof text - 1, t)] = 0;
    assert_int_equal(st, *text ? ST_OK : ST_DENIED);
    return text;
}

// A policy that comes into force in mid-transfer: what has begun ends, nothing more begins.
static void another_policy_stops_what_has_not_begun(void **state)
{
    struct world w = world_new(policy);
    struct digest other = {{1}};
    struct egress e;
    struct reply rp;
    char text[256];
    (void)state;
    reply_init(&rp);
    add(&w, &rp, "<a>", "first", "first");
    add(&w, &rp, "</a><b>", "second", "second");
    buf_puts(&rp.body, "</b>");
    assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1500), ST_OK);
    assert_int_equal(egress_take(&e, (uint8_t *)text, 5, 1500), 5); // in the middle of the first
    egress_policy(&e, ruleset_digest(w.rules));
    assert_int_equal(egress_take(&e, (uint8_t *)text + 5, 2, 1500), 2);
    assert_false(e.denied);
    egress_policy(&e, &other);
    size_t n = 7 + egress_take(&e, (uint8_t *)text + 7, sizeof text - 7, 1500);
    assert_true(e.denied);
    assert_int_equal(n, strlen("<a>first</a><b>"));
    assert_memory_equal(text, "<a>first</a><b>", n);
    reply_fini(&rp);
    world_free(&w);
}

static void permitted_pages_leave_whole(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct reply rp;
    reply_init(&rp);
    add(&w, &rp, "<feed><a>", "<report>1</report>", "<report>1</report>");
    add(&w, &rp, "</a><b>", "<report>2</report>", "<report>2</report>");
    add(&w, &rp, "", "<report>3</report>", "<report>3</report>");
    buf_puts(&rp.body, "</b></feed>");
    assert_string_equal(sent(&w, &rp, &fra, 1500),
                        "<feed><a><report>1</report></a><b><report>2</report><report>3</report></b></feed>");
    assert_int_equal(egress_length(&rp), strlen(sent(&w, &rp, &fra, 1500)));
    for (size_t cap = 1; cap < 90; cap++) { // the same in pieces of any size
        char text[256] = "";
        struct egress e;
        assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1500), ST_OK);
        size_t at = 0;
        for (size_t n; (n = egress_take(&e, (uint8_t *)text + at, cap, 1999)) > 0; at += n)
            assert_true(n <= cap);
        assert_int_equal(e.left, 0);
        assert_string_equal(text, sent(&w, &rp, &fra, 1500));
    }
    reply_fini(&rp);
    world_free(&w);
}

static void nothing_leaves_otherwise(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct principal other = {.role = ROLE_PARTNER, .id = "DEU"}, cell = {.role = ROLE_CELL, .id = "FRA"}, nobody = {0};
    struct reply rp;
    reply_init(&rp);
    add(&w, &rp, "<feed>", "<report>1</report>", "<report>1</report>");
    assert_string_not_equal(sent(&w, &rp, &fra, 1000), "");
    assert_string_equal(sent(&w, &rp, &other, 1000), "");
    assert_string_equal(sent(&w, &rp, &cell, 1000), "");
    assert_string_equal(sent(&w, &rp, &nobody, 1000), "");
    assert_string_equal(sent(&w, &rp, &fra, 2000), ""); // the decision may have changed by then
    struct egress e;
    struct digest changed = *ruleset_digest(w.rules);
    changed.b[0] ^= 1;
    char byte;
    assert_int_equal(egress_open(&e, &rp, &fra, &changed, 1000), ST_DENIED);
    assert_int_equal(egress_open(&e, &rp, &fra, NULL, 1000), ST_DENIED);
    assert_int_equal(egress_take(&e, (uint8_t *)&byte, 1, 1000), 0);
    add(&w, &rp, "", "<report>2</report>", "<report>X</report>"); // one bad item holds the page back
    assert_string_equal(sent(&w, &rp, &fra, 1000), "");
    struct buf out;
    buf_init(&out, 1024);
    struct http_wire wire = {.head_only = true, .now = 1000, .to = &fra, .policy = ruleset_digest(w.rules)};
    rp.status = 200;
    assert_int_equal(http_wire_answer(&out, &e, &rp, &wire), ST_DENIED); // nor does its length show
    assert_int_equal(out.len, 0);
    buf_fini(&out);
    reply_fini(&rp);
    reply_init(&rp);
    add(&w, &rp, "", "<report>3</report>", NULL);
    assert_string_equal(sent(&w, &rp, &fra, 1000), "");
    reply_fini(&rp);
    world_free(&w);
}

static void permits_end_on_the_way(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct reply rp;
    struct egress e;
    uint8_t out[256];
    reply_init(&rp);
    add(&w, &rp, "<feed>", "<report>1</report>", "<report>1</report>");
    add(&w, &rp, "<b>", "<report>2</report>", "<report>2</report>");
    buf_puts(&rp.body, "</feed>");
    assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1000), ST_OK);
    assert_int_equal(egress_take(&e, out, 10, 1000), 10);
    assert_int_equal(egress_take(&e, out, sizeof out, 2100), 24 - 10 + 3); // what was begun, and the frame
    assert_true(e.denied);
    assert_memory_equal(out, "ort>1</report><b>", 17);
    assert_int_equal(egress_take(&e, out, sizeof out, 1000), 0); // for good
    reply_fini(&rp);
    world_free(&w);
}

// A coded page is the same page; a permit that ends stops it wherever it is.
static void coded_pages_leave_under_the_same_permits(void **state)
{
    static const enum coding codings[] = {CODING_GZIP, CODING_ZSTD};
    struct world w = world_new(policy);
    struct digest other = {{1}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        enum coding c = codings[i % 2];
        struct reply rp;
        struct egress e;
        uint8_t out[256];
        struct buf got, plain;
        reply_init(&rp);
        rp.coding = c;
        add(&w, &rp, "<feed>", "<report>1</report>", "<report>1</report>");
        add(&w, &rp, "<b>", "<report>2</report>", "<report>2</report>");
        buf_puts(&rp.body, "</b></feed>");
        assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1000), ST_OK);
        assert_int_equal(egress_code(&e, &rp), ST_OK);
        assert_int_equal(e.left, rp.coded.len);
        assert_int_equal(egress_memory(&rp), rp.coded.len);
        buf_init(&got, 256);
        buf_put(&got, out, egress_take(&e, out, 10, 1000));
        assert_int_equal(got.len, 10);
        if (i >= 2)
            egress_policy(&e, i == 2 ? ruleset_digest(w.rules) : &other);
        buf_put(&got, out, egress_take(&e, out, 5, 1999)); // a second is not over, or the policy is the same
        assert_int_equal(got.len, i == 3 ? 10 : 15);
        assert_int_equal(e.denied, i == 3);
        if (i == 1) {
            assert_int_equal(egress_take(&e, out, sizeof out, 2000), 0); // the permits have ended
            assert_true(e.denied);
            assert_int_equal(egress_take(&e, out, sizeof out, 1000), 0); // for good
        } else if (i != 3) {
            buf_put(&got, out, egress_take(&e, out, sizeof out, 1999));
            assert_int_equal(e.left, 0);
            buf_init(&plain, 256);
            assert_int_equal(decompress_bytes(c, buf_bytes(&got), &plain), ST_OK);
            assert_string_equal(buf_cstr(&plain), "<feed><report>1</report><b><report>2</report></b></feed>");
            buf_fini(&plain);
        }
        buf_fini(&got);
        reply_fini(&rp);
    }
    world_free(&w);
}

static void frames_need_no_permit(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct reply rp;
    reply_init(&rp);
    buf_puts(&rp.body, "<problem/>");
    assert_string_equal(sent(&w, &rp, &(struct principal){0}, 0), "<problem/>");
    reply_fini(&rp);
    world_free(&w);
}

// Chunks of four bytes; none beyond 12.
static enum status read_four(struct reply_stream *s)
{
    if (s->from >= 12)
        return ST_NOT_FOUND;
    s->chunk_len = 4 - s->from % 4;
    for (size_t i = 0; i < s->chunk_len; i++)
        s->chunk[i] = (uint8_t)('a' + s->from + i);
    return ST_OK;
}

static void add_stream(struct world *w, struct reply *rp, uint64_t from, uint64_t left)
{
    static struct report_child child = {.kind = REPORT_ATTACHMENT};
    const struct report r = {.children = &child, .child_count = 1};
    struct decision dec = {.outcome = OUTCOME_RELEASE, .next_change = 2000};
    struct withheld_set none = {0};
    struct reply_stream *s = calloc(1, sizeof *s);
    reply_init(rp);
    *s = (struct reply_stream){.digest = child.sha256, .from = from, .left = left, .partner = "FRA",
                               .chunk = malloc(4), .read = read_four};
    assert_int_equal(permit_new_attachment(w->rules, 0, &dec, 1000, &none, &r, 0, &s->permit), ST_OK);
    rp->stream = s;
}

static void attachments_leave_in_chunks(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct reply rp;
    for (size_t cap = 1; cap < 14; cap++) {
        char text[16] = "";
        struct egress e;
        size_t at = 0;
        add_stream(&w, &rp, 2, 9);
        assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1500), ST_OK);
        assert_int_equal(egress_code(&e, &rp), ST_OK); // attachments are never coded
        assert_int_equal(e.left, 9);
        for (size_t n; (n = egress_take(&e, (uint8_t *)text + at, cap, 1999)) > 0; at += n)
            assert_true(n <= cap);
        assert_string_equal(text, "cdefghijk");
        assert_false(e.denied);
        reply_fini(&rp);
    }
    world_free(&w);
}

static void attachments_end_with_their_permit_or_bytes(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct reply rp;
    struct egress e;
    uint8_t out[32];
    add_stream(&w, &rp, 0, 12);
    assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 2000), ST_DENIED);
    assert_int_equal(egress_open(&e, &rp, &fra, NULL, 1500), ST_DENIED);
    assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1500), ST_OK);
    assert_int_equal(egress_take(&e, out, 2, 1999), 2);
    assert_int_equal(egress_take(&e, out, sizeof out, 2000), 2); // what was read already
    assert_true(e.denied);
    assert_int_equal(egress_take(&e, out, sizeof out, 1999), 0); // for good
    reply_fini(&rp);
    add_stream(&w, &rp, 0, 20); // more than there is
    assert_int_equal(egress_open(&e, &rp, &fra, ruleset_digest(w.rules), 1500), ST_OK);
    assert_int_equal(egress_take(&e, out, sizeof out, 1500), 12);
    assert_true(e.denied);
    reply_fini(&rp);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attachments_leave_in_chunks),
        cmocka_unit_test(attachments_end_with_their_permit_or_bytes),
        cmocka_unit_test(another_policy_stops_what_has_not_begun),
        cmocka_unit_test(permitted_pages_leave_whole),
        cmocka_unit_test(nothing_leaves_otherwise),
        cmocka_unit_test(permits_end_on_the_way),
        cmocka_unit_test(coded_pages_leave_under_the_same_permits), cmocka_unit_test(frames_need_no_permit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
