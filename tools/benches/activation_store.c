// The store's side of the activation benchmark: filling, watching, verifying.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/core/outline_keep.h"
#include "node/core/record.h"
#include "node/core/release.h"
#include "node/core/search_flow.h"
#include "node/io/node_state.h"
#include "policy/decide_bulk.h"
#include "store/policies.h"
#include "store/policy_steps.h"
#include "tools/benches/activation.h"
#include "tools/benches/activation_world.h"

enum { REPORTS_PER_COMMIT = 2000, WORDS = 200 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct node_state *open_node(const char *dir, enum node_use use)
{
    static struct diag d;
    struct node_state *n = NULL;
    diag_init(&d, NULL);
    if (node_open(dir, use, &d, &n) != ST_OK)
        fprintf(stderr, "bench_activation: %s: %s\n", dir, d.count ? d.faults[0].message : "cannot open the node");
    return n;
}

// ---- filling

struct filling {
    unsigned partners;
    uint64_t next, number, reports; // next: how many there are; number: the next one's, where some are left out
    bool first_only;
    uint64_t pairs;
    struct decide_bulk *bulk;
    struct buf draft, bytes, outline;
};

static enum status store_report(struct filling *f, struct tick *t, const struct report *r, const struct report_finish *how,
                                struct stored_report *ret)
{
    struct diag *d = NULL;
    TRY(report_finish(r, how, &f->bytes, d));
    *ret = (struct stored_report){.report = r, .bytes = buf_bytes(&f->bytes)};
    ret->record = (struct report_record){.id = how->id, .version = 1, .stored_at = t->now, .issued = how->issued,
                                         .digest = sha256(ret->bytes), .nation = "GBR", .bytes = ret->bytes};
    snprintf(ret->record.type, sizeof ret->record.type, "%s", r->type);
    snprintf(ret->record.title, sizeof ret->record.title, "%s", r->title);
    TRY(reports_put(t->txn, &ret->record));
    return outline_keep(t, ret);
}

// Release to whom the bulk decision says; the others get nothing, as they would.
static enum status release(struct filling *f, struct tick *t, const struct stored_report *s, struct arena *a)
{
    const struct decide_record rec = {.stored_at = UTC_MIN, .any_approvals_count = true}; // there are no embargoes
    const struct decide_bulk_sets *sets;
    struct outline o;
    uint64_t unused;
    struct report_record of;
    struct release_some some = {.outline = &o, .of = &of};
    buf_reset(&f->outline);
    outline_write(s->report, false, ONWARD_FORBIDDEN, &f->outline);
    TRY(outline_read(buf_bytes(&f->outline), a, &o));
    TRY(outlines_of(t->txn, s->record.id, &unused, &some.known, &of));
    TRY(decide_bulk(f->bulk, o.report, &rec, &sets));
    some.partners = sets->outcomes[OUTCOME_RELEASE];
    partner_set_join(&some.partners, &sets->outcomes[OUTCOME_REDACT]);
    f->pairs += partner_set_count(&some.partners);
    return release_some(t, &some, CAUSE_PUBLISH);
}

static enum status fill_one(struct filling *f, struct tick *t, uint64_t number)
{
    const struct report *r;
    struct stored_report s;
    const struct report_finish how = {.id = world_id(number), .version = 1, .issued = t->now / 1000 * 1000,
                                      .random = &t->core->random, .key = t->core->report_key};
    buf_reset(&f->draft);
    buf_reset(&f->bytes);
    world_draft(&f->draft, f->partners, number, f->first_only ? WORDS : 0);
    struct arena *a = xml_arena_new(f->draft.len);
    if (!a)
        return ST_NOMEM;
    enum status st = report_read(buf_bytes(&f->draft), NULL, a, NULL, &r);
    if (st == ST_OK)
        st = store_report(f, t, r, &how, &s);
    if (st == ST_OK)
        st = release(f, t, &s, a);
    arena_free(&a);
    return st;
}

static enum status fill_some(struct tick *t, struct tick_job *job)
{
    struct filling *f = job->ctx;
    uint64_t end = f->next + REPORTS_PER_COMMIT < f->reports ? f->next + REPORTS_PER_COMMIT : f->reports, pairs = f->pairs;
    uint64_t number = f->number;
    enum status st = ST_OK;
    bool unused;
    if (!f->bulk)
        TRY(decide_bulk_new(t->core->rules, t->now, 64 * MIB, &f->bulk));
    for (uint64_t i = f->next; i < end && st == ST_OK; i++, number++) {
        while (f->first_only && !world_is_for_first(f->partners, number))
            number++;
        st = fill_one(f, t, number);
    }
    if (st == ST_OK)
        st = search_work(t, REPORTS_PER_COMMIT, &unused); // so that the node has nothing else to do
    if (st == ST_OK)
        f->next = end, f->number = number;
    else
        f->pairs = pairs;
    return st;
}

static enum status fill(struct filling *f, struct core *c)
{
    double start = now_s();
    while (f->next < f->reports) {
        struct timespec ts;
        struct tick t;
        struct tick_job job = {.run = fill_some, .ctx = f};
        uint64_t at = f->next;
        clock_gettime(CLOCK_REALTIME, &ts);
        TRY(tick_run(c, (utc_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, &job, 1, &t));
        if (job.st != ST_OK)
            return job.st;
        if (at / 100000 != f->next / 100000)
            fprintf(stderr, "# %" PRIu64 " reports, %.0f s\n", f->next, now_s() - start);
    }
    return ST_OK;
}

int activation_fill(const char *dir, unsigned partners, uint64_t reports, bool first_only)
{
    struct node_state *n = open_node(dir, NODE_DAEMON);
    struct filling f = {.partners = partners, .reports = reports, .first_only = first_only};
    struct db_txn *t;
    uint64_t outlines = 0;
    if (!n)
        return 1;
    buf_init(&f.draft, MIB);
    buf_init(&f.bytes, MIB);
    buf_init(&f.outline, MIB);
    enum status st = fill(&f, &n->core);
    if (st == ST_OK && db_begin(n->core.db, false, &t) == ST_OK) {
        st = db_count(t, DB_OUTLINES, &outlines);
        db_abort(&t);
    }
    if (st == ST_OK)
        printf("reports %" PRIu64 " partners %u released-pairs %" PRIu64 " outlines %" PRIu64 "\n", reports, partners, f.pairs, outlines);
    else
        fprintf(stderr, "bench_activation: filling failed: %s\n", status_text(st));
    decide_bulk_free(&f.bulk);
    buf_fini(&f.draft);
    buf_fini(&f.bytes);
    buf_fini(&f.outline);
    node_close(&n);
    return st == ST_OK ? 0 : 1;
}

// ---- watching

static enum status add_size(void *ctx, const char *partner)
{
    struct db_txn *t = ((void **)ctx)[0];
    uint64_t *sum = ((void **)ctx)[1], size;
    TRY(ledger_size(t, partner, &size));
    *sum += size;
    return ST_OK;
}

struct look {
    struct digest active;
    bool working;
    uint64_t entries; // counted only when asked for
};

static enum status look(struct db *db, bool count, struct look *ret)
{
    struct db_txn *t;
    struct span unused;
    struct policy_step step;
    *ret = (struct look){.entries = 0};
    TRY(db_begin(db, false, &t));
    enum status st = policies_active(t, &ret->active, &unused);
    if (st == ST_OK)
        st = policies_work_pending(t, &ret->working);
    if (st == ST_OK && !ret->working) {
        st = policy_steps_first(t, &step);
        ret->working = st == ST_OK;
        st = st == ST_NOT_FOUND ? ST_OK : st;
    }
    if (st == ST_OK && count)
        st = ledger_each_partner(t, add_size, (void *[]){t, &ret->entries});
    db_abort(&t);
    return st;
}

int activation_watch(const char *dir)
{
    struct node_state *n = open_node(dir, NODE_READER);
    const struct timespec pause = {.tv_nsec = 5000000};
    struct look first, l;
    if (!n)
        return 1;
    enum status st = look(n->core.db, true, &first);
    printf("watching\n");
    fflush(stdout);
    for (l = first; st == ST_OK && digest_eq(&l.active, &first.active); nanosleep(&pause, NULL))
        st = look(n->core.db, false, &l);
    double start = now_s();
    for (; st == ST_OK && l.working; nanosleep(&pause, NULL))
        st = look(n->core.db, false, &l);
    double took = now_s() - start;
    if (st == ST_OK)
        st = look(n->core.db, true, &l);
    uint64_t entries = l.entries - first.entries;
    if (st == ST_OK)
        printf("entries-written %" PRIu64 " seconds %.2f entries-per-second %.0f\n", entries, took, took > 0 ? (double)entries / took : 0);
    else
        fprintf(stderr, "bench_activation: watching failed: %s\n", status_text(st));
    node_close(&n);
    return st == ST_OK ? 0 : 1;
}

// ---- verifying

struct verifying {
    struct tick t;
    struct ruleset *before, *after;
    utc_ms activated_at;
    uint64_t pairs, changed, wrong;
};

static bool same_set(const struct withheld_set *a, const struct withheld_set *b)
{
    return a->overall == b->overall && memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

static void wrong(struct verifying *v, struct uuid id, const char *partner, const char *what)
{
    char urn[UUID_URN_LEN + 1];
    if (v->wrong++ < 10)
        fprintf(stderr, "bench_activation: %s for %s: %s\n", uuid_urn(id, urn), partner, what);
}

static enum status verify_pair(struct verifying *v, const struct stored_report *s, const char *partner, size_t before, size_t after)
{
    const struct decide_record rec = {.stored_at = s->record.stored_at};
    struct decision then, now = {.outcome = OUTCOME_DENY};
    struct holding h;
    struct ledger_entry e = {.at = UTC_MIN};
    decide(v->before, s->report, before, v->t.now, &rec, &then);
    if (after != SIZE_MAX)
        decide(v->after, s->report, after, v->t.now, &rec, &now);
    enum status st = holding_get(v->t.txn, partner, s->record.id, &h);
    bool live = st == ST_OK && h.kind == ENTRY_RELEASE && !h.lapsed;
    if (st == ST_OK)
        st = ledger_get(v->t.txn, partner, h.n, &e);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool permits = decision_permits(&now), changes = permits != decision_permits(&then) || (permits && !same_set(&now.withheld, &then.withheld));
    v->pairs++;
    v->changed += changes;
    if (live != permits || (live && !same_set(&h.withheld, &now.withheld)))
        wrong(v, s->record.id, partner, "the holding is not what decide() says");
    if (changes != (e.at >= v->activated_at))
        wrong(v, s->record.id, partner, changes ? "no entry was written" : "an entry was written though nothing changed");
    return ST_OK;
}

static enum status verify_report(struct verifying *v, struct uuid id)
{
    struct stored_report *s;
    TRY(record_load_current(&v->t, id, &s));
    enum status st = ST_OK;
    for (size_t i = 0; i < ruleset_partner_count(v->before) && st == ST_OK; i++) {
        const char *partner = ruleset_partner(v->before, i)->id;
        st = verify_pair(v, s, partner, i, ruleset_partner_index(v->after, partner));
    }
    record_free(&s);
    return st;
}

static enum status load_before(struct verifying *v, unsigned partners)
{
    struct buf policy, spif, vocabulary;
    buf_init(&policy, POLICY_BYTES_MAX);
    buf_init(&spif, POLICY_BYTES_MAX);
    buf_init(&vocabulary, POLICY_BYTES_MAX);
    world_policy(&policy, partners, false);
    world_spif(&spif, partners);
    world_vocabulary(&vocabulary);
    const struct policy_bundle b = {.policy = {"before.xml", buf_bytes(&policy)}, .vocabulary = {"vocabulary.xml", buf_bytes(&vocabulary)},
                                    .spifs = {{"bench.xml", buf_bytes(&spif)}}, .spif_count = 1};
    enum status st = ruleset_load(&b, NULL, &v->before);
    buf_fini(&policy);
    buf_fini(&spif);
    buf_fini(&vocabulary);
    return st;
}

static enum status verify(struct verifying *v, uint64_t reports, uint64_t sample)
{
    struct policy_moment seen;
    TRY(policy_seen(v->t.txn, &seen));
    v->activated_at = v->t.now = seen.at;
    uint64_t step = reports / sample ? reports / sample : 1;
    for (uint64_t i = 0; i < reports; i += step)
        TRY(verify_report(v, world_id(i)));
    return ST_OK;
}

int activation_verify(const char *dir, unsigned partners, uint64_t reports, uint64_t sample)
{
    struct node_state *n = open_node(dir, NODE_READER);
    if (!n)
        return 1;
    struct verifying v = {.t = {.core = &n->core}, .after = n->core.rules};
    enum status st = load_before(&v, partners);
    if (st == ST_OK)
        st = db_begin(n->core.db, false, &v.t.txn);
    if (st == ST_OK)
        st = verify(&v, reports, sample);
    if (st == ST_OK)
        printf("verified-pairs %" PRIu64 " of-these-changed %" PRIu64 " wrong %" PRIu64 "\n", v.pairs, v.changed, v.wrong);
    else
        fprintf(stderr, "bench_activation: verifying failed: %s\n", status_text(st));
    db_abort(&v.t.txn);
    ruleset_free(&v.before);
    node_close(&n);
    return st == ST_OK && v.wrong == 0 && v.changed > 0 ? 0 : 1;
}
