// The one rule by which imported reports get labels; conf/samples/README.md has it in words. Real markings
// are not public; so these are synthetic, a function of the record's own fields, and carry the category SYNTHETIC.
#ifndef RELTO_FORMATS_IMPORT_LABEL_H
#define RELTO_FORMATS_IMPORT_LABEL_H

#include "formats/base/buf.h"
#include "formats/base/utctime.h"

enum import_level { IMPORT_OPEN = 0, IMPORT_RESTRICTED, IMPORT_CONFIDENTIAL, IMPORT_SECRET };

// Release values besides the originator itself, as bits.
enum import_release {
    IMPORT_TO_GBR = 1 << 0,
    IMPORT_TO_FRA = 1 << 1,
    IMPORT_TO_MARSEC = 1 << 2,
    IMPORT_TO_NATIONS = IMPORT_TO_GBR | IMPORT_TO_FRA,
    IMPORT_TO_ALL = IMPORT_TO_NATIONS | IMPORT_TO_MARSEC,
};

// What a label is to say, before it is said in the words of a security policy.
struct import_mark {
    enum import_level level;
    unsigned release; // 0 = the originator alone
    bool eyes_only;   // the national caveat: UK EYES ONLY, SPECIAL FRANCE
    bool unmarked;    // no release tag at all
};

// How the three parts of an imported message are marked.
struct import_pattern {
    const char *name;
    bool separable;
    enum import_level overall_least;           // the whole may be worth more than its parts (compilation)
    struct import_mark facts, detail, comment; // also in this order; the header is marked as the facts
};

// The pattern of message number n (its serial number within its year): patterns[n mod 16] of a fixed table.
const struct import_pattern *import_label_pattern(unsigned long number);
// Do these numbers belong to the exercise STEADFAST-26 (n mod 20 = 6), to human-source reporting (n mod 25 = 0)?
bool import_label_exercise(unsigned long number);
bool import_label_human_source(unsigned long number);

// The mark of CSAF content: what its TLP label allows (NULL or unknown is taken as AMBER) and, within that,
// RESTRICTED and released to GBR alone for vulnerabilities of base score 9 and more.
struct import_mark import_label_csaf(const char *tlp, double base_score);

// The least mark that covers both: higher level, caveat if either has it, release values common to both. Never
// wider than either; unmarked if either is.
struct import_mark import_mark_cover(struct import_mark a, struct import_mark b);

// Append a <label> element for a child (`overall` false) or the whole report. The originator's nation decides the
// security policy: FRA the French, everyone else NATO; of GBR a caveat puts the label under the British policy,
// the overall label then carries both so that every part has a policy in common with it. Indented by `indent`.
void import_mark_write(const char *nation, struct import_mark m, bool overall, utc_ms created, const char *indent,
                       struct buf *out);

#endif
