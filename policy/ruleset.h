// A compiled, immutable policy: the document, its SPIFs and the vocabulary, every reference resolved (spec 3).
// Everything that decides takes a ruleset; nothing here reads a clock, a file or the network.
#ifndef RELTO_POLICY_RULESET_H
#define RELTO_POLICY_RULESET_H

#include "formats/policy_bundle.h"
#include "formats/policy_document.h"
#include "formats/spif.h"
#include "formats/vocabulary.h"

struct ruleset;

// Read and compile a bundle. Refuses with every fault found: file, line, element, what was expected.
// The bundle's bytes need not outlive the call. Free with ruleset_free (nulls, accepts NULL).
MUST_USE enum status ruleset_load(const struct policy_bundle *b, struct diag *d, struct ruleset **ret);
// The same from a bundle's bytes, as they are stored or sent. What policy_bundle_read returns besides.
MUST_USE enum status ruleset_load_bytes(struct span bundle, struct diag *d, struct ruleset **ret);
void ruleset_free(struct ruleset **rs);
// One more user of the same: it lives until each has called ruleset_free. Within one thread.
struct ruleset *ruleset_share(struct ruleset *rs);

// Digest of the bundle that this was compiled from.
const struct digest *ruleset_digest(const struct ruleset *rs);
const struct policy_document *ruleset_document(const struct ruleset *rs);
const struct vocabulary *ruleset_vocabulary(const struct ruleset *rs);
uint32_t ruleset_pad(const struct ruleset *rs);

// Partners in document order, 0 .. count-1.
size_t ruleset_partner_count(const struct ruleset *rs);
const struct policy_partner *ruleset_partner(const struct ruleset *rs, size_t index);
// Index of the partner with exactly this id, or SIZE_MAX.
size_t ruleset_partner_index(const struct ruleset *rs, const char *id);

// The earliest instant after t at which a membership or an agreement begins or ends, for any partner; or UTC_MAX.
utc_ms ruleset_next_change(const struct ruleset *rs, utc_ms t);

#endif
