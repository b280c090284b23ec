#include "node/core/hours.h"

#include <string.h>

enum { DAY_MINUTES = 24 * 60, MINUTE_MS = 60000 };

// Two digits and a colon and two digits: minutes of the day, or -1.
static int time_of(const char *s)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
            return -1;
    int h = 10 * (s[0] - '0') + s[1] - '0', m = 10 * (s[3] - '0') + s[4] - '0';
    return h < 24 && m < 60 ? 60 * h + m : -1;
}

bool hours_parse(const char *text, struct hours *ret)
{
    if (strlen(text) != strlen("22:00-06:00Z") || text[5] != '-' || text[11] != 'Z')
        return false;
    int from = time_of(text), to = time_of(text + 6);
    if (from < 0 || to < 0 || from == to)
        return false;
    *ret = (struct hours){(uint16_t)from, (uint16_t)to};
    return true;
}

bool hours_open(const struct hours *h, utc_ms now, int64_t *ret_left_ms)
{
    *ret_left_ms = INT64_MAX;
    if (h->from == h->to)
        return true;
    const int64_t day = (int64_t)DAY_MINUTES * MINUTE_MS, length = (h->to - h->from + DAY_MINUTES) % DAY_MINUTES;
    int64_t since = (now - (int64_t)h->from * MINUTE_MS) % day; // since they began last
    since += since < 0 ? day : 0;
    bool open = since < length * MINUTE_MS;
    *ret_left_ms = (open ? length * MINUTE_MS : day) - since;
    return open;
}
