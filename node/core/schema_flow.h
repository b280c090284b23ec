// The schemas of our documents, published (spec 2.1).
#ifndef RELTO_NODE_CORE_SCHEMA_FLOW_H
#define RELTO_NODE_CORE_SCHEMA_FLOW_H

#include "node/core/core.h"

// GET /v1/schema/: the names, a line each (text/plain). GET /v1/schema/{name}: that schema, XSD or RELAX NG; 404 for any
// other name. They are the same for everybody who may ask.
MUST_USE enum status schema_serve(struct tick *t, const struct request *rq, struct reply *rp);

#endif
