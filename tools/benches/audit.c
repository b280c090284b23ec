// The audit log: events appended per second, durable, in ticks of GROUP events; and verify_store over all of them,
// against SHA-256 of the same bytes, alternating, medians of ROUNDS.
//   bench_audit DIR [EVENTS]     DIR: empty or new, on the disk to measure; default 1,000,000 events
//
// The mix is a node's that exchanges: for each report its publication, the decision for three partners (with detail), two
// events that tell of it to a partner each, an officer's reading and a page received. The publications are those of REPORTS
// reports, which are in the store.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/audit_log.h"
#include "store/policies.h"
#include "store/reports.h"
#include "store/verify.h"

enum { ROUNDS = 5, GROUP = 1000, KINDS = 6, REPORTS = 1000 };

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Of the processor: others may be at work on it. Of all threads, for hashing has one only.
static double now_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop(const char *what, enum status st)
{
    fprintf(stderr, "bench_audit: %s: %s\n", what, status_text(st));
    exit(1);
}

static void need(const char *what, enum status st)
{
    if (st != ST_OK)
        stop(what, st);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double list[ROUNDS])
{
    qsort(list, ROUNDS, sizeof *list, by_value);
    return list[ROUNDS / 2];
}

// ---- events

static const char content[] = "a report";
static char published[DIGEST_TEXT_LEN + 1]; // its digest

static const char detail[] =
    "<decision agreement=\"GBR-FRA-1\" outcome=\"release\" partner=\"FRA\"></decision>"
    "<decision agreement=\"GBR-MARSEC-2\" outcome=\"redact\" partner=\"MARSEC\" withheld=\"_p2 _p3\"></decision>"
    "<decision outcome=\"deny\" partner=\"USA\" reason=\"clearance\"></decision>";

static struct uuid report_of(uint64_t n)
{
    struct uuid id;
    struct digest d = sha256(span_of(&n, sizeof n));
    memcpy(id.b, d.b, sizeof id.b);
    return id;
}

static struct audit_event event_of(uint64_t n)
{
    static const char digest[] = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct audit_event e = {.has_report = true, .version = 1, .report = report_of(n / KINDS)};
    switch (n % KINDS) {
    case 0:
        e.kind = AUDIT_PUBLISH;
        e.actor = "cell:J2-NORTH";
        e.report = report_of(n / KINDS % REPORTS);
        audit_event_attr(&e, "digest", published);
        audit_event_attr(&e, "submitted", digest);
        break;
    case 1:
        e.kind = AUDIT_DECIDE;
        e.actor = "node";
        e.detail = span_cstr(detail);
        audit_event_attr(&e, "cause", "publish");
        audit_event_attr(&e, "policy", digest);
        break;
    case 2:
    case 3:
        e.kind = AUDIT_APPROVE;
        e.actor = "officer:DUTY-1";
        e.partner = n % KINDS == 2 ? "FRA" : "MARSEC";
        audit_event_attr(&e, "digest", digest);
        audit_event_attr(&e, "position", "1234567");
        break;
    case 4:
        e.kind = AUDIT_READ;
        e.actor = "officer:DUTY-1";
        break;
    case 5:
        e = (struct audit_event){.kind = AUDIT_RECEIVE, .actor = "node", .partner = "FRA"};
        audit_event_attr(&e, "first", "123456");
        audit_event_attr(&e, "last", "123999");
        audit_event_attr(&e, "reports", "544");
        break;
    }
    return e;
}

// The policy that the decisions name: of no bytes.
static void keep_policy(struct db *db)
{
    struct db_txn *t;
    struct digest d;
    need("begin", db_begin(db, true, &t));
    need("policy", policies_activate(t, span_of(NULL, 0), 0, &d));
    need("commit", db_commit(&t));
}

// The reports that were published: verification looks for them.
static void keep_reports(struct db *db)
{
    struct db_txn *t;
    need("begin", db_begin(db, true, &t));
    for (uint64_t n = 0; n < REPORTS; n++) {
        struct report_record r = {.id = report_of(n), .version = 1, .stored_at = 1, .bytes = span_cstr(content)};
        r.digest = sha256(r.bytes);
        digest_text(&r.digest, published);
        need("report", reports_put(t, &r));
    }
    need("commit", db_commit(&t));
}

struct spent {
    double wall, cpu;
};

static struct spent append(struct db *db, uint64_t from, uint64_t to)
{
    struct random_source random = random_system();
    double cpu = now_s(), wall = seconds(CLOCK_MONOTONIC); // commits wait for the disk
    for (uint64_t n = from; n < to;) {
        struct db_txn *t;
        need("begin", db_begin(db, true, &t));
        for (uint64_t end = n + GROUP < to ? n + GROUP : to; n < end; n++) {
            struct audit_event e = event_of(n);
            need("append", audit_append(t, &e, 1700000000000 + (utc_ms)n, &random));
        }
        need("commit", db_commit(&t));
    }
    return (struct spent){seconds(CLOCK_MONOTONIC) - wall, now_s() - cpu};
}

