// The marking line back to labels (spec 6.2, `label parse`): every classification and every choice of categories of each
// security policy is marked by its SPIF's own rules and compared with the line. Nothing is known here about
// how lines look.
//
// Lines compare as names do: ASCII case does not count, white space is folded. A label is found when it is valid
// and its line at some place (page top, page bottom, portion) in some language of the SPIF is the given one. What
// a SPIF does not show (noNameDisplay …) is added only when the label needs it to be valid or to give the line,
// and then as few categories as do, at most three: labels with more of them would give the same line. Words of
// userInput categories are taken as the line has them.
#ifndef RELTO_POLICY_LABEL_PARSE_H
#define RELTO_POLICY_LABEL_PARSE_H

#include "policy/label_rules.h"

// Longest line that is read, bytes; most labels that are told.
enum { LABEL_PARSE_LINE_MAX = 1024, LABEL_PARSE_LABELS_MAX = 64 };

struct label_parse_want {
    const char *lang; // NULL = every language of the SPIF, and none
    bool place_given; // false = every place
    enum marking_place place;
};

struct label_parsed {
    struct label_doc *labels[LABEL_PARSE_LABELS_MAX]; // distinct; policy, URI, classification, categories in SPIF order
    size_t count;
    bool all;          // false: the search ended at its bound, there may be more
    const char *line;  // the line, white space folded
    size_t understood; // bytes of `line` from its start that some marking begins with
};

// Find the labels of a marking line; they live in `a`. ST_OK also when there is none; ST_LIMIT for a line longer
// than LABEL_PARSE_LINE_MAX; arena's statuses. The time is bounded whatever the SPIFs and the line say.
MUST_USE enum status label_parse(const struct security_policies *all, const char *line,
                                 const struct label_parse_want *want, struct arena *a, struct label_parsed *ret);

#endif
