// Security policies by themselves, without a policy document: enough to say what labels mean, not who gets what.
#ifndef RELTO_POLICY_SPIF_SET_H
#define RELTO_POLICY_SPIF_SET_H

#include "formats/policy_bundle.h"
#include "policy/label_view.h"

struct spif_set;

// Read and compile SPIF files. The bytes and names need not outlive the call. ST_INVALID with every fault of the first
// broken one (file, line, element, rule), or when two define the same policy; ST_NOMEM, ST_LIMIT. Free with spif_set_free (nulls,
// accepts NULL). Source: spec 3.1.
MUST_USE enum status spif_set_load(const struct bundle_file *files, size_t count, struct diag *d, struct spif_set **ret);
void spif_set_free(struct spif_set **set);

// In the order of the files; borrowed from the set. They know no release tag sets.
const struct security_policies *spif_set_policies(const struct spif_set *set);

#endif
