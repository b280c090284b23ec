// What becomes of an older version that a partner has, while a newer one waits (spec 3.5).
#ifndef RELTO_NODE_CORE_OLDER_VERSION_H
#define RELTO_NODE_CORE_OLDER_VERSION_H

#include "policy/decide.h"

// Does the older version, of which `held` is withheld from the partner, stay served beside decision `d` about the newer
// one? Only while that waits (embargo, hold, consent), and no label became narrower: the newer labels would withhold an
// element that is visible. Elements are matched by their place among portions and attachments when there are as many
// of them (references and decoys do not count), else by their content; and what has the content of a visible one
// was visible, wherever it stands. What cannot be matched counts as visible before, and memory that runs out as
// narrower: in doubt the older version goes.
bool older_version_stays(const struct ruleset *rs, const struct report *newer, const struct decision *d,
                         const struct report *older, size_t partner, utc_ms now, const struct withheld_set *held);

#endif
