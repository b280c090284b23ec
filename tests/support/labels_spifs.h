// Security policies without a policy document, for tests of labels: from texts, or those of conf/spif.
#ifndef RELTO_TESTS_LABELS_SPIFS_H
#define RELTO_TESTS_LABELS_SPIFS_H

#include "policy/spif_set.h"

// Load SPIFs given as texts; NULL ends the list. A test whose SPIF is refused stops. Free with spif_set_free.
struct spif_set *labels_spifs_texts(const char *const *texts);
// Load conf/spif of the source tree: fra.xml, gbr.xml, nato.xml in this order.
struct spif_set *labels_spifs_shipped(const char *source_dir);

// A label of one policy: `categories` is "tag set=value|tag set=value"; its types are the SPIF's. Lives in `a`.
struct label_doc *labels_spifs_label(const struct security_policy *sp, const char *classification, const char *categories,
                                     struct arena *a);

#endif
