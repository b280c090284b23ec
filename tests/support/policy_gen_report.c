// Random reports of a world, mostly well labelled, with everything that a label may hide.
#include <stdio.h>
#include <string.h>

#include "tests/support/policy_gen.h"

// How a report is meant: friendly ones carry little that stands in the way.
struct style {
    bool friendly;
    bool extra; // GEN_EXTRA_RESTRICTIVE
    bool short_prefix;
};

static void open_element(const struct style *style, struct buf *out, const char *name)
{
    buf_printf(out, "<%s%s", style->short_prefix ? "s:" : "", name);
}

static void close_element(const struct style *style, struct buf *out, const char *name)
{
    buf_printf(out, "</%s%s>", style->short_prefix ? "s:" : "", name);
}

static void put_value(struct policy_gen *g, const struct style *style, struct buf *out, const char *value)
{
    open_element(style, out, "GenericValue>");
    gen_name(g, out, value);
    close_element(style, out, "GenericValue");
}

static const char *type_word(enum spif_tag_type type)
{
    static const char *const words[] = {"RESTRICTIVE", "PERMISSIVE", "RESTRICTIVE", "PERMISSIVE", "INFORMATIVE"};
    return words[type];
}

static void open_category(struct policy_gen *g, const struct style *style, struct buf *out, const char *type,
                          const struct gen_set *set)
{
    open_element(style, out, "Category");
    buf_printf(out, " Type=\"%s\" TagName=\"", type);
    gen_name(g, out, set->name);
    buf_putc(out, '"');
    if (gen_chance(g, 10))
        buf_printf(out, " URI=\"urn:oid:%s\"", set->id);
    buf_putc(out, '>');
}

// Some values of one tag, each with the given chance, at least one; rarely none, unknown ones or a wrong type.
static void put_category(struct policy_gen *g, const struct style *style, struct buf *out, const struct gen_set *set,
                         const struct gen_tag *tag, unsigned percent)
{
    static const char *const texts[] = {"BRAVO", "ECHO", "ATOMAL"};
    uint64_t odd = gen_u64(g) % 200;
    open_category(g, style, out, odd == 0 ? "RESTRICTIVE" : odd == 1 ? "PERMISSIVE" : type_word(tag->type), set);
    size_t sure = gen_below(g, tag->count);
    for (size_t i = 0; i < tag->count && odd != 2; i++) {
        const struct gen_category *c = &tag->categories[i];
        bool namesake = c->obsolete && i + 1 < tag->count && strcmp(c->name, c[1].name) == 0;
        bool chosen = gen_chance(g, percent) || i == sure;
        const char *text = texts[gen_below(g, 3)];
        if (chosen && !namesake && (!c->obsolete || gen_chance(g, 15)))
            put_value(g, style, out, c->user_input ? text : c->name);
        if (chosen && !namesake && !c->obsolete && gen_chance(g, 5)) // twice on one label
            put_value(g, style, out, c->user_input ? text : c->name);
    }
    if (odd == 3)
        put_value(g, style, out, "NO SUCH");
    else if (tag->categories[sure].obsolete && odd != 2)
        put_value(g, style, out, tag->categories[tag->count - 1].name);
    close_element(style, out, "Category");
}

static void put_categories(struct policy_gen *g, const struct style *style, struct buf *out, const struct gen_spif *s)
{
    static const unsigned chance[GEN_SETS] = {75, 25, 30, 15, 15}, friendly[GEN_SETS] = {92, 8, 10, 10, 5};
    for (size_t i = 0; i < GEN_SETS; i++)
        for (size_t j = 0; j < s->sets[i].tag_count; j++)
            if (gen_chance(g, (style->friendly ? friendly : chance)[i]))
                put_category(g, style, out, &s->sets[i], &s->sets[i].tags[j],
                             i == 0 ? (style->friendly ? 90 : 50) : style->friendly ? 15 : 25);
    const struct gen_tag *tag = &s->sets[1].tags[0];
    uint64_t state = g->state;
    if (style->extra && (tag->type == SPIF_RESTRICTIVE || tag->type == SPIF_ENUM_RESTRICTIVE)) {
        open_category(g, style, out, "RESTRICTIVE", &s->sets[1]);
        put_value(g, style, out, tag->categories[gen_below(g, tag->count)].name);
        close_element(style, out, "Category");
    }
    g->state = state; // the same draws with and without
}

