// What people and the clock do to the nodes, and what becomes of a node that crashes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/daily_head.h"
#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "store/grants.h"
#include "store/key.h"
#include "store/policies.h"
#include "tests/simulation/run.h"
#include "tests/support/flow_support.h"

// ---- crashes

static struct ruleset *compile(struct span bundle)
{
    struct ruleset *rs = NULL;
    struct policy_bundle b;
    struct arena *a = xml_arena_new(bundle.len);
    assert_int_equal(policy_bundle_read(bundle, a, store_dir_diag(), &b), ST_OK);
    assert_int_equal(ruleset_load(&b, store_dir_diag(), &rs), ST_OK);
    arena_free(&a);
    return rs;
}

void acts_crash(struct run *r, size_t node)
{
    struct sim_node *n = &r->sim.nodes[node];
    struct digest digest;
    struct span bundle;
    struct db_txn *t;
    policy_work_forget(&n->core);
    ruleset_free(&n->core.rules);
    db_close(&n->core.db);
    n->dir.db = NULL;
    store_dir_open(&n->dir, false);
    n->core.db = n->dir.db;
    assert_int_equal(db_begin(n->core.db, false, &t), ST_OK);
    assert_int_equal(policies_active(t, &digest, &bundle), ST_OK);
    n->core.rules = n->policy.rules = compile(bundle);
    db_abort(&t);
    for (size_t i = 0; i < r->sim.count; i++) {
        r->links[i][node].phase = LINK_IDLE;
        r->links[node][i].phase = LINK_IDLE;
    }
    r->crashes++;
}

// Run a request up to its commit; then the process dies.
static void die_before_commit(struct run *r, size_t node, const struct request *rq)
{
    struct reply rp;
    struct tick *t = sim_tick(&r->sim, node);
    reply_init(&rp);
    assert_int_equal(route_request(t, rq, &rp), ST_OK);
    reply_fini(&rp);
    db_abort(&t->txn);
    ruleset_free(&t->next_rules);
    free(t);
    acts_crash(r, node);
}

// ---- requests of people

// Now and then the node dies under it, before or behind its commit, and the caller asks again.
static void ask(struct run *r, size_t node, enum role role, const char *who, const char *method, const char *target,
                const char *headers, struct span body, struct reply *rp)
{
    char head[1024];
    size_t used;
    int status;
    size_t fate = run_below(r, 100);
    if (fate < 4) {
        struct request *rq = calloc(1, sizeof *rq);
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers, body.len);
        assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
        rq->who.role = role;
        snprintf(rq->who.id, sizeof rq->who.id, "%s", who);
        rq->body = body;
        rq->received_at = r->sim.now;
        die_before_commit(r, node, rq);
        free(rq);
    } else if (fate < 8) {
        flow_ask(&r->sim, node, role, who, method, target, headers, body, rp);
        reply_fini(rp);
        acts_crash(r, node);
    }
    flow_ask(&r->sim, node, role, who, method, target, headers, body, rp);
    r->sim.nodes[node].policy.rules = r->sim.nodes[node].core.rules;
}

static void report_target(const struct run *r, const char *where, size_t index, const char *more, char out[160])
{
    char urn[UUID_URN_LEN + 1];
    snprintf(out, 160, "/v1/%s/%s%s", where, uuid_urn(r->reports[index].id, urn) + 9, more);
}

// The bytes that the node made of a draft, from its store.
static void keep_version(struct run *r, size_t index, uint32_t version, char *draft)
{
    struct run_report *rep = &r->reports[index];
    struct run_version *v = &rep->versions[version - 1];
    struct report_record rec;
    struct rendition_proof proof;
    v->draft = draft;
    buf_init(&v->bytes, RENDITION_BYTES_MAX);
    struct tick *t = sim_tick(&r->sim, rep->owner);
    enum status st = reports_get(t->txn, rep->id, version, "", &rec);
    if (st == ST_OK) {
        buf_span(&v->bytes, rec.bytes);
        v->stored_at = rec.stored_at;
    }
    sim_commit(t);
    if (st != ST_OK) {
        run_broken(r, "version %u of report %zu was acknowledged, and is not there: %s", version, index, status_text(st));
        return;
    }
    v->arena = xml_arena_new(v->bytes.len);
    assert_int_equal(rendition_read(buf_bytes(&v->bytes), v->arena, NULL, &v->report, &proof), ST_OK);
    rep->version = version;
    world_note_canaries(r, index, version);
}

