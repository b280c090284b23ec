// node/core/feed_flow: what a partner is served, page by page, and what its receipts do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/feed.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "tests/support/two_nodes.h"

enum { GBR, FRA };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define GBR_POLICY(lapse) SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", lapse))
#define GBR_NOTHING_FOR_FRA SIM_POLICY("GBR", PARTNERS, "DEU", SIM_TERMS("permitted", "retain"))
#define GBR_DENIES_FRA                                                                                       \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" PARTNERS              \
    "</partners><denials><deny id='D' partners='FRA' withdraw='true'><when><type any-of='INTREP'/></when>" \
    "</deny></denials><agreements>" W_AGREEMENT("A", "FRA DEU", SIM_TERMS("permitted", "retain"))               \
    "</agreements></policy>"
#define GBR_WITHOUT_FRA SIM_POLICY("GBR", SIM_PARTNER("DEU"), "DEU", SIM_TERMS("permitted", "retain"))
#define FRA_POLICY SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))

static struct sim *sim;

static int setup(void **state)
{
    const char *const policies[] = {GBR_POLICY("retain"), FRA_POLICY};
    sim = sim_new(2, policies);
    *state = sim;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

// A page as FRA reads it; status in `status`. One at a time.
static struct {
    int status;
    struct buf bytes;
    struct arena *a;
    struct feed_page page;
    struct reply rp;
} got;

static void forget(void)
{
    buf_fini(&got.bytes);
    arena_free(&got.a);
    if (got.status)
        reply_fini(&got.rp);
    got.status = 0;
}

static const char *header_of(const char *name)
{
    for (size_t i = 0; i < got.rp.header_count; i++)
        if (strcmp(got.rp.headers[i].name, name) == 0)
            return got.rp.headers[i].value;
    return NULL;
}

static void get_as(size_t who, const char *target, const char *headers)
{
    forget();
    sim_request(sim, who, GBR, "GET", target, headers, span_of(NULL, 0), &got.rp);
    got.status = got.rp.status;
    buf_init(&got.bytes, FEED_DOCUMENT_BYTES_MAX);
    if (got.status != 200)
        return;
    sim_wire(sim, who, GBR, &got.rp, &got.bytes);
    if (strcmp(got.rp.content_type, FEED_MEDIA_TYPE) != 0)
        return;
    got.a = xml_arena_new(got.bytes.len);
    struct diag *d = store_dir_diag();
    if (feed_read(buf_bytes(&got.bytes), got.a, d, &got.page) != ST_OK)
        fail_msg("%s", d->faults[0].message);
}

static void get(const char *target, const char *headers)
{
    get_as(FRA, target, headers);
}

// The page behind a cursor.
static void get_after(const char *cursor, const char *more, const char *headers)
{
    char target[400];
    snprintf(target, sizeof target, "/v1/feed?after=%s%s", cursor, more);
    get(target, headers);
}

static void kinds(const char *expected)
{
    static const char letters[] = "RTPL";
    char text[64] = "";
    for (size_t i = 0; i < got.page.item_count && i < 60; i++)
        text[i] = letters[got.page.items[i].kind];
    assert_string_equal(text, expected);
}

static void checkpoint_is_right(void)
{
    struct checkpoint c;
    struct digest root;
    assert_int_equal(checkpoint_open(got.page.checkpoint, "gbr.example/release/FRA", sim->nodes[GBR].core.ledger_key.pub, &c),
                     ST_OK);
    size_t n = got.page.item_count;
    if (n)
        assert_int_equal(c.size, got.page.items[n - 1].n + 1);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(ledger_root(t->txn, "FRA", c.size, &root), ST_OK);
    sim_commit(t);
    assert_true(digest_eq(&root, &c.root));
}

// ---- pages

static void an_empty_ledger_gives_an_empty_page(void **state)
{
    (void)state;
    get("/v1/feed", "");
    assert_int_equal(got.status, 200);
    kinds("");
    checkpoint_is_right();
    assert_false(got.page.more);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 0);
    // The cursor of the empty ledger stays good when the first entry comes.
    char cursor[FEED_CURSOR_MAX + 1];
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    get_after(cursor, "", "");
    kinds("R");
    forget();
}

