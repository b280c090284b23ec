// A confidentiality label read under its security policy: words turned into numbers, validity, translation
// (spec 3.1, 3.3 steps 1 and 2). Knows no partner.
#ifndef RELTO_POLICY_LABEL_VIEW_H
#define RELTO_POLICY_LABEL_VIEW_H

#include "policy/security_policy.h"

// The security policies that labels are read under.
struct security_policies {
    const struct security_policy *policies;
    size_t count;
};

// One value of a label.
struct category_use {
    size_t category;   // number in its security policy
    const char *value; // as written on the label, or the category's name in a translation
    bool input;        // a userInput category took the value
};

// A label document, or its translation, under one security policy.
struct label_view {
    const struct label_doc *doc; // the document behind it
    size_t policy;               // index of the security policy; SP_NONE = unknown, then all below is empty
    const struct spif_class *cls; // NULL = not a classification of that policy
    struct category_use *uses;   // each (category, value) once; words that the SPIF does not know are left out
    size_t use_count;
    bool valid;                  // spec 3.1
    bool translated;
    bool has_release;            // has values of the release tag set
    bool release_discarded;      // the original had some, and translation discarded one
};

// The policy that a PolicyIdentifier names (spec 3.1), or SP_NONE.
size_t label_policy(const struct security_policies *all, const char *name, const char *uri);

// The document in force at t: successors replace their predecessors (spec 3.3 step 1).
const struct label_doc *label_effective(const struct label_doc *doc, utc_ms t);

// Read a document (not its successors) under its policy. Each violation of validity becomes a fault naming
// `element` when d is given. The view lives in `a`. Arena's statuses.
MUST_USE enum status label_view_read(const struct security_policies *all, const struct label_doc *doc, struct arena *a,
                                     struct diag *d, const char *element, struct label_view *ret);

// Translate a view of a valid label to another policy, by the equivalences of its own SPIF. ST_NOT_FOUND when
// it has no equivalent there; arena's statuses.
MUST_USE enum status label_view_translate(const struct security_policies *all, const struct label_view *from,
                                          size_t target, struct arena *a, struct label_view *ret);

// The equivalent of a classification alone, or NULL when it has none there.
const struct spif_class *class_translate(const struct security_policies *all, size_t policy, const struct spif_class *c,
                                         size_t target);

// Does the view carry this (category, value)?
bool label_view_carries(const struct label_view *v, size_t category);

#endif
