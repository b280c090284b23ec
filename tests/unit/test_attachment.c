// node/core/attachment: brought by cells, published, served to partners, fetched from partners, recalled.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/problem.h"
#include "node/core/attachment_fetch.h"
#include "node/core/release.h"
#include "node/io/egress.h"
#include "store/attachments.h"
#include "store/grants.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };
enum { LEN = 2 * ATTACHMENT_CHUNK + 1000 };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define POLICY SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "retain"))
#define FRA_POLICY SIM_POLICY("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), "GBR DEU", SIM_TERMS("permitted", "retain"))
#define DEU_POLICY SIM_POLICY("DEU", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))
#define NARROWER                                                                                             \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='2'>" W_SECURITY "<partners>" PARTNERS              \
    "</partners><agreements>" W_AGREEMENT("A", "DEU", SIM_TERMS("permitted", "retain")) "</agreements></policy>"

static struct sim *sim;
static struct reply got;
static uint8_t *bytes;
static struct digest digest;
static char target[128];

static void use_digest(const struct digest *d)
{
    int n = snprintf(target, sizeof target, "/v1/attachments/");
    for (size_t i = 0; i < SHA256_LEN; i++)
        n += snprintf(target + n, sizeof target - (size_t)n, "%02x", d->b[i]);
}

static int setup(void **state)
{
    const char *const policies[] = {POLICY, FRA_POLICY, DEU_POLICY};
    (void)state;
    sim = sim_new(3, policies);
    bytes = malloc(LEN);
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    digest = sha256(span_of(bytes, LEN));
    use_digest(&digest);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&got);
    sim_free(&sim);
    free(bytes);
    return 0;
}

// ---- asking

// One piece of a streamed body of `total` bytes.
static int piece(const char *cell, const char *to, uint64_t total, uint64_t at, struct span body)
{
    char head[512];
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    size_t used;
    int status;
    snprintf(head, sizeof head, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %llu\r\n\r\n", to, (unsigned long long)total);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = ROLE_CELL;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", cell);
    assert_true(route_streams(&rq->who, &rq->head));
    rq->streamed = true;
    rq->body = body;
    rq->body_at = at;
    reply_fini(&got);
    reply_init(&got);
    struct tick_job job = {.request = rq, .reply = &got};
    assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now, &job, 1, &t), ST_OK);
    assert_int_equal(job.st, ST_OK);
    free(rq);
    return got.status;
}

// As the HTTPS service does it: an empty piece, then the others. The last status.
static int put(const char *cell, const char *to, const uint8_t *from, size_t len)
{
    int status = piece(cell, to, len, 0, span_of(NULL, 0));
    for (size_t at = 0; status == REPLY_GO_ON && at < len; at += ATTACHMENT_CHUNK) {
        size_t n = len - at < ATTACHMENT_CHUNK ? len - at : (size_t)ATTACHMENT_CHUNK;
        status = piece(cell, to, len, at, span_of(from + at, n));
    }
    return status;
}

