// Reports for tests: drafts as text, finished with a repeatable random source.
#ifndef RELTO_TESTS_REPORT_SAMPLES_H
#define RELTO_TESTS_REPORT_SAMPLES_H

#include "formats/report.h"

// A label under policy NATO: classification `c`, releasable to `to` (one GenericValue).
#define SAMPLE_LABEL(c, to) "<label>" SAMPLE_LABEL_CONTENT(c, to) "</label>"
#define SAMPLE_LABEL_CONTENT(c, to)                                                                          \
    "<originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'>"         \
    "<ConfidentialityInformation><PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier>"       \
    "<Classification>" c "</Classification><Category Type='PERMISSIVE' TagName='Releasable To'>"             \
    "<GenericValue>" to "</GenericValue></Category></ConfidentialityInformation>"                            \
    "<CreationDateTime>2026-11-22T00:00:00Z</CreationDateTime></originatorConfidentialityLabel>"

#define SAMPLE_HEADER                                                                                        \
    "<header type='INTREP' separable='true' xml:lang='en'><originator nation='GBR' cell='J2-NORTH'/>"        \
    "<title>Boarding of a tanker off Lagos</title><topic>piracy</topic><area>NGA</area>"                     \
    "<position lat='4.15' lon='-3.20' radius-km='10'/>"                                                      \
    "<period from='2026-11-20T00:00:00Z' to='2026-11-20T06:00:00.250Z'/>"                                    \
    "<grading reliability='B' credibility='2'/><exercise>STEADFAST-26</exercise></header>"

#define SAMPLE_DRAFT(body)                                                                                   \
    "<report xmlns='urn:relto:report:1'>\n  " SAMPLE_LABEL("SECRET", "NATO") "\n  " SAMPLE_HEADER "\n" body  \
                                                                             "</report>\n"

// Two references, three portions, two attachments.
extern const char sample_draft[];

// Finish a draft as version 1, issued 2026-11-22T13:34:00Z. Aborts when that fails.
void sample_finish(const char *draft, const struct signing_key *key, uint32_t pad, uint64_t seed,
                   struct buf *out);

#endif
