// formats/import_area: places by name and by position; every code is one of the shipped vocabulary.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/import_area.h"
#include "formats/vocabulary.h"
#include "tests/support/import_support.h"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *areas;
    } cases[] = {
        {"NIGERIA", "NGA"},
        {"Lagos anchorage, Nigeria", "NGA"},
        {"WESTERN INDIAN OCEAN, KENYA", "XAC KEN"},
        {"GULF OF GUINEA", "GULF-OF-GUINEA"},
        {"EQUATORIAL GUINEA and GUINEA", "GNQ GIN"},
        {"PAPUA NEW GUINEA", "PNG"},
        {"INDONESIA INDONESIA", "IDN"},
        {"an omani and a romanian", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct import_areas areas = {.count = 0};
        struct buf got;
        buf_init(&got, 1000);
        import_area_from_text(span_cstr(cases[i].text), &areas);
        for (size_t k = 0; k < areas.count; k++)
            buf_printf(&got, "%s%s", k ? " " : "", areas.ids[k]);
        assert_string_equal(buf_cstr(&got), cases[i].areas);
        buf_fini(&got);
    }
}

static void positions(void **state)
{
    (void)state;
    static const struct {
        double lat, lon;
        const char *area;
    } cases[] = {
        {4.15, 3.2, "NGA"},  {1.2, 103.8, "SGP"}, {-6, 106.8, "IDN"}, {12.5, 47, "XAJ"}, {12.7, 45, "YEM"},
        {45, -40, "XAA"},    {-40, -20, "XAB"},   {-10, 70, "XAC"},   {40, 170, "XAD"},  {-30, -120, "XAE"},
        {80, 0, "XAF"},      {-70, 0, "XAG"},     {37, 3, "XAH"},     {15, 113, "XAK"},  {25, -90, "XAA"},
        {5, -100, "XAD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(import_area_from_position(cases[i].lat, cases[i].lon), cases[i].area);
}

static void every_position_has_an_area_of_the_vocabulary(void **state)
{
    (void)state;
    struct arena *a = arena_new(16 * MIB);
    const struct vocabulary *v = NULL;
    struct span bytes = import_test_file(a, SOURCE_DIR "/conf/vocabulary.xml");
    assert_int_equal(vocabulary_read(bytes, "vocabulary.xml", a, NULL, &v), ST_OK);
    for (int lat = -90; lat <= 90; lat++)
        for (int lon = -180; lon <= 180; lon++)
            if (!vocabulary_has_area(v, import_area_from_position(lat, lon)))
                fail_msg("%d %d: %s is no area", lat, lon, import_area_from_position(lat, lon));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(positions),
        cmocka_unit_test(every_position_has_an_area_of_the_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