static void publish(struct run *r, size_t node)
{
    struct run_report *rep = &r->reports[r->report_count];
    struct reply rp;
    if (r->report_count == RUN_REPORTS_MAX)
        return;
    rep->owner = node;
    snprintf(rep->cell, sizeof rep->cell, "J%zu", 2 + run_below(r, 2));
    char *draft = world_draft(r, r->report_count, 1);
    ask(r, node, ROLE_CELL, rep->cell, "POST", "/v1/reports", "", span_cstr(draft), &rp);
    if (rp.status != 201)
        fail_msg("seed %llu: a draft was refused: %d %s\n%s", (unsigned long long)r->seed, rp.status, buf_cstr(&rp.body), draft);
    char urn[UUID_URN_LEN + 1];
    snprintf(urn, sizeof urn, "urn:uuid:%s", flow_header(&rp, "Location") + strlen("/v1/reports/"));
    assert_int_equal(uuid_parse(span_cstr(urn), &rep->id), ST_OK);
    reply_fini(&rp);
    keep_version(r, r->report_count++, 1, draft);
}

// An own report that is not recalled, or SIZE_MAX.
static size_t pick_own(struct run *r, size_t node)
{
    for (int tries = 0; tries < 12 && r->report_count; tries++) {
        size_t i = run_below(r, r->report_count);
        if (r->reports[i].owner == node && !r->reports[i].recalled)
            return i;
    }
    return SIZE_MAX;
}

static void correct(struct run *r, size_t node)
{
    char target[160], match[40];
    struct reply rp;
    size_t i = pick_own(r, node);
    if (i == SIZE_MAX || r->reports[i].version == RUN_VERSIONS_MAX)
        return;
    uint32_t version = r->reports[i].version;
    char *draft = world_draft(r, i, version + 1);
    report_target(r, "reports", i, "", target);
    snprintf(match, sizeof match, "If-Match: \"%u\"\r\n", version);
    ask(r, node, ROLE_CELL, r->reports[i].cell, "PUT", target, match, span_cstr(draft), &rp);
    if (rp.status != 200)
        fail_msg("seed %llu: a correction was refused: %d %s\n%s", (unsigned long long)r->seed, rp.status, buf_cstr(&rp.body), draft);
    reply_fini(&rp);
    keep_version(r, i, version + 1, draft);
}

static void recall(struct run *r, size_t node)
{
    char target[160], match[40];
    struct reply rp;
    size_t i = pick_own(r, node);
    if (i == SIZE_MAX)
        return;
    report_target(r, "reports", i, "?reason=wrong", target);
    snprintf(match, sizeof match, "If-Match: \"%u\"\r\n", r->reports[i].version);
    ask(r, node, ROLE_CELL, r->reports[i].cell, "DELETE", target, match, span_of(NULL, 0), &rp);
    if (rp.status != 204 && rp.status != 410) // 410: its answer was lost the first time
        run_broken(r, "a recall was refused: %d %s", rp.status, buf_cstr(&rp.body));
    reply_fini(&rp);
    r->reports[i].recalled = true;
    if (r->plant != PLANT_RECALL_UNDONE || r->planted)
        return;
    const struct run_version *v = &r->reports[i].versions[r->reports[i].version - 1];
    struct tick *t = sim_tick(&r->sim, node);
    assert_int_equal(db_put(t->txn, DB_META, span_cstr("planted"), buf_bytes(&v->bytes)), ST_OK);
    sim_commit(t);
    r->planted = true;
}

// ---- officers

