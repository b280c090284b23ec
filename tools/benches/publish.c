// Publishing: 64 cells at once, each tick one durable commit, against the sum of its parts in the same run: reading the
// drafts, signing them, and a group commit of the same bytes. Alternating, medians of ROUNDS, by the wall clock; and the ratio in
// processor time, which does not wait for the disk and for others.
//   bench_publish DIR DRAFT [TICKS]   DIR: a node's directory made by `relto init`, on the disk to measure; it is filled
//
// The parts do nothing else: no validation, no decisions, no ledger, no audit log, no idempotency. Requests come as whole
// bodies: what TLS and HTTP cost is not in it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/core/core.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/index_pace.h"
#include "node/io/node_state.h"

enum { ROUNDS = 5, CELLS = 64, DRAFT_MAX = 64 * 1024 };

struct bench {
    struct node_state *node;
    struct db *plain; // for the parts: a store of its own in DIR/parts
    struct span draft; // with CELL and NUMBER to fill in
    char bodies[CELLS][DRAFT_MAX];
    size_t lens[CELLS];
    struct request *requests;
    struct reply *replies;
    struct diag *diag;
    unsigned long number;
    size_t bytes; // of all finished reports
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

static double cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void need(const char *what, enum status st, const struct diag *d)
{
    if (st == ST_OK)
        return;
    fprintf(stderr, "bench_publish: %s: %s%s%s\n", what, status_text(st), d && d->count ? ": " : "",
            d && d->count ? d->faults[0].message : "");
    exit(1);
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

// 64 drafts, each of its own cell, none like another: the words CELL and NUMBER of the pattern are replaced.
static void fill_drafts(struct bench *b)
{
    for (size_t i = 0; i < CELLS; i++) {
        char cell[16], number[24], *to = b->bodies[i], *end = b->bodies[i] + DRAFT_MAX - 64;
        snprintf(cell, sizeof cell, "C%02zu", i);
        snprintf(number, sizeof number, "%010lu", b->number++);
        for (size_t k = 0; k < b->draft.len && to < end;) {
            struct span rest = span_sub(b->draft, k, b->draft.len);
            const char *with = span_starts(rest, "CELL") ? cell : span_starts(rest, "NUMBER") ? number : NULL;
            if (with)
                to = stpcpy(to, with);
            else
                *to++ = (char)b->draft.ptr[k];
            k += with == cell ? strlen("CELL") : with ? strlen("NUMBER") : 1;
        }
        b->lens[i] = (size_t)(to - b->bodies[i]);
    }
}

// ---- the whole

static void publish_all(struct bench *b)
{
    struct tick t;
    struct tick_job jobs[CELLS];
    for (size_t i = 0; i < CELLS; i++) {
        struct request *rq = &b->requests[i];
        memset(rq, 0, sizeof *rq);
        rq->who.role = ROLE_CELL;
        snprintf(rq->who.id, sizeof rq->who.id, "C%02zu", i);
        rq->head.method = HTTP_POST;
        rq->head.path = span_cstr("/v1/reports");
        rq->body = span_of(b->bodies[i], b->lens[i]);
        reply_init(&b->replies[i]);
        jobs[i] = (struct tick_job){.request = rq, .reply = &b->replies[i]};
    }
    need("tick", tick_run(&b->node->core, clock_now(), jobs, CELLS, &t), NULL);
    for (size_t i = 0; i < CELLS; i++) {
        if (b->replies[i].status != 201) {
            fprintf(stderr, "bench_publish: %d: %s\n", b->replies[i].status, buf_cstr(&b->replies[i].body));
            exit(1);
        }
        reply_fini(&b->replies[i]);
    }
}

struct spent {
    double wall, cpu;
};

static struct spent whole(struct bench *b, long ticks)
{
    struct spent spent = {0};
    for (long i = 0; i < ticks; i++) {
        fill_drafts(b);
        double wall = now_s(), cpu = cpu_s();
        publish_all(b);
        spent.wall += now_s() - wall;
        spent.cpu += cpu_s() - cpu;
    }
    return spent;
}

// ---- its parts

struct part_times {
    double parse, sign, commit, cpu;
};

static void run_parts(struct bench *b, struct part_times *ret)
{
    const struct report *reports[CELLS];
    struct arena *arenas[CELLS];
    struct buf finals[CELLS];
    struct db_txn *t;
    double at = now_s(), cpu = cpu_s();
    for (size_t i = 0; i < CELLS; i++) {
        arenas[i] = xml_arena_new(4 * b->lens[i] + KIB);
        diag_init(b->diag, NULL);
        need("read", report_read(span_of(b->bodies[i], b->lens[i]), NULL, arenas[i], b->diag, &reports[i]), b->diag);
    }
    ret->parse += now_s() - at;
    at = now_s();
    for (size_t i = 0; i < CELLS; i++) {
        uint8_t random[16];
        random_fill(&b->node->core.random, random, sizeof random);
        const struct report_finish with = {.id = uuid_from_random(random), .version = 1, .issued = clock_now(),
                                           .random = &b->node->core.random, .key = b->node->core.report_key};
        buf_init(&finals[i], RENDITION_BYTES_MAX);
        need("finish", report_finish(reports[i], &with, &finals[i], b->diag), b->diag);
        b->bytes += finals[i].len;
    }
    ret->sign += now_s() - at;
    at = now_s();
    need("begin", db_begin(b->plain, true, &t), NULL);
    for (size_t i = 0; i < CELLS; i++) {
        const struct digest d = sha256(buf_bytes(&finals[i]));
        need("put", db_put(t, DB_REPORTS, span_of(d.b, SHA256_LEN), buf_bytes(&finals[i])), NULL);
    }
    need("commit", db_commit(&t), NULL);
    ret->commit += now_s() - at;
    ret->cpu += cpu_s() - cpu;
    for (size_t i = 0; i < CELLS; i++) {
        buf_fini(&finals[i]);
        arena_free(&arenas[i]);
    }
}

static struct part_times parts(struct bench *b, long ticks)
{
    struct part_times spent = {0};
    for (long i = 0; i < ticks; i++) {
        fill_drafts(b);
        run_parts(b, &spent);
    }
    return spent;
}

// What a node does when it is quiet again.
static double index_all(struct bench *b)
{
    struct db_txn *t;
    bool more = true;
    double at = now_s();
    while (more) {
        need("begin", db_begin(b->node->core.db, true, &t), NULL);
        need("index", search_update(t, INDEX_PACE_MOST, &more), NULL);
        need("commit", db_commit(&t), NULL);
    }
    return now_s() - at;
}

static void measure(struct bench *b, long ticks)
{
    double all[ROUNDS], sum[ROUNDS], parse[ROUNDS], sign[ROUNDS], commit[ROUNDS], index[ROUNDS], cpu[ROUNDS], per = 1e6 / ((double)ticks * CELLS);
    for (int i = 0; i < ROUNDS; i++) {
        const struct spent w = whole(b, ticks);
        all[i] = w.wall * per;
        index[i] = index_all(b) * per;
        const struct part_times p = parts(b, ticks);
        parse[i] = p.parse * per;
        sign[i] = p.sign * per;
        commit[i] = p.commit * per;
        cpu[i] = p.cpu / w.cpu;
        sum[i] = parse[i] + sign[i] + commit[i];
    }
    double a = median(all), s = median(sum);
    printf("%d cells at once, %ld commits a round, reports of %zu bytes\n", CELLS, ticks, b->bytes / (size_t)(ROUNDS * ticks * CELLS));
    printf("publish            %8.1f us each, %8.0f a second\n", a, 1e6 / a);
    printf("sum of its parts   %8.1f us each, %8.0f a second: read %.1f, finish and sign %.1f, commit %.1f\n", s, 1e6 / s,
           median(parse), median(sign), median(commit));
    printf("into the search index, later: %.1f us each\n", median(index));
    printf("ratio              %8.2f of the sum of parts; in processor time %.2f\n", s / a, median(cpu));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return fprintf(stderr, "usage: bench_publish DIR DRAFT [TICKS]\n"), 2;
    struct bench *b = calloc(1, sizeof *b);
    struct arena *a = arena_new(MIB);
    const struct db_options o = {.map_bytes = 256 * MIB, .map_bytes_max = (size_t)8192 * MIB};
    char path[1024];
    b->requests = calloc(CELLS, sizeof *b->requests);
    b->replies = calloc(CELLS, sizeof *b->replies);
    b->diag = malloc(sizeof *b->diag);
    diag_init(b->diag, NULL);
    need(argv[2], file_read(argv[2], DRAFT_MAX / 2, a, b->diag, &b->draft), b->diag);
    need(argv[1], node_open(argv[1], NODE_DAEMON, b->diag, &b->node), b->diag);
    snprintf(path, sizeof path, "%s/parts", argv[1]);
    need(path, db_open(path, &o, b->diag, &b->plain), b->diag);
    measure(b, argc > 3 ? atol(argv[3]) : 30);
    db_close(&b->plain);
    node_close(&b->node);
    free(b->requests);
    free(b->replies);
    free(b->diag);
    arena_free(&a);
    free(b);
    return 0;
}
