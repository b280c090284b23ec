// A corpus of hostile drafts: everything that XML, Unicode, labels and numbers offer to somebody who wants a report
// misread. Made anew each time, always the same; each with what must come of it.
#ifndef RELTO_TESTS_SUPPORT_HOSTILE_H
#define RELTO_TESTS_SUPPORT_HOSTILE_H

#include <stdbool.h>

#include "formats/base/buf.h"
#include "formats/base/limits.h"

enum hostile_verdict {
    HOSTILE_REFUSED,       // with a message that says where and what
    HOSTILE_READ,          // odd, but correct
    HOSTILE_INVALID_LABEL, // read; a label is then not valid under its security policy
};

struct hostile_file {
    const char *name;
    struct span bytes; // valid during the call
    enum hostile_verdict verdict;
    bool in_label; // what is odd stands in a label
};

typedef void hostile_each(void *ctx, const struct hostile_file *f);
// Call `each` for every file; returns how many there are.
size_t hostile_corpus(hostile_each *each, void *ctx);

// -- parts: hostile_text.c, hostile_forms.c, hostile_floods.c
// Where in an otherwise good draft something stands.
enum hostile_slot {
    SLOT_WHOLE,    // it is the document
    SLOT_BEFORE,   // before the root
    SLOT_AFTER,    // behind the root
    SLOT_ROOT,     // attributes of <report>
    SLOT_LABEL,    // the content of the overall <label>
    SLOT_CATEGORY, // behind the classification of the overall label
    SLOT_CLASS,    // the text of <Classification>
    SLOT_HEADER,   // attributes of <header>
    SLOT_ORIGIN,   // attributes of <originator>
    SLOT_TITLE,    // the text of <title>
    SLOT_FACTS,    // elements behind <title>
    SLOT_PORTION,  // attributes of the first <portion>
    SLOT_TEXT,     // the content of its <text>
    SLOT_CHILD,    // elements behind the first portion
    SLOTS,
};

struct hostile_maker {
    hostile_each *each;
    void *ctx;
    size_t count;
    struct buf doc;
};

void hostile_add(struct hostile_maker *m, const char *name, enum hostile_slot slot, struct span content,
                 enum hostile_verdict verdict);
// Append the good draft with `content` in its slot (SLOTS = nowhere).
void hostile_draft(enum hostile_slot slot, struct span content, struct buf *out);
void hostile_add_texts(struct hostile_maker *m);
void hostile_add_forms(struct hostile_maker *m);
void hostile_add_floods(struct hostile_maker *m);

#endif