static void answer_hold(struct run *r, size_t node)
{
    static const char *const names[RUN_OFFICERS] = {"ANNE", "BOB", "CLEO"}, *const actions[] = {"approve", "refuse", "revoke"};
    struct run_node *n = &r->nodes[node];
    size_t i = r->report_count ? run_below(r, r->report_count) : SIZE_MAX, who = run_below(r, RUN_OFFICERS);
    size_t partner = run_below(r, r->sim.count), action = run_chance(r, 75) ? 0 : run_below(r, 3);
    char target[160], more[64];
    struct decision d;
    struct reply rp;
    if (i == SIZE_MAX || partner == node || !n->copies[i].present)
        return;
    model_decide(r, node, partner, i, &n->copies[i], &d);
    snprintf(more, sizeof more, "?partner=%s&action=%s", r->sim.nodes[partner].nation, actions[action]);
    report_target(r, "holds", i, more, target);
    flow_ask(&r->sim, node, ROLE_OFFICER, names[who], "POST", target, "", span_of(NULL, 0), &rp);
    struct run_approval *a = &n->approvals[partner][i][n->copies[i].version - 1][who];
    if (rp.status == 200)
        *a = (struct run_approval){.given = action != 2, .refused = action == 1, .withheld = d.withheld};
    else if (rp.status != 409 && rp.status != 410)
        run_broken(r, "an officer's answer was refused: %d %s", rp.status, buf_cstr(&rp.body));
    if (rp.status != 200 && action == 0 && d.outcome == OUTCOME_HOLD)
        run_broken(r, "%s awaits an officer for %s, and cannot be approved: %d", target, r->sim.nodes[partner].nation, rp.status);
    reply_fini(&rp);
}

// ---- policy

void acts_activate(struct run *r, size_t node)
{
    struct run_node *n = &r->nodes[node];
    struct ruleset *old = n->rules;
    struct buf policy, bundle;
    struct reply rp;
    buf_init(&policy, 64 * KIB);
    buf_init(&bundle, MIB);
    n->serial++;
    world_policy_write(r, node, &policy);
    const struct policy_bundle b = world_bundle(buf_bytes(&policy), run_chance(r, 30) ? 4 : 0);
    policy_bundle_write(&b, &bundle);
    flow_ask(&r->sim, node, ROLE_OFFICER, "ANNE", "POST", "/v1/policy", "", buf_bytes(&bundle), &rp);
    if (rp.status != 200)
        fail_msg("seed %llu: a policy was refused: %d %s\n%s", (unsigned long long)r->seed, rp.status, buf_cstr(&rp.body), buf_cstr(&policy));
    reply_fini(&rp);
    n->rules = compile(buf_bytes(&bundle));
    if (r->plant == PLANT_STALE_RULES && old && !r->planted) {
        ruleset_free(&r->sim.nodes[node].core.rules);
        r->sim.nodes[node].core.rules = old;
        old = NULL;
        r->planted = true;
    }
    r->sim.nodes[node].policy.rules = r->sim.nodes[node].core.rules;
    ruleset_free(&old);
    buf_fini(&policy);
    buf_fini(&bundle);
    r->activations++;
}

// ---- what falls due

struct due {
    bool more, heads;
};

static enum status run_due(struct tick *t, struct tick_job *job)
{
    struct due *d = job->ctx;
    utc_ms next;
    if (d->heads)
        TRY(daily_head_due(t, &next));
    TRY(release_due(t, &next));
    return policy_work_due(t, &next);
}

static enum status run_work(struct tick *t, struct tick_job *job)
{
    struct due *d = job->ctx;
    return policy_work(t, &d->more);
}

// A part of what follows from an activation, while the network goes on.
static void work_a_slice(struct run *r, size_t node)
{
    struct due d = {.more = true};
    if (!r->nodes[node].busy)
        return;
    r->sim.nodes[node].core.work_us = 300;
    sim_job(&r->sim, node, run_work, &d);
    r->sim.nodes[node].core.work_us = 0;
    r->nodes[node].busy = d.more;
}