static void a_report_is_served_with_what_may_go(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("for all", SIM_ONLY("DEU"), "CANARY-DEU"));
    get("/v1/feed", "");
    kinds("R");
    checkpoint_is_right();
    const struct feed_item *it = &got.page.items[0];
    struct digest d = sha256(it->content);
    assert_true(digest_eq(&d, &it->entry.digest));
    assert_string_equal(it->title, "t");
    assert_string_equal(it->author, "GBR");
    assert_non_null(memmem(it->content.ptr, it->content.len, "for all", 7));
    assert_null(memmem(got.bytes.ptr, got.bytes.len, "CANARY-DEU", 10));
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 1);
    forget();
}

static void one_page_follows_the_other(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 5; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get("/v1/feed?limit=2", "");
    kinds("RR");
    assert_true(got.page.more);
    checkpoint_is_right();
    assert_non_null(strstr(got.page.next_href, "&limit=2"));
    char next[400];
    snprintf(next, sizeof next, "%s", got.page.next_href);
    get(next, "");
    kinds("RR");
    assert_int_equal(got.page.items[0].n, 2);
    snprintf(next, sizeof next, "%s", got.page.next_href);
    get(next, "");
    kinds("R");
    assert_false(got.page.more);
    assert_null(got.page.next_href);
    forget();
}

static void what_was_superseded_or_never_left_is_not_told(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 1, 2, SIM_PLAIN); // version 1 never left
    get("/v1/feed", "");
    kinds("LR");
    sim_publish(sim, GBR, 1, 3, SIM_PLAIN); // version 2 did
    get("/v1/feed", "");
    kinds("LPR");
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    sim_recall(sim, GBR, 2); // never left: no word of it
    sim_recall(sim, GBR, 1); // delivered
    get("/v1/feed", "");
    kinds("LPPLLT");
    checkpoint_is_right();
    assert_int_equal(got.page.items[5].entry.kind, ENTRY_RECALL);
    forget();
}

static void a_page_ends_before_what_is_denied_now(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    get("/v1/feed", "");
    kinds("RR");
    sim_publish(sim, GBR, 3, 1, SIM_PLAIN);
    // The policy changed and nothing was re-decided yet: mediation is what stops it.
    sim_policy(sim, GBR, GBR_NOTHING_FOR_FRA);
    get("/v1/feed", "");
    kinds("P"); // 1 was denied at the start of the page, its lapse written; then 2 ended the page
    assert_true(got.page.more);
    checkpoint_is_right();
    get_after(got.page.cursor, "", "");
    kinds("P"); // 2 lapsed; 3 ended the page
    get_after(got.page.cursor, "", "");
    kinds("L"); // 3 never left
    assert_false(got.page.more);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 3);
    forget();
}

static void a_withdrawal_follows_on_the_page(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    get("/v1/feed", "");
    kinds("R");
    sim_policy(sim, GBR, GBR_DENIES_FRA);
    get("/v1/feed", "");
    kinds("PT");
    assert_int_equal(got.page.items[1].entry.kind, ENTRY_WITHDRAW);
    forget();
}

static void a_partner_without_policy_still_gets_recalls(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    get("/v1/feed?limit=1", "");
    kinds("R");
    char cursor[FEED_CURSOR_MAX + 1];
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    sim_policy(sim, GBR, GBR_WITHOUT_FRA);
    sim_recall(sim, GBR, 1);
    get_after(cursor, "", "");
    kinds("LT");
    get("/v1/reports/02000000-0000-4000-8000-000000000000", "");
    assert_int_equal(got.status, 404);
    sim_policy(sim, GBR, GBR_POLICY("retain"));
    sim_redecide(sim, GBR, 2);
    get_after(cursor, "", "");
    kinds("LTR"); // permission after a lapse writes a new release
    forget();
}

// A report with a text of this many bytes.
static void publish_large(uint8_t id, size_t bytes)
{
    static const char before[] = "<report xmlns='urn:relto:report:1'>" SIM_FOR_ALL,
                      header[] = W_HEADER_OF("separable='true'", "", "GBR", "") "<portion><text>",
                      behind[] = "</text></portion></report>";
    struct buf b;
    buf_init(&b, bytes + 8 * KIB);
    buf_puts(&b, before);
    buf_puts(&b, header);
    while (b.len < bytes)
        buf_puts(&b, "sixty-four bytes of text that say nothing, again and again.....\n");
    buf_puts(&b, behind);
    sim_publish(sim, GBR, id, 1, buf_cstr(&b));
    buf_fini(&b);
}

