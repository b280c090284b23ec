#include "tests/support/flow_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/policy_work.h"
#include "node/core/release.h"

enum status flow_ask_failing(struct sim *s, size_t node, enum role role, const char *who, const char *method,
                             const char *target, const char *headers, struct span body, struct reply *rp)
{
    char head[2048];
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    size_t used;
    int status;
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers,
             body.len);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = role;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", who);
    rq->body = body;
    rq->received_at = s->now;
    reply_init(rp);
    struct tick_job job = {.request = rq, .reply = rp};
    assert_int_equal(tick_run(&s->nodes[node].core, s->now, &job, 1, &t), ST_OK);
    free(rq);
    return job.st;
}

void flow_ask(struct sim *s, size_t node, enum role role, const char *who, const char *method, const char *target,
              const char *headers, struct span body, struct reply *rp)
{
    enum status st = flow_ask_failing(s, node, role, who, method, target, headers, body, rp);
    if (st != ST_OK)
        fail_msg("%s %s: the job failed: %s", method, target, status_text(st));
}

const char *flow_header(const struct reply *rp, const char *name)
{
    for (size_t i = 0; i < rp->header_count; i++)
        if (strcmp(rp->headers[i].name, name) == 0)
            return rp->headers[i].value;
    return "";
}

static void hash_in(struct digest *sum, struct span s)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)s.len >> (8 * i));
    const struct span parts[] = {span_of(sum->b, sizeof sum->b), span_of(length, sizeof length), s};
    *sum = sha256_parts(parts, 3);
}

struct digest flow_store(struct sim *s, size_t node)
{
    struct digest sum = {{0}};
    struct db_txn *t;
    struct span all = span_of(NULL, 0);
    assert_int_equal(db_begin(s->nodes[node].core.db, false, &t), ST_OK);
    for (int table = 0; table < DB_TABLE_COUNT; table++) {
        struct db_walk w;
        for (bool ok = db_walk_first(t, (enum db_table)table, all, all, &w); ok; ok = db_walk_next(&w)) {
            hash_in(&sum, w.key);
            hash_in(&sum, w.value);
        }
        assert_int_equal(w.st, ST_OK);
        db_walk_end(&w);
        hash_in(&sum, span_cstr("next table"));
    }
    db_abort(&t);
    return sum;
}

void flow_policy(struct sim *s, size_t node, const char *policy, uint32_t pad)
{
    struct sim_node *n = &s->nodes[node];
    const struct policy_bundle b = {
        .policy = {"policy.xml", span_cstr(policy)},
        .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
        .spifs = {{"alfa.xml", span_cstr(world_alfa)}, {"beta.xml", span_cstr(world_beta)}},
        .spif_count = 2,
        .pad = pad,
    };
    world_free(&n->policy);
    n->policy = world_new(NULL);
    if (ruleset_load(&b, n->policy.d, &n->policy.rules) != ST_OK)
        fail_msg("policy: %s", n->policy.d->faults[0].message);
    n->core.rules = n->policy.rules;
    sim_seen(s, node);
}

const char *flow_ledger(struct sim *s, size_t node, const char *partner)
{
    static char text[1024];
    static const char letters[] = "RXWH";
    size_t used = 0;
    uint64_t size;
    struct tick *t = sim_tick(s, node);
    text[0] = 0;
    assert_int_equal(ledger_size(t->txn, partner, &size), ST_OK);
    for (uint64_t n = 0; n < size && used + 16 < sizeof text; n++) {
        struct ledger_entry e;
        assert_int_equal(ledger_get(t->txn, partner, n, &e), ST_OK);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%c%u", n ? " " : "", letters[e.kind], e.version);
    }
    sim_commit(t);
    return text;
}

void flow_expect(struct sim *s, size_t node, const char *partner, const char *ledger)
{
    const char *is = flow_ledger(s, node, partner);
    if (strcmp(is, ledger) != 0)
        fail_msg("ledger to %s is \"%s\", expected \"%s\"", partner, is, ledger);
}

struct ledger_entry flow_entry(struct sim *s, size_t node, const char *partner, uint64_t n)
{
    struct ledger_entry e;
    struct tick *t = sim_tick(s, node);
    assert_int_equal(ledger_get(t->txn, partner, n, &e), ST_OK);
    sim_commit(t);
    return e;
}

struct due {
    utc_ms next;
    bool more;
};

static enum status run_due(struct tick *t, struct tick_job *job)
{
    struct due *d = job->ctx;
    utc_ms dated;
    TRY(release_due(t, &d->next));
    TRY(policy_work_due(t, &dated));
    if (dated < d->next)
        d->next = dated;
    return policy_work(t, &d->more);
}

utc_ms flow_due(struct sim *s, size_t node)
{
    struct due d = {.more = true};
    while (d.more)
        sim_job(s, node, run_due, &d);
    return d.next;
}

const char *flow_served(struct sim *s, size_t node, size_t partner, uint8_t id)
{
    static char text[16384];
    char target[80], urn[UUID_URN_LEN + 1];
    struct reply rp;
    struct buf wire;
    snprintf(target, sizeof target, "/v1/reports/%s", uuid_urn(sim_id(id), urn) + 9);
    sim_request(s, partner, node, "GET", target, "", span_of(NULL, 0), &rp);
    bool served = rp.status == 200;
    if (served) {
        buf_init(&wire, RENDITION_BYTES_MAX);
        sim_wire(s, partner, node, &rp, &wire);
        snprintf(text, sizeof text, "%s", buf_cstr(&wire));
        buf_fini(&wire);
    }
    reply_fini(&rp);
    return served ? text : NULL;
}
