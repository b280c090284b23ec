// The parts of the SPIF reader. For spif*.c only.
#ifndef RELTO_FORMATS_SPIF_PARTS_H
#define RELTO_FORMATS_SPIF_PARTS_H

#include "formats/reading.h"
#include "formats/spif.h"

// spif_values.c: attributes that several elements share.
// A lacv without leading zeros; NULL when the attribute is missing or empty.
const char *spif_lacv(struct reading *r, const struct xml_node *n);
// As spif_lacv; "" with a fault when there is none.
const char *spif_required_lacv(struct reading *r, const struct xml_node *n);
// A dotted object identifier; a fault for anything else.
const char *spif_oid(struct reading *r, const struct xml_node *n, const char *attr);
// tagType and enumType.
enum spif_tag_type spif_tag_type(struct reading *r, const struct xml_node *n);
enum spif_applied spif_applied(struct reading *r, const struct xml_node *n);
// Words for messages, e.g. "enumerated permissive".
const char *spif_tag_type_text(enum spif_tag_type t);

// spif_marking.c: markingData and markingQualifier children of n. A second place for both may be NULL.
void spif_markings(struct reading *r, const struct xml_node *n, const struct xml_node *also,
                   struct spif_marking **ret, size_t *ret_count);
void spif_qualifiers(struct reading *r, const struct xml_node *n, const struct xml_node *also,
                     struct spif_qualifier **ret, size_t *ret_count);

// spif_tags.c: requiredCategory or excludedCategory children of n; the tag sets.
struct spif_required *spif_required(struct reading *r, const struct xml_node *n, const char *name, size_t *ret_count);
void spif_tag_sets(struct reading *r, const struct xml_node *root, struct spif *s);

// spif_check.c: what must be unique is, and every reference within the file resolves.
void spif_check(struct reading *r, const struct spif *s);

#endif