static void pages_are_bounded_and_large_reports_stand_alone(void **state)
{
    (void)state;
    publish_large(1, 1500 * KIB);
    publish_large(2, 1500 * KIB);
    publish_large(3, 1500 * KIB);
    publish_large(4, 5 * MIB);
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    get("/v1/feed", "");
    kinds("RR");
    assert_true(got.page.more);
    get_after(got.page.cursor, "", "");
    kinds("R");
    get_after(got.page.cursor, "", "");
    kinds("R");
    assert_int_equal(got.page.items[0].n, 3);
    assert_true(got.page.items[0].content.len > 5 * MIB);
    get_after(got.page.cursor, "", "");
    kinds("R");
    assert_false(got.page.more);
    forget();
}

// ---- requests

static void cursors_are_bound(void **state)
{
    (void)state;
    char cursor[FEED_CURSOR_MAX + 1], target[300];
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get("/v1/feed?limit=2", "");
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    for (size_t i = 0; cursor[i]; i++) {
        char forged[FEED_CURSOR_MAX + 1];
        snprintf(forged, sizeof forged, "%s", cursor);
        forged[i] = forged[i] == '7' ? '8' : '7';
        snprintf(target, sizeof target, "/v1/feed?after=%s", forged);
        get(target, "");
        assert_int_equal(got.status, 410);
    }
    static const char *const bad[] = {"/v1/feed?after=", "/v1/feed?after=00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        get(bad[i], "");
        assert_int_equal(got.status, 410);
        assert_non_null(strstr(buf_cstr(&got.rp.body), "start-again"));
    }
    // Another partner's request with FRA's cursor.
    forget();
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    char head[500];
    size_t used;
    int status;
    snprintf(head, sizeof head, "GET /v1/feed?after=%s HTTP/1.1\r\nHost: x\r\n\r\n", cursor);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = ROLE_PARTNER;
    snprintf(rq->who.id, sizeof rq->who.id, "DEU");
    reply_init(&got.rp);
    struct tick_job job = {.request = rq, .reply = &got.rp};
    assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now, &job, 1, &t), ST_OK);
    assert_int_equal(got.rp.status, 410);
    got.status = 410;
    free(rq);
    forget();
}

static uint64_t contested(void)
{
    uint64_t size;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(ledger_contested(t->txn, "FRA", &size), ST_OK);
    sim_commit(t);
    return size;
}

// Put another store in the place of GBR's: one saved before (from "data.mdb" to a name), or brought back.
static void copy_store(const char *from, const char *to)
{
    char command[700];
    struct sim_node *n = &sim->nodes[GBR];
    db_close(&n->core.db);
    n->dir.db = NULL;
    snprintf(command, sizeof command, "cp %s/%s %s/%s", n->dir.path, from, n->dir.path, to);
    assert_int_equal(system(command), 0);
    store_dir_open(&n->dir, false);
    n->core.db = n->dir.db;
}

static void a_cursor_shown_again_gives_the_same_page(void **state)
{
    (void)state;
    char cursor[FEED_CURSOR_MAX + 1];
    for (uint8_t i = 1; i <= 4; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get("/v1/feed?limit=2", "");
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    get_after(cursor, "", "");
    kinds("RR");
    struct digest first = sha256(buf_bytes(&got.bytes));
    get_after(cursor, "", ""); // replayed: the same, and nothing is moved by it
    struct digest again = sha256(buf_bytes(&got.bytes));
    assert_true(digest_eq(&first, &again));
    sim_recall(sim, GBR, 3);
    get_after(cursor, "", ""); // … but what was recalled since is not given to anybody
    kinds("PRT");
    assert_int_equal(contested(), 0);
    forget();
}

// A cursor beyond the end can only be of a ledger that we have forgotten: the store was rolled back.
static void a_cursor_of_the_future_tells_that_the_store_is_old(void **state)
{
    (void)state;
    char cursor[FEED_CURSOR_MAX + 1];
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    copy_store("data.mdb", "saved");
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 3, 1, SIM_PLAIN);
    get("/v1/feed", "");
    kinds("RRR");
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    copy_store("saved", "data.mdb");
    for (int i = 0; i < 3; i++) {
        get_after(cursor, "", "Prefer: wait=300\r\n");
        assert_int_equal(got.status, 410); // at once: there is nothing to wait for
        assert_non_null(strstr(buf_cstr(&got.rp.body), "start-again"));
    }
    assert_int_equal(contested(), 3);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LOG_FORK), 1); // told once, however often it is shown
    // When the ledger has grown past it, its position alone says nothing any more: the page is of the new ledger, and the
    // tree that its checkpoint signs tells the partner.
    for (uint8_t i = 4; i <= 6; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get_after(cursor, "", "");
    assert_int_equal(got.status, 200);
    kinds("R");
    forget();
}

