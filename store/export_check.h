// The parts of checking an export. Nobody but export_check*.c includes this.
#ifndef RELTO_STORE_EXPORT_CHECK_H
#define RELTO_STORE_EXPORT_CHECK_H

#include "formats/audit_event.h"
#include "store/export_parts.h"

// A tree size at which a log of the export must have a certain root.
struct export_want {
    uint64_t size;
    struct digest root;
    const char *rule, *where, *text;     // the finding when it has not; in the arena
    const struct tlog_text *other;       // not NULL: `root` is of a tree of another size, and this proof joins the two
    uint64_t other_size;
};

struct export_book {
    const struct export_log *log;
    struct span *leaves; // log->end - log->first; NULL when the file cannot be read as leaves
    uint8_t *told;       // of a ledger: one bit each, an event tells of this entry
    uint64_t told_first, told_end;
    struct export_want *wants;
    size_t want_count, want_cap;
};

struct export_check {
    const struct export_source *source;
    const struct note_vkey *key;
    void (*finding)(void *ctx, const struct verify_finding *f);
    void *ctx;
    struct export_summary *sum;
    struct export_manifest m;
    struct export_book *books; // parallel to m.logs
    struct arena *arena;       // lives as long as the check
};

void export_say(struct export_check *c, const char *rule, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// A listed file of a log; its bytes are empty when it is missing (told with the files).
MUST_USE enum status export_file_of(struct export_check *c, const char *log, const char *name, struct span *ret);
MUST_USE enum status export_want_add(struct export_book *b, const struct export_want *w);
struct export_book *export_book_of(struct export_check *c, const char *partner); // of the ledger to a partner, or NULL
// The entry at a place of the ledger; false when the export does not hold it or it cannot be read.
bool export_entry(const struct export_book *b, uint64_t n, struct ledger_entry *ret);

// export_check_audit.c: what the events say. export_check_tree.c: leaves, roots, signatures.
MUST_USE enum status export_check_events(struct export_check *c);
MUST_USE enum status export_check_ledger(struct export_check *c, struct export_book *b);
MUST_USE enum status export_check_heads(struct export_check *c, struct export_book *b);
// A signed note of this log must be of the tree that the export holds. `x` = the text it came in, with the proof that joins it to
// the export when it is of another size; NULL = none.
MUST_USE enum status export_want_note(struct export_check *c, struct export_book *b, const char *where, const struct tlog_text *x,
                                      const struct checkpoint *cp);
// Cut a leaf off a bundle. False when there is none.
bool export_next_leaf(struct span *bundle, struct span *ret);
MUST_USE enum status export_load_leaves(struct export_check *c, struct export_book *b);
MUST_USE enum status export_check_tree(struct export_check *c, struct export_book *b);

#endif
