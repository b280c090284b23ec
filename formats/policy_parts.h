// The parts of the policy document's reader. For policy_*.c only.
#ifndef RELTO_FORMATS_POLICY_PARTS_H
#define RELTO_FORMATS_POLICY_PARTS_H

#include "formats/policy_document.h"
#include "formats/reading.h"

// policy_condition.c: the children of when or scope, joined by all.
void policy_condition(struct reading *r, const struct xml_node *n, struct condition *ret);

// policy_check.c: ids, references to partners and communities, cycles, duplicates.
void policy_check(struct reading *r, const struct policy_document *p);

#endif
