// The policy document (spec 3.2): bytes -> structure. References into SPIFs and the vocabulary are kept as
// written; policy/ruleset resolves them. References to partners and communities are resolved here already.
//
// Where the specification leaves a choice: sections stand in any order, each at most once, and may be left out (what is not
// named is denied). <when/> without conditions always holds; <all/>, <any/> and <scope/> without any are
// refused. `*` stands alone, and only in `parties`, `partners` and exercise. An originator is a partner or the own
// nation. Ids of nations, partners and communities are letters, digits, '-', '.', '_'.
#ifndef RELTO_FORMATS_POLICY_DOCUMENT_H
#define RELTO_FORMATS_POLICY_DOCUMENT_H

#include "formats/label.h"
#include "formats/terms.h"

#define NS_POLICY "urn:relto:policy:1"

enum { POLICY_ID_MAX = 63 }; // bytes in the id of a nation, partner or community

// from <= t < until; UTC_MIN and UTC_MAX when left out.
struct validity {
    utc_ms from, until;
};

struct policy_security { // security-policy
    const char *spif;    // file name as written
    const char *release_tag_set;
    const char **unmarked; // partners or communities; has_unmarked false = nobody
    size_t unmarked_count;
    bool has_unmarked;
    uint32_t line;
};

struct policy_member {
    const char *partner, *community; // exactly one is set
    struct validity valid;
    uint32_t line;
};

struct policy_community {
    const char *id;
    struct policy_member *members;
    size_t member_count;
    uint32_t line;
};

struct policy_clearance {
    // compact form: policy, max, categories. Full form: doc is set and the others are not.
    const char *policy, *max;
    struct label_category *categories; // one value each or more; type is not meaningful here
    size_t category_count;
    struct clearance_doc *doc;
    uint32_t line;
};

enum partner_kind { PARTNER_NATION, PARTNER_ORGANISATION, PARTNER_NGO };

struct policy_partner {
    const char *id, *name;  // name: the id when left out
    enum partner_kind kind; // nation when left out; without effect on decisions
    struct policy_clearance *clearances;
    size_t clearance_count;
    uint32_t line;
};

enum condition_kind {
    COND_ALL,
    COND_ANY,
    COND_NOT,
    COND_TOPIC,
    COND_AREA,
    COND_TYPE,
    COND_ORIGINATOR,
    COND_CELL,
    COND_CLASSIFICATION,
    COND_CATEGORY,
    COND_GRADING,
    COND_EXERCISE,
};

struct condition {
    enum condition_kind kind;
    struct condition *children; // ALL, ANY, NOT
    size_t child_count;
    const char **values; // any-of lists; category values
    size_t value_count;
    const char *policy;             // CLASSIFICATION, CATEGORY
    const char *at_least, *at_most; // CLASSIFICATION; NULL = not stated
    const char *tag_set;            // CATEGORY
    char reliability_at_least;      // GRADING: 'A'..'E', 0 = not stated
    char credibility_at_least;      // GRADING: '1'..'5', 0 = not stated
    uint32_t line;
};

struct policy_denial {
    const char *id, *reason; // reason: "" when left out
    const char **partners; // "*" = every partner
    size_t partner_count;
    bool withdraw;
    struct condition when; // COND_ALL of the children
    uint32_t line;
};

struct policy_ceiling {
    const char *policy, *max;
    uint32_t line;
};

enum lapse { LAPSE_RETAIN = 0, LAPSE_WITHDRAW };

struct policy_terms {
    bool redaction_permitted;
    uint32_t approval; // 0, 1, 2 officers
    int64_t embargo_ms;
    enum onward onward;
    enum lapse lapse;
};

struct policy_agreement {
    const char *id, *title; // title: the id when left out
    struct validity valid;
    const char **parties;
    size_t party_count;
    struct condition scope; // COND_ALL of the children
    struct policy_ceiling *ceilings;
    size_t ceiling_count;
    struct policy_terms terms;
    uint32_t line;
};

struct policy_document {
    const char *file;
    const char *nation;
    uint64_t serial;
    struct policy_security *securities;
    size_t security_count;
    struct policy_community *communities;
    size_t community_count;
    struct policy_partner *partners;
    size_t partner_count;
    struct policy_denial *denials;
    size_t denial_count;
    struct policy_agreement *agreements;
    size_t agreement_count;
};

// Read a policy document: structure, required attributes, value forms, unique ids (exactly and but for
// case), membership and party references, cycles. ST_INVALID with every fault found.
MUST_USE enum status policy_document_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                          const struct policy_document **ret);

#endif