// A draft for everybody with an attachment under `label`.
static const char *draft_of(const char *label, const struct digest *d, size_t size)
{
    static char text[4096];
    int n = snprintf(text, sizeof text, "%s",
                     "<report xmlns='urn:relto:report:1'>" SIM_FOR_ALL W_HEADER_OF("separable='true'", "", "GBR", "") W_PORTION(""));
    n += snprintf(text + n, sizeof text - (size_t)n, "<attachment name='a.bin' media-type='application/octet-stream' size='%zu' sha256='", size);
    for (size_t i = 0; i < SHA256_LEN; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%02x", d->b[i]);
    snprintf(text + n, sizeof text - (size_t)n, "'>%s</attachment></report>", label);
    return text;
}

static int post(const char *cell, const char *draft)
{
    reply_fini(&got);
    flow_ask(sim, GBR, ROLE_CELL, cell, "POST", "/v1/reports", "", span_cstr(draft), &got);
    return got.status;
}

static struct uuid published(void)
{
    struct uuid id;
    const char *location = flow_header(&got, "Location");
    assert_int_equal(uuid_parse(span_cstr(location + strlen("/v1/reports/")), &id), ST_OK);
    return id;
}

static struct uuid publish(const char *label)
{
    assert_int_equal(put("J2", target, bytes, LEN), 201);
    assert_int_equal(post("J2", draft_of(label, &digest, LEN)), 201);
    return published();
}

static int get(size_t node, size_t partner, const char *headers)
{
    reply_fini(&got);
    sim_request(sim, partner, node, "GET", target, headers, span_of(NULL, 0), &got);
    return got.status;
}

// Open the door for what was got.
static enum status open_door(struct egress *e, size_t node, const char *partner)
{
    struct principal to = {.role = ROLE_PARTNER};
    snprintf(to.id, sizeof to.id, "%s", partner);
    return egress_open(e, &got, &to, ruleset_digest(sim->nodes[node].core.rules), sim->now);
}

// The bytes of what was got, as they leave the node; `ret_len` of them. Static.
static const uint8_t *taken(size_t node, const char *partner, size_t *ret_len)
{
    static uint8_t out[LEN + 1];
    struct egress e;
    *ret_len = 0;
    assert_int_equal(open_door(&e, node, partner), ST_OK);
    for (size_t n; (n = egress_take(&e, out + *ret_len, 10000, sim->now)) > 0;)
        *ret_len += n;
    assert_false(e.denied);
    return out;
}

static void serves(size_t node, size_t partner, const char *name, const char *headers, int status, size_t from, size_t len)
{
    size_t n;
    assert_int_equal(get(node, partner, headers), status);
    const uint8_t *b = taken(node, name, &n);
    assert_int_equal(n, len);
    assert_memory_equal(b, bytes + from, len);
}

// ---- bringing

static void is_brought_in_pieces_and_only_once(void **state)
{
    (void)state;
    assert_int_equal(put("J2", target, bytes, LEN), 201);
    assert_int_equal(piece("J2", target, LEN, 0, span_of(NULL, 0)), 200); // known before the first byte
    assert_int_equal(put("J3", target, bytes, LEN), 201);                 // another cell brings it itself
}

static void goes_on_where_it_was_broken_off(void **state)
{
    char later[160];
    (void)state;
    assert_int_equal(piece("J2", target, LEN, 0, span_of(bytes, ATTACHMENT_CHUNK)), REPLY_GO_ON);
    assert_int_equal(piece("J2", target, LEN, 0, span_of(NULL, 0)), 409);
    char expect[24];
    snprintf(expect, sizeof expect, "%d", ATTACHMENT_CHUNK);
    assert_string_equal(flow_header(&got, "Upload-Offset"), expect);
    snprintf(later, sizeof later, "%s?offset=%d", target, ATTACHMENT_CHUNK);
    assert_int_equal(put("J2", later, bytes + ATTACHMENT_CHUNK, LEN - ATTACHMENT_CHUNK), 201);
    assert_int_equal(post("J2", draft_of("", &digest, LEN)), 201);
}

static void wrong_forms_and_bytes_are_refused(void **state)
{
    (void)state;
    char bad[160];
    assert_int_equal(put("J2", "/v1/attachments/abc", bytes, LEN), 422);
    snprintf(bad, sizeof bad, "%s?offset=-1", target);
    assert_int_equal(put("J2", bad, bytes, LEN), 422);
    snprintf(bad, sizeof bad, "%s?size=1", target);
    assert_int_equal(put("J2", bad, bytes, LEN), 422);
    assert_int_equal(piece("J2", target, 64 * MIB + 1, 0, span_of(NULL, 0)), 413);
    assert_int_equal(put("J2", target, bytes, LEN - 1), 422); // another digest
    assert_non_null(strstr(buf_cstr(&got.body), "digest-mismatch"));
    assert_int_equal(put("J2", target, bytes, LEN), 201);
    reply_fini(&got);
    flow_ask(sim, GBR, ROLE_OFFICER, "o", "PUT", target, "", span_cstr("x"), &got);
    assert_int_equal(got.status, 403);
}

// ---- publishing

static void a_report_needs_the_bytes_from_its_own_cell(void **state)
{
    (void)state;
    assert_int_equal(post("J2", draft_of("", &digest, LEN)), 422);
    assert_non_null(strstr(buf_cstr(&got.body), "attachment-missing"));
    assert_int_equal(put("J3", target, bytes, LEN), 201);
    assert_int_equal(post("J2", draft_of("", &digest, LEN)), 422); // knowing the digest is not having the file
    assert_int_equal(put("J2", target, bytes, LEN), 201);
    assert_int_equal(post("J2", draft_of("", &digest, LEN - 1)), 422);
    assert_non_null(strstr(buf_cstr(&got.body), "attachment-size"));
    assert_int_equal(post("J2", draft_of("", &digest, LEN)), 201);
}

// ---- serving

static void partners_get_what_their_rendition_names(void **state)
{
    (void)state;
    assert_int_equal(get(GBR, FRA, ""), 404);
    publish(SIM_ONLY("FRA"));
    size_t before = sim_events(sim, GBR, AUDIT_DELIVER);
    serves(GBR, FRA, "FRA", "", 200, 0, LEN);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), before + 1);
    assert_int_equal(get(GBR, DEU, ""), 404); // withheld from it
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), before + 1);
    target[strlen(target) - 1] ^= 1;
    assert_int_equal(get(GBR, FRA, ""), 404);
    assert_int_equal(get(GBR, FRA, "Range: bytes=0-1\r\n"), 404);
}

