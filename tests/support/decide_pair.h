// Both sides of the comparison, loaded from the same XML text through the real parsers: the compiled ruleset that
// decide() uses, and the oracle over the parsed documents.
#ifndef RELTO_TESTS_SUPPORT_DECIDE_PAIR_H
#define RELTO_TESTS_SUPPORT_DECIDE_PAIR_H

#include "tests/support/oracle.h"
#include "tests/support/policy_gen.h"
#include "tests/support/xml_shrink.h"

struct decide_pair {
    struct ruleset *ruleset;
    struct oracle oracle;
    struct arena *arena;
};

// The documents of a world in order: policy, vocabulary, SPIFs (named gen_spif_files).
enum { PAIR_POLICY, PAIR_VOCABULARY, PAIR_SPIFS };

// Load. False with faults in `d`, then nothing is left to free. Free with decide_pair_fini.
bool decide_pair_load(struct decide_pair *p, const struct buf *docs, size_t spif_count, struct diag *d);
bool decide_pair_load_world(struct decide_pair *p, const struct policy_gen *g, struct diag *d);
void decide_pair_fini(struct decide_pair *p);

// One question to both.
struct question {
    size_t partner;
    utc_ms t;
    struct decide_record record;
};

// Ask both. NULL when they agree, else the name of what differs; both answers are set.
const char *decide_pair_differ(const struct decide_pair *p, const struct report *r, const struct question *q,
                               struct decision *ret_kernel, struct decision *ret_oracle);
// Do two decisions say the same, the instant of the next change apart? NULL or what differs.
const char *decisions_differ(const struct decision *a, const struct decision *b);

// Shrink a world and a report that make both sides differ in `what`, and print them with the question.
void decide_pair_report(const struct policy_gen *g, const struct buf *report, const struct question *q,
                        const char *what);

#endif
