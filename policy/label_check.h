// The label check (spec 3.3): may this partner see an element that carries these labels?
#ifndef RELTO_POLICY_LABEL_CHECK_H
#define RELTO_POLICY_LABEL_CHECK_H

#include "policy/decide.h"
#include "policy/ruleset_parts.h"

// What label checks at one instant share.
struct label_context {
    const struct ruleset *rs;
    utc_ms t;
    const struct partner_set *members;  // by community, at t
    const struct partner_set *unmarked; // by security policy, at t
    struct arena *arena;                // views live here; its status tells whether memory sufficed
};

// A label in force, or its translation, with who is on its release list at t.
struct element_view {
    struct label_view view;
    struct partner_set released;
};

// A label document that travels with the element: what step 7 asks of it.
struct carried_doc {
    const struct label_doc *doc;
    size_t policy;                    // SP_NONE = unknown
    struct category_use *restrictive; // its restrictive values, by written Type or by SPIF
    size_t restrictive_count;
    bool unholdable; // a restrictive value that nobody can hold: of an unknown policy, or unknown to the SPIF
    const char *unholdable_value;
};

// A label element, read once for all partners. Zeroed = absent: it denies.
struct label_element {
    const struct label *label;
    struct element_view *views; // the originator label in force, then the alternatives
    size_t view_count;
    const struct element_view **translations; // of the originator label, by target policy; made when first wanted
    bool *tried;
    struct carried_doc *docs;
    size_t doc_count;
};

// The result, with what decided it. Zeroed = fails.
struct label_verdict {
    bool passes;
    enum reason reason; // when it fails
    size_t policy;      // the policy it was judged under; SP_NONE = none
    bool translated;
    const char *tag_set, *value; // the category that failed, or NULL
};

// Read an element's labels; NULL = absent. Failures are the arena's.
void label_element_read(const struct label_context *x, const struct label *label, struct label_element *ret);

// The originator label's view translated to another policy, or NULL when it has no equivalent there.
const struct element_view *label_element_translate(const struct label_context *x, const struct label_view *from,
                                                   size_t target);

// To which policy a label of this one is translated for a partner: the first equivalent policy under which the partner
// holds a clearance, or SP_NONE.
size_t label_check_target(const struct ruleset *rs, size_t policy, size_t partner);

// The check. `limits` are the governing agreement's ceilings by policy; NULL = none.
void label_check(const struct label_context *x, struct label_element *e, size_t partner,
                 const struct ceiling_limit *limits, struct label_verdict *ret);

#endif