static void put_policy(struct policy_gen *g, const struct style *style, struct buf *out, size_t spif)
{
    const struct gen_spif *s = &g->spifs[spif], *other = &g->spifs[(spif + 1) % g->spif_count];
    uint64_t how = gen_u64(g) % 100;
    open_element(style, out, "PolicyIdentifier");
    if (how < 20 || how == 99)
        buf_printf(out, " %s=\"urn:oid:%s\"", how < 5 ? "URL" : "URI", s->id);
    else if (how == 21)
        buf_printf(out, " URI=\"urn:oid:%s\"", other->id); // not this policy's own
    else if (how == 22)
        buf_puts(out, " URI=\"urn:oid:2.999.1\"");
    buf_putc(out, '>');
    if (how == 99 || how == 98) // unknown name, with and without a known URI
        buf_puts(out, "ELSEWHERE");
    else
        gen_name(g, out, s->name);
    close_element(style, out, "PolicyIdentifier");
}

static void put_information(struct policy_gen *g, const struct style *style, struct buf *out, size_t spif)
{
    const struct gen_spif *s = &g->spifs[spif];
    size_t class = gen_below(g, s->class_count);
    if (gen_chance(g, style->friendly ? 90 : 30))
        class /= 2;
    open_element(style, out, "ConfidentialityInformation>");
    put_policy(g, style, out, spif);
    open_element(style, out, "Classification>");
    gen_name(g, out, gen_chance(g, 1) ? "COSMIC" : s->classes[class].name);
    close_element(style, out, "Classification");
    put_categories(g, style, out, s);
    close_element(style, out, "ConfidentialityInformation");
}

static void put_label_content(struct policy_gen *g, const struct style *style, struct buf *out, size_t spif,
                              size_t depth)
{
    put_information(g, style, out, spif);
    if (gen_chance(g, 80)) {
        open_element(style, out, "CreationDateTime>");
        buf_puts(out, gen_chance(g, 50) ? "2025-12-01T00:00:00Z" : "2025-12-01T00:00:00");
        close_element(style, out, "CreationDateTime");
    }
    if (depth >= 3 || !gen_chance(g, depth ? 35 : 14))
        return;
    uint64_t broken = gen_u64(g) % 25;
    open_element(style, out, "SuccessionHandling>");
    if (broken != 0) {
        open_element(style, out, "SuccessionDateTime>");
        gen_instant_text(out, gen_instant((int)gen_below(g, GEN_GRID + 1)));
        close_element(style, out, "SuccessionDateTime");
    }
    if (broken != 1) {
        open_element(style, out, "SuccessorConfidentialityLabel>");
        size_t next = gen_chance(g, 80) ? spif : gen_below(g, g->spif_count);
        put_label_content(g, style, out, next, depth + 1);
        close_element(style, out, "SuccessorConfidentialityLabel");
    }
    close_element(style, out, "SuccessionHandling");
}

static void put_label_doc(struct policy_gen *g, const struct style *style, struct buf *out, const char *name,
                          size_t spif)
{
    open_element(style, out, name);
    buf_printf(out, " xmlns%s=\"" NS_SLAB "\">", style->short_prefix ? ":s" : "");
    put_label_content(g, style, out, spif, 0);
    close_element(style, out, name);
}

static void put_label(struct policy_gen *g, const struct style *base, struct buf *out, const char *attributes)
{
    struct style style = *base;
    style.short_prefix = gen_chance(g, 70);
    size_t spif = gen_below(g, g->spif_count);
    buf_printf(out, "<label%s>", attributes);
    put_label_doc(g, &style, out, "originatorConfidentialityLabel", spif);
    for (size_t n = gen_chance(g, 35) ? 1 + gen_below(g, 2) : 0; n > 0; n--) {
        size_t other = gen_chance(g, 90) ? (spif + 1 + gen_below(g, g->spif_count - 1)) % g->spif_count : spif;
        put_label_doc(g, &style, out, "alternativeConfidentialityLabel", other);
    }
    buf_puts(out, "</label>");
}

static void put_words(struct policy_gen *g, struct buf *out, const char *element, const char *const *words, size_t count,
                      unsigned percent)
{
    for (size_t i = 0; i < count; i++)
        if (gen_chance(g, percent))
            buf_printf(out, "<%s>%s</%s>", element, words[i], element);
}

static void put_header(struct policy_gen *g, const struct style *style, struct buf *out, const char *nation)
{
    static const char *const area[] = {"NGA", "CIV", "MLI", "NOR", "GULF-OF-GUINEA"};
    buf_printf(out, "<header type=\"%s\"", gen_types[gen_below(g, 3)]);
    if (gen_chance(g, 85)) {
        buf_puts(out, " issued=\"");
        gen_instant_text(out, gen_instant((int)gen_below(g, 6)));
        buf_putc(out, '"');
    }
    if (gen_chance(g, 85))
        buf_printf(out, " separable=\"%s\"", gen_chance(g, 75) ? "true" : "false");
    buf_puts(out, " xml:lang=\"en\">");
    if (gen_chance(g, 30))
        put_label(g, style, out, "");
    buf_printf(out, "<originator nation=\"%s\" cell=\"%s\"/><title>Title</title>", nation, gen_cells[gen_below(g, 3)]);
    put_words(g, out, "topic", gen_topics, 4, 45);
    put_words(g, out, "area", area, 5, 25);
    if (gen_chance(g, 60))
        buf_printf(out, "<grading reliability=\"%c\" credibility=\"%c\"/>", (char)('A' + gen_below(g, 6)),
                   (char)('1' + gen_below(g, 6)));
    if (gen_chance(g, 15))
        put_words(g, out, "exercise", gen_exercises, 2, 60);
    buf_puts(out, "</header>");
}