static void the_door_stays_shut_for_others(void **state)
{
    struct egress e;
    (void)state;
    publish("");
    assert_int_equal(get(GBR, FRA, ""), 200);
    assert_int_equal(open_door(&e, GBR, "DEU"), ST_DENIED);
    struct principal cell = {.role = ROLE_CELL, .id = "FRA"};
    assert_int_equal(egress_open(&e, &got, &cell, ruleset_digest(sim->nodes[GBR].core.rules), sim->now), ST_DENIED);
    got.stream->digest.b[0] ^= 1;
    assert_int_equal(open_door(&e, GBR, "FRA"), ST_DENIED);
}

static void ranges(void **state)
{
    char header[200], total[64], etag[DIGEST_TEXT_LEN + 1];
    (void)state;
    publish("");
    serves(GBR, FRA, "FRA", "Range: bytes=0-0\r\n", 206, 0, 1);
    snprintf(total, sizeof total, "bytes 0-0/%d", LEN);
    assert_string_equal(flow_header(&got, "Content-Range"), total);
    serves(GBR, FRA, "FRA", "Range: bytes=65000-66000\r\n", 206, 65000, 1001);
    serves(GBR, FRA, "FRA", "Range: bytes=100000-\r\n", 206, 100000, LEN - 100000);
    serves(GBR, FRA, "FRA", "Range: bytes=-5\r\n", 206, LEN - 5, 5);
    serves(GBR, FRA, "FRA", "Range: bytes=-99999999\r\n", 206, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: bytes=5-999999999\r\n", 206, 5, LEN - 5);
    serves(GBR, FRA, "FRA", "Range: bytes=5-4\r\n", 200, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: bytes=0-1,5-6\r\n", 200, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: bytes=-\r\n", 200, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: bytes=+1-2\r\n", 200, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: lines=1-2\r\n", 200, 0, LEN);
    serves(GBR, FRA, "FRA", "Range: bytes=1-99999999999999999999999\r\n", 200, 0, LEN);
    snprintf(header, sizeof header, "Range: bytes=%d-\r\n", LEN);
    assert_int_equal(get(GBR, FRA, header), 416);
    assert_null(got.stream);
    snprintf(total, sizeof total, "bytes */%d", LEN);
    assert_string_equal(flow_header(&got, "Content-Range"), total);
    assert_int_equal(get(GBR, FRA, "Range: bytes=-0\r\n"), 416);
    snprintf(header, sizeof header, "Range: bytes=7-9\r\nIf-Range: \"%s\"\r\n", digest_text(&digest, etag));
    serves(GBR, FRA, "FRA", header, 206, 7, 3);
    serves(GBR, FRA, "FRA", "Range: bytes=7-9\r\nIf-Range: \"other\"\r\n", 200, 0, LEN);
    snprintf(header, sizeof header, "If-None-Match: \"%s\"\r\n", etag);
    size_t before = sim_events(sim, GBR, AUDIT_DELIVER);
    assert_int_equal(get(GBR, FRA, header), 304);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), before);
}

