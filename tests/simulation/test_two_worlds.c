// Two worlds that differ only in reports that partner FRA may not see (spec 8, 9): all bytes that GBR sends to FRA are
// the same, heads of HTTP answers included, under one clock, the same keys and the same randomness; and FRA's held polls are
// woken at the same moments.
//
// A life is a script of what people and partners do, made from a seed. It is lived twice: whole, and without the reports of
// which nothing was ever released to FRA (published at GBR itself or received from DEU; their corrections, recalls,
// approvals and refusals too). What FRA is sent, asks and signs is written down and compared.
//
// Two things are not part of it. Signatures of reports are made deterministic: OpenSSL's random numbers are replaced by a fixed
// pattern while the worlds live. And daily heads commit to the audit log, whose content differs: the entries are the same but for that
// digest, which hides what it commits to behind random bytes (a test of its own).
#define OPENSSL_SUPPRESS_DEPRECATED // RAND_METHOD: there is no other way to replace the generator within a program
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/rand.h>

#include "node/core/daily_head.h"
#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "node/io/http_wire.h"
#include "store/ledger.h"
#include "tests/simulation/run.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU, NODES };
enum { ACTS = 90, SEEDS = 25 };

// ---- OpenSSL's random numbers

static struct random_seeded key_seed;
static struct random_source key_random;
static bool living; // keys are made: the same few bytes again and again, so that a signature follows from key and text

static int fixed_bytes(unsigned char *out, int len)
{
    if (living)
        memset(out, 0x5a, (size_t)len);
    else
        random_fill(&key_random, out, (size_t)len);
    return 1;
}

static int fixed_status(void)
{
    return 1;
}

static const RAND_METHOD fixed = {.bytes = fixed_bytes, .pseudorand = fixed_bytes, .status = fixed_status};

// ---- the script

enum act_kind { ACT_PUBLISH, ACT_CORRECT, ACT_RECALL, ACT_HOLD, ACT_POLICY, ACT_TIME, ACT_DEU_PULLS, ACT_GBR_PULLS, ACT_FRA_PULLS,
                ACT_FRA_ASKS };

struct act {
    enum act_kind kind;
    size_t report, node, n; // n: which of several
    uint32_t version;
    utc_ms span;
    char *text; // draft, policy
};

struct script {
    struct run names; // of the generators: reports, their owners and ids; nodes without anything in them
    struct act acts[ACTS];
    bool hidden[RUN_REPORTS_MAX];
    size_t hidden_count;
};

// The draft with an id of its own: the same in both worlds even if ids were drawn.
static char *with_id(const struct run *r, size_t report, char *draft)
{
    static const char before[] = "<header ";
    struct buf out;
    char urn[UUID_URN_LEN + 1], *at = strstr(draft, before);
    buf_init(&out, 64 * KIB);
    buf_put(&out, draft, (size_t)(at - draft) + strlen(before));
    buf_printf(&out, "report='%s' %s", uuid_urn(r->reports[report].id, urn), at + strlen(before));
    free(draft);
    draft = strdup(buf_cstr(&out));
    buf_fini(&out);
    return draft;
}

static void script_publish(struct run *r, struct act *a)
{
    uint8_t random[16];
    struct run_report *rep = &r->reports[r->report_count];
    rep->owner = run_chance(r, 75) ? GBR : DEU;
    rep->version = 1;
    snprintf(rep->cell, sizeof rep->cell, "J2");
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)run_below(r, 256);
    rep->id = uuid_from_random(random);
    a->report = r->report_count++;
    a->version = 1;
    a->node = rep->owner;
    a->text = with_id(r, a->report, world_draft(r, a->report, 1));
}

static void script_policy(struct run *r, struct act *a, size_t node)
{
    struct buf text;
    buf_init(&text, 64 * KIB);
    r->nodes[node].serial++;
    world_policy_write(r, node, &text);
    a->kind = ACT_POLICY;
    a->node = node;
    a->n = run_chance(r, 30) ? 4 : 0; // pad
    a->text = strdup(buf_cstr(&text));
    buf_fini(&text);
}

