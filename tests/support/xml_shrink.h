// Shrinking: leave elements and attributes out of a set of XML documents as long as what they show stays shown.
#ifndef RELTO_TESTS_SUPPORT_XML_SHRINK_H
#define RELTO_TESTS_SUPPORT_XML_SHRINK_H

#include "formats/base/buf.h"

enum { SHRINK_DOCS_MAX = 8 };

struct xml_shrink {
    struct buf docs[SHRINK_DOCS_MAX]; // in: the documents; out: the shrunk ones, canonical
    size_t count;
    // Does this set still show it? Sets that do not load do not.
    bool (*shows)(void *ctx, const struct buf *docs, size_t count);
    void *ctx;
    size_t tries; // how often `shows` may be asked
};

void xml_shrink(struct xml_shrink *s);

#endif