// The whole store was lost, and the ledger began anew: positions are the same, the epoch is not.
static void a_cursor_of_another_life_is_refused(void **state)
{
    (void)state;
    char cursor[FEED_CURSOR_MAX + 1];
    copy_store("data.mdb", "empty");
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get("/v1/feed?limit=2", "");
    snprintf(cursor, sizeof cursor, "%s", got.page.cursor);
    copy_store("empty", "data.mdb");
    sim->nodes[GBR].core.random = random_from_seed(&sim->nodes[GBR].seed, 77); // the generator does not begin anew
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    get_after(cursor, "", "");
    assert_int_equal(got.status, 410);
    assert_int_equal(contested(), 0); // anybody can make up 24 bytes: it is no proof of anything
    forget();
}

static void limits_are_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"/v1/feed?limit=0", "/v1/feed?limit=", "/v1/feed?limit=-1", "/v1/feed?limit=x",
                                      "/v1/feed?limit=99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        get(bad[i], "");
        assert_int_equal(got.status, 400);
    }
    get("/v1/feed?limit=5000", "");
    assert_int_equal(got.status, 200);
    forget();
}

static void nothing_new_is_held_until_it_comes_or_time_is_up(void **state)
{
    (void)state;
    static const struct {
        const char *prefer;
        int64_t held_ms; // 0 = answered at once
    } cases[] = {
        {"Prefer: wait=5\r\n", 5000},           {"Prefer: respond-async, WAIT=\"7\"\r\n", 7000},
        {"Prefer: wait=100000000000\r\n", 300000}, {"Prefer: wait=0\r\n", 0},
        {"Prefer: wait=x\r\n", 0},              {"Prefer: waiting=5\r\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get("/v1/feed", cases[i].prefer);
        assert_int_equal(got.rp.status, cases[i].held_ms ? 0 : 200);
        if (cases[i].held_ms)
            assert_true(got.rp.hold_until == sim->now + cases[i].held_ms);
        reply_fini(&got.rp);
        got.status = 0;
    }
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    get("/v1/feed", "Prefer: wait=5\r\n");
    kinds("R");
    assert_string_equal(header_of("Preference-Applied"), "wait=5");
    forget();
}

static void a_held_request_ends_with_an_empty_page(void **state)
{
    (void)state;
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    size_t used;
    int status;
    static const char head[] = "GET /v1/feed HTTP/1.1\r\nHost: x\r\nPrefer: wait=5\r\n\r\n";
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = ROLE_PARTNER;
    snprintf(rq->who.id, sizeof rq->who.id, "FRA");
    rq->received_at = sim->now;
    reply_init(&got.rp);
    struct tick_job job = {.request = rq, .reply = &got.rp};
    assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now + 4999, &job, 1, &t), ST_OK);
    assert_int_equal(got.rp.status, 0);
    assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now + 5000, &job, 1, &t), ST_OK);
    assert_int_equal(got.rp.status, 200);
    got.status = 200;
    free(rq);
    forget();
}

// ---- single reports

