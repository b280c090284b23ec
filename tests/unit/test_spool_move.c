// node/io/spool_move: nothing that was put away is lost to what comes later.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/io/file.h"
#include "node/io/spool_move.h"
#include "tests/support/store_dir.h"

static struct store_dir dir;
static struct stat read_as;

static const char *in(const char *name)
{
    static char paths[4][SPOOL_PATH_MAX];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, SPOOL_PATH_MAX, "%s/%s", dir.path, name);
    return p;
}

static int setup(void **state)
{
    const char *why = NULL;
    (void)state;
    store_dir_make(&dir);
    mkdir(dir.path, 0700);
    return spool_folders(dir.path, &why) && spool_folders(dir.path, &why) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    store_dir_remove(&dir);
    return 0;
}

static void drop(const char *name, const char *text)
{
    assert_int_equal(file_write(in(name), span_cstr(text), 0640, store_dir_diag()), ST_OK);
    assert_int_equal(lstat(in(name), &read_as), 0);
}

static bool holds(const char *name, const char *text)
{
    struct span got;
    struct arena *a = arena_new(64 * KIB);
    bool same = file_read(in(name), KIB, a, NULL, &got) == ST_OK && span_eq_cstr(got, text);
    arena_free(&a);
    return same;
}

// The name that a second file gets.
static const char *second(const char *name, const char *text)
{
    static char out[300];
    char digest[DIGEST_TEXT_LEN + 1];
    const struct digest d = sha256(span_cstr(text));
    snprintf(out, sizeof out, "%s.%.12s", name, digest_text(&d, digest) + 7);
    return out;
}

static void files_of_one_name_stay_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { // the third has the second's bytes
        const char *text = i ? "two" : "one";
        drop("a.xml", text);
        assert_null(spool_done(dir.path, "a.xml", &read_as, span_cstr(text), span_cstr(i ? "answer two" : "answer one")));
        assert_int_not_equal(access(in("a.xml"), F_OK), 0);
    }
    assert_true(holds("done/a.xml", "one"));
    assert_true(holds("done/a.xml.decisions.xml", "answer one"));
    char name[350];
    snprintf(name, sizeof name, "done/%s", second("a.xml", "two"));
    assert_true(holds(name, "two"));
    snprintf(name, sizeof name, "done/%s.decisions.xml", second("a.xml", "two"));
    assert_true(holds(name, "answer two"));
    drop("a.xml", "bad");
    const struct span bytes = span_cstr("bad");
    assert_null(spool_reject(dir.path, "a.xml", &read_as, &bytes, span_cstr("problem")));
    assert_true(holds("rejected/a.xml", "bad"));
    assert_true(holds("rejected/a.xml.problem.xml", "problem"));
    struct stat sb;
    assert_int_equal(stat(in("rejected/a.xml.problem.xml"), &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0640); // who may read the file may read why
}

static void a_file_that_was_changed_stays(void **state)
{
    (void)state;
    drop("b.xml", "as read");
    struct stat before = read_as;
    drop("b.xml", "another one");
    assert_null(spool_done(dir.path, "b.xml", &before, span_cstr("as read"), span_cstr("answer")));
    assert_true(holds("b.xml", "another one"));
    assert_int_not_equal(access(in("done/b.xml"), F_OK), 0);
    assert_null(spool_done(dir.path, "nothing.xml", &before, span_cstr("x"), span_cstr("answer")));
}

static void what_cannot_be_moved_is_told_and_stays(void **state)
{
    (void)state;
    drop("c.xml", "text");
    char long_name[260];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_non_null(spool_done(dir.path, long_name, &read_as, span_cstr("text"), span_cstr("answer")));
    assert_int_equal(rmdir(in("done")), 0);
    assert_non_null(spool_done(dir.path, "c.xml", &read_as, span_cstr("text"), span_cstr("answer")));
    assert_true(holds("c.xml", "text"));
}

static void only_these_bytes_are_erased(void **state)
{
    (void)state;
    const struct digest one = sha256(span_cstr("one")), two = sha256(span_cstr("two"));
    drop("a.xml", "one");
    assert_null(spool_done(dir.path, "a.xml", &read_as, span_cstr("one"), span_cstr("answer")));
    drop("a.xml", "two");
    assert_null(spool_done(dir.path, "a.xml", &read_as, span_cstr("two"), span_cstr("answer")));
    drop("a.xml", "two"); // not moved when the node ended
    assert_null(spool_erase(dir.path, "a.xml", &two));
    assert_true(holds("done/a.xml", "one"));
    assert_int_not_equal(access(in("a.xml"), F_OK), 0);
    char name[350];
    snprintf(name, sizeof name, "done/%s", second("a.xml", "two"));
    assert_int_not_equal(access(in(name), F_OK), 0);
    assert_null(spool_erase(dir.path, "a.xml", &two)); // nothing is left of it
    assert_null(spool_erase(dir.path, "a.xml", &one));
    assert_int_not_equal(access(in("done/a.xml"), F_OK), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

// Who may drop files may also rename done/ and put something else there: the node must not be led elsewhere.
static void links_lead_nowhere(void **state)
{
    const char *why = NULL;
    const struct span bytes = span_cstr("text");
    (void)state;
    assert_int_equal(mkdir(in("elsewhere"), 0700), 0);
    assert_int_equal(rmdir(in("done")), 0);
    assert_int_equal(rmdir(in("rejected")), 0);
    assert_int_equal(symlink("elsewhere", in("done")), 0);
    assert_int_equal(symlink("elsewhere", in("rejected")), 0);
    drop("a.xml", "text");
    assert_non_null(spool_done(dir.path, "a.xml", &read_as, bytes, span_cstr("answer")));
    assert_non_null(spool_reject(dir.path, "a.xml", &read_as, &bytes, span_cstr("problem")));
    assert_false(spool_folders(dir.path, &why));
    assert_non_null(why);
    assert_true(holds("a.xml", "text"));
    assert_int_equal(rmdir(in("elsewhere")), 0); // it is empty
}

// The same for the file that is written first and then renamed.
static void a_link_under_a_temporary_name_is_not_written_through(void **state)
{
    char name[64];
    (void)state;
    drop("mine", "a secret");
    drop("a.xml", "text");
    snprintf(name, sizeof name, "done/a.xml.decisions.xml.%ld.tmp", (long)getpid());
    assert_int_equal(symlink("../mine", in(name)), 0);
    assert_null(spool_done(dir.path, "a.xml", &read_as, span_cstr("text"), span_cstr("answer")));
    assert_true(holds("mine", "a secret"));
    assert_true(holds("done/a.xml.decisions.xml", "answer"));
}

static void a_pipe_does_not_stop_an_erasure(void **state)
{
    const struct digest one = sha256(span_cstr("one"));
    (void)state;
    assert_int_equal(mkfifo(in("a.xml"), 0600), 0);
    alarm(10); // a node that waits for the pipe is a node that stands still
    assert_null(spool_erase(dir.path, "a.xml", &one));
    alarm(0);
    assert_int_equal(unlink(in("a.xml")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_of_one_name_stay_apart),
        T(a_file_that_was_changed_stays),
        T(what_cannot_be_moved_is_told_and_stays),
        T(only_these_bytes_are_erased),
        T(links_lead_nowhere),
        T(a_link_under_a_temporary_name_is_not_written_through),
        T(a_pipe_does_not_stop_an_erasure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