static void script_of_report(struct run *r, struct act *a)
{
    a->report = run_below(r, r->report_count);
    struct run_report *rep = &r->reports[a->report];
    a->node = rep->owner;
    a->n = run_below(r, 12);
    if (a->kind != ACT_HOLD && (rep->recalled || rep->version == RUN_VERSIONS_MAX)) {
        a->kind = ACT_FRA_PULLS;
        return;
    }
    if (a->kind == ACT_CORRECT) {
        a->version = ++rep->version;
        a->text = world_draft(r, a->report, a->version);
    } else if (a->kind == ACT_RECALL) {
        a->version = rep->version;
        rep->recalled = true;
    }
}

static void script_act(struct run *r, struct act *a)
{
    static const utc_ms spans[] = {1, 1000, 3600000, 5 * 3600000};
    size_t what = run_below(r, 100);
    a->n = run_below(r, 100);
    a->kind = what < 24 ? ACT_PUBLISH : what < 32 ? ACT_CORRECT : what < 36 ? ACT_RECALL : what < 42 ? ACT_HOLD : what < 46 ? ACT_POLICY
              : what < 54 ? ACT_TIME : what < 60 ? ACT_DEU_PULLS : what < 68 ? ACT_GBR_PULLS : what < 84 ? ACT_FRA_PULLS : ACT_FRA_ASKS;
    if (a->kind == ACT_PUBLISH && r->report_count < RUN_REPORTS_MAX)
        script_publish(r, a);
    else if ((a->kind == ACT_CORRECT || a->kind == ACT_RECALL || a->kind == ACT_HOLD) && r->report_count)
        script_of_report(r, a);
    else if (a->kind == ACT_POLICY)
        script_policy(r, a, run_chance(r, 70) ? GBR : DEU);
    else if (a->kind < ACT_TIME)
        a->kind = ACT_FRA_PULLS;
    if (a->kind == ACT_TIME)
        r->sim.now += a->span = spans[run_below(r, 4)];
}

static void script_make(struct script *s, uint64_t seed)
{
    static const char *const nations[NODES] = {"GBR", "FRA", "DEU"};
    struct run *r = &s->names;
    memset(s, 0, sizeof *s);
    r->state = seed * 0x2545F4914F6CDD1Du + 77;
    r->sim.count = NODES;
    r->sim.now = world_time("2026-11-22T12:00:00Z");
    for (size_t i = 0; i < NODES; i++)
        snprintf(r->sim.nodes[i].nation, sizeof r->sim.nodes[i].nation, "%s", nations[i]);
    for (size_t i = 0; i < NODES; i++) {
        r->nodes[i].serial = 1;
        script_policy(r, &s->acts[i], i);
    }
    for (size_t i = NODES; i < ACTS; i++)
        script_act(r, &s->acts[i]);
}

static void script_free(struct script *s)
{
    for (size_t i = 0; i < ACTS; i++)
        free(s->acts[i].text);
}

// ---- a life

struct life {
    struct script *script;
    struct sim sim;
    struct buf heard;  // all that FRA hears from GBR, and says to it
    size_t sent_bytes; // of renditions
};

static void note(struct life *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct life *l, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_puts(&l->heard, text);
}

// One tick of GBR, of which FRA may hear: does it wake FRA's held poll?
static void tick(struct life *l, size_t node, struct tick_job *job)
{
    static struct tick t;
    struct core *c = &l->sim.nodes[node].core;
    assert_int_equal(tick_run(c, l->sim.now, job, 1, &t), ST_OK);
    assert_int_equal(job->st, ST_OK);
    l->sim.nodes[node].policy.rules = c->rules;
    size_t fra = ruleset_partner_index(c->rules, "FRA");
    if (node == GBR && fra != SIZE_MAX && t.grown[fra])
        note(l, "\n-- woken\n");
}

