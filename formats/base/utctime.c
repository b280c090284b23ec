#include "formats/base/utctime.h"

#include <stdio.h>

#include "formats/base/bug.h"

enum { DAY_MS = 86400000 };

// Days since 1970-01-01 of a proleptic Gregorian date, and back (Howard Hinnant's era arithmetic).
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int *y, int *m, int *d)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static int days_in_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

// Read exactly n digits at *pos.
static bool digits(struct span s, size_t *pos, size_t n, int *ret)
{
    if (s.len - *pos < n)
        return false;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = s.ptr[*pos + i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *pos += n;
    *ret = v;
    return true;
}

static bool literal(struct span s, size_t *pos, char c)
{
    if (*pos >= s.len || s.ptr[*pos] != (uint8_t)c)
        return false;
    (*pos)++;
    return true;
}

static bool fraction(struct span s, size_t *pos, int *ret_ms)
{
    *ret_ms = 0;
    if (!literal(s, pos, '.'))
        return true;
    int scale = 100, n = 0;
    for (; *pos < s.len && s.ptr[*pos] >= '0' && s.ptr[*pos] <= '9'; (*pos)++, n++) {
        *ret_ms += (s.ptr[*pos] - '0') * scale;
        scale /= 10;
    }
    return n >= 1 && n <= 9;
}

static bool zone_offset(struct span s, size_t *pos, enum utc_zone zone, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (literal(s, pos, 'Z'))
        return true;
    if (zone == UTC_ZONE_Z)
        return false;
    if (*pos == s.len)
        return true;
    int sign = s.ptr[*pos] == '-' ? -1 : 1, h, m;
    if (!literal(s, pos, '-') && !literal(s, pos, '+'))
        return false;
    if (!digits(s, pos, 2, &h) || !literal(s, pos, ':') || !digits(s, pos, 2, &m) || m > 59 ||
        h * 60 + m > 14 * 60)
        return false;
    *ret_ms = (int64_t)sign * (h * 60 + m) * 60000;
    return true;
}

enum status utc_parse(struct span s, enum utc_zone zone, utc_ms *ret)
{
    int y, mo, d, h, mi, sec, ms;
    int64_t offset;
    size_t p = 0;
    if (!digits(s, &p, 4, &y) || !literal(s, &p, '-') || !digits(s, &p, 2, &mo) || !literal(s, &p, '-') ||
        !digits(s, &p, 2, &d) || !literal(s, &p, 'T') || !digits(s, &p, 2, &h) || !literal(s, &p, ':') ||
        !digits(s, &p, 2, &mi) || !literal(s, &p, ':') || !digits(s, &p, 2, &sec) || !fraction(s, &p, &ms) ||
        !zone_offset(s, &p, zone, &offset) || p != s.len)
        return ST_INVALID;
    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo) || h > 23 || mi > 59 || sec > 59)
        return ST_INVALID;
    utc_ms t = days_from_civil(y, mo, d) * DAY_MS + ((h * 60 + mi) * 60 + sec) * 1000LL + ms - offset;
    if (t < UTC_MIN || t > UTC_MAX)
        return ST_INVALID;
    *ret = t;
    return ST_OK;
}

// The next `<number><unit>` of a duration, whose unit must be in `units` from *from_unit on.
static bool duration_part(struct span s, size_t *pos, const char *units, size_t *unit, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } table[] = {{'D', DAY_MS}, {'H', 3600000}, {'M', 60000}, {'S', 1000}};
    int64_t v = 0;
    size_t start = *pos;
    for (; *pos < s.len && s.ptr[*pos] >= '0' && s.ptr[*pos] <= '9'; (*pos)++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s.ptr[*pos] - '0', &v))
            return false;
    int ms = 0;
    bool has_fraction = *pos < s.len && s.ptr[*pos] == '.';
    if (*pos == start || *pos >= s.len || !fraction(s, pos, &ms) || *pos >= s.len)
        return false;
    char c = (char)s.ptr[(*pos)++];
    const char *at = strchr(units + *unit, c);
    if (!c || !at || (has_fraction && c != 'S'))
        return false;
    *unit = (size_t)(at - units) + 1;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].unit == c && (__builtin_mul_overflow(v, table[i].ms, &v)))
            return false;
    return !__builtin_add_overflow(v, ms, &v) && !__builtin_add_overflow(*ret_ms, v, ret_ms);
}

enum status utc_duration_parse(struct span s, int64_t *ret_ms)
{
    size_t p = 0, unit = 0;
    int64_t total = 0;
    if (!literal(s, &p, 'P') || p == s.len)
        return ST_INVALID;
    while (p < s.len && s.ptr[p] != 'T')
        if (!duration_part(s, &p, "D", &unit, &total))
            return ST_INVALID;
    if (p < s.len) {
        p++;
        unit = 0;
        if (p == s.len)
            return ST_INVALID;
        while (p < s.len)
            if (!duration_part(s, &p, "HMS", &unit, &total))
                return ST_INVALID;
    }
    if (total > UTC_MAX - UTC_MIN)
        return ST_INVALID;
    *ret_ms = total;
    return ST_OK;
}

struct parts {
    int y, mo, d, h, mi, s, ms;
};

static struct parts split(utc_ms t)
{
    BUG_IF(t < UTC_MIN || t > UTC_MAX);
    int64_t day = (t >= 0 ? t : t - (DAY_MS - 1)) / DAY_MS;
    int rest = (int)(t - day * DAY_MS);
    struct parts p = {.h = rest / 3600000, .mi = rest / 60000 % 60, .s = rest / 1000 % 60, .ms = rest % 1000};
    civil_from_days(day, &p.y, &p.mo, &p.d);
    return p;
}

// n digits of v, then a character. printf would take most of the time of writing an audit event.
static char *put_digits(char *out, int v, size_t n, char then)
{
    for (size_t i = n; i > 0; v /= 10)
        out[--i] = (char)('0' + v % 10);
    out[n] = then;
    return out + n + 1;
}

// To the second; returns the place behind `then`.
static char *put_seconds(char *out, const struct parts *p, char then)
{
    out = put_digits(out, p->y, 4, '-');
    out = put_digits(out, p->mo, 2, '-');
    out = put_digits(out, p->d, 2, 'T');
    out = put_digits(out, p->h, 2, ':');
    out = put_digits(out, p->mi, 2, ':');
    return put_digits(out, p->s, 2, then);
}

const char *utc_format_s(utc_ms t, char out[UTC_TEXT_MAX])
{
    struct parts p = split(t);
    *put_seconds(out, &p, 'Z') = 0;
    return out;
}

const char *utc_format_ms(utc_ms t, char out[UTC_TEXT_MAX])
{
    struct parts p = split(t);
    *put_digits(put_seconds(out, &p, '.'), p.ms, 3, 'Z') = 0;
    return out;
}

const char *utc_format_dtg(utc_ms t, char out[UTC_TEXT_MAX])
{
    static const char months[12][4] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    struct parts p = split(t);
    snprintf(out, UTC_TEXT_MAX, "%02u%02u%02uZ%s%02u", (unsigned)p.d % 100u, (unsigned)p.h % 100u,
             (unsigned)p.mi % 100u, months[p.mo - 1], (unsigned)p.y % 100u);
    return out;
}

utc_ms utc_add(utc_ms a, int64_t b_ms)
{
    utc_ms t;
    if (__builtin_add_overflow(a, b_ms, &t))
        return b_ms < 0 ? UTC_MIN : UTC_MAX;
    return t < UTC_MIN ? UTC_MIN : t > UTC_MAX ? UTC_MAX : t;
}
