// Random SPIFs: first a model of names, then the text with random rules and equivalences between the models.
#include <stdio.h>
#include <string.h>

#include "tests/support/policy_gen.h"

static const char *const class_names[GEN_CLASSES_MAX] = {"UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET",
                                                         "TOP SECRET"};
static const char *const set_names[GEN_SPIFS_MAX][GEN_SETS] = {
    {"Releasable To", "Additional Sensitivity", "Context", "Administrative", "Codeword"},
    {"National Caveats", "Additional Sensitivity", "Context", "Handling", "Codeword"},
    {"Releasable To", "Special Access", "Mission", "Administrative", "Project Name"},
};
static const char *const category_names[GEN_SETS][4] = {
    {"", "", "", ""},
    {"ATOMAL", "CRYPTO", "BOHEMIA", "SIOP"},
    {"NATO", "EU", "MISSION ONE", "KFOR"},
    {"STAFF", "MEDICAL", "LEGAL", "PERSONAL"},
    {"UMBRA", "GAMMA", "DELTA RED", "KILO"},
};

static void add_category(struct policy_gen *g, struct gen_tag *tag, const char *name, size_t lacv)
{
    struct gen_category *c = &tag->categories[tag->count++];
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    (void)snprintf(c->lacv, sizeof c->lacv, "%zu", lacv);
    c->obsolete = gen_chance(g, 3);
    c->user_input = false;
}

static enum spif_tag_type choose_type(struct policy_gen *g, size_t set)
{
    static const enum spif_tag_type types[GEN_SETS][5] = {
        {SPIF_PERMISSIVE, SPIF_PERMISSIVE, SPIF_PERMISSIVE, SPIF_ENUM_PERMISSIVE, SPIF_ENUM_PERMISSIVE},
        {SPIF_RESTRICTIVE, SPIF_RESTRICTIVE, SPIF_RESTRICTIVE, SPIF_ENUM_RESTRICTIVE, SPIF_ENUM_RESTRICTIVE},
        {SPIF_PERMISSIVE, SPIF_PERMISSIVE, SPIF_ENUM_PERMISSIVE, SPIF_PERMISSIVE, SPIF_ENUM_PERMISSIVE},
        {SPIF_INFORMATIVE, SPIF_INFORMATIVE, SPIF_INFORMATIVE, SPIF_INFORMATIVE, SPIF_INFORMATIVE},
        {SPIF_RESTRICTIVE, SPIF_PERMISSIVE, SPIF_ENUM_RESTRICTIVE, SPIF_ENUM_PERMISSIVE, SPIF_INFORMATIVE},
    };
    return types[set][gen_below(g, 5)];
}

static void release_categories(struct policy_gen *g, struct gen_tag *tag)
{
    size_t lacv = 1;
    for (size_t i = 0; i < g->partner_count && tag->count + 2 < GEN_CATEGORIES_MAX; i++)
        if (gen_chance(g, 80))
            add_category(g, tag, g->partners[i], lacv++);
    for (size_t i = 0; i < g->community_count && tag->count < GEN_CATEGORIES_MAX; i++)
        if (gen_chance(g, 80))
            add_category(g, tag, g->communities[i], lacv++);
    if (tag->count < GEN_CATEGORIES_MAX)
        add_category(g, tag, "ITA", lacv); // no partner of ours
}

// Half of a set's names go to its first tag, or all of them. Now and then an obsolete namesake stands before one.
static void fill_tag(struct policy_gen *g, struct gen_tag *tag, size_t set, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (gen_chance(g, 8)) {
            add_category(g, tag, category_names[set][i], 20 + i);
            tag->categories[tag->count - 1].obsolete = true;
        }
        add_category(g, tag, category_names[set][i], 1 + i);
    }
    if (gen_chance(g, 15)) {
        add_category(g, tag, "Free text", 40 + from);
        tag->categories[tag->count - 1].user_input = true;
        tag->categories[tag->count - 1].obsolete = false;
    }
}