static void ask(struct life *l, size_t node, enum role role, const char *who, const char *method, const char *target,
                const char *headers, struct span body, struct reply *rp)
{
    char head[2048];
    size_t used;
    int status;
    struct request *rq = calloc(1, sizeof *rq);
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers, body.len);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = role;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", who);
    rq->body = body;
    rq->received_at = l->sim.now;
    reply_init(rp);
    struct tick_job job = {.request = rq, .reply = rp};
    tick(l, node, &job);
    free(rq);
}

// ---- what FRA asks of GBR, in HTTP

static void take_body(struct egress *e, utc_ms now, struct buf *out)
{
    static uint8_t piece[65536];
    for (size_t n; (n = egress_take(e, piece, sizeof piece, now)) > 0;)
        buf_put(out, piece, n);
    assert_false(e->denied);
}

// Note question and answer. ret_page (may be NULL) gets the plain body of a 200, initialised by the caller.
static void fra_asks(struct life *l, const char *method, const char *target, const char *headers, struct span body, struct buf *ret_page)
{
    static const struct principal fra = {.role = ROLE_PARTNER, .id = "FRA"};
    struct reply rp;
    struct buf out;
    struct egress e;
    const struct digest *policy = ruleset_digest(l->sim.nodes[GBR].core.rules);
    struct http_wire w = {.head_only = strcmp(method, "HEAD") == 0, .now = l->sim.now, .to = &fra, .policy = policy};
    note(l, "\n-- %s %s\n%s", method, target, headers);
    buf_span(&l->heard, body);
    ask(l, GBR, ROLE_PARTNER, "FRA", method, target, headers, body, &rp);
    if (rp.status == 0) {
        note(l, "held for %lld ms", (long long)(rp.hold_until - l->sim.now));
        reply_fini(&rp);
        return;
    }
    for (size_t i = 0; i < rp.item_count; i++)
        l->sent_bytes += rp.items[i].rendition.len;
    if (ret_page && rp.status == 200)
        sim_wire(&l->sim, FRA, GBR, &rp, ret_page);
    assert_int_equal(http_wire_answer(&out, &e, &rp, &w), ST_OK);
    take_body(&e, l->sim.now, &out);
    buf_span(&l->heard, buf_bytes(&out));
    assert_int_equal(buf_status(&l->heard), ST_OK);
    buf_fini(&out);
    reply_fini(&rp);
}

struct path {
    const char *from;
    struct buf text;
    uint64_t size;
};

static enum status run_path(struct tick *t, struct tick_job *job)
{
    struct path *p = job->ctx;
    buf_reset(&p->text);
    return sync_next_path(t, p->from, &p->text);
}

static enum status run_sent(struct tick *t, struct tick_job *job)
{
    const struct path *p = job->ctx;
    return sync_receipt_sent(t, p->from, p->size);
}

static void fra_pulls(struct life *l, size_t how)
{
    static const char *const codings[] = {"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd\r\n", "Prefer: wait=20\r\n"};
    struct path p = {.from = "GBR"};
    struct sync_result r;
    struct buf page;
    buf_init(&p.text, SYNC_PATH_MAX + 20);
    buf_init(&page, FEED_DOCUMENT_BYTES_MAX);
    sim_job(&l->sim, FRA, run_path, &p);
    if (how % 3)
        buf_printf(&p.text, "%climit=%zu", memchr(p.text.ptr, '?', p.text.len) ? '&' : '?', 1 + how % 5);
    fra_asks(l, "GET", buf_cstr(&p.text), codings[how % 4], span_of(NULL, 0), &page);
    if (page.len && sim_apply(&l->sim, FRA, GBR, buf_bytes(&page), &r) != ST_OK)
        fail_msg("FRA refuses a page: %s", sim_why());
    if (page.len && r.cosignature.len) {
        p.size = r.size;
        fra_asks(l, "POST", "/v1/feed/cosignature", "", buf_bytes(&r.cosignature), NULL);
        sim_job(&l->sim, FRA, run_sent, &p);
    }
    if (page.len)
        sync_result_fini(&r);
    buf_fini(&page);
    buf_fini(&p.text);
}

