// The world of the tests of releases: GBR and what its policy may say in them, FRA and DEU that pass on what they get.
#ifndef RELTO_TESTS_RELEASE_WORLD_H
#define RELTO_TESTS_RELEASE_WORLD_H

#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define TO(id, max) "<partner id='" id "' name='" id "' kind='nation'><clearance policy='ALFA' max='" max "'/></partner>"
#define TERMS(approval, embargo, onward, lapse)                                                              \
    "<terms redaction='permitted' approval='" approval "' embargo='" embargo "' onward='" onward "' lapse='" lapse "'/>"
#define RETAIN TERMS("0", "PT0S", "permitted", "retain")
#define WITHDRAW TERMS("0", "PT0S", "permitted", "withdraw")
#define SCOPED(id, more, scope, terms)                                                                       \
    "<agreement id='" id "' " more "><scope>" scope "</scope>" terms "</agreement>"
#define ALL_INTREPS "<type any-of='INTREP'/>"
#define AGREED(more, terms) SCOPED("A", "parties='FRA DEU' " more, ALL_INTREPS, terms)
#define POLICY_OF(nation, before, partners, denials, agreements)                                             \
    "<policy xmlns='urn:relto:policy:1' nation='" nation "' serial='1'>" W_SECURITY before "<partners>" partners \
    "</partners>" denials "<agreements>" agreements "</agreements></policy>"
#define BOTH TO("FRA", "S") TO("DEU", "S")
#define POLICY(agreements) POLICY_OF("GBR", "", BOTH, "", agreements)
#define DENIED(withdraw)                                                                                     \
    POLICY_OF("GBR", "", BOTH, "<denials><deny id='D' partners='FRA' withdraw='" withdraw "'><when>" ALL_INTREPS        \
              "</when></deny></denials>", AGREED("", RETAIN))
#define NOTHING_FOR_FRA(terms) POLICY(SCOPED("A", "parties='DEU'", ALL_INTREPS, terms))

#define FOR_ALL W_REL(W_V("FRA") W_V("DEU"))
#define FOR_DEU W_REL(W_V("DEU"))
// A label that is succeeded by another at 13:00.
#define BECOMES(c1, r1, c2, r2)                                                                              \
    W_LABEL(W_SUCCEEDED(W_INFO("ALFA", c1, r1), "2026-11-22T13:00:00Z", W_INFO("ALFA", c2, r2)))
#define HEADER(topic) W_HEADER_OF("separable='true'", W_ALFA("U", FOR_ALL), "GBR", topic)
#define OPEN W_ALFA("U", FOR_ALL)
#define TOP W_ALFA("S", FOR_ALL)
#define P(label, text) "<portion>" label "<text>" text "</text></portion>"
#define REPORT(body) W_REPORT(TOP, HEADER(""), body)
#define PLAIN REPORT(P(OPEN, "one"))
#define TWO REPORT(P(OPEN, "one") P(W_ALFA("R", FOR_DEU), "two"))

// Three nodes, each of which releases all INTREPs to its partners and takes nothing back. To be freed by sim_free.
struct sim *release_world(void);
// Another policy for GBR, and what follows from it for one report.
void release_under(struct sim *s, const char *policy, uint8_t id);

#endif
