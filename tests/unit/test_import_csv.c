// formats/csv_map, formats/import_csv: a table of any kind to drafts, by a mapping; and what is left out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/csv_map.h"
#include "formats/report.h"
#include "tests/support/import_support.h"

static const uint8_t secret[32] = "thirty-two bytes of no secrecy.";
static struct diag diag;
static struct kept_drafts kept;
static struct import_counts counts;
static struct arena *arena;

static int fresh(void **state)
{
    (void)state;
    arena = arena_new(16 * MIB);
    return 0;
}

static int done(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define LABEL                                                                                                          \
    "<label><s:originatorConfidentialityLabel xmlns:s='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'>"         \
    "<s:ConfidentialityInformation><s:PolicyIdentifier>NATO</s:PolicyIdentifier><s:Classification>{class}</s:Classification>" \
    "</s:ConfidentialityInformation></s:originatorConfidentialityLabel></label>"
#define MAP(attrs, before, header, body)                                                                               \
    "<csv-map xmlns='urn:relto:csv-map:1' source='own' " attrs ">\n<!-- a comment -->\n" before                         \
    "<report xmlns='urn:relto:report:1'>" LABEL "<header type='INTREP' separable='true'>"                               \
    "<originator nation='{:nation}' cell='{:cell}'/><title>Ship {ship} {{seen}</title>" header "</header>" body "</report></csv-map>"
#define TEXT "<portion><text>{text}</text></portion><portion><text>{more}</text></portion>"
#define TIMES "<time name='when' column='day' form='DD MON YYYY hh:mm'/><time name='end' column='day' form='DD MON YYYY hh:mm' add='PT6H'/>"
#define WORDS "<values name='class' column='mark'><value from='U' to='UNCLASSIFIED'/><value from='R' to='RESTRICTED'/></values>"
#define NUMBER "<number name='north' column='lat' decimals='2'/>"
#define USUAL                                                                                                          \
    MAP("key='{id}' separator=';'", TIMES WORDS NUMBER,                                                                \
        "<topic>{topic}</topic><position lat='{north}' lon='{lon}'/><period from='{when}' to='{end}'/>", TEXT)
#define COLUMNS "id;mark;ship;day;lat;lon;topic;text;more\n"

static enum status read_map(const char *text, const struct csv_map **ret)
{
    diag_init(&diag, "map.xml");
    return csv_map_read(span_cstr(text), "map.xml", arena, &diag, ret);
}

static enum status import_text(const char *map, const char *table, const uint8_t *id_secret)
{
    struct import_options o = {.nation = "GBR", .cell = "J2", .id_secret = id_secret};
    if (read_map(map, &o.map) != ST_OK)
        fail_msg("%s", diag.faults[0].message);
    kept = (struct kept_drafts){.a = arena};
    diag_init(&diag, "t.csv");
    return import_csv(span_cstr(table), &o, import_keep, &kept, &diag, &counts);
}

static void has(size_t draft, const char *what, bool expected)
{
    assert_true(draft < kept.count);
    if (!!strstr(kept.drafts[draft].xml, what) != expected)
        fail_msg("%s %s in:\n%s", expected ? "no" : "there is", what, kept.drafts[draft].xml);
}

static bool fault_is(uint32_t line, const char *words)
{
    for (size_t i = 0; i < diag.count; i++)
        if (diag.faults[i].line == line && strstr(diag.faults[i].message, words))
            return true;
    return false;
}

static void cells_become_a_draft(void **state)
{
    (void)state;
    assert_int_equal(import_text(USUAL, COLUMNS "A/1;R;\"A;B <&\"\"\";07 Jan 2026 23:30;4.15499;3.2;piracy;]]> two\nlines;\n", NULL), ST_OK);
    assert_int_equal(counts.drafts, 0); // a line feed needs quotes
    assert_int_equal(import_text(USUAL, COLUMNS "A/1;R;\"A;B <&\"\"\";07 Jan 2026 23:30;4.15499;3.2;piracy;\"]]> two\nlines\";\n", NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 0);
    assert_string_equal(kept.drafts[0].name, "own-a-1");
    assert_int_equal(kept.drafts[0].line, 2);
    has(0, "<Classification>RESTRICTED</Classification>", true);
    has(0, "<originator nation=\"GBR\" cell=\"J2\">", true);
    has(0, "<title>Ship A;B &lt;&amp;\" {seen}</title>", true);
    has(0, "<position lat=\"4.15\" lon=\"3.2\">", true);
    has(0, "<period from=\"2026-01-07T23:30:00Z\" to=\"2026-01-08T05:30:00Z\">", true);
    has(0, "<text>]]&gt; two\nlines</text>", true);
    has(0, "report=", false);
    const char *second = strstr(strstr(kept.drafts[0].xml, "<portion>") + 1, "<portion>");
    assert_null(second); // its only cell is empty
}

// What a cell holds cannot become markup, nor stand for another cell.
static void a_cell_is_only_text(void **state)
{
    (void)state;
    assert_int_equal(import_text(USUAL, COLUMNS "1;U;{text};07 Jan 2026 23:30;1;2;;</text><x/>;\n", NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    has(0, "<title>Ship {text} {seen}</title>", true);
    has(0, "<text>&lt;/text&gt;&lt;x/&gt;</text>", true);
    has(0, "<topic>", false);
}

static void bad_records_are_named_and_left_out(void **state)
{
    (void)state;
    static const char table[] = COLUMNS "1;U;a;07 Jan 2026 23:30;1;2;piracy;x;y\n"  // good
                                        "2;X;a;07 Jan 2026 23:30;1;2;piracy;x;y\n"  // line 3
                                        "3;U;a;7 Jan 2026;1;2;piracy;x;y\n"         // line 4
                                        "4;U;a;07 Jan 2026 23:30;north;2;piracy;x;y\n"
                                        "5;U;a;07 Jan 2026 23:30;91;2;piracy;x;y\n" // line 6
                                        "6;U;a\n"
                                        "-;U;a;07 Jan 2026 23:30;1;2;piracy;x;y\n"  // line 8
                                        "8;U;\xff;07 Jan 2026 23:30;1;2;pi racy;\xff;y\n" // told once
                                        "9;R;b;07 Jan 2026 23:30;1;2;;x;y\n";
    assert_int_equal(import_text(USUAL, table, NULL), ST_OK);
    assert_int_equal(counts.drafts, 2);
    assert_int_equal(counts.skipped, 7);
    assert_true(fault_is(3, "the mapping has no value of class for \"X\""));
    assert_true(fault_is(4, "expected a time as DD MON YYYY hh:mm, got \"7 Jan 2026\""));
    assert_true(fault_is(5, "expected a decimal number, got \"north\""));
    assert_true(fault_is(6, "the draft made of it is not valid: \"lat\" is a decimal number from -90 to 90"));
    assert_true(fault_is(7, "the number of fields is not that of the header line"));
    assert_true(fault_is(8, "expected a name of the record"));
    assert_true(fault_is(9, "the text is not UTF-8"));
}

static void ids_are_of_record_and_secret(void **state)
{
    (void)state;
    static const char table[] = COLUMNS "1;U;a;07 Jan 2026 23:30;1;2;;x;y\n2;U;a;07 Jan 2026 23:30;1;2;;x;y\n";
    static const uint8_t other[32] = "another secret";
    char urn[UUID_URN_LEN + 1];
    struct uuid first;
    assert_int_equal(import_text(USUAL, table, secret), ST_OK);
    first = kept.drafts[0].id;
    assert_false(uuid_eq(first, kept.drafts[1].id));
    has(0, arena_printf(arena, "report=\"%s\" version=\"1\"", uuid_urn(first, urn)), true);
    assert_int_equal(import_text(USUAL, table, secret), ST_OK);
    assert_true(uuid_eq(first, kept.drafts[0].id));
    assert_int_equal(import_text(USUAL, table, other), ST_OK);
    assert_false(uuid_eq(first, kept.drafts[0].id));
}

static void a_table_without_the_columns_is_refused(void **state)
{
    (void)state;
    assert_int_equal(import_text(USUAL, "id;mark;ship;day;lat;text;more\n1;U;a;x;1;x;y\n", NULL), ST_INVALID);
    assert_true(diag.count >= 2);
    assert_string_equal(diag.faults[0].element, "topic");
    assert_true(fault_is(1, "the header line has no such column; the mapping names it in line"));
    assert_int_equal(import_text(USUAL, "", NULL), ST_INVALID);
}

static void broken_mappings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *map, *words;
    } cases[] = {
        {"<csv-map xmlns='urn:relto:csv-map:1' source='a' key='{id}'/>", "expected a <report"},
        {"<csv-map xmlns='urn:relto:csv-map:2' source='a' key='{id}'/>", "csv-map"},
        {MAP("", "", "", TEXT), "key"},
        {MAP("key='k' separator='::'", "", "", TEXT), "one of , ; | or the word tab"},
        {MAP("key='k'", "<time name='t' column='c' form='hh:mm'/>", "", TEXT), "needs YYYY"},
        {MAP("key='k'", "<time name='t' column='c' form='YYYYMMDD' add='P1Y'/>", "", TEXT), "a duration such as"},
        {MAP("key='k'", "<values name='t' column='c'><value from='a'/></values>", "", TEXT), "needs \"from\" and \"to\""},
        {MAP("key='k'", "<number name='t' column='c'/><number name='t' column='d'/>", "", TEXT), "t"},
        {MAP("key='k'", "<frob/>", "", TEXT), "expected values, time and number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct csv_map *map;
        if (read_map(cases[i].map, &map) != ST_INVALID)
            fail_msg("accepted: %s", cases[i].words);
        bool found = false;
        for (size_t k = 0; k < diag.count; k++)
            found |= strstr(diag.faults[k].message, cases[i].words) != NULL;
        if (!found)
            fail_msg("expected \"%s\", got \"%s\"", cases[i].words, diag.faults[0].message);
    }
}

// A mapping that uses a large cell over and over.
static void too_large_a_record_is_left_out(void **state)
{
    (void)state;
    struct buf table, map;
    buf_init(&table, MIB);
    buf_init(&map, MIB);
    buf_puts(&table, "id;text\n1;");
    for (int i = 0; i < 60000; i++)
        buf_putc(&table, 'x');
    buf_puts(&table, "\n2;short\n");
    buf_puts(&map, "<csv-map xmlns='urn:relto:csv-map:1' source='own' key='{id}' separator=';'><values name='class' column='id' other='U'/>"
                   "<report xmlns='urn:relto:report:1'>" LABEL
                   "<header type='INTREP' separable='true'><originator nation='{:nation}' cell='{:cell}'/><title>T</title></header>"
                   "<portion><text>");
    for (int i = 0; i < 400; i++)
        buf_puts(&map, "{text}");
    buf_puts(&map, "</text></portion></report></csv-map>");
    assert_int_equal(import_text(buf_cstr(&map), buf_cstr(&table), NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 1);
    assert_true(fault_is(2, "it makes too large a draft"));
    buf_fini(&table);
    buf_fini(&map);
}

static void count_faults(void *ctx, struct diag *d)
{
    *(size_t *)ctx += d->count;
    assert_int_equal(d->dropped, 0);
    diag_init(d, "t.csv");
}

// More faults than a list holds are told as they come.
static void no_fault_is_dropped(void **state)
{
    (void)state;
    struct buf table;
    size_t told = 0;
    struct import_options o = {.nation = "GBR", .cell = "J2", .tell = count_faults, .tell_ctx = &told};
    assert_int_equal(read_map(USUAL, &o.map), ST_OK);
    buf_init(&table, MIB);
    buf_puts(&table, COLUMNS);
    for (int i = 0; i < 500; i++)
        buf_printf(&table, "%d;%s\n", i, i % 2 ? "stray \"quote" : "U;too few");
    kept = (struct kept_drafts){.a = arena};
    diag_init(&diag, "t.csv");
    assert_int_equal(import_csv(buf_bytes(&table), &o, import_keep, &kept, &diag, &counts), ST_OK);
    assert_int_equal(counts.skipped, 500);
    assert_int_equal(told + diag.count, 500);
    assert_int_equal(diag.dropped, 0);
    buf_fini(&table);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {
        T(cells_become_a_draft),       T(a_cell_is_only_text),
        T(bad_records_are_named_and_left_out), T(ids_are_of_record_and_secret),
        T(a_table_without_the_columns_is_refused), T(broken_mappings_are_refused), T(no_fault_is_dropped),
        T(too_large_a_record_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
