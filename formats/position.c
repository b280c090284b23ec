#include "formats/position.h"

#include <math.h>
#include <stdio.h>

// WGS 84.
#define SEMI_MAJOR_M 6378137.0
#define FLATTENING (1 / 298.257223563)
#define RADIANS (M_PI / 180)

struct grid {
    double east_m, north_m;
};

static int put_angle(double v, int digits, char positive, char negative, char *out, size_t size)
{
    double tenths = floor(fabs(v) * 600 + 0.5);
    int degrees = (int)(tenths / 600);
    return snprintf(out, size, "%0*d-%04.1f%c", digits, degrees, (tenths - degrees * 600.0) / 10, v < 0 ? negative : positive);
}

const char *position_degrees_minutes(double lat, double lon, char out[POSITION_TEXT_MAX])
{
    int n = put_angle(lat, 2, 'N', 'S', out, POSITION_TEXT_MAX - 1);
    out[n++] = ' ';
    put_angle(lon, 3, 'E', 'W', out + n, POSITION_TEXT_MAX - (size_t)n);
    return out;
}

static double eccentricity(void)
{
    return sqrt(FLATTENING * (2 - FLATTENING));
}

// Transverse Mercator about the meridian `middle`, scale 0.9996, 500 km east of it added.
static struct grid utm(double lat, double lon, double middle)
{
    const double n = FLATTENING / (2 - FLATTENING), n2 = n * n, n3 = n2 * n, n4 = n3 * n, e = eccentricity();
    const double alpha[4] = {
        n / 2 - n2 * 2 / 3 + n3 * 5 / 16 + n4 * 41 / 180,
        n2 * 13 / 48 - n3 * 3 / 5 + n4 * 557 / 1440,
        n3 * 61 / 240 - n4 * 103 / 140,
        n4 * 49561 / 161280,
    };
    double s = sin(lat * RADIANS), turn = (lon - middle) * RADIANS;
    double t = sinh(atanh(s) - e * atanh(e * s)); // tangent of the conformal latitude
    double xi = atan2(t, cos(turn)), eta = asinh(sin(turn) / hypot(t, cos(turn)));
    double east = eta, north = xi;
    for (int j = 1; j <= 4; j++) {
        east += alpha[j - 1] * cos(2 * j * xi) * sinh(2 * j * eta);
        north += alpha[j - 1] * sin(2 * j * xi) * cosh(2 * j * eta);
    }
    double scale = 0.9996 * SEMI_MAJOR_M / (1 + n) * (1 + n2 / 4 + n4 / 64);
    return (struct grid){500000 + scale * east, scale * north + (lat < 0 ? 10000000 : 0)};
}

// Polar stereographic, scale 0.994, 2,000 km added to both.
static struct grid ups(double lat, double lon)
{
    const double e = eccentricity();
    double s = sin(fabs(lat) * RADIANS);
    double t = tan((90 - fabs(lat)) / 2 * RADIANS) * pow((1 + e * s) / (1 - e * s), e / 2);
    double rho = 2 * SEMI_MAJOR_M * 0.994 * t / sqrt(pow(1 + e, 1 + e) * pow(1 - e, 1 - e));
    double north = rho * cos(lon * RADIANS);
    return (struct grid){2000000 + rho * sin(lon * RADIANS), 2000000 + (lat < 0 ? north : -north)};
}

static int zone_of(double lat, double lon)
{
    if (lat >= 56 && lat < 64 && lon >= 3 && lon < 12)
        return 32; // Norway
    if (lat >= 72 && lon >= 0 && lon < 42) // Svalbard
        return lon < 9 ? 31 : lon < 21 ? 33 : lon < 33 ? 35 : 37;
    return (int)floor((lon + 180) / 6) + 1;
}

static unsigned within_100km(double metres)
{
    return (unsigned)fmod(metres, 100000);
}

static const char *put_utm(double lat, double lon, char out[POSITION_TEXT_MAX])
{
    static const char bands[] = "CDEFGHJKLMNPQRSTUVWXX"; // X has 12 degrees
    static const char columns[] = "ABCDEFGHJKLMNPQRSTUVWXYZ", rows[] = "ABCDEFGHJKLMNPQRSTUV";
    int zone = zone_of(lat, lon);
    struct grid g = utm(lat, lon, zone * 6 - 183);
    size_t column = (size_t)((zone - 1) % 3 * 8 + (int)(g.east_m / 100000) - 1);
    size_t row = (size_t)((int)(g.north_m / 100000) + (zone % 2 ? 0 : 5)) % 20;
    snprintf(out, POSITION_TEXT_MAX, "%02d%c %c%c %05u %05u", zone, bands[(int)((lat + 80) / 8)], columns[column], rows[row],
             within_100km(g.east_m), within_100km(g.north_m));
    return out;
}

static const char *put_ups(double lat, double lon, char out[POSITION_TEXT_MAX])
{
    static const char *const columns[2][2] = {{"RSTUXYZ", "ABCFGHJ"}, {"JKLPQRSTUXYZ", "ABCFGHJKLPQR"}};
    static const char rows[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    struct grid g = ups(lat, lon);
    int south = lat < 0, east = g.east_m >= 2000000, first = south ? 8 : 13;
    size_t column = (size_t)((int)(g.east_m / 100000) - (east ? 20 : first));
    size_t row = (size_t)((int)(g.north_m / 100000) - first);
    snprintf(out, POSITION_TEXT_MAX, "%c %c%c %05u %05u", "YZAB"[2 * south + east], columns[south][east][column], rows[row],
             within_100km(g.east_m), within_100km(g.north_m));
    return out;
}

const char *position_mgrs(double lat, double lon, char out[POSITION_TEXT_MAX])
{
    double l = lon >= 180 ? lon - 360 : lon;
    return lat >= -80 && lat < 84 ? put_utm(lat, l, out) : put_ups(lat, l, out);
}
