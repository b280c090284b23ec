// Tests of a policy (spec 3.6): decisions that its authors expect. Namespace urn:relto:policy-test:1.
//
// The root may name the files to test; names of files are relative to the folder of the test file:
//   <policy-test policy="gbr.xml" spif-dir="../spif" vocabulary="../vocabulary.xml">
//     <case name="…" report="reports/x.xml" at="2026-11-22T12:00:00Z" received="consent" approved="1" consented="FRA MARSEC">
//       <expect partner="FRA" outcome="deny" reason="rule" rule="D-SOURCES"/>
// `received`, `approved` and `consented` mean what they mean to `policy explain` (spec 6.2). Of an expectation, `partner`
// and `outcome` are required; what else is left out is not compared. withheld="-" expects that nothing is withheld.
#ifndef RELTO_FORMATS_POLICY_TEST_H
#define RELTO_FORMATS_POLICY_TEST_H

#include "formats/base/utctime.h"
#include "formats/terms.h"
#include "formats/xml.h"

#define NS_POLICY_TEST "urn:relto:policy-test:1"

struct policy_expectation {
    const char *partner, *outcome;
    const char *reason, *agreement, *rule, *withheld, *until; // NULL = not compared; as `policy explain` prints them
    uint32_t line;
};

struct policy_case {
    const char *name, *report; // name: unique; report: a file
    utc_ms at;
    enum onward received;
    uint32_t approved;
    const char **consented;
    size_t consented_count;
    struct policy_expectation *expectations; // at least one, of different partners
    size_t expectation_count;
    uint32_t line;
};

struct policy_test_document {
    const char *policy, *spif_dir, *vocabulary; // NULL = not named
    struct policy_case *cases;
    size_t case_count;
};

// Read a test file. Whether partners, outcomes and reasons exist is the reader's caller to say. ST_INVALID with every
// fault found, or what xml_read returns. Everything lives in `a`.
MUST_USE enum status policy_test_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                      const struct policy_test_document **ret);

#endif