// ---- the bytes of the events, for the comparison

struct leaves {
    uint8_t *bytes;
    size_t *ends, len;
    uint64_t count;
};

static struct leaves read_leaves(struct db *db, uint64_t count)
{
    struct leaves l = {.ends = calloc(count, sizeof(size_t)), .count = count};
    struct db_txn *t;
    need("begin", db_begin(db, false, &t));
    for (int filling = 0; filling < 2; filling++) {
        l.len = 0;
        for (uint64_t n = 0; n < count; n++) {
            struct span leaf;
            need("read", audit_get(t, n, &leaf));
            if (filling)
                memcpy(l.bytes + l.len, leaf.ptr, leaf.len);
            l.len += leaf.len;
            if (l.ends)
                l.ends[n] = l.len;
        }
        if (!filling)
            l.bytes = malloc(l.len);
        if (!l.bytes || !l.ends)
            stop("memory", ST_NOMEM);
    }
    db_abort(&t);
    return l;
}

// One digest over the events of a range, given one after the other.
static double hash(const struct leaves *l, uint64_t from, uint64_t to)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    double start = now_s();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        stop("SHA-256", ST_NOMEM);
    for (uint64_t n = from; n < to; n++) {
        size_t at = n ? l->ends[n - 1] : 0;
        if (EVP_DigestUpdate(ctx, l->bytes + at, l->ends[n] - at) != 1)
            stop("SHA-256", ST_NOMEM);
    }
    if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        stop("SHA-256", ST_NOMEM);
    EVP_MD_CTX_free(ctx);
    return now_s() - start;
}

// ---- verification

static void on_finding(void *ctx, const struct verify_finding *f)
{
    (void)ctx;
    fprintf(stderr, "%s: %s: %s\n", f->where, f->rule, f->text);
}

static double verify(struct db *db, uint64_t count)
{
    struct verify_options o = {.nation = "GBR", .node_name = "gbr.example"};
    struct verify_summary sum;
    struct db_txn *t;
    double start = now_s();
    need("begin", db_begin(db, false, &t));
    need("verify", verify_store(t, &o, on_finding, NULL, &sum));
    db_abort(&t);
    if (sum.findings || sum.events != count)
        stop("the store does not verify", ST_CORRUPT);
    return now_s() - start;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    double appended[ROUNDS], append_cpu[ROUNDS], hashed[ROUNDS], verified[ROUNDS];
    struct db_options o = {.map_bytes_max = (size_t)64 << 30};
    struct db_stats stats;
    struct db *db;
    if (argc < 2 || count < ROUNDS) {
        fprintf(stderr, "usage: bench_audit DIR [EVENTS]\n");
        return 2;
    }
    struct diag *d = calloc(1, sizeof *d);
    if (!d)
        stop("memory", ST_NOMEM);
    need("open", db_open(argv[1], &o, d, &db));
    keep_policy(db);
    keep_reports(db);
    uint64_t slice = count / ROUNDS;
    count = slice * ROUNDS;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct spent s = append(db, i * slice, (i + 1) * slice);
        appended[i] = s.wall;
        append_cpu[i] = s.cpu;
        fprintf(stderr, "# append %u: %.2f s, of the processor %.2f s\n", i, s.wall, s.cpu);
    }
    need("stats", db_stats(db, &stats));
    struct leaves l = read_leaves(db, count);
    for (unsigned i = 0; i < ROUNDS; i++) {
        hashed[i] = hash(&l, 0, count);
        verified[i] = verify(db, count);
        fprintf(stderr, "# hash %.3f s, verify %.3f s\n", hashed[i], verified[i]);
    }
    double a = median(appended), h = median(hashed), v = median(verified), n = (double)count;
    printf("append   %8.0f events/s, durable, %d in a commit; %.0f events in a second of the processor\n", (double)slice / a,
           GROUP, (double)slice / median(append_cpu));
    printf("verify   %8.0f events/s of the processor; %.3f of SHA-256 of the same bytes (%.0f events/s)\n", n / v, h / v, n / h);
    printf("size     %.0f bytes per event in the log, %.0f in the store with indexes and tree\n", (double)l.len / n,
           ((double)stats.used_bytes - 4096.0 * (double)stats.free_pages) / n);
    free(l.bytes);
    free(l.ends);
    free(d);
    db_close(&db);
    return 0;
}