static void set_model(struct policy_gen *g, struct gen_spif *s, size_t index, size_t set)
{
    struct gen_set *m = &s->sets[set];
    (void)snprintf(m->name, sizeof m->name, "%s", set_names[index][set]);
    (void)snprintf(m->id, sizeof m->id, "%s.%zu", s->id, set + 1);
    m->tag_count = gen_chance(g, set == 0 ? 88 : 70) ? 1 : 2;
    for (size_t i = 0; i < m->tag_count; i++)
        m->tags[i].type = choose_type(g, set);
    if (m->tag_count == 2 && (set == 0 || gen_chance(g, 40)))
        m->tags[1].type = choose_type(g, 4);
    if (set == 0) {
        release_categories(g, &m->tags[0]);
        if (m->tag_count == 2) // not all that stands in the release tag set says to whom
            fill_tag(g, &m->tags[1], 3, 0, 2);
        for (size_t i = 0; i < m->tags[1].count; i++) // lacvs are one for all tags of a type
            (void)snprintf(m->tags[1].categories[i].lacv, sizeof m->tags[1].categories[i].lacv, "%u", 60 + (unsigned char)i);
        return;
    }
    if (m->tag_count == 1)
        fill_tag(g, &m->tags[0], set, 0, 4);
    for (size_t i = 0; m->tag_count == 2 && i < 2; i++)
        fill_tag(g, &m->tags[i], set, 2 * i, 2 * i + 2);
}

void gen_spif_model(struct policy_gen *g, size_t index)
{
    static const char *const names[GEN_SPIFS_MAX] = {"NATO", "GBR", "UNION X"};
    static const char *const ids[GEN_SPIFS_MAX] = {"1.3.26.1.3.1", "1.2.826.0.1.1", "1.3.6.1.4.1.99999.7"};
    struct gen_spif *s = &g->spifs[index];
    s->name = names[index];
    s->id = ids[index];
    s->class_count = 3 + gen_below(g, GEN_CLASSES_MAX - 2);
    int hierarchy = 0;
    for (size_t i = 0; i < s->class_count; i++) {
        struct gen_class *c = &s->classes[i];
        hierarchy += 1 + (int)gen_below(g, 3);
        (void)snprintf(c->name, sizeof c->name, "%s", class_names[i]);
        (void)snprintf(c->lacv, sizeof c->lacv, "%zu", 1 + (i * 3 + index) % 7);
        c->hierarchy = hierarchy;
        c->obsolete = gen_chance(g, 3);
    }
    for (size_t i = 0; i < GEN_SETS; i++)
        set_model(g, s, index, i);
}

// ---- text

static void put_type(struct buf *out, enum spif_tag_type type)
{
    static const char *const words[] = {"tagType=\"restrictive\"", "tagType=\"permissive\"",
                                        "tagType=\"enumerated\" enumType=\"restrictive\"",
                                        "tagType=\"enumerated\" enumType=\"permissive\"", "tagType=\"tagType7\""};
    buf_printf(out, " %s", words[type]);
}

// tagSetRef and what belongs to it, as attributes.
static void put_reference(struct policy_gen *g, const struct gen_spif *s, bool not_release, struct buf *out)
{
    const struct gen_set *set = &s->sets[not_release ? 1 + gen_below(g, GEN_SETS - 1) : gen_below(g, GEN_SETS)];
    const struct gen_tag *tag = &set->tags[gen_below(g, set->tag_count)];
    const struct gen_category *c = &tag->categories[gen_below(g, tag->count)];
    buf_printf(out, " tagSetRef=\"%s\"", gen_chance(g, 50) ? set->name : set->id);
    put_type(out, tag->type);
    switch (gen_below(g, 4)) {
    case 0:
        buf_puts(out, " all=\"true\"");
        break;
    case 1:
        break;
    default:
        buf_printf(out, " lacv=\"%s\"", c->lacv);
        break;
    }
}

static void put_required(struct policy_gen *g, const struct gen_spif *s, const char *element, bool not_release,
                         struct buf *out)
{
    static const char *const operations[] = {"", " operation=\"all\"", " operation=\"onlyOne\"",
                                             " operation=\"oneOrMore\"", " operation=\"oneOrMore\""};
    buf_printf(out, "<%s%s>", element, operations[gen_below(g, 5)]);
    for (size_t n = 1 + gen_below(g, 3); n > 0; n--) {
        buf_puts(out, "<categoryGroup");
        put_reference(g, s, not_release, out);
        buf_puts(out, "/>");
    }
    buf_printf(out, "</%s>", element);
}

// Schema 2.1 names one category by attributes; files with groups are seen too.
static void put_excluded(struct policy_gen *g, const struct gen_spif *s, struct buf *out)
{
    if (gen_chance(g, 50)) {
        put_required(g, s, "excludedCategory", false, out);
        return;
    }
    buf_puts(out, "<excludedCategory");
    put_reference(g, s, false, out);
    buf_puts(out, "/>");
}