// Take the first chunk, then let `change` happen: nothing more comes.
static void stops_after(void (*change)(struct uuid id))
{
    struct egress e;
    uint8_t *out = malloc(LEN);
    struct uuid id = publish("");
    assert_int_equal(get(GBR, FRA, ""), 200);
    assert_int_equal(open_door(&e, GBR, "FRA"), ST_OK);
    assert_int_equal(egress_take(&e, out, ATTACHMENT_CHUNK, sim->now), ATTACHMENT_CHUNK);
    change(id);
    egress_policy(&e, ruleset_digest(sim->nodes[GBR].core.rules));
    assert_int_equal(egress_take(&e, out, LEN, sim->now), 0);
    assert_true(e.denied);
    free(out);
}

static void by_recall(struct uuid id)
{
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(release_recall(t, id, "cell:J2", "wrong"), ST_OK);
    sim_commit(t);
}

static void by_policy(struct uuid id)
{
    (void)id;
    sim_policy(sim, GBR, NARROWER);
}

static void by_ledger(struct uuid id)
{
    struct holding h;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(holding_get(t->txn, "FRA", id, &h), ST_OK);
    h.lapsed = true;
    assert_int_equal(holding_put(t->txn, "FRA", id, &h), ST_OK);
    sim_commit(t);
}

static void a_recall_stops_it_on_its_way(void **state)
{
    (void)state;
    stops_after(by_recall);
    assert_int_equal(get(GBR, FRA, ""), 404);
}

static void a_policy_stops_it_on_its_way(void **state)
{
    (void)state;
    stops_after(by_policy);
    assert_int_equal(get(GBR, FRA, ""), 404);
    assert_int_equal(get(GBR, DEU, ""), 200);
}

static void a_lapse_stops_it_on_its_way(void **state)
{
    (void)state;
    stops_after(by_ledger);
}

// ---- fetching

struct fetching {
    const char *from;
    struct fetch f;
    struct span bytes;
    uint64_t at;
    enum fetch_fate fate;
};

static enum status run_next(struct tick *t, struct tick_job *job)
{
    struct fetching *x = job->ctx;
    return fetch_next(t, x->from, &x->f);
}

static enum status run_take(struct tick *t, struct tick_job *job)
{
    struct fetching *x = job->ctx;
    return fetch_take(t, x->from, &x->f, x->at, x->bytes, 1000, &x->fate);
}

static struct fetch next_of(size_t node, const char *from)
{
    struct fetching x = {.from = from};
    sim_job(sim, node, run_next, &x);
    return x.f;
}

static enum fetch_fate take(size_t node, const char *from, const struct fetch *f, uint64_t at, struct span b)
{
    struct fetching x = {.from = from, .f = *f, .bytes = b, .at = at};
    sim_job(sim, node, run_take, &x);
    return x.fate;
}

