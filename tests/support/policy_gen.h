// Random worlds for tests of the decision: SPIFs, a policy document, a vocabulary and reports, as XML text, so that
// the parsers take part. Everything follows from the seed. Every dated thing stands on one grid of hours, so that
// the instants worth a test are known.
#ifndef RELTO_TESTS_SUPPORT_POLICY_GEN_H
#define RELTO_TESTS_SUPPORT_POLICY_GEN_H

#include "formats/base/buf.h"
#include "formats/spif.h"
#include "policy/decide.h"

enum {
    GEN_SPIFS_MAX = 3,
    GEN_CLASSES_MAX = 5,
    GEN_SETS = 5,
    GEN_TAGS_MAX = 2,
    GEN_CATEGORIES_MAX = 9,
    GEN_PARTNERS_MAX = 6,
    GEN_COMMUNITIES_MAX = 3,
    GEN_GRID = 12, // hours
};

// What a law needs changed or left out. Draws from the seed stay in step, so that all else is equal.
enum gen_variant {
    GEN_PLAIN = 1 << 0,            // no rule of validity, no condition on categories, no equivalence
    GEN_MORE_CLEARANCE = 1 << 1,   // each clearance holds the highest classification and every category
    GEN_EXTRA_RESTRICTIVE = 1 << 2, // reports: each label of a known policy carries one restrictive category more
    GEN_MARKINGS = 1 << 3          // SPIFs have marking data, without effect on anything else
};

struct gen_category {
    char name[24], lacv[8];
    bool obsolete, user_input;
};

struct gen_tag {
    enum spif_tag_type type;
    struct gen_category categories[GEN_CATEGORIES_MAX];
    size_t count;
};

struct gen_set {
    char name[24], id[40];
    struct gen_tag tags[GEN_TAGS_MAX];
    size_t tag_count;
};

struct gen_class {
    char name[24], lacv[8];
    int hierarchy;
    bool obsolete;
};

struct gen_spif {
    const char *name, *id;
    struct gen_class classes[GEN_CLASSES_MAX];
    size_t class_count;
    struct gen_set sets[GEN_SETS]; // 0 = the release tag set, 1 = restrictive
};

struct policy_gen {
    uint64_t state; // of the generator of random numbers
    unsigned variant;
    bool strict; // the SPIF being written has rules of validity
    uint32_t discard_release; // and discards all release values towards these (bit by number)
    struct gen_spif spifs[GEN_SPIFS_MAX];
    size_t spif_count;
    const char *partners[GEN_PARTNERS_MAX];
    size_t partner_count;
    const char *communities[GEN_COMMUNITIES_MAX];
    size_t community_count;
    struct buf policy, vocabulary, spif_text[GEN_SPIFS_MAX];
};

// Make a world. `variant` is a set of enum gen_variant bits. Free with policy_gen_fini.
void policy_gen_init(struct policy_gen *g, uint64_t seed, unsigned variant);
void policy_gen_fini(struct policy_gen *g);

// Append a report of this world; what is recorded about it goes to *ret_record.
void policy_gen_report(struct policy_gen *g, uint64_t seed, unsigned variant, struct buf *out,
                       struct decide_record *ret_record);

// Append a label document of this world by itself.
void policy_gen_label(struct policy_gen *g, uint64_t seed, struct buf *out);

// The k-th instant of the grid, k any number; all dates of a world are such with 0 <= k <= GEN_GRID.
utc_ms gen_instant(int k);
// An instant on the grid, or a millisecond or a second beside it.
utc_ms gen_boundary(struct policy_gen *g);

// Random numbers: anything, below n, true in `percent` of the cases.
uint64_t gen_u64(struct policy_gen *g);
size_t gen_below(struct policy_gen *g, size_t n);
bool gen_chance(struct policy_gen *g, unsigned percent);

// -- parts, in policy_gen_spif.c, policy_gen_marking.c, policy_gen_policy.c and policy_gen_report.c
// Append a name as people write it: mostly so, sometimes in other case or with more white space.
void gen_name(struct policy_gen *g, struct buf *out, const char *name);
void gen_instant_text(struct buf *out, utc_ms t);
void gen_spif_model(struct policy_gen *g, size_t index);
void gen_spif_write(struct policy_gen *g, size_t index, struct buf *out);
// markingData (where it has an effect) and markingQualifier elements, with GEN_MARKINGS.
void gen_marking_write(struct policy_gen *g, bool data, struct buf *out);
void gen_policy_write(struct policy_gen *g, struct buf *out);
void gen_vocabulary_write(struct buf *out);
// File names of the SPIFs; words of the vocabulary.
extern const char *const gen_spif_files[GEN_SPIFS_MAX];
extern const char *const gen_topics[4], *const gen_areas[4], *const gen_types[3], *const gen_exercises[2],
    *const gen_cells[3], *const gen_nations[4];

#endif
