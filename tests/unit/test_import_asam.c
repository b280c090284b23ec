// formats/import_asam: fields to draft, and what is left out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/import_support.h"

static const struct import_options gbr = {.nation = "GBR", .cell = "J2-MARITIME"};
static const char header[] =
    "reference,dateofocc,subreg,hostility_,victim_d,descriptio,hostilityt,hostilit_D,victim_l,victim_l_D,navarea,lon,lat\n";
static struct diag diag;
static struct kept_drafts kept;
static struct import_counts counts;

static enum status import_text(const char *records)
{
    struct buf in;
    buf_init(&in, MIB);
    buf_puts(&in, header);
    buf_puts(&in, records);
    arena_free(&kept.a);
    kept = (struct kept_drafts){.a = arena_new(16 * MIB)};
    diag_init(&diag, "asam.csv");
    enum status st = import_asam(buf_bytes(&in), &gbr, import_keep, &kept, &diag, &counts);
    buf_fini(&in);
    return st;
}

static void has(const char *name, const char *what)
{
    const char *xml = import_kept(&kept, name);
    assert_non_null(xml);
    if (!strstr(xml, what))
        fail_msg("%s lacks %s:\n%s", name, what, xml);
}

static void lacks(const char *name, const char *what)
{
    const char *xml = import_kept(&kept, name);
    assert_non_null(xml);
    assert_null(strstr(xml, what));
}

