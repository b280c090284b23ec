// When what we are known by, and what we know others by, ends: our certificates, trust anchors and revocation lists.
#ifndef RELTO_NODE_IO_CERTIFICATE_LIFE_H
#define RELTO_NODE_IO_CERTIFICATE_LIFE_H

#include "node/io/tls_identity.h"

struct certificate_life { // zeroed = nothing was read
    utc_ms tls, report;   // ends of our certificates; 0 = not known
    utc_ms told_at;       // when the log was last told
};

// After a start or a reload: read the ends of our certificates, and tell of what ends soon. Certificates that cannot be read
// are found elsewhere: their ends stay 0.
void certificate_life_read(struct certificate_life *l, const struct config *c, const struct tls_domains *domains);
// Tell of what ends within 14 days, or has ended, when a day has gone by since that was last done.
void certificate_life_look(struct certificate_life *l, const struct config *c, const struct tls_domains *domains);

#endif