static size_t put_children(struct policy_gen *g, const struct style *style, struct buf *out, bool received)
{
    size_t position = 0;
    unsigned hidden = received ? 12 : 4; // in our own reports a withheld child is a decoy
    bool stripped = received && gen_chance(g, 10); // portions may be withheld in our copy
    if (gen_chance(g, 15)) {
        buf_printf(out, "<reference Id=\"e%zu\" rel=\"related\" ref=\"urn:uuid:6f0c2b6e-0000-4000-8000-000000000001\"/>",
                   ++position);
    }
    for (size_t n = 1 + gen_below(g, 3), i = 0; i < n; i++) {
        if (stripped && gen_chance(g, 70)) {
            buf_printf(out, "<withheld ref=\"e%zu\"></withheld>", ++position);
            continue;
        }
        buf_printf(out, "<portion Id=\"e%zu\">", ++position);
        if (gen_chance(g, 65))
            put_label(g, style, out, "");
        buf_puts(out, "<text>Text.</text></portion>");
        if (gen_chance(g, hidden))
            buf_printf(out, "<withheld ref=\"e%zu\"></withheld>", ++position);
    }
    if (gen_chance(g, 25)) {
        buf_printf(out, "<attachment Id=\"e%zu\" name=\"a.jpg\" media-type=\"image/jpeg\" size=\"3\" sha256=\"", ++position);
        for (size_t i = 0; i < 64; i++)
            buf_putc(out, 'a');
        buf_puts(out, "\">");
        if (gen_chance(g, 65))
            put_label(g, style, out, "");
        buf_puts(out, "</attachment>");
    }
    return position;
}

static void make_record(struct policy_gen *g, bool received, size_t children, struct decide_record *ret)
{
    static const enum onward onwards[] = {ONWARD_FORBIDDEN, ONWARD_CONSENT, ONWARD_CONSENT, ONWARD_PERMITTED,
                                          ONWARD_PERMITTED, ONWARD_PERMITTED};
    memset(ret, 0, sizeof *ret);
    ret->received = received != gen_chance(g, 4); // now and then at odds with the originator
    ret->onward = onwards[gen_below(g, 6)];
    ret->consented = gen_chance(g, 50);
    ret->approvals = (uint32_t)gen_below(g, 4);
    ret->refused = gen_chance(g, 10);
    ret->stored_at = gen_chance(g, 60) ? UTC_MIN : gen_instant((int)gen_below(g, 6));
    ret->any_approvals_count = gen_chance(g, 50);
    for (size_t i = 0; i < children; i++)
        if (gen_chance(g, 20))
            withheld_add(&ret->approved_withheld, i);
    ret->approved_withheld.overall = gen_chance(g, 20);
}

void policy_gen_report(struct policy_gen *g, uint64_t seed, unsigned variant, struct buf *out,
                       struct decide_record *ret_record)
{
    g->state = seed * 0xD1342543DE82EF95u + 7;
    size_t nation = gen_chance(g, 60) ? 0 : gen_below(g, 4);
    bool received = nation != 0;
    struct style style = {.friendly = gen_chance(g, 65), .extra = variant & GEN_EXTRA_RESTRICTIVE};
    buf_puts(out, "<report xmlns=\"urn:relto:report:1\">");
    if (received && gen_chance(g, 7))
        buf_puts(out, "<withheld ref=\"label\"></withheld>");
    else
        put_label(g, &style, out, " Id=\"label\"");
    put_header(g, &style, out, gen_nations[nation]);
    size_t children = put_children(g, &style, out, received);
    buf_puts(out, "</report>");
    make_record(g, received, children, ret_record);
}

void policy_gen_label(struct policy_gen *g, uint64_t seed, struct buf *out)
{
    g->state = seed * 0xD1342543DE82EF95u + 11;
    struct style style = {.friendly = gen_chance(g, 65), .short_prefix = gen_chance(g, 50)};
    put_label_doc(g, &style, out, "originatorConfidentialityLabel", gen_below(g, g->spif_count));
}
