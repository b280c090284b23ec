// The steps of the oracle, one function for each sentence of the specification.
#ifndef RELTO_TESTS_SUPPORT_ORACLE_PARTS_H
#define RELTO_TESTS_SUPPORT_ORACLE_PARTS_H

#include "tests/support/oracle.h"

// -- 3.1: policies, categories, validity (oracle_label.c). `policy` is an index into oracle.spifs, -1 = unknown.
int oracle_policy(const struct oracle *o, const char *name, const char *uri);
const struct spif_class *oracle_class(const struct spif *s, const char *name);
const struct spif_class *oracle_class_lacv(const struct spif *s, const char *lacv);
const struct spif_tag_set *oracle_tag_set(const struct spif *s, const char *name);
enum category_type oracle_type(enum spif_tag_type type);
// One value of a label, found in its SPIF.
struct oracle_value {
    const struct spif_tag_set *set;
    const struct spif_tag *tag;
    const struct spif_category *category;
    const char *value;
};
// The category that a value names: of this tag set, of this stated type; not obsolete if there is such a one.
bool oracle_find(const struct spif *s, enum category_type type, const char *tag_set, const char *value,
                 struct oracle_value *ret);
bool oracle_group_matches(const struct spif_category_ref *group, const struct oracle_value *v);

// -- 3.1: equivalence (oracle_translate.c)
const struct spif_class *oracle_translate_class(const struct oracle *o, int from, const struct spif_class *class,
                                                int to, const struct spif_equivalent_class **ret_rule);
// The label in the words of policy `to`; NULL = untranslatable. The label is valid. *ret_obsolete: an equivalence
// leads to an obsolete category, though its name may also be that of one in use; such a translation is not valid.
const struct label_doc *oracle_translate(const struct oracle *o, const struct label_doc *label, int to,
                                         struct arena *a, bool *ret_release_discarded, bool *ret_obsolete);
bool oracle_equivalent_applies(enum spif_applied applied);

// -- 3.2: membership and conditions (oracle_condition.c)
bool oracle_valid_at(struct validity v, utc_ms t);
bool oracle_member(const struct oracle *o, const char *community, const char *partner, utc_ms t);
bool oracle_names(const struct oracle *o, const char **ids, size_t count, const char *partner, utc_ms t);
enum oracle_truth { ORACLE_FALSE, ORACLE_UNKNOWN, ORACLE_TRUE };
enum oracle_truth oracle_condition(const struct oracle *o, const struct condition *c, const struct report *r, utc_ms t);
const struct label_doc *oracle_effective(const struct label_doc *label, utc_ms t);

// -- 3.3: the label check (oracle_check.c). `agreement` NULL = no ceilings. REASON_NONE = passes.
enum reason oracle_label_check(const struct oracle *o, const struct label *label, const struct policy_partner *p,
                               utc_ms t, const struct policy_agreement *agreement);

#endif
