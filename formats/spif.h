// XML SPIF security policies, schema 2.0 and 2.1 (spec 3.1, 9): file -> structure, whole, with lines.
//
// Names are white space folded; lacv values lose leading zeros, so that "008" is "8". Elements without a
// namespace inside a SPIF are read as the SPIF's own: files in use have them. What has no effect here is read
// past: privacyMarks, extensions, updateInfo, defaultSecurityPolicyId, equivalentSecurityCategoryTagSet (what
// it would translate stays untranslatable), markings of securityClassifications as a whole, and the validity of
// the SPIF as a whole (activating it is the operator's act). Anything else unknown refuses the file, and so does
// the validity period of a single category: ignoring it could widen release.
#ifndef RELTO_FORMATS_SPIF_H
#define RELTO_FORMATS_SPIF_H

#include "formats/label.h"

#define NS_SPIF "http://www.xmlspif.org/spif"

// enumerated tags are split by their enumType here: that is all that a decision depends on.
enum spif_tag_type {
    SPIF_RESTRICTIVE,
    SPIF_PERMISSIVE,
    SPIF_ENUM_RESTRICTIVE,
    SPIF_ENUM_PERMISSIVE,
    SPIF_INFORMATIVE, // tagType7, notApplicable
};

enum spif_operation { SPIF_ONLY_ONE, SPIF_ONE_OR_MORE, SPIF_ALL };
enum spif_applied { SPIF_ENCRYPT, SPIF_DECRYPT, SPIF_BOTH };

enum spif_marking_code { // bits; 0 = no place stated
    SPIF_PAGE_TOP = 1 << 0,
    SPIF_PAGE_BOTTOM = 1 << 1,
    SPIF_PAGE_TOP_BOTTOM = 1 << 2,
    SPIF_PORTION = 1 << 3,
    SPIF_NO_NAME_DISPLAY = 1 << 4,
    SPIF_SUPPRESS_CLASS_NAME = 1 << 5,
    SPIF_REPLACE_POLICY = 1 << 6,
    SPIF_NO_MARKING_DISPLAY = 1 << 7,
    SPIF_OTHER_CODE = 1 << 8, // documentStart, waterMark …: read, kept, not a place we print
};

struct spif_marking {
    const char *phrase; // NULL = none
    const char *lang;   // NULL = none
    uint32_t codes;     // enum spif_marking_code bits
    uint32_t line;
};

enum spif_qualifier_kind { SPIF_PREFIX, SPIF_SEPARATOR, SPIF_SUFFIX };

// One qualifier of a markingQualifier.
struct spif_qualifier {
    uint32_t codes;   // markingCode places of its markingQualifier, 0 = any
    enum spif_qualifier_kind kind;
    const char *text; // not folded: its spaces are meant
    const char *lang; // NULL = none
    uint32_t line;
};

// Reference to categories (categoryGroup): tag set by name or id, type, and one lacv or all.
struct spif_category_ref {
    const char *tag_set; // tagSetRef: name or id of a tag set
    enum spif_tag_type type;
    const char *lacv; // NULL = any category of that tag set and type
    uint32_t line;
};

// requiredCategory, or excludedCategory. The latter has its one group in attributes; as a list of groups
// without `operation` any of them excludes (ONE_OR_MORE).
struct spif_required {
    enum spif_operation operation;
    struct spif_category_ref *groups;
    size_t group_count;
    uint32_t line;
};

struct spif_equivalent_class {
    const char *policy_ref, *lacv;
    enum spif_applied applied;
    struct spif_required *required; // requiredCategory of the equivalent
    size_t required_count;
    uint32_t line;
};

struct spif_equivalent_category {
    const char *policy_ref, *tag_set_id, *lacv; // lacv NULL with discard
    enum spif_tag_type type;
    enum spif_applied applied;
    bool discard;
    uint32_t line;
};

struct spif_class {
    const char *name, *lacv, *color;
    int64_t hierarchy;
    bool obsolete;
    struct spif_equivalent_class *equivalents;
    size_t equivalent_count;
    struct spif_required *required;
    size_t required_count;
    struct spif_marking *markings;
    size_t marking_count;
    struct spif_qualifier *qualifiers;
    size_t qualifier_count;
    uint32_t line;
};

struct spif_category {
    const char *name, *lacv;
    const char **required_classes; // classification names or lacvs as written; requiredClass
    size_t required_class_count;
    const char **excluded_classes;
    size_t excluded_class_count;
    bool obsolete, user_input;
    struct spif_equivalent_category *equivalents;
    size_t equivalent_count;
    struct spif_required *required, *excluded;
    size_t required_count, excluded_count;
    struct spif_marking *markings;
    size_t marking_count;
    struct spif_qualifier *qualifiers;
    size_t qualifier_count;
    uint32_t line;
};

struct spif_tag {
    const char *name;
    enum spif_tag_type type;
    bool single_selection;
    uint32_t min_selection, max_selection; // UINT32_MAX = unlimited
    struct spif_category *categories;
    size_t category_count;
    struct spif_marking *markings;
    size_t marking_count;
    struct spif_qualifier *qualifiers;
    size_t qualifier_count;
    uint32_t line;
};

struct spif_tag_set {
    const char *name, *id;
    struct spif_tag *tags;
    size_t tag_count;
    uint32_t line;
};

struct spif_equivalent_policy {
    const char *name, *id;
    struct spif_required *required;
    size_t required_count;
    uint32_t line;
};

struct spif {
    const char *file; // as given to spif_read, for messages
    const char *name, *id; // securityPolicyId; id is a dotted OID; its markings stand before the SPIF's own
    struct spif_class *classes;
    size_t class_count;
    struct spif_tag_set *tag_sets;
    size_t tag_set_count;
    struct spif_equivalent_policy *equivalent_policies;
    size_t equivalent_policy_count;
    struct spif_marking *markings;
    size_t marking_count;
    struct spif_qualifier *qualifiers;
    size_t qualifier_count;
};

// Read a SPIF. Structures live in `a`. A broken one is refused with every fault: line, element, rule
// (unknown references, duplicate lacv or hierarchy, missing names, schema 3.0 "not supported" …).
// ST_INVALID, or what xml_read returns.
MUST_USE enum status spif_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                               const struct spif **ret);

#endif
