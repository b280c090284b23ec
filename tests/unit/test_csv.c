// formats/csv: what is read, what is refused, and where reading goes on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/csv.h"

static struct diag diag;

// All records as "field|field;" with "!" for a refused one and "#" for the end by a fault.
static const char *read_all(struct span text, struct buf *out)
{
    struct arena *a = arena_new(1 << 20);
    struct csv_reader r;
    struct csv_record rec;
    enum status st;
    diag_init(&diag, "t.csv");
    buf_init(out, 1 << 20);
    csv_init(&r, text);
    while ((st = csv_next(&r, a, &diag, &rec)) == ST_OK || st == ST_INVALID) {
        for (size_t i = 0; st == ST_OK && i < rec.count; i++)
            buf_printf(out, "%s%s", i ? "|" : "", rec.fields[i]);
        buf_puts(out, st == ST_OK ? ";" : "!");
    }
    if (st != ST_NOT_FOUND)
        buf_puts(out, "#");
    arena_free(&a);
    return buf_cstr(out);
}

static void records_and_fields(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a,b\nc,d\n", "a|b;c|d;"},
        {"a,b\r\nc,d", "a|b;c|d;"},
        {"\xef\xbb\xbf" "a\n", "a;"},
        {",\n", "|;"},
        {"\"a,b\",c\n", "a,b|c;"},
        {"\"a\nb\",c\nd,e\n", "a\nb|c;d|e;"},
        {"\"say \"\"no\"\"\"\n", "say \"no\";"},
        {"\"\",x\n", "|x;"},
        {"\"\"", ";"},
        {"a\rb,c\n", "a\rb|c;"}, // a lone carriage return is data
        {"a\"b,c\nd\n", "!d;"},
        {"\"a\"b,c\nd\n", "!d;"},
        {"\"a,b\nc\n", "#"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        assert_string_equal(read_all(span_cstr(cases[i].in), &out), cases[i].out);
        assert_int_equal(diag.count, strpbrk(cases[i].out, "!#") ? 1 : 0);
        buf_fini(&out);
    }
}

static void faults_name_the_line_of_the_record(void **state)
{
    (void)state;
    struct buf out;
    read_all(span_cstr("h\n\"two\nlines\"\nba\"d\n\"open\n"), &out);
    assert_string_equal(buf_cstr(&out), "h;two\nlines;!#");
    assert_int_equal(diag.count, 2);
    assert_int_equal(diag.faults[0].line, 4);
    assert_string_equal(diag.faults[0].rule, "csv-record");
    assert_int_equal(diag.faults[1].line, 5);
    assert_string_equal(diag.faults[1].rule, "csv-quote");
    buf_fini(&out);
}

static void limits_hold(void **state)
{
    (void)state;
    struct buf in, out;
    buf_init(&in, 1 << 20);
    for (size_t i = 0; i < CSV_FIELDS_MAX; i++)
        buf_puts(&in, ",");
    buf_puts(&in, "\nok\n");
    assert_string_equal(read_all(buf_bytes(&in), &out), "!ok;");
    buf_fini(&out);
    buf_reset(&in);
    for (size_t i = 0; i <= CSV_RECORD_BYTES_MAX; i++)
        buf_putc(&in, 'x');
    buf_puts(&in, "\nok\n");
    assert_string_equal(read_all(buf_bytes(&in), &out), "!ok;");
    buf_fini(&out);
    assert_string_equal(read_all(span_of("a\0b\nok\n", 7), &out), "!ok;");
    buf_fini(&out);
    buf_fini(&in);
}

static void columns_by_name(void **state)
{
    (void)state;
    struct csv_record h = {.count = 2, .fields = {"lat", "lon"}};
    assert_int_equal(csv_column(&h, "lon"), 1);
    assert_true(csv_column(&h, "Lon") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_fields),
        cmocka_unit_test(faults_name_the_line_of_the_record),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(columns_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
