#include "tests/support/two_nodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "store/audit_log.h"
#include "store/policy_steps.h"

static const char *const nations[SIM_NODES_MAX] = {"GBR", "FRA", "DEU", "SWE", "USA"};
static const char *const node_names[SIM_NODES_MAX] = {"gbr.example", "fra.example", "deu.example", "swe.example", "usa.example"};

// ---- setting up

static void make_core(struct sim *s, size_t i, const char *policy)
{
    struct sim_node *n = &s->nodes[i];
    struct diag *d = calloc(1, sizeof *d);
    uint8_t seed[ED25519_LEN] = {0};
    snprintf(n->nation, sizeof n->nation, "%s", nations[i]);
    store_dir_make(&n->dir);
    store_dir_open(&n->dir, false);
    test_keys_make(n->nation, &n->keys);
    const struct test_cert_options consent = {.common_name = "consents", .eku = RELTO_EKU_CONSENT};
    test_keys_issue(&n->keys.ca, &consent, &n->consent);
    n->policy = world_new(policy);
    n->core.db = n->dir.db;
    n->core.rules = n->policy.rules;
    n->core.random = random_from_seed(&n->seed, 1000 + i);
    snprintf(n->core.nation, sizeof n->core.nation, "%s", nations[i]);
    snprintf(n->core.node_name, sizeof n->core.node_name, "%s", node_names[i]);
    struct note_key *keys[3] = {&n->core.ledger_key, &n->core.audit_key, &n->core.cosign_key};
    for (size_t k = 0; k < 3; k++) {
        seed[0] = (uint8_t)(10 * i + k + 1);
        assert_int_equal(note_key_from_seed(seed, keys[k]), ST_OK);
    }
    assert_int_equal(
        signing_key_load(test_span(n->keys.report.key), test_span(n->keys.report.cert), d, &n->core.report_key), ST_OK);
    assert_int_equal(verifying_key_load(test_span(n->keys.report.cert), d, &n->core.own_report_cert), ST_OK);
    assert_int_equal(signing_key_load(test_span(n->consent.key), test_span(n->consent.cert), d, &n->core.consent_key), ST_OK);
    free(d);
}

static void make_peer(struct sim *s, size_t i, size_t of)
{
    struct sim_node *n = &s->nodes[i], *other = &s->nodes[of];
    struct peer *p = &n->peers[of];
    snprintf(p->id, sizeof p->id, "%s", nations[of]);
    p->card.nation = nations[of];
    p->card.node_name = node_names[of];
    p->card.report_certs[0].pem = other->keys.report.cert;
    p->card.report_cert_count = 1;
    memcpy(p->card.ledger_key, other->core.ledger_key.pub, ED25519_LEN);
    memcpy(p->card.cosign_key, other->core.cosign_key.pub, ED25519_LEN);
    p->card.consent_cert_pem = other->consent.cert;
    assert_int_equal(verifying_key_load(test_span(other->consent.cert), NULL, &p->consent_key), ST_OK);
    p->pull = true;
    assert_int_equal(verifying_key_load(test_span(other->keys.report.cert), NULL, &p->report_keys[0]), ST_OK);
    n->core.peers[n->core.peer_count++] = p;
}

void sim_init(struct sim *s, size_t count, const char *const *policies)
{
    *s = (struct sim){.count = count, .now = world_time("2026-11-22T12:00:00Z")};
    for (size_t i = 0; i < count; i++) {
        make_core(s, i, policies[i]);
        s->nodes[i].core.attachment_bytes_max = 64 * MIB;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (i != k)
                make_peer(s, i, k);
}

void sim_fini(struct sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct sim_node *n = &s->nodes[i];
        policy_work_forget(&n->core);
        signing_key_free(&n->core.report_key);
        signing_key_free(&n->core.consent_key);
        verifying_key_free(&n->core.own_report_cert);
        for (size_t k = 0; k < s->count; k++) {
            verifying_key_free(&n->peers[k].report_keys[0]);
            verifying_key_free(&n->peers[k].consent_key);
        }
        world_free(&n->policy);
        n->dir.db = n->core.db;
        store_dir_remove(&n->dir);
    }
}

struct sim *sim_new(size_t count, const char *const *policies)
{
    struct sim *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sim_init(s, count, policies);
    return s;
}

void sim_free(struct sim **s)
{
    sim_fini(*s);
    free(*s);
    *s = NULL;
}

void sim_seen(struct sim *s, size_t node)
{
    struct tick *t = sim_tick(s, node);
    const struct policy_moment now = {.policy = *ruleset_digest(t->core->rules), .at = t->now};
    assert_int_equal(policy_seen_set(t->txn, &now), ST_OK);
    sim_commit(t);
}

void sim_policy(struct sim *s, size_t node, const char *policy)
{
    struct sim_node *n = &s->nodes[node];
    world_free(&n->policy);
    n->policy = world_new(policy);
    n->core.rules = n->policy.rules;
    sim_seen(s, node);
}