static void single_reports_are_mediated_and_logged(void **state)
{
    (void)state;
    static const char one[] = "/v1/reports/01000000-0000-4000-8000-000000000000";
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("for all", SIM_ONLY("DEU"), "CANARY-DEU"));
    sim_publish(sim, GBR, 2, 1,
                W_REPORT(SIM_ONLY("DEU"), W_HEADER_OF("separable='true'", "", "GBR", ""), W_PORTION("")));
    get(one, "");
    assert_int_equal(got.status, 200);
    assert_non_null(memmem(got.bytes.ptr, got.bytes.len, "for all", 7));
    assert_null(memmem(got.bytes.ptr, got.bytes.len, "CANARY-DEU", 10));
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 1);
    char etag[200];
    snprintf(etag, sizeof etag, "If-None-Match: %s\r\n", header_of("ETag"));
    get(one, etag);
    assert_int_equal(got.status, 304);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 1);
    // Each coding has a tag of its own, and all answers say that they vary.
    char plain[200];
    snprintf(plain, sizeof plain, "%s", header_of("ETag"));
    static const char *const codings[] = {"gzip", "zstd"};
    for (size_t i = 0; i < 2; i++) {
        char headers[400], expected[200];
        snprintf(expected, sizeof expected, "%.*s+%s\"", (int)strlen(plain) - 1, plain, codings[i]);
        snprintf(headers, sizeof headers, "Accept-Encoding: %s\r\n%s", codings[i], etag);
        get(one, headers);
        assert_int_equal(got.status, 200); // the tag that it has is of the plain form
        assert_string_equal(header_of("ETag"), expected);
        assert_string_equal(header_of("Vary"), "Accept-Encoding");
        snprintf(headers, sizeof headers, "Accept-Encoding: %s\r\nIf-None-Match: \"x\", W/%s\r\n", codings[i], expected);
        get(one, headers);
        assert_int_equal(got.status, 304);
        assert_string_equal(header_of("Vary"), "Accept-Encoding");
        get("/v1/reports/77000000-0000-4000-8000-000000000000", headers);
        assert_int_equal(got.status, 404);
        assert_int_equal(got.rp.coding, CODING_NONE);
    }
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 3);
    get(one, "Accept-Encoding: *;q=0\r\n");
    assert_int_equal(got.status, 406);
    get("/v1/reports/77000000-0000-4000-8000-000000000000", "Accept-Encoding: *;q=0\r\n");
    assert_int_equal(got.status, 404); // only who may have it hears of its forms
    get("/v1/feed", "Accept-Encoding: gzip\r\n");
    assert_int_equal(got.rp.coding, CODING_GZIP);
    assert_string_equal(header_of("Vary"), "Accept-Encoding");
    assert_null(header_of("ETag"));
    get("/v1/feed", "Accept-Encoding: identity;q=0\r\n");
    assert_int_equal(got.status, 406);
    // What it may not have and what does not exist look the same, to the byte.
    get("/v1/reports/02000000-0000-4000-8000-000000000000", "");
    assert_int_equal(got.status, 404);
    char body[2000];
    snprintf(body, sizeof body, "%s", buf_cstr(&got.rp.body));
    get("/v1/reports/77000000-0000-4000-8000-000000000000", etag);
    assert_int_equal(got.status, 404);
    assert_string_equal(body, buf_cstr(&got.rp.body));
    sim_policy(sim, GBR, GBR_NOTHING_FOR_FRA);
    get(one, etag);
    assert_int_equal(got.status, 404);
    assert_string_equal(body, buf_cstr(&got.rp.body));
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 1);
    forget();
}

// ---- receipts

static int post_receipt(const char *body)
{
    struct reply rp;
    sim_request(sim, FRA, GBR, "POST", "/v1/feed/cosignature", "", span_cstr(body), &rp);
    int status = rp.status;
    reply_fini(&rp);
    return status;
}

static const char *make_receipt(struct buf *out, uint64_t size, const struct note_key *ledger_key,
                                const struct note_key *cosign_key, const char *name, const char *tail)
{
    struct checkpoint c = {.size = size};
    struct tick *t = sim_tick(sim, GBR);
    uint64_t held;
    snprintf(c.origin, sizeof c.origin, "gbr.example/release/FRA");
    assert_int_equal(ledger_size(t->txn, "FRA", &held), ST_OK);
    assert_int_equal(ledger_root(t->txn, "FRA", size < held ? size : held, &c.root), ST_OK);
    sim_commit(t);
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(&c, ledger_key, &note), ST_OK);
    buf_reset(out);
    buf_span(out, buf_bytes(&note));
    assert_int_equal(cosignature_make(buf_bytes(&note), name, cosign_key, sim->now, out), ST_OK);
    buf_puts(out, tail);
    buf_fini(&note);
    return buf_cstr(out);
}

