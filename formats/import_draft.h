// What the importers share: the shape of a report to be written as a draft, and the cleaning of foreign text.
#ifndef RELTO_FORMATS_IMPORT_DRAFT_H
#define RELTO_FORMATS_IMPORT_DRAFT_H

#include "formats/base/arena.h"
#include "formats/import.h"
#include "formats/import_area.h"
#include "formats/import_label.h"

enum { IMPORT_TOPICS_MAX = 8, IMPORT_PORTIONS_MAX = 1000 }; // portions: the protocol allows 1,024 children

struct import_portion {
    struct import_mark mark;
    const char *text;
};

// A report to be. Strings are borrowed and already clean (import_clean).
struct import_report {
    const char *name; // file stem, and what the id is made from
    const char *file; // file stem where it is another one, for one version of several; NULL = name
    uint32_t version; // 0 = 1
    utc_ms until;     // 0 = the record does not say when it ends
    const struct uuid *cancels;
    size_t cancel_count;
    const char *type, *lang, *title;
    bool separable;
    const char *topics[IMPORT_TOPICS_MAX];
    size_t topic_count;
    struct import_areas areas;
    bool has_position;
    double lat, lon;
    unsigned radius_km;
    utc_ms from, to; // period
    char reliability, credibility;
    const char *exercise; // NULL = none
    struct import_mark header;
    enum import_level overall_least; // the overall label is at least this
    const struct import_portion *portions;
    size_t portion_count;
    utc_ms labelled; // when the labels were made: the record's own date, so that a second import gives the same bytes
};

// What an import in progress carries.
struct import_run {
    const struct import_options *o;
    import_each *each;
    void *ctx;
    struct diag *d;
    struct import_counts *counts;
};

// Write the draft and hand it out; `line` is the record's. ST_OK, ST_INVALID when it is left out, ST_LIMIT, ST_NOMEM, or what
// `each` returned.
MUST_USE enum status import_emit(struct import_run *run, const struct import_report *r, uint32_t line);

// Is it a draft at all? What a record made of it can be anything. ST_INVALID when it is left out, with its fault as the record's.
MUST_USE enum status import_check_draft(struct import_run *run, struct span xml, uint32_t line);
// Hand a draft out that is written already: name, xml, line and what else it has are set; id from the report's `name`.
MUST_USE enum status import_hand_out(struct import_run *run, const char *name, struct import_draft *draft);
// The id of the report of this name. False without a secret.
bool import_id(const struct import_options *o, const char *name, struct uuid *ret);

// Leave a record out: one fault, one more skipped. Returns ST_INVALID.
enum status import_skip(struct import_run *run, uint32_t line, const char *element, const char *why);
// The same for a record whose fault is in the diagnostics already.
void import_left_out(struct import_run *run);

// Add a topic unless it is there.
void import_topic(struct import_report *r, const char *topic);

// A clean copy of foreign text: controls and odd spaces become spaces, invisible and direction marks are dropped, runs of
// spaces fold to one, ends are trimmed, the rest is in normalization form C. With `lines` line feeds are kept (not more than two in a row).
// NULL when the bytes are not UTF-8, or the arena is full (arena_status tells).
const char *import_clean(struct arena *a, struct span text, bool lines);

// Does the text hold this word or part of a word? Upper and lower case alike.
bool import_mentions(const char *text, const char *word);

// Lower-case letters and digits as they are, everything else as single hyphens: a part of a file stem.
const char *import_stem(struct arena *a, const char *text);

#endif