// ---- ticks

void sim_job(struct sim *s, size_t node, enum status (*run)(struct tick *t, struct tick_job *job), void *ctx)
{
    struct tick t;
    struct tick_job job = {.run = run, .ctx = ctx};
    assert_int_equal(tick_run(&s->nodes[node].core, s->now, &job, 1, &t), ST_OK);
    assert_int_equal(job.st, ST_OK);
}

struct tick *sim_tick(struct sim *s, size_t node)
{
    struct tick *t = calloc(1, sizeof *t);
    t->core = &s->nodes[node].core;
    t->now = s->now;
    assert_int_equal(db_begin(t->core->db, true, &t->txn), ST_OK);
    return t;
}

void sim_commit(struct tick *t)
{
    assert_int_equal(db_commit(&t->txn), ST_OK);
    free(t);
}

struct uuid sim_id(uint8_t id)
{
    uint8_t random[16] = {id};
    return uuid_from_random(random);
}

// ---- reports

static enum status store_own(struct tick *t, struct uuid id, uint32_t version, struct span bytes, struct digest *ret)
{
    struct report_record rec = {.id = id, .version = version, .stored_at = t->now, .issued = t->now,
                                .digest = sha256(bytes), .bytes = bytes};
    snprintf(rec.nation, sizeof rec.nation, "%.8s", t->core->nation);
    snprintf(rec.type, sizeof rec.type, "INTREP");
    *ret = rec.digest;
    TRY(reports_put(t->txn, &rec));
    return release_report(t, id, version == 1 ? CAUSE_PUBLISH : CAUSE_NEW_VERSION, NULL);
}

struct digest sim_publish(struct sim *s, size_t node, uint8_t id, uint32_t version, const char *draft)
{
    struct core *c = &s->nodes[node].core;
    struct arena *a = xml_arena_new(strlen(draft));
    struct diag *d = store_dir_diag();
    const struct report *r;
    struct buf bytes;
    struct digest digest;
    buf_init(&bytes, RENDITION_BYTES_MAX);
    const struct report_finish with = {.id = sim_id(id), .version = version, .issued = s->now, .random = &c->random,
                                       .key = c->report_key};
    if (report_read(span_cstr(draft), NULL, a, d, &r) != ST_OK || report_finish(r, &with, &bytes, d) != ST_OK)
        fail_msg("%s", d->count ? d->faults[0].message : "draft");
    struct tick *t = sim_tick(s, node);
    assert_int_equal(store_own(t, with.id, version, buf_bytes(&bytes), &digest), ST_OK);
    sim_commit(t);
    buf_fini(&bytes);
    arena_free(&a);
    return digest;
}

void sim_recall(struct sim *s, size_t node, uint8_t id)
{
    struct tick *t = sim_tick(s, node);
    assert_int_equal(release_recall(t, sim_id(id), "cell:J2", "wrong"), ST_OK);
    sim_commit(t);
}

void sim_redecide(struct sim *s, size_t node, uint8_t id)
{
    struct tick *t = sim_tick(s, node);
    assert_int_equal(release_report(t, sim_id(id), CAUSE_POLICY, NULL), ST_OK);
    sim_commit(t);
}

// ---- the wire

void sim_request(struct sim *s, size_t from, size_t to, const char *method, const char *target, const char *headers,
                 struct span body, struct reply *rp)
{
    char head[2048];
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    size_t used;
    int status;
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers,
             body.len);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = ROLE_PARTNER;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", nations[from]);
    rq->body = body;
    rq->received_at = s->now;
    reply_init(rp);
    struct tick_job job = {.request = rq, .reply = rp};
    assert_int_equal(tick_run(&s->nodes[to].core, s->now, &job, 1, &t), ST_OK);
    assert_int_equal(job.st, ST_OK);
    free(rq);
}

void sim_wire(struct sim *s, size_t from, size_t to, const struct reply *rp, struct buf *out)
{
    size_t done = 0;
    const struct digest *policy = ruleset_digest(s->nodes[to].core.rules);
    for (size_t i = 0; i < rp->item_count; i++) {
        const struct reply_item *it = &rp->items[i];
        assert_true(permit_covers(it->permit, buf_bytes(&it->rendition), nations[from], policy, s->now));
        buf_put(out, rp->body.ptr + done, it->at - done);
        buf_span(out, buf_bytes(&it->rendition));
        done = it->at;
    }
    if (rp->body.len > done)
        buf_put(out, rp->body.ptr + done, rp->body.len - done);
    assert_int_equal(buf_status(out), ST_OK);
}

// ---- pulling

static char why[DIAG_TEXT_MAX];

const char *sim_why(void)
{
    return why;
}

struct applying {
    const char *from;
    struct span page;
    struct sync_result *ret;
    enum status st;
};