// A rule of validity, with this chance; the draw is made in easy and plain worlds too.
static bool rule(struct policy_gen *g, unsigned percent)
{
    return gen_chance(g, percent) && g->strict && !(g->variant & GEN_PLAIN);
}

static void put_applied(struct policy_gen *g, struct buf *out)
{
    static const char *const words[] = {"both", "both", "both", "encrypt", "encrypt", "decrypt"};
    buf_printf(out, " applied=\"%s\"", words[gen_below(g, 6)]);
}

// None or two with these chances, else one.
static size_t how_many(struct policy_gen *g, unsigned none, unsigned two)
{
    return gen_chance(g, none) ? 0 : gen_chance(g, two) ? 2 : 1;
}

static void put_class_equivalents(struct policy_gen *g, size_t from, size_t i, uint32_t targets, struct buf *out)
{
    for (size_t to = 0; to < g->spif_count; to++) {
        const struct gen_spif *t = &g->spifs[to];
        for (size_t n = targets >> to & 1 ? how_many(g, 12, 28) : 0; n > 0; n--) {
            size_t class = gen_chance(g, 75) ? i % t->class_count : gen_below(g, t->class_count);
            buf_printf(out, "<equivalentClassification policyRef=\"%s\" lacv=\"%s\"", t->name, t->classes[class].lacv);
            put_applied(g, out);
            if (gen_chance(g, 8) && from != to) {
                buf_putc(out, '>');
                put_required(g, t, "requiredCategory", true, out);
                buf_puts(out, "</equivalentClassification>");
            } else {
                buf_puts(out, "/>");
            }
        }
    }
}

// A category of the target of like meaning: same set, same name if there is one.
static void put_category_equivalent(struct policy_gen *g, const struct gen_category *c, size_t set,
                                    const struct gen_spif *t, struct buf *out)
{
    const struct gen_set *ts = &t->sets[gen_chance(g, 92) ? set : gen_below(g, GEN_SETS)];
    const struct gen_tag *tag = &ts->tags[gen_below(g, ts->tag_count)];
    const struct gen_category *target = NULL;
    for (size_t i = 0; i < tag->count; i++)
        if (strcmp(tag->categories[i].name, c->name) == 0)
            target = &tag->categories[i];
    for (size_t n = 0; !target && n < 8; n++) {
        const struct gen_category *other = &tag->categories[gen_below(g, tag->count)];
        target = other->user_input && !c->user_input ? NULL : other;
    }
    if (!target)
        return;
    buf_printf(out, "<equivalentSecCategoryTag policyRef=\"%s\" tagSetId=\"%s\"", t->name, ts->id);
    put_type(out, tag->type);
    buf_printf(out, " lacv=\"%s\"", target->lacv);
    put_applied(g, out);
    buf_puts(out, "/>");
}

static void put_category_equivalents(struct policy_gen *g, const struct gen_category *c, size_t set, uint32_t targets,
                                     struct buf *out)
{
    for (size_t to = 0; to < g->spif_count; to++) {
        if (!(targets >> to & 1))
            continue;
        const struct gen_spif *t = &g->spifs[to];
        bool only_discard = set == 0 && g->discard_release >> to & 1;
        if (gen_chance(g, set == 0 ? 14 : 20) || only_discard) {
            buf_printf(out, "<equivalentSecCategoryTag policyRef=\"%s\" action=\"discard\"", t->name);
            put_applied(g, out);
            buf_puts(out, "/>");
        }
        for (size_t n = only_discard ? 0 : how_many(g, 22, 15); n > 0; n--)
            put_category_equivalent(g, c, set, t, out);
    }
}

static void put_category(struct policy_gen *g, const struct gen_spif *s, const struct gen_category *c, size_t set,
                         uint32_t targets, struct buf *out)
{
    buf_printf(out, "<tagCategory name=\"%s\" lacv=\"%s\"", c->name, c->lacv);
    if (c->obsolete)
        buf_puts(out, " obsolete=\"true\"");
    if (c->user_input)
        buf_puts(out, " userInput=\"true\"");
    size_t class = gen_below(g, s->class_count);
    if (rule(g, 3))
        buf_printf(out, " requiredClass=\"%s\"", class % 2 ? s->classes[class].lacv : s->classes[class].name);
    buf_putc(out, '>');
    put_category_equivalents(g, c, set, targets, out);
    class = gen_below(g, s->class_count);
    if (rule(g, 4))
        buf_printf(out, "<excludedClass>%s</excludedClass>", s->classes[class].name);
    if (rule(g, 4))
        put_required(g, s, "requiredCategory", false, out);
    if (rule(g, 4))
        put_excluded(g, s, out);
    gen_marking_write(g, true, out);
    buf_puts(out, "</tagCategory>");
}

