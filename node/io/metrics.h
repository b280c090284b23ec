// /metrics in OpenMetrics text: what an operator watches (spec 6.4).
#ifndef RELTO_NODE_IO_METRICS_H
#define RELTO_NODE_IO_METRICS_H

#include "node/core/core.h"
#include "node/io/certificate_life.h"

#define METRICS_MEDIA_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

// What the store does not tell.
struct metrics_moment {
    utc_ms now;
    const struct certificate_life *life;
    const struct tls_domains *domains;
    size_t connections, held; // open connections; requests held until there is something new
};

// Append all metrics, read from one snapshot.
MUST_USE enum status metrics_write(struct core *c, const struct metrics_moment *m, struct buf *out);

#endif
