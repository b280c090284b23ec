// Questions to a large audit log: milliseconds each, medians of ROUNDS random ones.
//   bench_audit_query DIR [EVENTS]     DIR: empty or new; default 1,000,000 events
//
// The mix is a node's that exchanges with PARTNERS partners: for each report its publication, the decision, four releases, and
// each partner's pages and receipts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/core/past.h"
#include "store/audit_log.h"

enum { ROUNDS = 51, GROUP = 1000, KINDS = 8, PARTNERS = 100, POLICY_EVERY = 100000 };

static const utc_ms begin_at = 1700000000000; // an event a second from here on

static void need(const char *what, enum status st)
{
    if (st == ST_OK)
        return;
    fprintf(stderr, "bench_audit_query: %s: %s\n", what, status_text(st));
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

// ---- events

static struct uuid report_of(uint64_t number)
{
    struct digest d = sha256(span_of(&number, sizeof number));
    struct uuid id;
    memcpy(id.b, d.b, sizeof id.b);
    return id;
}

static const char *partner_of(uint64_t number)
{
    static char name[16];
    snprintf(name, sizeof name, "P%02u", (unsigned)(number % PARTNERS));
    return name;
}

static const char detail[] = "<decision agreement=\"GBR-1\" outcome=\"release\" partner=\"P01\" reason=\"-\"></decision>"
                             "<decision outcome=\"deny\" partner=\"P02\" reason=\"no-agreement\"></decision>";
static const char digest[] = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct audit_event event_of(uint64_t n, char position[24])
{
    uint64_t number = n / KINDS;
    struct audit_event e = {.kind = AUDIT_RELEASE, .actor = "node", .has_report = true, .version = 1, .report = report_of(number)};
    unsigned k = (unsigned)(n % KINDS);
    snprintf(position, 24, "%llu", (unsigned long long)number);
    if (n % POLICY_EVERY == 0) {
        e = (struct audit_event){.kind = AUDIT_POLICY, .actor = "officer:ANNE"};
        audit_event_attr(&e, "digest", digest);
    } else if (k == 0) {
        e.kind = AUDIT_PUBLISH;
        e.actor = "cell:J2-NORTH";
    } else if (k == 5) {
        e.kind = AUDIT_DECIDE;
        e.detail = span_cstr(detail);
        audit_event_attr(&e, "policy", digest);
    } else if (k > 5) {
        e = (struct audit_event){.kind = k == 6 ? AUDIT_DELIVER : AUDIT_RECEIPT, .actor = "node", .partner = partner_of(number)};
    } else {
        e.partner = partner_of(number * 7 + k);
        audit_event_attr(&e, "agreement", "GBR-1");
        audit_event_attr(&e, "digest", digest);
        audit_event_attr(&e, "position", position);
    }
    return e;
}

static void fill(struct db *db, uint64_t count)
{
    struct random_source random = random_system();
    for (uint64_t n = 0; n < count;) {
        struct db_txn *t;
        need("begin", db_begin(db, true, &t));
        for (uint64_t end = n + GROUP < count ? n + GROUP : count; n < end; n++) {
            char position[24];
            struct audit_event e = event_of(n, position);
            need("append", audit_append(t, &e, begin_at + (utc_ms)n * 1000, &random));
        }
        need("commit", db_commit(&t));
    }
}

// ---- questions

struct asking {
    struct tick tick;
    uint64_t count; // events in the log
    uint64_t found; // by the question
};

static enum status on_event(void *ctx, const struct audit_event *e)
{
    struct asking *x = ctx;
    x->found += e->n < x->count;
    return ST_OK;
}

static enum status on_holding(void *ctx, const struct past_holding *h)
{
    struct asking *x = ctx;
    x->found += h->released.version == 1;
    return ST_OK;
}

static void each(struct asking *x, const struct audit_filter *f)
{
    need("query", audit_each(x->tick.txn, f, on_event, x));
}

static void by_report(struct asking *x, uint64_t r)
{
    each(x, &(struct audit_filter){.by_report = true, .report = report_of(r % (x->count / KINDS))});
}

static void by_partner(struct asking *x, uint64_t r)
{
    each(x, &(struct audit_filter){.partner = partner_of(r), .newest_first = true, .limit = 100});
}

static utc_ms instant(const struct asking *x, uint64_t r)
{
    return begin_at + (utc_ms)(r % x->count) * 1000;
}

static void by_partner_and_time(struct asking *x, uint64_t r)
{
    utc_ms from = instant(x, r * 31);
    each(x, &(struct audit_filter){.partner = partner_of(r), .from = from, .until = from + (utc_ms)x->count});
}

static void by_time(struct asking *x, uint64_t r)
{
    utc_ms from = instant(x, r);
    each(x, &(struct audit_filter){.from = from, .until = from + 100000});
}

static void by_kind(struct asking *x, uint64_t r)
{
    (void)r;
    each(x, &(struct audit_filter){.by_kind = true, .kind = AUDIT_POLICY});
}

static void by_actor(struct asking *x, uint64_t r)
{
    (void)r;
    each(x, &(struct audit_filter){.actor = "officer:ANNE"});
}

static void who_has(struct asking *x, uint64_t r)
{
    need("who-has", past_of_report(&x->tick, report_of(r % (x->count / KINDS)), UTC_MAX, on_holding, x));
}

static void seen_by(struct asking *x, uint64_t r)
{
    need("seen-by", past_of_partner(&x->tick, partner_of(r), instant(x, r * 17), on_holding, x));
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static void measure(struct db *db, uint64_t count, const char *what, unsigned rounds, void (*ask)(struct asking *x, uint64_t r))
{
    struct core *core = calloc(1, sizeof *core); // no policy in force: serials are not known
    struct asking x = {.count = count};
    double spent[ROUNDS] = {0};
    uint64_t r = 88172645463325252u;
    if (!core)
        need("memory", ST_NOMEM);
    x.tick = (struct tick){.core = core};
    need("begin", db_begin(db, false, &x.tick.txn));
    for (unsigned i = 0; i < rounds; i++) {
        r ^= r << 13, r ^= r >> 7, r ^= r << 17;
        double from = now_ms();
        ask(&x, r);
        spent[i] = now_ms() - from;
    }
    db_abort(&x.tick.txn);
    free(core);
    qsort(spent, rounds, sizeof *spent, by_value);
    printf("%-36s %9.3f ms, longest %9.3f ms, %.1f found\n", what, spent[rounds / 2], spent[rounds - 1],
           (double)x.found / (double)rounds);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    struct db_options o = {.map_bytes_max = (size_t)64 << 30};
    struct diag *d = calloc(1, sizeof *d);
    struct db *db;
    if (argc < 2 || count < 10 * KINDS || !d) {
        fprintf(stderr, "usage: bench_audit_query DIR [EVENTS]\n");
        return 2;
    }
    need("open", db_open(argv[1], &o, d, &db));
    fill(db, count);
    measure(db, count, "query by report", ROUNDS, by_report);
    measure(db, count, "query by partner, newest 100", ROUNDS, by_partner);
    measure(db, count, "query by partner, 1/1000 of the time", ROUNDS, by_partner_and_time);
    measure(db, count, "query by time, 100 s", ROUNDS, by_time);
    measure(db, count, "query by kind, whole log", 5, by_kind);
    measure(db, count, "query by actor, whole log", 5, by_actor);
    measure(db, count, "who-has", ROUNDS, who_has);
    measure(db, count, "seen-by at a random instant", 11, seen_by);
    free(d);
    db_close(&db);
    return 0;
}