static uint64_t receipt_size(void)
{
    struct receipt r;
    struct tick *t = sim_tick(sim, GBR);
    enum status st = receipt_latest(t->txn, "FRA", &r);
    uint64_t size = st == ST_OK ? r.size : 0;
    sim_commit(t);
    return size;
}

static void receipts_are_verified_and_only_grow(void **state)
{
    (void)state;
    struct buf b;
    const struct note_key *ledger = &sim->nodes[GBR].core.ledger_key, *cosign = &sim->nodes[FRA].core.cosign_key;
    buf_init(&b, 64 * KIB);
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    assert_int_equal(post_receipt(make_receipt(&b, 2, ledger, cosign, "fra.example", "")), 204);
    assert_int_equal(receipt_size(), 2);
    assert_int_equal(post_receipt(buf_cstr(&b)), 204);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 1);
    assert_int_equal(post_receipt(make_receipt(&b, 1, ledger, cosign, "fra.example", "")), 409);
    assert_int_equal(receipt_size(), 2);
    assert_int_equal(post_receipt(make_receipt(&b, 3, ledger, cosign, "fra.example", "\nquarantined 0\nquarantined 2\n")),
                     204);
    assert_int_equal(receipt_size(), 3);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 2);
    // The same over and over must not fill our log; what is quarantined later comes under a later signature.
    assert_int_equal(post_receipt(buf_cstr(&b)), 204);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 2);
    sim->now += 1000;
    assert_int_equal(post_receipt(make_receipt(&b, 3, ledger, cosign, "fra.example", "\nquarantined 2\n")), 204);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 3);
    buf_fini(&b);
}

static void bad_receipts_are_refused(void **state)
{
    (void)state;
    struct buf b;
    const struct note_key *ledger = &sim->nodes[GBR].core.ledger_key, *cosign = &sim->nodes[FRA].core.cosign_key;
    buf_init(&b, 64 * KIB);
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    assert_int_equal(post_receipt(""), 400);
    assert_int_equal(post_receipt("x\n\ny\n"), 400);
    assert_int_equal(post_receipt(make_receipt(&b, 1, cosign, cosign, "fra.example", "")), 403);
    assert_int_equal(post_receipt(make_receipt(&b, 1, ledger, ledger, "fra.example", "")), 403);
    assert_int_equal(post_receipt(make_receipt(&b, 1, ledger, cosign, "deu.example", "")), 403);
    static const char *const tails[] = {"\n", "\nquarantined 1\n", "\nquarantined 0", "\nquarantined 00 \n", "quarantined 0\n",
                                        "\nquarantined 0\nquarantined 0\n", "\nquarantined \n", "\nquarantined -1\n"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        assert_int_equal(post_receipt(make_receipt(&b, 1, ledger, cosign, "fra.example", tails[i])), 400);
    assert_int_equal(receipt_size(), 0);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LOG_FORK), 0);
    // Our signature on a ledger larger than ours: our store was rolled back.
    assert_int_equal(post_receipt(make_receipt(&b, 9, ledger, cosign, "fra.example", "")), 409);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LOG_FORK), 1);
    assert_int_equal(receipt_size(), 0);
    buf_fini(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_empty_ledger_gives_an_empty_page),
        T(a_report_is_served_with_what_may_go),
        T(one_page_follows_the_other),
        T(what_was_superseded_or_never_left_is_not_told),
        T(a_page_ends_before_what_is_denied_now),
        T(a_withdrawal_follows_on_the_page),
        T(a_partner_without_policy_still_gets_recalls),
        T(pages_are_bounded_and_large_reports_stand_alone),
        T(cursors_are_bound), T(a_cursor_shown_again_gives_the_same_page),
        T(a_cursor_of_the_future_tells_that_the_store_is_old), T(a_cursor_of_another_life_is_refused),
        T(limits_are_numbers),
        T(nothing_new_is_held_until_it_comes_or_time_is_up),
        T(a_held_request_ends_with_an_empty_page),
        T(single_reports_are_mediated_and_logged),
        T(receipts_are_verified_and_only_grow),
        T(bad_receipts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