static enum status run_apply(struct tick *t, struct tick_job *job)
{
    struct applying *a = job->ctx;
    struct diag *d = store_dir_diag();
    a->st = sync_apply_page(t, a->from, a->page, d, a->ret);
    snprintf(why, sizeof why, "%s", d->count ? d->faults[0].message : status_text(a->st));
    return sync_is_refusal(a->st) ? ST_OK : a->st;
}

enum status sim_apply(struct sim *s, size_t node, size_t from, struct span page, struct sync_result *ret)
{
    struct applying a = {.from = nations[from], .page = page, .ret = ret};
    sim_job(s, node, run_apply, &a);
    return a.st;
}

struct looking {
    const char *from;
    struct buf path;
    enum status st;
};

static enum status run_look(struct tick *t, struct tick_job *job)
{
    struct looking *l = job->ctx;
    buf_reset(&l->path);
    l->st = sync_next_path(t, l->from, &l->path);
    return sync_is_refusal(l->st) ? ST_OK : l->st;
}

static enum status run_restart(struct tick *t, struct tick_job *job)
{
    return sync_restart(t, job->ctx);
}

static enum status run_sent(struct tick *t, struct tick_job *job)
{
    const struct applying *a = job->ctx;
    return sync_receipt_sent(t, a->from, a->ret->size);
}

static void send_receipt(struct sim *s, size_t node, size_t from, struct sync_result *r)
{
    struct reply rp;
    struct applying a = {.from = nations[from], .ret = r};
    if (r->cosignature.len == 0)
        return;
    sim_request(s, node, from, "POST", "/v1/feed/cosignature", "", buf_bytes(&r->cosignature), &rp);
    if (rp.status != 204)
        fail_msg("receipt: %d %s", rp.status, buf_cstr(&rp.body));
    reply_fini(&rp);
    sim_job(s, node, run_sent, &a);
}

static enum status pull_page(struct sim *s, size_t node, size_t from, const char *path, bool *ret_more)
{
    struct reply rp;
    struct buf page;
    struct sync_result r;
    enum status st = ST_OK;
    sim_request(s, node, from, "GET", path, "", span_of(NULL, 0), &rp);
    *ret_more = false;
    if (rp.status == 410) {
        sim_job(s, node, run_restart, (void *)(uintptr_t)nations[from]);
        *ret_more = true;
        reply_fini(&rp);
        return ST_OK;
    }
    if (rp.status != 200)
        fail_msg("feed: %d %s", rp.status, buf_cstr(&rp.body));
    buf_init(&page, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(s, node, from, &rp, &page);
    st = sim_apply(s, node, from, buf_bytes(&page), &r);
    if (st == ST_OK) {
        *ret_more = r.more;
        send_receipt(s, node, from, &r);
    }
    sync_result_fini(&r);
    buf_fini(&page);
    reply_fini(&rp);
    return st;
}

enum status sim_pull(struct sim *s, size_t node, size_t from)
{
    struct looking l = {.from = nations[from]};
    bool more = true;
    enum status st = ST_OK;
    buf_init(&l.path, SYNC_PATH_MAX);
    for (int i = 0; more && st == ST_OK; i++) {
        assert_true(i < 1000);
        sim_job(s, node, run_look, &l);
        st = l.st == ST_OK ? pull_page(s, node, from, buf_cstr(&l.path), &more) : l.st;
    }
    buf_fini(&l.path);
    return st;
}

// ---- looking

static enum status count_event(void *ctx, const struct audit_event *e)
{
    (void)e;
    ++*(size_t *)ctx;
    return ST_OK;
}

size_t sim_events(struct sim *s, size_t node, enum audit_kind kind)
{
    size_t count = 0;
    const struct audit_filter f = {.by_kind = true, .kind = kind};
    struct tick *t = sim_tick(s, node);
    assert_int_equal(audit_each(t->txn, &f, count_event, &count), ST_OK);
    sim_commit(t);
    return count;
}

const char *sim_text(struct sim *s, size_t node, uint8_t id)
{
    static char text[8192];
    struct report_record r;
    struct tick *t = sim_tick(s, node);
    enum status st = reports_current(t->txn, sim_id(id), &r);
    if (st == ST_OK)
        snprintf(text, sizeof text, "%.*s", (int)r.bytes.len, (const char *)r.bytes.ptr);
    sim_commit(t);
    return st == ST_OK ? text : NULL;
}

bool sim_store_holds(struct sim *s, size_t node, const char *text)
{
    char path[300];
    struct buf b;
    buf_init(&b, 256 * MIB);
    snprintf(path, sizeof path, "%s/data.mdb", s->nodes[node].dir.path);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static uint8_t chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        buf_put(&b, chunk, n);
    fclose(f);
    bool found = memmem(b.ptr, b.len, text, strlen(text)) != NULL;
    buf_fini(&b);
    return found;
}
