// Reports from elsewhere as drafts (spec 2.4): bytes in, one call per draft out. Pure: no file, no clock. Imports make
// drafts, never releases: `issued`, Ids and salts are left to the node that publishes.
//
// The public inputs carry no releasability markings. Their labels are synthesised by the rule of import_label.h and every
// one of them says so (category SYNTHETIC); the first portion names the source.
#ifndef RELTO_FORMATS_IMPORT_H
#define RELTO_FORMATS_IMPORT_H

#include "formats/base/diag.h"
#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/base/utctime.h"

#define IMPORT_BYTES_MAX (64 * MIB) // the whole ASAM archive of 42 years has 3 MiB

struct csv_map;

struct import_options {
    const char *nation; // originating nation or organisation; must be a value of the release tag set of its labels' policy
    const char *cell;   // originating cell
    // 32 bytes that only the originating node knows. With them each draft states the id of its report, the same at each import,
    // which nobody else can tell or take beforehand; and an advisory becomes a draft for each revision. NULL = no ids.
    const uint8_t *id_secret;
    const struct csv_map *map; // for import_csv alone
    // Called when faults have gathered in the diagnostics, to tell and empty them; NULL = those that do not fit are only counted.
    void (*tell)(void *ctx, struct diag *d);
    void *tell_ctx;
};

struct import_draft {
    const char *name; // stable file stem, e.g. "asam-2017-250"; letters, digits and hyphens
    struct span xml;  // the draft, UTF-8, ending in a line feed
    uint32_t line;    // of the record in the input; 0 = not known
    bool has_id;      // as the options say; then:
    struct uuid id;
    uint32_t version; // from 1
    utc_ms until;     // when the record says that it ends; UTC_MAX = it does not say
    const struct uuid *cancels; // reports that the record says are over
    size_t cancel_count;
};

// Called for each draft; what it gets is borrowed until it returns. Anything but ST_OK stops the import with
// that status; ST_INVALID is not for it to return.
typedef enum status import_each(void *ctx, const struct import_draft *draft);

struct import_counts {
    size_t drafts;  // handed out
    size_t skipped; // records left out, each with a fault in the diagnostics
};

// Anti-Shipping Activity Messages as CSV with a header line. Columns by name: reference, dateofocc (YYYYMMDD), subreg,
// hostility_, victim_d, descriptio, hostilit_D, victim_l_D, navarea, lon, lat; others are ignored.
//
// All: a record that is no good is reported in `d` with its line and left out. *ret is set always. ST_OK when the
// input could be read to its end; ST_MALFORMED, ST_INVALID (no such input at all), ST_LIMIT, ST_NOMEM, or what
// `each` returned.
MUST_USE enum status import_asam(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                 struct diag *d, struct import_counts *ret);
// Broadcast warnings to shipping, JSON: {"broadcast-warn": [ {msgYear, msgNumber, navArea, subregion, text,
// issueDate, authority …} … ]}.
MUST_USE enum status import_navwarn(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                    struct diag *d, struct import_counts *ret);
// A CSV table with a mapping (csv_map.h), o->map.
MUST_USE enum status import_csv(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                struct diag *d, struct import_counts *ret);
// A STIX 2.1 bundle, JSON: a draft for each report object. Without our extension (stix.h) TLP CLEAR and GREEN are taken as in
// advisories; any other marking, and none, leaves a part to the originator alone. A revoked report has ended. A report of another nation, which our extension names, is left
// out: what came from a partner goes on by policy and its terms, not as ours.
MUST_USE enum status import_stix(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                 struct diag *d, struct import_counts *ret);
// One CSAF 2.0 advisory, JSON. With ids, each revision that it lists is a version of the report; the file has the text of
// the last one alone, and the drafts of the earlier ones say so.
MUST_USE enum status import_csaf(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                 struct diag *d, struct import_counts *ret);

#endif
