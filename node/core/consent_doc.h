// Requests for consent as documents and as events. For the consent flows alone.
#ifndef RELTO_NODE_CORE_CONSENT_DOC_H
#define RELTO_NODE_CORE_CONSENT_DOC_H

#include "node/core/consent.h"

// Append a <request> of a <consents> document, canonical. A partner is not told by whom, nor title and outcome here.
MUST_USE enum status consent_doc_item(struct tick *t, const struct consent_record *r, bool for_partner, struct buf *out);

// The `consent` event of what became of it. `certificate` is the officer's, or NULL.
MUST_USE enum status consent_doc_log(struct tick *t, const struct consent_record *r, const char *actor,
                                     const struct digest *certificate);

#endif
