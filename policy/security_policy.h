// A SPIF compiled for look-up (spec 3.1): every category has a number, in SPIF order. What a label's words name
// is found here; nothing here knows of partners. Immutable once compiled; the SPIF must outlive it.
#ifndef RELTO_POLICY_SECURITY_POLICY_H
#define RELTO_POLICY_SECURITY_POLICY_H

#include "formats/policy_document.h"
#include "formats/spif.h"
#include "policy/name_index.h"

struct sp_tag {
    const struct spif_tag *tag;
    size_t set;          // index of its tag set
    size_t first, count; // its categories in security_policy.categories
};

struct sp_category {
    const struct spif_category *category;
    size_t tag; // index into security_policy.tags
    size_t set; // index into spif.tag_sets
};

struct security_policy {
    const struct spif *spif;
    const char *uri; // urn:oid: + id
    struct sp_tag *tags;
    size_t tag_count;
    struct sp_category *categories; // in SPIF order
    size_t category_count;
    size_t *set_first; // tag set i has the categories set_first[i] .. set_first[i + 1] - 1
    bool *set_input;   // by tag set: has a userInput category
    struct name_index names; // of categories, by tag set
    size_t release_set; // index of the release tag set; SP_NONE = none is known
};

// Nothing found.
#define SP_NONE SIZE_MAX

// Compile a SPIF with the name of its release tag set; the result lives in `a`. ST_INVALID with a fault at
// `line` when that tag set is missing or has no permissive tag; arena's statuses. release_tag_set NULL: for
// labels alone, where no decision is made.
MUST_USE enum status security_policy_compile(const struct spif *spif, const char *release_tag_set, uint32_t line,
                                             struct arena *a, struct diag *d, struct security_policy *ret);

// The classification with this name; of equally named ones the first that is not obsolete, else the first.
// NULL when there is none.
const struct spif_class *security_policy_class(const struct security_policy *sp, const char *name);
const struct spif_class *security_policy_class_by_lacv(const struct security_policy *sp, const char *lacv);
// The tag set of this name, or SP_NONE.
size_t security_policy_tag_set(const struct security_policy *sp, const char *name);

// How a label's word (tag set, value) reads under the SPIF.
struct sp_word {
    bool known;       // named by a category of that tag set, or allowed by a userInput category
    bool type_known;  // so of the stated type too; `category` is then the one that counts
    size_t category;  // number, or SP_NONE
    bool restrictive; // some category that it may name is restrictive
};
// Look a value up in a tag set. `type` as written on the label.
struct sp_word security_policy_word(const struct security_policy *sp, size_t set, enum category_type type,
                                    const char *value);
// The first category of the tag set with this name, of whatever type, or SP_NONE.
size_t security_policy_named(const struct security_policy *sp, size_t set, const char *value);
// Is this value named by a category of the tag set, of whatever type (not by userInput)?
bool security_policy_names(const struct security_policy *sp, size_t set, const char *value);
// Does the tag set have a userInput category, of whatever type?
bool security_policy_takes_input(const struct security_policy *sp, size_t set);

// The label type of a tag.
enum category_type security_policy_type(enum spif_tag_type t);
// Does a category group mean this category (spec 3.1)?
bool security_policy_group_means(const struct security_policy *sp, const struct spif_category_ref *g, size_t category);
// The first category in SPIF order that the group means, or SP_NONE.
size_t security_policy_group_first(const struct security_policy *sp, const struct spif_category_ref *g);
// Does the group speak of this tag set (by name or id)?
bool security_policy_group_set(const struct spif_category_ref *g, const struct spif_tag_set *set);
// The category with this tag set id, exact tag type and lacv, or SP_NONE.
size_t security_policy_by_lacv(const struct security_policy *sp, const char *tag_set_id, enum spif_tag_type type,
                               const char *lacv);
// Does `ref` (a classification's name, else a lacv) mean the class?
bool security_policy_class_ref(const struct security_policy *sp, const char *ref, const struct spif_class *c);

static inline const struct spif_tag_set *security_policy_set_of(const struct security_policy *sp, size_t category)
{
    return &sp->spif->tag_sets[sp->categories[category].set];
}
static inline const struct spif_tag *security_policy_tag_of(const struct security_policy *sp, size_t category)
{
    return sp->tags[sp->categories[category].tag].tag;
}

#endif
