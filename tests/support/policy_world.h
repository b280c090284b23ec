// Small worlds for tests of policy: two SPIFs, a vocabulary, policies and reports written as text.
#ifndef RELTO_TESTS_POLICY_WORLD_H
#define RELTO_TESTS_POLICY_WORLD_H

#include "policy/decide.h"

// Two security policies. ALFA: U < R < S < T and OLD (obsolete, above T). BETA translates to ALFA.
extern const char world_alfa[], world_beta[], world_vocabulary[];

#define W_SECURITY                                                                                           \
    "<security-policies><security-policy spif='spif/alfa.xml' release-tag-set='Rel'/>"                       \
    "<security-policy spif='spif/beta.xml' release-tag-set='Release'/></security-policies>"
#define W_POLICY(body) "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" body "</policy>"
#define W_TERMS "<terms redaction='permitted' approval='0' embargo='PT0S' onward='forbidden' lapse='retain'/>"
// An agreement for everything of type INTREP.
#define W_AGREEMENT(id, parties, more)                                                                       \
    "<agreement id='" id "' parties='" parties "'><scope><type any-of='INTREP'/></scope>" more "</agreement>"

#define W_SLAB "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
#define W_CAT(type, set, values) "<Category Type='" type "' TagName='" set "'>" values "</Category>"
#define W_V(value) "<GenericValue>" value "</GenericValue>"
#define W_REL(values) W_CAT("PERMISSIVE", "Rel", values)
#define W_INFO(policy, cls, cats)                                                                            \
    "<ConfidentialityInformation><PolicyIdentifier>" policy "</PolicyIdentifier><Classification>" cls         \
    "</Classification>" cats "</ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime>"
#define W_ORIG(policy, cls, cats)                                                                            \
    "<originatorConfidentialityLabel xmlns='" W_SLAB "'>" W_INFO(policy, cls, cats) "</originatorConfidentialityLabel>"
#define W_ALT(policy, cls, cats)                                                                             \
    "<alternativeConfidentialityLabel xmlns='" W_SLAB "'>" W_INFO(policy, cls, cats)                         \
        "</alternativeConfidentialityLabel>"
// An originator label that another one succeeds.
#define W_SUCCEEDED(info, at, successor)                                                                     \
    "<originatorConfidentialityLabel xmlns='" W_SLAB "'>" info "<SuccessionHandling><SuccessionDateTime>" at   \
    "</SuccessionDateTime><SuccessorConfidentialityLabel>" successor                                         \
    "</SuccessorConfidentialityLabel></SuccessionHandling></originatorConfidentialityLabel>"
#define W_LABEL(docs) "<label>" docs "</label>"
#define W_ALFA(cls, cats) W_LABEL(W_ORIG("ALFA", cls, cats))

#define W_HEADER_OF(attrs, label, nation, more)                                                              \
    "<header type='INTREP' " attrs ">" label "<originator nation='" nation "' cell='J2'/><title>t</title>" more "</header>"
#define W_PORTION(label) "<portion>" label "<text>x</text></portion>"
#define W_REPORT(label, header, body) "<report xmlns='urn:relto:report:1'>" label header body "</report>"
// The usual report: separable, own, all parts under the overall label.
#define W_PLAIN(label) W_REPORT(label, W_HEADER_OF("separable='true'", "", "GBR", ""), W_PORTION(""))

struct world {
    struct ruleset *rules;
    struct arena *a; // owns reports and texts
    struct diag *d;
};

// Load a policy with both SPIFs; stops the test when it is refused.
struct world world_new(const char *policy);
void world_free(struct world *w);
// Try to load; the status, with faults in w->d. `alfa`, `beta` NULL = the usual ones.
enum status world_try(struct world *w, const char *policy, const char *alfa, const char *beta);
// Is there a fault of this rule whose element or message holds `words`?
bool world_has_fault(const struct world *w, const char *rule, const char *words);
const struct report *world_report(struct world *w, const char *text);
// The instant of a text such as 2026-11-22T00:00:00Z.
utc_ms world_time(const char *text);
// The line of the offline form for a partner, tabs as single spaces. Lives in w->a.
const char *world_line(struct world *w, const char *report, const char *partner, utc_ms t,
                       const struct decide_record *rec);
// Expect a line at 2026-11-22T00:00:00Z with no record.
#define world_expect(w, report, partner, expected)                                                           \
    assert_string_equal(world_line(w, report, partner, world_time("2026-11-22T00:00:00Z"), NULL), expected)

#endif