void acts_settle(struct run *r, size_t node)
{
    struct due d = {.more = true, .heads = true};
    if (r->plant != PLANT_INSTANT_MISSED)
        sim_job(&r->sim, node, run_due, &d);
    for (int i = 0; d.more && r->plant != PLANT_WORK_FORGOTTEN; i++) {
        sim_job(&r->sim, node, run_work, &d);
        assert_true(i < 10000);
    }
    r->nodes[node].busy = false;
}

void acts_time(struct run *r)
{
    static const utc_ms spans[] = {1, 1000, 60000, 3600000, 3600000, 2 * 3600000, 7 * 3600000};
    r->sim.now += spans[run_below(r, 7)];
    for (size_t i = 0; i < r->sim.count; i++) {
        acts_settle(r, i);
        model_settle(r, i);
    }
}

// ---- faults planted in stores

// The store forgets what it acknowledged last.
static void publish_and_forget(struct run *r, size_t node)
{
    static uint8_t bytes[64 << 20];
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", r->sim.nodes[node].dir.path);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    publish(r, node);
    db_close(&r->sim.nodes[node].core.db);
    f = fopen(path, "wb");
    assert_true(f && fwrite(bytes, 1, len, f) == len);
    fclose(f);
    store_dir_open(&r->sim.nodes[node].dir, false);
    r->sim.nodes[node].core.db = r->sim.nodes[node].dir.db;
    acts_crash(r, node);
    r->planted = true;
}

static void plant_history(struct run *r, size_t node)
{
    struct key k = {.len = 0};
    struct span leaf;
    struct buf b;
    struct tick *t = sim_tick(&r->sim, node);
    key_u64(&k, 1);
    buf_init(&b, MIB);
    assert_int_equal(db_get(t->txn, DB_AUDIT, key_span(&k), &leaf), ST_OK);
    buf_span(&b, leaf);
    b.ptr[b.len / 2] ^= 1;
    assert_int_equal(db_put(t->txn, DB_AUDIT, key_span(&k), buf_bytes(&b)), ST_OK);
    sim_commit(t);
    buf_fini(&b);
    r->planted = true;
}

static void plant_approvals(struct run *r, size_t node)
{
    static const char *const names[] = {"officer:EVE", "officer:MALLORY"};
    struct tick *t = sim_tick(&r->sim, node);
    for (size_t i = 0; i < r->report_count; i++)
        for (size_t p = 0; p < r->sim.count && r->nodes[node].copies[i].present; p++)
            for (size_t k = 0; k < 2 && p != node; k++) {
                struct approval a = {.at = t->now};
                snprintf(a.officer, sizeof a.officer, "%s", names[k]);
                assert_int_equal(approval_put(t->txn, r->reports[i].id, r->nodes[node].copies[i].version,
                                              r->sim.nodes[p].nation, &a), ST_OK);
                assert_int_equal(release_report(t, r->reports[i].id, CAUSE_RECHECK, NULL), ST_OK);
            }
    sim_commit(t);
    r->planted = true;
}

static void plant(struct run *r, size_t node)
{
    if (r->planted || r->report_count < 5)
        return;
    if (r->plant == PLANT_LOST_COMMIT)
        publish_and_forget(r, node);
    if (r->plant == PLANT_WRITTEN_HISTORY)
        plant_history(r, node);
    if (r->plant == PLANT_APPROVED_UNASKED)
        plant_approvals(r, node);
}

// ---- what a node's people do

static void change_policy(struct run *r, size_t node)
{
    acts_activate(r, node);
    r->nodes[node].busy = run_chance(r, 40);
    if (!r->nodes[node].busy)
        acts_settle(r, node);
}

void acts_step(struct run *r, size_t node)
{
    size_t what = run_below(r, 100);
    plant(r, node);
    if (r->nodes[node].busy)
        work_a_slice(r, node);
    else if (what < 38)
        publish(r, node);
    else if (what < 56)
        correct(r, node);
    else if (what < 64)
        recall(r, node);
    else if (what < 80)
        answer_hold(r, node);
    else if (what < 92)
        change_policy(r, node);
    else
        acts_crash(r, node);
    model_settle(r, node);
}