static void fields_become_a_draft(void **state)
{
    (void)state;
    assert_int_equal(import_text("2017-241,20170829,53,Pirates,Tanker,\"LIBYA: On 29 August <two> men  & a\x01"
                                 "boat.\",1,Pirate Assault,9,Tanker,III,13.2333,36.0333\n"),
                     ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 0);
    static const char *const all[] = {
        "<report xmlns=\"urn:relto:report:1\">",
        "<header type=\"MARINTREP\" separable=\"true\" xml:lang=\"en\">",
        "<originator nation=\"GBR\" cell=\"J2-MARITIME\"/>",
        "<title>Pirate Assault on Tanker (ASAM 2017-241)</title>",
        "<topic>piracy</topic>", "<area>LBY</area>",
        "<position lat=\"36.0333\" lon=\"13.2333\" radius-km=\"2\"/>",
        "<period from=\"2017-08-29T00:00:00Z\" to=\"2017-08-30T00:00:00Z\"/>",
        "<grading reliability=\"B\" credibility=\"2\"/>",
        "<text>LIBYA: On 29 August &lt;two&gt; men &amp; a boat.\nSource: ASAM 2017-241, public.",
        "<text>Aggressor: Pirates. Victim: Tanker.</text>",
        "synthetic", "SYNTHETIC",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        has("asam-2017-241", all[i]);
    // drafts only: what the node adds is not there
    lacks("asam-2017-241", "issued=");
    lacks("asam-2017-241", " salt=");
    lacks("asam-2017-241", "version=\"1\"");
    lacks("asam-2017-241", "<area>XAH</area>");
}

static void topics_follow_the_kind(void **state)
{
    (void)state;
    static const struct {
        const char *aggressor, *kind, *text, *has, *lacks;
    } cases[] = {
        {"Pirates", "Pirate Assault", "x", "<topic>piracy</topic>", "<topic>armed-robbery</topic>"},
        {"ROBBERS", "Pirate Assault", "x", "<topic>armed-robbery</topic>", "<topic>piracy</topic>"},
        {"Pirates", "Pirate Assault", "Two crew Kidnapped", "<topic>kidnapping</topic>", "human-source"},
        {"Pirates", "Hijacking", "x", "<topic>kidnapping</topic>", "<topic>piracy</topic>"},
        {"", "Naval Engagement", "x", "<topic>naval-activity</topic>", "<topic>piracy</topic>"},
        {"", "Suspicious Approach", "x", "credibility=\"3\"", "<topic>piracy</topic>"},
        {"", "", "x", "reliability=\"F\" credibility=\"6\"", "<topic>piracy</topic>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf in;
        buf_init(&in, 10000);
        buf_printf(&in, "2018-1,20180101,57,%s,Tug,%s,1,%s,3,Tugboat,II,5,4\n", cases[i].aggressor, cases[i].text,
                   cases[i].kind);
        assert_int_equal(import_text(buf_cstr(&in)), ST_OK);
        has("asam-2018-1", cases[i].has);
        has("asam-2018-1", "<topic>maritime-security</topic>");
        lacks("asam-2018-1", cases[i].lacks);
        buf_fini(&in);
    }
}

static void text_is_normalized(void **state)
{
    (void)state;
    assert_int_equal(import_text("2018-1,20180101,57,P,T,Caf" "e\xcc\x81 \xe2\x80\xae x\xc2\xa0y,1,K,3,Tug,II,5,4\n"), ST_OK);
    has("asam-2018-1", "<text>Caf\xc3\xa9 x y\n");
}

static void numbers_choose_exercise_and_sources(void **state)
{
    (void)state;
    assert_int_equal(import_text("2018-26,20180101,57,P,T,x,1,Pirate Assault,3,Tug,II,5,4\n"
                                 "2018-25,20180101,57,P,T,x,1,Pirate Assault,3,Tug,II,5,4\n"),
                     ST_OK);
    has("asam-2018-26", "<exercise>STEADFAST-26</exercise>");
    lacks("asam-2018-26", "human-source");
    has("asam-2018-25", "<topic>human-source</topic>");
    lacks("asam-2018-25", "<exercise>");
}

static void bad_records_are_named_and_left_out(void **state)
{
    (void)state;
    assert_int_equal(import_text("x,20180101,57,P,T,x,1,K,3,Tug,II,5,4\n"
                                 "2018-1,20181301,57,P,T,x,1,K,3,Tug,II,5,4\n"
                                 "2018-2,20180101,57,P,T,x,1,K,3,Tug,II,5,91\n"
                                 "2018-3,20180101,57,P,T,x,1,K,3,Tug,II,nan,4\n"
                                 "2018-4,20180101,57,P,T,,1,K,3,Tug,II,5,4\n"
                                 "2018-5,20180101,57,P,T,x\n"
                                 "2018-6,20180101,57,P\"T,T,x,1,K,3,Tug,II,5,4\n"
                                 "2018-7,20180101,57,P,T,\xff,1,K,3,Tug,II,5,4\n"
                                 "2018-8,20180101,57,P,T,\xde\xba,1,K,3,Tug,II,5,4\n" // no such character
                                 "2018-9,20180101,57,P,T,good,1,K,3,Tug,II,5,4\n"),
                     ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 9);
    assert_int_equal(diag.count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(diag.faults[i].line, 2 + i);
    static const char *const elements[] = {"reference", "dateofocc", "lat, lon", "lat, lon", "descriptio"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(diag.faults[i].element, elements[i]);
    assert_int_equal(kept.drafts[0].line, 11);
}

static void other_tables_are_refused(void **state)
{
    (void)state;
    diag_init(&diag, "x.csv");
    assert_int_equal(import_asam(span_cstr("a,b\n1,2\n"), &gbr, import_keep, &kept, &diag, &counts), ST_INVALID);
    assert_string_equal(diag.faults[0].rule, "import-column");
    diag_init(&diag, "x.csv");
    assert_int_equal(import_asam(span_cstr(""), &gbr, import_keep, &kept, &diag, &counts), ST_INVALID);
    assert_string_equal(diag.faults[0].rule, "import-empty");
}

static enum status refuse(void *ctx, const struct import_draft *draft)
{
    (void)ctx;
    (void)draft;
    return ST_NOT_FOUND;
}

static void a_failing_callback_stops_the_import(void **state)
{
    (void)state;
    struct buf in;
    buf_init(&in, 10000);
    buf_printf(&in, "%s2018-1,20180101,57,P,T,x,1,K,3,Tug,II,5,4\n2018-2,20180101,57,P,T,x,1,K,3,Tug,II,5,4\n", header);
    diag_init(&diag, "x.csv");
    assert_int_equal(import_asam(buf_bytes(&in), &gbr, refuse, NULL, &diag, &counts), ST_NOT_FOUND);
    assert_int_equal(counts.drafts, 0);
    buf_fini(&in);
}

static int free_kept(void **state)
{
    (void)state;
    arena_free(&kept.a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_a_draft),
        cmocka_unit_test(topics_follow_the_kind),
        cmocka_unit_test(text_is_normalized),
        cmocka_unit_test(numbers_choose_exercise_and_sources),
        cmocka_unit_test(bad_records_are_named_and_left_out),
        cmocka_unit_test(other_tables_are_refused),
        cmocka_unit_test(a_failing_callback_stops_the_import),
    };
    return cmocka_run_group_tests(tests, NULL, free_kept);
}