static void a_report_comes_before_its_attachment(void **state)
{
    (void)state;
    publish("");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_int_equal(get(FRA, DEU, ""), 404); // not here yet, so not passed on
    struct fetch f = next_of(FRA, "GBR");
    assert_true(f.found && f.size == LEN && f.have == 0 && digest_eq(&f.digest, &digest));
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, ATTACHMENT_CHUNK)), FETCH_MORE);
    assert_int_equal(get(FRA, DEU, ""), 404);
    f = next_of(FRA, "GBR");
    assert_int_equal(f.have, ATTACHMENT_CHUNK);
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, LEN)), FETCH_UNWANTED);
    assert_int_equal(take(FRA, "GBR", &f, f.have, span_of(bytes + f.have, LEN - f.have)), FETCH_WHOLE);
    f = next_of(FRA, "GBR");
    assert_true(!f.found && f.next == UTC_MAX);
    serves(FRA, DEU, "DEU", "", 200, 0, LEN); // onward
}

static void what_is_withheld_is_not_wanted(void **state)
{
    (void)state;
    publish(SIM_ONLY("DEU"));
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_false(next_of(FRA, "GBR").found);
}

static void wrong_bytes_are_put_off(void **state)
{
    (void)state;
    publish("");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    struct fetch f = next_of(FRA, "GBR");
    bytes[LEN - 1] ^= 1;
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, LEN)), FETCH_WRONG);
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 1);
    f = next_of(FRA, "GBR");
    assert_true(!f.found && f.next == sim->now + 1000);
    sim->now += 1000;
    f = next_of(FRA, "GBR");
    assert_true(f.found && f.have == 0);
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, LEN)), FETCH_WRONG);
    assert_int_equal(next_of(FRA, "GBR").next, sim->now + 2000);
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 1);
    bytes[LEN - 1] ^= 1;
    sim->now += 2000;
    f = next_of(FRA, "GBR");
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, LEN)), FETCH_WHOLE);
}

static void a_recall_ends_the_fetching(void **state)
{
    uint64_t size;
    (void)state;
    struct uuid id = publish("");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    struct fetch f = next_of(FRA, "GBR");
    assert_int_equal(take(FRA, "GBR", &f, 0, span_of(bytes, ATTACHMENT_CHUNK)), FETCH_MORE);
    by_recall(id);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_int_equal(take(FRA, "GBR", &f, ATTACHMENT_CHUNK, span_of(bytes + ATTACHMENT_CHUNK, LEN - ATTACHMENT_CHUNK)), FETCH_UNWANTED);
    assert_false(next_of(FRA, "GBR").found);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(attachment_size(t->txn, &digest, &size), ST_NOT_FOUND);
    sim_commit(t);
}

static void what_is_too_large_waits_for_the_limit(void **state)
{
    (void)state;
    publish("");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->nodes[FRA].core.attachment_bytes_max = LEN - 1;
    struct fetch f = next_of(FRA, "GBR");
    assert_false(f.found);
    assert_int_equal(f.next, sim->now + FETCH_RETRY_MAX_MS);
    sim->nodes[FRA].core.attachment_bytes_max = LEN;
    assert_false(next_of(FRA, "GBR").found);
    sim->now += FETCH_RETRY_MAX_MS;
    assert_true(next_of(FRA, "GBR").found);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(is_brought_in_pieces_and_only_once),
        T(goes_on_where_it_was_broken_off),
        T(wrong_forms_and_bytes_are_refused),
        T(a_report_needs_the_bytes_from_its_own_cell),
        T(partners_get_what_their_rendition_names),
        T(the_door_stays_shut_for_others),
        T(ranges),
        T(a_recall_stops_it_on_its_way),
        T(a_policy_stops_it_on_its_way),
        T(a_lapse_stops_it_on_its_way),
        T(a_report_comes_before_its_attachment),
        T(what_is_withheld_is_not_wanted),
        T(wrong_bytes_are_put_off),
        T(a_recall_ends_the_fetching),
        T(what_is_too_large_waits_for_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
