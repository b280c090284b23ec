// A checker of Atom documents after the RFCs alone (4287, 5005 section 3, 6721): it shares nothing with what writes ours.
#ifndef RELTO_TESTS_ATOM_CHECK_H
#define RELTO_TESTS_ATOM_CHECK_H

#include "formats/base/span.h"

// NULL when this is a feed as the RFCs want it, else what is wrong; static, until the next call.
const char *atom_fault(struct span document);
// The target of the feed's link of this relation, or NULL; static, until the next call.
const char *atom_link(struct span document, const char *rel);

#endif
