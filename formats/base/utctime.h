// Instants as milliseconds since 1970-01-01T00:00:00Z, and the XML Schema forms of them.
#ifndef RELTO_FORMATS_BASE_UTCTIME_H
#define RELTO_FORMATS_BASE_UTCTIME_H

#include "formats/base/span.h"
#include "formats/base/status.h"

typedef int64_t utc_ms;

// The ends of what can be written with a four-digit year; also "unbounded" in policies.
#define UTC_MIN ((utc_ms)-62135596800000LL) // 0001-01-01T00:00:00Z
#define UTC_MAX ((utc_ms)253402300799999LL) // 9999-12-31T23:59:59.999Z

enum { UTC_TEXT_MAX = 32, UTC_MS_TEXT_LEN = 24 };

enum utc_zone {
    UTC_ZONE_Z,        // only `Z` is accepted: our own documents
    UTC_ZONE_OPTIONAL, // `Z`, an offset, or none (= UTC): labels from elsewhere
};

// Read an xs:dateTime of four-digit year with up to 9 fraction digits (cut to milliseconds).
// ST_INVALID for any other form or an impossible date. 24:00:00 and leap seconds are refused.
MUST_USE enum status utc_parse(struct span text, enum utc_zone zone, utc_ms *ret);
// Read a day-time duration of days and smaller, e.g. P1DT6H, PT0S. Never negative; ST_INVALID otherwise.
MUST_USE enum status utc_duration_parse(struct span text, int64_t *ret_ms);

// YYYY-MM-DDThh:mm:ssZ into out[UTC_TEXT_MAX]; milliseconds are cut. Returns out.
const char *utc_format_s(utc_ms t, char out[UTC_TEXT_MAX]);
// YYYY-MM-DDThh:mm:ss.mmmZ.
const char *utc_format_ms(utc_ms t, char out[UTC_TEXT_MAX]);
// Military date-time group, DDHHMMZMONYY.
const char *utc_format_dtg(utc_ms t, char out[UTC_TEXT_MAX]);
// a + b, held within UTC_MIN..UTC_MAX. b may be any duration.
utc_ms utc_add(utc_ms a, int64_t b_ms);

#endif