static void fra_asks_something(struct life *l, size_t n)
{
    static const struct {
        const char *method, *target, *headers, *body;
    } questions[] = {
        {"GET", "/v1/reports/6f0c2b6e-0000-4000-8000-000000000001", "", ""},
        {"GET", "/v1/reports/nonsense", "", ""},
        {"GET", "/v1/feed?after=0123456789abcdef", "", ""},
        {"GET", "/v1/feed?limit=0", "", ""},
        {"GET", "/v1/feed", "", ""},
        {"HEAD", "/v1/feed?limit=3", "", ""},
        {"GET", "/v1/attachments/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", ""},
        {"GET", "/v1/card", "", ""},
        {"GET", "/v1/ledger/sent", "", ""},
        {"GET", "/v1/ledger/held", "", ""},
        {"GET", "/v1/holds", "", ""},
        {"GET", "/v1/audit/checkpoint", "", ""},
        {"GET", "/v1/reports", "", ""},
        {"POST", "/v1/reports", "", "<report/>"},
        {"POST", "/v1/feed/cosignature", "", "no receipt"},
        {"GET", "/v1/schema/report.xsd", "", ""},
        {"POST", "/v1/witness/add-checkpoint", "", "old 0\n"},
        {"GET", "/metrics", "", ""},
    };
    static const char *const headers[] = {"", "Accept-Encoding: zstd\r\n", "If-None-Match: *\r\n", "Prefer: wait=5\r\n"};
    const size_t fixed_count = sizeof questions / sizeof *questions;
    const struct run *r = &l->script->names;
    if (n < 40 || r->report_count == 0) {
        fra_asks(l, questions[n % fixed_count].method, questions[n % fixed_count].target, questions[n % fixed_count].headers,
                 span_cstr(questions[n % fixed_count].body), NULL);
        return;
    }
    // It has come to know the id of a report, perhaps of one that it may not see.
    char urn[UUID_URN_LEN + 1], target[80];
    snprintf(target, sizeof target, "/v1/reports/%s", uuid_urn(r->reports[n % r->report_count].id, urn) + 9);
    fra_asks(l, n % 5 ? "GET" : "HEAD", target, headers[n % 4], span_of(NULL, 0), NULL);
}

// ---- what the others do

static enum status run_due(struct tick *t, struct tick_job *job)
{
    utc_ms next;
    TRY(release_due(t, &next));
    TRY(policy_work_due(t, &next));
    bool *more = job->ctx;
    return policy_work(t, more);
}

static void settle(struct life *l, size_t node)
{
    bool more = true;
    for (int i = 0; more; i++) {
        struct tick_job job = {.run = run_due, .ctx = &more};
        tick(l, node, &job);
        assert_true(i < 10000);
    }
}

static void activate(struct life *l, const struct act *a)
{
    struct buf bundle;
    struct reply rp;
    const struct policy_bundle b = world_bundle(span_cstr(a->text), (uint32_t)a->n);
    buf_init(&bundle, MIB);
    policy_bundle_write(&b, &bundle);
    ask(l, a->node, ROLE_OFFICER, "ANNE", "POST", "/v1/policy", "", buf_bytes(&bundle), &rp);
    if (rp.status != 200)
        fail_msg("%d %s\n%s", rp.status, buf_cstr(&rp.body), a->text);
    reply_fini(&rp);
    buf_fini(&bundle);
    settle(l, a->node);
}

