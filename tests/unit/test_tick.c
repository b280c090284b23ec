// node/core/tick: jobs share one commit, a failing job takes only its own writes with it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "node/core/core.h"

struct fixture {
    char dir[64];
    struct core *core;
    struct diag *diag;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/relto-tick.XXXXXX");
    f->diag = calloc(1, sizeof *f->diag);
    f->core = calloc(1, sizeof *f->core);
    const struct db_options o = {.map_bytes = 16 * MIB, .map_bytes_max = 64 * MIB};
    if (!mkdtemp(f->dir) || db_open(f->dir, &o, f->diag, &f->core->db) != ST_OK)
        return -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    db_close(&f->core->db);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    int rc = system(command);
    free(f->core);
    free(f->diag);
    free(f);
    return rc;
}

struct work {
    const char *key;
    enum status fails; // after the write
    int runs;
};

static enum status write_key(struct tick *t, struct tick_job *job)
{
    struct work *w = job->ctx;
    w->runs++;
    TRY(db_put(t->txn, DB_META, span_cstr(w->key), span_cstr("1")));
    return w->fails;
}

static bool stored(struct core *c, const char *key)
{
    struct db_txn *t;
    struct span v;
    assert_int_equal(db_begin(c->db, false, &t), ST_OK);
    enum status st = db_get(t, DB_META, span_cstr(key), &v);
    db_abort(&t);
    return st == ST_OK;
}

static void a_failing_job_takes_only_its_own_writes_with_it(void **state)
{
    struct fixture *f = *state;
    struct work w[] = {{"a", ST_OK, 0}, {"b", ST_CORRUPT, 0}, {"c", ST_OK, 0}, {"d", ST_INVALID, 0}};
    struct tick_job jobs[4];
    struct tick t;
    for (size_t i = 0; i < 4; i++)
        jobs[i] = (struct tick_job){.run = write_key, .ctx = &w[i]};
    assert_int_equal(tick_run(f->core, 0, jobs, 4, &t), ST_OK);
    assert_int_equal(jobs[0].st, ST_OK);
    assert_int_equal(jobs[1].st, ST_CORRUPT);
    assert_int_equal(jobs[2].st, ST_OK);
    assert_int_equal(jobs[3].st, ST_INVALID);
    assert_true(stored(f->core, "a"));
    assert_false(stored(f->core, "b"));
    assert_true(stored(f->core, "c"));
    assert_false(stored(f->core, "d"));
    assert_int_equal(f->core->commits, 1);
}

static enum status publish_something(struct tick *t, struct tick_job *job)
{
    (void)job;
    t->counts.published++;
    t->counts.decisions[OUTCOME_HOLD] += 2;
    return ST_OK;
}

// What was undone and done again, or did not happen, is not counted.
struct late {
    struct tick_job *jobs;
    struct work work[2];
    size_t count;
    int asked;
};

static size_t more(void *ctx)
{
    struct late *l = ctx;
    l->asked++;
    for (size_t i = 0; i < 2 && l->count < 3; i++)
        l->jobs[l->count++] = (struct tick_job){.run = write_key, .ctx = &l->work[i], .st = ST_GONE};
    return l->count;
}

// Jobs that come while others run are of the same transaction; one that fails goes alone.
static void jobs_may_come_while_others_run(void **state)
{
    struct fixture *f = *state;
    struct tick t;
    struct work first = {.key = "first"};
    struct tick_job jobs[3] = {{.run = write_key, .ctx = &first}};
    struct late l = {.jobs = jobs, .work = {{.key = "late"}, {.key = "bad", .fails = ST_CORRUPT}}, .count = 1};
    struct tick_batch b = {.jobs = jobs, .count = 1, .more = more, .ctx = &l};
    assert_int_equal(tick_run_batch(f->core, 1000, &b, &t), ST_OK);
    assert_int_equal(b.count, 3);
    assert_true(jobs[0].st == ST_OK && jobs[1].st == ST_OK && jobs[2].st == ST_CORRUPT);
    assert_true(stored(f->core, "first") && stored(f->core, "late") && !stored(f->core, "bad"));
    assert_int_equal(f->core->commits, 1);
    assert_true(first.runs == 2 && l.work[1].runs == 1);
}

static void counts_are_those_of_the_commit(void **state)
{
    struct fixture *f = *state;
    struct work bad = {"h", ST_CORRUPT, 0};
    struct tick_job jobs[] = {{.run = publish_something}, {.run = write_key, .ctx = &bad}};
    struct tick t;
    assert_int_equal(tick_run(f->core, 0, jobs, 2, &t), ST_OK);
    assert_int_equal(f->core->published, 1);
    assert_int_equal(f->core->decisions[OUTCOME_HOLD], 2);
}

// A job that finds the map full is run once more (the map may have grown), and answered when it is full again.
static void a_full_store_gets_one_more_chance(void **state)
{
    struct fixture *f = *state;
    struct work w[] = {{"e", ST_FULL, 0}, {"f", ST_OK, 0}};
    struct tick_job jobs[2];
    struct tick t;
    for (size_t i = 0; i < 2; i++)
        jobs[i] = (struct tick_job){.run = write_key, .ctx = &w[i]};
    assert_int_equal(tick_run(f->core, 0, jobs, 2, &t), ST_OK);
    assert_int_equal(jobs[0].st, ST_FULL);
    assert_int_equal(w[0].runs, 2);
    assert_int_equal(jobs[1].st, ST_OK);
    assert_false(stored(f->core, "e"));
    assert_true(stored(f->core, "f"));
}

static void a_failed_request_is_answered(void **state)
{
    struct fixture *f = *state;
    struct request rq = {.who = {.role = ROLE_PARTNER, .id = "FRA"}, .head = {.method = HTTP_GET}};
    struct reply rp;
    struct work w = {"g", ST_OK, 0};
    struct tick t;
    reply_init(&rp);
    rq.head.path = span_cstr("/no/such/path");
    struct tick_job jobs[] = {{.request = &rq, .reply = &rp}, {.run = write_key, .ctx = &w}};
    assert_int_equal(tick_run(f->core, 0, jobs, 2, &t), ST_OK);
    assert_int_equal(rp.status, 403);
    assert_true(stored(f->core, "g"));
    reply_fini(&rp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failing_job_takes_only_its_own_writes_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(jobs_may_come_while_others_run, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_are_those_of_the_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_store_gets_one_more_chance, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_request_is_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
