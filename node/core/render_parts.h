// What the forms of a report for people share: what there is to say about it, in order.
#ifndef RELTO_NODE_CORE_RENDER_PARTS_H
#define RELTO_NODE_CORE_RENDER_PARTS_H

#include "node/core/render.h"
#include "policy/label_rules.h"

// Called for each fact of the header in order of reading; `name` is static, `value` borrowed for the call.
typedef void render_fact(void *ctx, const char *name, const char *value);
void render_facts(const struct rendering *x, render_fact *each, void *ctx);
// The marking of a label; of a withheld one (NULL), that it is.
void render_mark(const struct rendering *x, const struct label *label, enum marking_place place, struct buf *out);
// The label that governs this child, or the header (NULL).
const struct label *render_label(const struct rendering *x, const struct report_child *c);
// What a child other than a portion says in one line: `supersedes urn:uuid:…`, `attachment deck.jpg, image/jpeg, 48211 bytes`,
// `withheld`.
void render_child_line(const struct report_child *c, struct buf *out);

#endif
