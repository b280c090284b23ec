// formats/vocabulary: types, topics, areas and regions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/vocabulary.h"
#include "tests/support/labels_input.h"

static const char good[] =
    "<vocabulary xmlns='" NS_VOCABULARY "'>\n<!-- ours -->"
    "<types><type id='INTREP'>Intelligence report</type><type id='INTSUM'>Summary</type></types>\n"
    "<topics><topic id='piracy'>Piracy\n  at sea</topic></topics>\n"
    "<areas><area id='NGA'>Nigeria</area><region id='GULF' areas='NGA  CIV'>Gulf</region><area id='CIV'/></areas>\n"
    "</vocabulary>";

static void words_are_found(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("v.xml");
    const struct vocabulary *v = NULL;
    assert_int_equal(vocabulary_read(span_cstr(good), "v.xml", in.a, in.d, &v), ST_OK);
    assert_true(vocabulary_has_type(v, "INTREP"));
    assert_false(vocabulary_has_type(v, "intrep"));
    assert_true(vocabulary_has_topic(v, "piracy"));
    assert_string_equal(v->topics[0].title, "Piracy at sea");
    assert_true(vocabulary_has_area(v, "NGA"));
    assert_true(vocabulary_has_area(v, "GULF"));
    assert_false(vocabulary_has_area(v, "FRA"));
    assert_null(vocabulary_region(v, "NGA"));
    assert_int_equal(vocabulary_region(v, "GULF")->area_count, 2);
    assert_string_equal(vocabulary_region(v, "GULF")->areas[1], "CIV");
    labels_input_free(&in);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *rule, *words;
    } cases[] = {
        {"NGA  CIV", "NGA FRA", "unknown-area", "FRA"},
        {"NGA  CIV", "NGA GULF", "unknown-area", "region"},
        {"areas='NGA  CIV'", "", "missing-attribute", "areas"},
        {"id='INTSUM'", "id='INTREP'", "duplicate-id", "INTREP"},
        {"id='CIV'", "id='GULF'", "duplicate-id", "GULF"},
        {"id='piracy'", "id='sea piracy'", "bad-value", "one word"},
        {"id='piracy'", "", "missing-attribute", "id"},
        {"<topics>", "<topics><theme id='x'/>", "unknown-element", "topic"},
        {"<topics><topic id='piracy'>Piracy\n  at sea</topic></topics>", "", "missing-element", "topics"},
        {"<types>", "<types/><types>", "repeated-element", "types"},
        {"id='INTREP'", "id='INTREP' level='1'", "unknown-attribute", "level"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labels_input in = labels_input_new("v.xml");
        char *text = labels_replace(good, cases[i].from, cases[i].to);
        const struct vocabulary *v = NULL;
        enum status st = vocabulary_read(span_cstr(text), "v.xml", in.a, in.d, &v);
        if (st != ST_INVALID || v || !labels_input_has(&in, cases[i].rule, cases[i].words)) {
            labels_input_show(&in);
            fail_msg("case %zu: status %d, no fault %s about %s", i, st, cases[i].rule, cases[i].words);
        }
        free(text);
        labels_input_free(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found),
        cmocka_unit_test(broken_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