static void of_report(struct life *l, const struct act *a)
{
    static const char *const officers[] = {"ANNE", "BOB", "CLEO"}, *const actions[] = {"approve", "approve", "refuse", "revoke"};
    const struct run_report *rep = &l->script->names.reports[a->report];
    char urn[UUID_URN_LEN + 1], target[200], match[40];
    const char *id = uuid_urn(rep->id, urn) + 9;
    struct span body = a->text ? span_cstr(a->text) : span_of(NULL, 0);
    struct reply rp;
    snprintf(target, sizeof target, "/v1/reports/%s", id);
    snprintf(match, sizeof match, "If-Match: \"%u\"\r\n", a->kind == ACT_CORRECT ? a->version - 1 : a->version);
    if (a->kind == ACT_CORRECT) {
        ask(l, a->node, ROLE_CELL, rep->cell, "PUT", target, match, body, &rp);
        assert_int_equal(rp.status, 200);
    } else if (a->kind == ACT_RECALL) {
        snprintf(target, sizeof target, "/v1/reports/%s?reason=wrong", id);
        ask(l, a->node, ROLE_CELL, rep->cell, "DELETE", target, match, body, &rp);
        assert_int_equal(rp.status, 204);
    } else {
        snprintf(target, sizeof target, "/v1/holds/%s?partner=%s&action=%s", id, a->n % 2 ? "FRA" : "DEU", actions[a->n % 4]);
        ask(l, GBR, ROLE_OFFICER, officers[a->n % 3], "POST", target, "", body, &rp);
    }
    reply_fini(&rp);
}

static void publish(struct life *l, const struct act *a)
{
    struct reply rp;
    ask(l, a->node, ROLE_CELL, "J2", "POST", "/v1/reports", "", span_cstr(a->text), &rp);
    if (rp.status != 201)
        fail_msg("%d %s", rp.status, buf_cstr(&rp.body));
    reply_fini(&rp);
}

static void do_act(struct life *l, const struct act *a)
{
    switch (a->kind) {
    case ACT_PUBLISH:
        publish(l, a);
        return;
    case ACT_CORRECT:
    case ACT_RECALL:
    case ACT_HOLD:
        of_report(l, a);
        return;
    case ACT_POLICY:
        activate(l, a);
        return;
    case ACT_TIME:
        l->sim.now += a->span;
        for (size_t i = 0; i < NODES; i++)
            settle(l, i);
        return;
    case ACT_DEU_PULLS:
        assert_int_equal(sim_pull(&l->sim, DEU, GBR), ST_OK);
        return;
    case ACT_GBR_PULLS:
        assert_int_equal(sim_pull(&l->sim, GBR, DEU), ST_OK);
        return;
    case ACT_FRA_PULLS:
        fra_pulls(l, a->n);
        return;
    case ACT_FRA_ASKS:
        fra_asks_something(l, a->n);
        return;
    }
}

static bool is_of_report(enum act_kind k)
{
    return k == ACT_PUBLISH || k == ACT_CORRECT || k == ACT_RECALL || k == ACT_HOLD;
}

// A generator that gives everybody draws from one stream: what it must not be.
static struct random_seeded shared_seed;

static void shared_fill(void *ctx, uint8_t *out, size_t len)
{
    const struct random_source *one = ctx;
    random_fill(one, out, len);
}

enum { WITHOUT_HIDDEN = 1, ONE_STREAM = 2 };

// Live the script; without the hidden reports, or with one stream of random numbers for all, if so asked. Free with life_free.
static struct life *life_new(struct script *s, unsigned how)
{
    static struct random_source one;
    static const char *const policies[] = {RUN_NOBODY("GBR"), RUN_NOBODY("FRA"), RUN_NOBODY("DEU")};
    struct life *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->script = s;
    buf_init(&l->heard, 64 * MIB);
    key_random = random_from_seed(&key_seed, 5);
    living = false;
    sim_init(&l->sim, NODES, policies);
    living = true;
    one = random_from_seed(&shared_seed, 6);
    if (how & ONE_STREAM)
        l->sim.nodes[GBR].core.random = (struct random_source){shared_fill, &one};
    for (size_t i = 0; i < ACTS; i++) {
        note(l, "\n-- act %zu\n", i);
        if (!is_of_report(s->acts[i].kind) || !(how & WITHOUT_HIDDEN) || !s->hidden[s->acts[i].report])
            do_act(l, &s->acts[i]);
    }
    return l;
}

