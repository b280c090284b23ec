// formats/problem: what a client is told, and what it reads of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/problem.h"
#include "tests/support/labels_input.h"
#include "tests/support/labels_schema.h"

static void written_is_read_back(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("draft.xml");
    diag_add(in.d, 3, 9, "label-too-low", "portion e2", "is \"%s\" & more", "SECRET <A>");
    diag_add(in.d, 0, 0, "late", NULL, "too late");
    in.d->dropped = 4;
    struct buf b;
    buf_init(&b, MIB);
    problem_write("invalid-report", 422, "The report is not valid", "Mend it & try again.", in.d, &b);
    assert_string_equal(
        buf_cstr(&b),
        "<problem xmlns=\"urn:ietf:rfc:7807\"><type>urn:relto:problem:invalid-report</type>"
        "<title>The report is not valid</title><status>422</status><detail>Mend it &amp; try again.</detail>"
        "<fault xmlns=\"urn:relto:problem:1\" column=\"9\" element=\"portion e2\" file=\"draft.xml\" line=\"3\""
        " rule=\"label-too-low\">is \"SECRET &lt;A&gt;\" &amp; more</fault>"
        "<fault xmlns=\"urn:relto:problem:1\" file=\"draft.xml\" rule=\"late\">too late</fault>"
        "<dropped xmlns=\"urn:relto:problem:1\">4</dropped></problem>");
    struct problem *p = malloc(sizeof *p);
    assert_int_equal(problem_read(buf_bytes(&b), p), ST_OK);
    assert_string_equal(p->type, "invalid-report");
    assert_string_equal(p->title, "The report is not valid");
    assert_string_equal(p->detail, "Mend it & try again.");
    assert_int_equal(p->faults.count, 2);
    assert_int_equal(p->faults.dropped, 4);
    assert_string_equal(p->faults.file, "draft.xml");
    assert_int_equal(p->faults.faults[0].line, 3);
    assert_int_equal(p->faults.faults[0].column, 9);
    assert_string_equal(p->faults.faults[0].message, "is \"SECRET <A>\" & more");
    assert_string_equal(p->faults.faults[1].rule, "late");
    free(p);
    buf_fini(&b);
    labels_input_free(&in);
}

static void cut_characters_do_no_harm(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("d\xc3");
    diag_add(in.d, 1, 1, "r", "a\xe2\x82", "%s", "ok\xe2\x82 \x01 \xed\xa0\x80 \xf0\x9f\x98\x80");
    struct buf b;
    buf_init(&b, MIB);
    problem_write("x", 400, NULL, NULL, in.d, &b);
    struct problem *p = malloc(sizeof *p);
    assert_int_equal(problem_read(buf_bytes(&b), p), ST_OK);
    assert_string_equal(p->faults.faults[0].message, "ok?? ? ??? \xf0\x9f\x98\x80");
    assert_string_equal(p->faults.faults[0].element, "a??");
    assert_string_equal(p->title, "");
    free(p);
    buf_fini(&b);
    labels_input_free(&in);
}

static void other_servers_are_read(void **state)
{
    (void)state;
    struct problem *p = malloc(sizeof *p);
    static const char foreign[] = "<problem xmlns='urn:ietf:rfc:7807'><type>https://example.org/p</type>"
                                  "<instance>x</instance><balance xmlns='urn:b'>30</balance></problem>";
    assert_int_equal(problem_read(span_cstr(foreign), p), ST_OK);
    assert_string_equal(p->type, "https://example.org/p");
    assert_int_equal(p->faults.count, 0);
    assert_int_equal(problem_read(span_cstr("<problem xmlns='urn:ietf:rfc:7807'/>"), p), ST_OK);
    assert_string_equal(p->type, "about:blank");
    assert_int_equal(problem_read(span_cstr("<html/>"), p), ST_INVALID);
    assert_int_equal(problem_read(span_cstr("nope"), p), ST_MALFORMED);
    free(p);
}

// What a hostile server says is shown on terminals and stands in our log.
static void hostile_words_are_made_plain(void **state)
{
    static const char bytes[] = "<problem xmlns=\"urn:ietf:rfc:7807\"><type>x&#10;y</type><title>\302\233" "2J&#13;&#10;ok</title>"
                                "<detail>a\342\200\256b</detail><fault xmlns=\"urn:relto:problem:1\" rule=\"r\">1&#10;2</fault></problem>";
    (void)state;
    struct problem *p = malloc(sizeof *p);
    assert_int_equal(problem_read(span_cstr(bytes), p), ST_OK);
    assert_string_equal(p->type, "x?y");
    assert_string_equal(p->title, "?2J??ok");
    assert_string_equal(p->detail, "a?b");
    assert_string_equal(p->faults.faults[0].message, "1?2");
    free(p);
}

static void the_schema_accepts_faults(void **state)
{
    (void)state;
    static const char fault[] = "<fault xmlns='urn:relto:problem:1' line='3' rule='r' element='e'>m</fault>";
    assert_true(labels_schema_accepts("problem.xsd", span_cstr(fault)));
    assert_false(labels_schema_accepts("problem.xsd", span_cstr("<fault xmlns='urn:relto:problem:1' line='0'/>")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read_back),
        cmocka_unit_test(cut_characters_do_no_harm),
        cmocka_unit_test(other_servers_are_read),
        cmocka_unit_test(hostile_words_are_made_plain),
        cmocka_unit_test(the_schema_accepts_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
