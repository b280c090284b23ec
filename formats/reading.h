// What the readers of documents share: reading a tree piece by piece, noting every fault on the way instead
// of stopping at the first. Sticky: one check at the end. For use inside formats/ only.
#ifndef RELTO_FORMATS_READING_H
#define RELTO_FORMATS_READING_H

#include "formats/xml.h"

struct reading {
    struct arena *a;
    struct diag *d;      // NULL = detail not wanted
    const char *file;    // NULL = not a file
    const char *key_attr; // attribute that names elements in messages: "id", "name" …
    uint32_t first;      // faults in d before this reading
    bool bad;
};

// Begin. `file` may be NULL; when it is not the name of the diagnostic list, faults are given it in `element`.
struct reading reading_start(struct arena *a, struct diag *d, const char *file, const char *key_attr);
// Begin with an operator's document whose root is {ns}name. On failure nothing remains to be done.
MUST_USE enum status reading_open(struct reading *r, struct span bytes, size_t bytes_max, const char *ns,
                                  const char *name, struct xml_node **ret_root);
// End: ST_OK; ST_INVALID when a fault was noted; ST_LIMIT or ST_NOMEM of the arena.
MUST_USE enum status reading_end(struct reading *r);

// Note a fault at this element.
void reading_fault(struct reading *r, const struct xml_node *n, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

// Note a fault where only the line is at hand; `element` is what is named.
void reading_fault_at(struct reading *r, uint32_t line, const char *element, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

// Refuse unknown attributes, unknown elements, elements of another namespace and stray text.
// The lists end with NULL and are given in the message as what was expected.
void reading_shape(struct reading *r, const struct xml_node *n, const char *ns, const char *const *children,
                   const char *const *attrs);
// Refuse unknown attributes alone. Hints for XML Schema processors (xsi:schemaLocation) are passed over.
void reading_attrs(struct reading *r, const struct xml_node *n, const char *const *attrs);

// Children {ns}name: how many; the next one at or after n; the only one (a second is a fault; none is one
// when required).
size_t reading_count(const struct xml_node *n, const char *ns, const char *name);
struct xml_node *reading_from(struct xml_node *n, const char *ns, const char *name);
struct xml_node *reading_only(struct reading *r, const struct xml_node *n, const char *ns, const char *name,
                              bool required);
#define READING_EACH(var, parent, ns, name)                                                                  \
    for (struct xml_node *var = reading_from(xml_first(parent), ns, name); var;                              \
         var = reading_from(xml_next(var), ns, name))

// Value of a required attribute, white space folded; "" with a fault when it is missing or empty.
const char *reading_required(struct reading *r, const struct xml_node *n, const char *attr);
// The text of an element, white space folded; "" with a fault when it holds elements.
const char *reading_text(struct reading *r, const struct xml_node *n);
// As reading_text; a fault when it is empty.
const char *reading_required_text(struct reading *r, const struct xml_node *n);
// true, false, 1, 0; `absent` when there is no such attribute.
bool reading_bool(struct reading *r, const struct xml_node *n, const char *attr, bool absent);
// A decimal number of at most max; `absent` when there is no such attribute.
uint64_t reading_number(struct reading *r, const struct xml_node *n, const char *attr, uint64_t absent,
                        uint64_t max);
// The words of a space-separated list.
const char **reading_words(struct reading *r, const char *text, size_t *ret_count);
// Zeroed memory for count things; NULL (and *count = 0) when the arena is exhausted.
void *reading_array(struct reading *r, size_t *count, size_t size);

// An id or name with the line that gives it; `what` is the kind of thing for messages, `index` the caller's.
struct reading_id {
    const char *id, *what;
    uint32_t line;
    size_t index;
};
// Sort by id and refuse ids that are equal, or with `fold` differ only in case. Empty ids are passed over.
void reading_unique(struct reading *r, struct reading_id *ids, size_t count, bool fold);
// The entry with exactly this id after reading_unique with the same `fold`, or NULL.
const struct reading_id *reading_find(const struct reading_id *ids, size_t count, bool fold, const char *id);
// A required attribute that is one word: no white space, not `*`.
const char *reading_word(struct reading *r, const struct xml_node *n, const char *attr);
// White space folded copy; never NULL.
const char *reading_fold(struct reading *r, const char *s);

#endif