static void put_tag(struct policy_gen *g, const struct gen_spif *s, const struct gen_tag *tag, size_t set,
                    size_t index, uint32_t targets, struct buf *out)
{
    buf_printf(out, "<securityCategoryTag name=\"tag %zu.%zu\"", set, index);
    put_type(out, tag->type);
    if (tag->type == SPIF_INFORMATIVE)
        buf_puts(out, " tag7Encoding=\"bitSetAttributes\"");
    if (rule(g, 6))
        buf_puts(out, " singleSelection=\"true\"");
    if (rule(g, 3))
        buf_puts(out, " minSelection=\"1\"");
    if (rule(g, 6))
        buf_printf(out, " maxSelection=\"%s\"", gen_chance(g, 30) ? "unbounded" : gen_chance(g, 50) ? "1" : "2");
    buf_putc(out, '>');
    for (size_t i = 0; i < tag->count; i++)
        put_category(g, s, &tag->categories[i], set, targets, out);
    gen_marking_write(g, false, out);
    buf_puts(out, "</securityCategoryTag>");
}

static void put_equivalent_policies(struct policy_gen *g, uint32_t targets, bool backwards, struct buf *out)
{
    if (!targets)
        return;
    buf_puts(out, "<equivalentPolicies>");
    for (size_t n = 0; n < g->spif_count; n++) {
        size_t to = backwards ? g->spif_count - 1 - n : n;
        if (!(targets >> to & 1))
            continue;
        buf_printf(out, "<equivalentPolicy name=\"%s\" id=\"%s\">", g->spifs[to].name, g->spifs[to].id);
        if (gen_chance(g, 8))
            put_required(g, &g->spifs[to], "requiredCategory", true, out);
        buf_puts(out, "</equivalentPolicy>");
    }
    buf_puts(out, "</equivalentPolicies>");
}

void gen_spif_write(struct policy_gen *g, size_t index, struct buf *out)
{
    const struct gen_spif *s = &g->spifs[index];
    uint32_t targets = (uint32_t)gen_u64(g) | (gen_chance(g, 60) ? 7 : 0);
    targets &= g->variant & GEN_PLAIN ? 0 : (1u << g->spif_count) - 1 - (1u << index);
    bool backwards = gen_chance(g, 50);
    g->strict = gen_chance(g, 40);
    g->discard_release = gen_chance(g, 30) ? (uint32_t)gen_u64(g) : 0;
    buf_printf(out,
               "<SPIF xmlns=\"http://www.xmlspif.org/spif\" schemaVersion=\"%s\" version=\"1\" "
               "creationDate=\"20260101000000Z\" originatorDN=\"CN=x\" keyIdentifier=\"\" privilegeId=\"1.1\" "
               "rbacId=\"1.1\"><securityPolicyId name=\"%s\" id=\"%s\">",
               gen_chance(g, 50) ? "2.0" : "2.1", s->name, s->id);
    gen_marking_write(g, true, out);
    buf_puts(out, "</securityPolicyId><securityClassifications>");
    for (size_t n = 0; n < s->class_count; n++) {
        size_t i = backwards ? s->class_count - 1 - n : n;
        const struct gen_class *c = &s->classes[i];
        buf_printf(out, "<securityClassification name=\"%s\" lacv=\"%s\" hierarchy=\"%d\"%s>", c->name, c->lacv,
                   c->hierarchy, c->obsolete ? " obsolete=\"true\"" : "");
        put_class_equivalents(g, index, i, targets, out);
        if (rule(g, 4))
            put_required(g, s, "requiredCategory", false, out);
        gen_marking_write(g, true, out);
        buf_puts(out, "</securityClassification>");
    }
    buf_puts(out, "</securityClassifications><securityCategoryTagSets>");
    for (size_t i = 0; i < GEN_SETS; i++) {
        buf_printf(out, "<securityCategoryTagSet name=\"%s\" id=\"%s\">", s->sets[i].name, s->sets[i].id);
        for (size_t j = 0; j < s->sets[i].tag_count; j++)
            put_tag(g, s, &s->sets[i].tags[j], i, j, targets, out);
        buf_puts(out, "</securityCategoryTagSet>");
    }
    buf_puts(out, "</securityCategoryTagSets>");
    put_equivalent_policies(g, targets, backwards, out);
    gen_marking_write(g, true, out);
    buf_puts(out, "</SPIF>");
}