static void life_free(struct life **l)
{
    for (size_t i = 0; i < NODES; i++)
        (*l)->sim.nodes[i].policy.rules = (*l)->sim.nodes[i].core.rules;
    sim_fini(&(*l)->sim);
    buf_fini(&(*l)->heard);
    free(*l);
    *l = NULL;
}

// Hidden are those of which FRA was never given anything.
static void find_hidden(struct script *s, struct life *l)
{
    struct holding h;
    struct tick *t = sim_tick(&l->sim, GBR);
    for (size_t i = 0; i < s->names.report_count; i++) {
        enum status st = holding_get(t->txn, "FRA", s->names.reports[i].id, &h);
        assert_true(st == ST_OK || st == ST_NOT_FOUND);
        s->hidden[i] = st == ST_NOT_FOUND;
        s->hidden_count += s->hidden[i];
    }
    sim_commit(t);
}

static void expect_same(uint64_t seed, const struct buf *a, const struct buf *b)
{
    size_t i = 0, from;
    while (i < a->len && i < b->len && a->ptr[i] == b->ptr[i])
        i++;
    if (i == a->len && i == b->len)
        return;
    from = i < 600 ? 0 : i - 600;
    fail_msg("seed %llu: the worlds differ at byte %zu (of %zu and %zu). Once more: RELTO_SIM_SEED=%llu tests/test_two_worlds\n"
             "---- with\n%.*s\n---- without\n%.*s",
             (unsigned long long)seed, i, a->len, b->len, (unsigned long long)seed,
             (int)(a->len - from < 800 ? a->len - from : 800), (const char *)a->ptr + from,
             (int)(b->len - from < 800 ? b->len - from : 800), (const char *)b->ptr + from);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void what_is_hidden_does_not_show(void **state)
{
    uint64_t one = number_of("RELTO_SIM_SEED", 0), seeds = number_of("RELTO_PROPERTY_CASES", SEEDS);
    size_t hidden = 0, reports = 0, sent = 0, heard = 0;
    (void)state;
    struct script *s = malloc(sizeof *s);
    assert_non_null(s);
    for (uint64_t seed = one ? one : 1; seed <= (one ? one : seeds); seed++) {
        script_make(s, seed);
        struct life *with = life_new(s, 0);
        find_hidden(s, with);
        struct life *without = life_new(s, WITHOUT_HIDDEN);
        expect_same(seed, &with->heard, &without->heard);
        hidden += s->hidden_count;
        reports += s->names.report_count;
        sent += with->sent_bytes;
        heard += with->heard.len;
        life_free(&with);
        life_free(&without);
        script_free(s);
    }
    free(s);
    print_message("%llu pairs of worlds: %zu reports, %zu of them hidden; %zu bytes heard, %zu of them of reports\n",
                  (unsigned long long)(one ? 1 : seeds), reports, hidden, heard, sent);
    assert_true(one || (hidden > seeds && reports - hidden > seeds && sent > seeds * 1000));
}

// The comparison would show it if draws for others moved those for FRA.
static void one_stream_for_all_shows(void **state)
{
    (void)state;
    struct script *s = malloc(sizeof *s);
    assert_non_null(s);
    script_make(s, 1);
    struct life *with = life_new(s, ONE_STREAM);
    find_hidden(s, with);
    struct life *without = life_new(s, ONE_STREAM | WITHOUT_HIDDEN);
    assert_true(s->hidden_count > 0);
    assert_false(span_eq(buf_bytes(&with->heard), buf_bytes(&without->heard)));
    life_free(&with);
    life_free(&without);
    script_free(s);
    free(s);
}

// ---- daily heads

static enum status run_heads(struct tick *t, struct tick_job *job)
{
    return daily_head_due(t, job->ctx);
}

static struct ledger_entry head_entry(struct life *l)
{
    utc_ms next;
    sim_job(&l->sim, GBR, run_heads, &next); // a node's first day has none
    l->sim.now += 25 * 3600000LL;
    sim_job(&l->sim, GBR, run_heads, &next);
    struct tick *t = sim_tick(&l->sim, GBR);
    uint64_t size;
    assert_int_equal(ledger_size(t->txn, "FRA", &size), ST_OK);
    sim_commit(t);
    return flow_entry(&l->sim, GBR, "FRA", size - 1);
}

// What a head commits to is hidden behind random bytes; all else of it is the same.
static void heads_differ_by_their_digest_alone(void **state)
{
    (void)state;
    struct script *s = malloc(sizeof *s);
    assert_non_null(s);
    script_make(s, 2);
    struct life *with = life_new(s, 0);
    find_hidden(s, with);
    struct life *without = life_new(s, WITHOUT_HIDDEN);
    struct ledger_entry a = head_entry(with), b = head_entry(without);
    assert_int_equal(a.kind, ENTRY_HEAD);
    assert_int_equal(b.kind, ENTRY_HEAD);
    assert_int_equal(a.n, b.n);
    assert_true(a.at == b.at);
    assert_memory_equal(a.salt, b.salt, sizeof a.salt);
    assert_false(digest_eq(&a.digest, &b.digest)); // the audit logs differ
    life_free(&with);
    life_free(&without);
    script_free(s);
    free(s);
}

// ---- parts of a report

#define BOTH SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define SECRET(text) "<portion>" SIM_ONLY("DEU") "<text>" text "</text></portion>"
#define OPEN(text) "<portion><text>" text "</text></portion>"
#define REDACTED(parts) W_REPORT(SIM_FOR_ALL, W_HEADER_OF("report='urn:uuid:01000000-0000-4000-8000-000000000000' separable='true'", "", "GBR", ""), parts)

// The page with one redacted report that FRA gets, as HTTP; and how many children the report has there.
static size_t hear_redacted(char *draft, size_t *ret_children)
{
    static const char *const policies[] = {SIM_POLICY("GBR", BOTH, "FRA DEU", SIM_TERMS("forbidden", "withdraw")),
                                           RUN_NOBODY("FRA"), RUN_NOBODY("DEU")};
    struct life *l = calloc(1, sizeof *l);
    size_t heard;
    assert_non_null(l);
    buf_init(&l->heard, MIB);
    key_random = random_from_seed(&key_seed, 5);
    living = false;
    sim_init(&l->sim, NODES, policies);
    living = true;
    flow_policy(&l->sim, GBR, policies[GBR], 8);
    publish(l, &(struct act){.node = GBR, .text = draft});
    const char *served = flow_served(&l->sim, GBR, FRA, 1);
    assert_non_null(served);
    assert_null(strstr(served, "secret"));
    *ret_children = 0;
    for (const char *at = served; (at = strstr(at, "<withheld ")); at++)
        ++*ret_children;
    for (const char *at = served; (at = strstr(at, "<portion ")); at++)
        ++*ret_children;
    fra_pulls(l, 0);
    heard = l->heard.len;
    life_free(&l);
    return heard;
}

// How much was withheld does not show: neither in the number of parts nor in any length.
static void padding_hides_how_much_is_withheld(void **state)
{
    size_t few, many;
    (void)state;
    static char first[] = REDACTED(OPEN("one") SECRET("secret") OPEN("two"));
    static char second[] = REDACTED(SECRET("secret and longer") OPEN("one") SECRET("secret") OPEN("two") SECRET("secret"));
    size_t a = hear_redacted(first, &few), b = hear_redacted(second, &many);
    assert_int_equal(few, many);
    assert_int_equal(few % 8, 0);
    assert_int_equal(a, b);
}

int main(void)
{
    struct stat s;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_hidden_does_not_show),
        cmocka_unit_test(one_stream_for_all_shows),
        cmocka_unit_test(heads_differ_by_their_digest_alone),
        cmocka_unit_test(padding_hides_how_much_is_withheld),
    };
    if (!getenv("TMPDIR") && stat("/dev/shm", &s) == 0 && S_ISDIR(s.st_mode))
        setenv("TMPDIR", "/dev/shm", 1);
    RAND_set_rand_method(&fixed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
