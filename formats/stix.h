// Reports as STIX 2.1 bundles: for tools of the own nation that read those. One `report` object for each report, a `note` for each
// portion, a `marking-definition` for each label, an `identity` for each cell. All ids are made from what they stand for, so that the
// same reports give the same bytes. Labels and headers ride along whole in an extension of ours, so that import_stix brings the same
// draft back to the nation that wrote it; other readers see markings as statements. References, attachments and withheld parts are not carried.
#ifndef RELTO_FORMATS_STIX_H
#define RELTO_FORMATS_STIX_H

#include "formats/report.h"

// Of our property extension: on a report `header`, on a marking-definition `label`, both XML as in urn:relto:report:1.
#define STIX_EXTENSION "extension-definition--2b1a3d6c-8f0e-4c57-9d55-6f2c8f6d1e07"

struct stix_item {
    const struct report *report;
    struct span bytes; // of the report, canonical
    utc_ms created;    // when its first version was issued
};

struct stix_options {
    // Append the marking line of a label (NULL: a withheld one) for people.
    void (*mark)(void *ctx, const struct label *label, struct buf *out);
    void *ctx;
};

struct stix_writer;
// Write a bundle piece by piece to `out`, which the caller may empty between the calls. `o` must outlive the writer. ST_NOMEM. Free
// with stix_writer_free (nulls, accepts NULL).
MUST_USE enum status stix_writer_new(const struct stix_options *o, struct buf *out, struct stix_writer **ret);
void stix_writer_free(struct stix_writer **w);
// Append a report with what it refers to. ST_OK, ST_NOMEM, ST_LIMIT of the buffer, ST_CORRUPT when the bytes are not the report's.
MUST_USE enum status stix_add(struct stix_writer *w, const struct stix_item *item);
// Append the end of the bundle. ST_OK or what the buffer says.
MUST_USE enum status stix_end(struct stix_writer *w);

#endif
