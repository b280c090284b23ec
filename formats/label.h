// STANAG 4774 confidentiality labels: the bytes <-> structure side. What a label means is policy's business.
//
// What is read beyond the strict form: any prefix, `URL` for `URI`, no CreationDateTime, Type in any case, the
// legacy element name, times without zone, hints of XML Schema. What is refused although the standard's schema
// lets it pass: elements of other namespaces, Classification/@URI, IntegerValue and BitStringValue, for their
// meaning would be ignored.
#ifndef RELTO_FORMATS_LABEL_H
#define RELTO_FORMATS_LABEL_H

#include "formats/base/utctime.h"
#include "formats/xml.h"

#define NS_SLAB "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
#define NS_CLEARANCE "urn:nato:stanag:4774:confidentialityclearance:1:0"

enum category_type { CATEGORY_RESTRICTIVE, CATEGORY_PERMISSIVE, CATEGORY_INFORMATIVE };

// One Category element: values of one tag set.
struct label_category {
    enum category_type type; // as written; the SPIF may disagree, which makes the label invalid
    const char *tag_set;     // TagName, white space folded
    const char *uri;         // NULL = none
    const char **values;     // GenericValue, white space folded; may be empty (then the label is invalid)
    size_t value_count;
    uint32_t line, column;
};

// One confidentiality label ("label document"), with the chain of labels that succeed it.
struct label_doc {
    const char *policy;         // PolicyIdentifier, white space folded
    const char *policy_uri;     // NULL = none; `URL` is read as `URI`
    const char *classification; // white space folded
    const char *privacy_mark;   // NULL = none
    struct label_category *categories;
    size_t category_count;
    const char *originator_id, *originator_id_type; // NULL = none
    bool has_created, has_review;
    utc_ms created, review;
    bool succession_broken; // SuccessionHandling without date or successor: an invalid label
    utc_ms succeeded_at;    // set when successor is; UTC_MAX when the date is missing
    struct label_doc *successor; // also set when only the date is missing: its categories count (spec 3.3, 7)
    uint32_t line, column;
};

// What a <label> element holds. Absent <label> elements are NULL pointers to this.
struct label {
    struct label_doc *originator;
    struct label_doc **alternatives; // in document order
    size_t alternative_count;
    uint32_t line, column;
};

// Read the content of a label element (originatorConfidentialityLabel, alternativeConfidentialityLabel*),
// whose own attributes are the caller's business. Structures live in `a`. ST_INVALID with every fault found.
MUST_USE enum status label_read(const struct xml_node *element, struct arena *a, struct diag *d,
                                const struct label **ret);
// Read one label document: originatorConfidentialityLabel, metadataConfidentialityLabel, … (also the legacy
// ConfidentialityLabel), in the label namespace.
MUST_USE enum status label_doc_read(const struct xml_node *element, struct arena *a, struct diag *d,
                                    struct label_doc **ret);
// Append the strict canonical form of the label's documents, `slab:` prefixed, each declaring its namespace.
// ReviewDateTime is written where there is no succession: the given one, else the creation time. A label
// without creation time is written without: who publishes sets it first.
void label_write(const struct label *label, struct buf *out);

// The classification and categories of a ConfidentialityClearance (in NS_CLEARANCE), for policy documents.
struct clearance_doc {
    const char *policy, *policy_uri;
    const char **classifications;
    size_t classification_count;
    struct label_category *categories;
    size_t category_count;
    uint32_t line, column;
};
MUST_USE enum status clearance_doc_read(const struct xml_node *element, struct arena *a, struct diag *d,
                                        struct clearance_doc **ret);

// Names compare case-insensitively (ASCII) after folding white space (spec 3.1).
bool name_eq(const char *a, const char *b);
// A number for look-up: equal names have equal ones. Not against chosen collisions.
uint64_t name_hash(const char *name);
// A copy with leading and trailing white space removed and inner runs folded to one space.
const char *name_fold(struct arena *a, const char *s);

#endif
