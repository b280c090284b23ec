// Random policy documents over the models of the SPIFs.
#include <stdio.h>
#include <string.h>

#include "tests/support/policy_gen.h"

static void put_from_until(struct policy_gen *g, unsigned dated, struct buf *out)
{
    if (!gen_chance(g, dated))
        return;
    int from = (int)gen_below(g, GEN_GRID), until = from + 1 + (int)gen_below(g, (size_t)(GEN_GRID - from));
    size_t which = gen_below(g, 3);
    if (which != 0) {
        buf_puts(out, " from=\"");
        gen_instant_text(out, gen_instant(which == 1 ? from / 2 : from));
        buf_putc(out, '"');
    }
    if (which != 1) {
        buf_puts(out, " until=\"");
        gen_instant_text(out, gen_instant(until));
        buf_putc(out, '"');
    }
}

// Space-separated partners and communities, at least one.
static void put_people(struct policy_gen *g, unsigned percent, struct buf *out)
{
    size_t all = g->partner_count + g->community_count, sure = gen_below(g, all);
    const char *space = "";
    for (size_t i = 0; i < all; i++)
        if (gen_chance(g, percent) || i == sure) {
            buf_printf(out, "%s%s", space, i < g->partner_count ? g->partners[i] : g->communities[i - g->partner_count]);
            space = " ";
        }
}

static void put_securities(struct policy_gen *g, struct buf *out)
{
    buf_puts(out, "<security-policies>");
    for (size_t i = 0; i < g->spif_count; i++) {
        buf_printf(out, "<security-policy spif=\"spif/%s\" release-tag-set=\"", gen_spif_files[i]);
        gen_name(g, out, g->spifs[i].sets[0].name);
        buf_putc(out, '"');
        if (gen_chance(g, 50)) {
            buf_puts(out, " unmarked=\"");
            put_people(g, 40, out);
            buf_putc(out, '"');
        }
        buf_puts(out, "/>");
    }
    buf_puts(out, "</security-policies>");
}

static void put_communities(struct policy_gen *g, struct buf *out)
{
    buf_puts(out, "<communities>");
    for (size_t i = 0; i < g->community_count; i++) {
        buf_printf(out, "<community id=\"%s\">", g->communities[i]);
        for (size_t j = 0; j < g->partner_count; j++)
            if (gen_chance(g, 50)) {
                buf_printf(out, "<member partner=\"%s\"", g->partners[j]);
                put_from_until(g, 30, out);
                buf_puts(out, "/>");
            }
        for (size_t j = i + 1; j < g->community_count; j++)
            if (gen_chance(g, 50)) {
                buf_printf(out, "<member community=\"%s\"", g->communities[j]);
                put_from_until(g, 30, out);
                buf_puts(out, "/>");
            }
        buf_puts(out, "</community>");
    }
    buf_puts(out, "</communities>");
}

// The values of one tag set that are held; `full` writes a label's Category elements, else the compact form.
static void put_held(struct policy_gen *g, const struct gen_set *set, bool full, struct buf *out)
{
    static const char *const words[] = {"RESTRICTIVE", "PERMISSIVE", "RESTRICTIVE", "PERMISSIVE", "INFORMATIVE"};
    for (size_t i = 0; i < set->tag_count; i++)
        for (size_t j = 0; j < set->tags[i].count; j++) {
            const struct gen_category *c = &set->tags[i].categories[j];
            bool held = gen_chance(g, 65) || g->variant & GEN_MORE_CLEARANCE;
            if (!held || (c->obsolete && j + 1 < set->tags[i].count && strcmp(c->name, c[1].name) == 0))
                continue;
            const char *name = c->user_input ? "BRAVO" : c->name;
            if (full) {
                buf_printf(out, "<slab:Category Type=\"%s\" TagName=\"", words[set->tags[i].type]);
                gen_name(g, out, set->name);
                buf_puts(out, "\"><slab:GenericValue>");
                gen_name(g, out, name);
                buf_puts(out, "</slab:GenericValue></slab:Category>");
            } else {
                buf_puts(out, "<category tag-set=\"");
                gen_name(g, out, set->name);
                buf_puts(out, "\">");
                gen_name(g, out, name);
                buf_puts(out, "</category>");
            }
        }
}

static void put_compact_clearance(struct policy_gen *g, const struct gen_spif *s, size_t max, struct buf *out)
{
    buf_puts(out, "<clearance policy=\"");
    gen_name(g, out, s->name);
    buf_puts(out, "\" max=\"");
    gen_name(g, out, s->classes[max].name);
    buf_puts(out, "\">");
    for (size_t i = 0; i < GEN_SETS; i++)
        put_held(g, &s->sets[i], false, out);
    buf_puts(out, "</clearance>");
}

static void put_full_clearance(struct policy_gen *g, const struct gen_spif *s, size_t max, struct buf *out)
{
    buf_puts(out, "<clearance><cl:ConfidentialityClearance xmlns:cl=\"" NS_CLEARANCE "\" xmlns:slab=\"" NS_SLAB
                  "\"><slab:PolicyIdentifier");
    if (gen_chance(g, 30))
        buf_printf(out, " URI=\"urn:oid:%s\"", s->id);
    buf_puts(out, ">");
    gen_name(g, out, s->name);
    buf_puts(out, "</slab:PolicyIdentifier><cl:ClassificationList>");
    for (size_t i = 0; i <= max; i++) {
        bool held = gen_chance(g, 85) || g->variant & GEN_MORE_CLEARANCE;
        if (!held && i < max)
            continue;
        buf_puts(out, "<slab:Classification>");
        gen_name(g, out, s->classes[i].name);
        buf_puts(out, "</slab:Classification>");
    }
    buf_puts(out, "</cl:ClassificationList>");
    for (size_t i = 0; i < GEN_SETS; i++)
        put_held(g, &s->sets[i], true, out);
    buf_puts(out, "</cl:ConfidentialityClearance></clearance>");
}

static void put_partners(struct policy_gen *g, struct buf *out)
{
    static const char *const kinds[] = {"nation", "organisation", "ngo"};
    buf_puts(out, "<partners>");
    for (size_t i = 0; i < g->partner_count; i++) {
        buf_printf(out, "<partner id=\"%s\" name=\"Partner %zu\" kind=\"%s\">", g->partners[i], i,
                   kinds[gen_below(g, 3)]);
        for (size_t j = 0; j < g->spif_count; j++) {
            if (!gen_chance(g, 72))
                continue;
            const struct gen_spif *s = &g->spifs[j];
            size_t max = gen_chance(g, 60) ? s->class_count - 1 : gen_below(g, s->class_count);
            if (g->variant & GEN_MORE_CLEARANCE)
                max = s->class_count - 1;
            // Not one stream of numbers for both variants otherwise.
            uint64_t after = gen_u64(g);
            if (gen_chance(g, 65))
                put_compact_clearance(g, s, max, out);
            else
                put_full_clearance(g, s, max, out);
            g->state = after;
        }
        buf_puts(out, "</partner>");
    }
    buf_puts(out, "</partners>");
}

// ---- conditions

static void put_any_of(struct policy_gen *g, const char *element, const char *const *words, size_t count,
                       const char *extra, struct buf *out)
{
    size_t sure = gen_below(g, count);
    buf_printf(out, "<%s any-of=\"%s", element, words[sure]);
    for (size_t i = 0; i < count; i++)
        if (i != sure && gen_chance(g, 45))
            buf_printf(out, " %s", words[i]);
    if (extra && gen_chance(g, 30))
        buf_printf(out, " %s", extra);
    buf_puts(out, "\"/>");
}

static void put_classification(struct policy_gen *g, struct buf *out)
{
    const struct gen_spif *s = &g->spifs[gen_below(g, g->spif_count)];
    size_t low = gen_below(g, s->class_count), high = low + gen_below(g, s->class_count - low), which = gen_below(g, 3);
    buf_puts(out, "<classification policy=\"");
    gen_name(g, out, s->name);
    buf_putc(out, '"');
    if (which != 0)
        buf_printf(out, " at-least=\"%s\"", s->classes[low].name);
    if (which != 1)
        buf_printf(out, " at-most=\"%s\"", s->classes[high].name);
    buf_puts(out, "/>");
}

static void put_category_condition(struct policy_gen *g, struct buf *out)
{
    const struct gen_spif *s = &g->spifs[gen_below(g, g->spif_count)];
    const struct gen_set *set = &s->sets[gen_below(g, GEN_SETS)];
    const struct gen_tag *tag = &set->tags[gen_below(g, set->tag_count)];
    buf_puts(out, "<category policy=\"");
    gen_name(g, out, s->name);
    buf_puts(out, "\" tag-set=\"");
    gen_name(g, out, set->name);
    buf_puts(out, "\">");
    for (size_t n = 1 + gen_below(g, 2); n > 0; n--) {
        buf_puts(out, "<value>");
        gen_name(g, out, tag->categories[gen_below(g, tag->count)].name);
        buf_puts(out, "</value>");
    }
    buf_puts(out, "</category>");
}

static void put_grading(struct policy_gen *g, struct buf *out)
{
    size_t which = gen_below(g, 3);
    buf_puts(out, "<grading");
    if (which != 0)
        buf_printf(out, " reliability-at-least=\"%c\"", (char)('A' + gen_below(g, 5)));
    if (which != 1)
        buf_printf(out, " credibility-at-least=\"%c\"", (char)('1' + gen_below(g, 5)));
    buf_puts(out, "/>");
}

static void put_condition(struct policy_gen *g, size_t depth, struct buf *out);

static void put_group(struct policy_gen *g, const char *element, size_t count, size_t depth, struct buf *out)
{
    buf_printf(out, "<%s>", element);
    while (count-- > 0)
        put_condition(g, depth + 1, out);
    buf_printf(out, "</%s>", element);
}

static void put_condition(struct policy_gen *g, size_t depth, struct buf *out)
{
    switch (gen_below(g, depth < 3 ? 14 : 9)) {
    case 0:
        put_any_of(g, "topic", gen_topics, 4, NULL, out);
        break;
    case 1:
        put_any_of(g, "area", gen_areas, 4, gen_chance(g, 50) ? "GULF-OF-GUINEA" : "SAHEL", out);
        break;
    case 2:
        put_any_of(g, "type", gen_types, 3, NULL, out);
        break;
    case 3:
        put_any_of(g, "originator", gen_nations, 3, NULL, out);
        break;
    case 4:
        put_any_of(g, "cell", gen_cells, 3, NULL, out);
        break;
    case 5:
        put_classification(g, out);
        break;
    case 6:
        if (g->variant & GEN_PLAIN)
            put_grading(g, out);
        else
            put_category_condition(g, out);
        break;
    case 7:
        put_grading(g, out);
        break;
    case 8:
        put_any_of(g, "exercise", gen_exercises, 2, "*", out);
        break;
    case 9:
    case 10:
        put_group(g, "all", 1 + gen_below(g, 3), depth, out);
        break;
    case 11:
    case 12:
        put_group(g, "any", 1 + gen_below(g, 3), depth, out);
        break;
    default:
        put_group(g, "not", 1, depth, out);
        break;
    }
}

static void put_denials(struct policy_gen *g, struct buf *out)
{
    buf_puts(out, "<denials>");
    for (size_t n = gen_below(g, 3), i = 0; i < n; i++) {
        buf_printf(out, "<deny id=\"D-%zu\" partners=\"", i);
        if (gen_chance(g, 10))
            buf_putc(out, '*');
        else
            put_people(g, 15, out);
        buf_printf(out, "\" withdraw=\"%s\"><when>", gen_chance(g, 50) ? "true" : "false");
        for (size_t k = 2 + gen_below(g, 2); k > 0; k--)
            put_condition(g, 0, out);
        buf_printf(out, "</when><reason>Reason %zu.</reason></deny>", i);
    }
    buf_puts(out, "</denials>");
}

static void put_scope(struct policy_gen *g, struct buf *out)
{
    buf_puts(out, "<scope>");
    bool wide = gen_chance(g, 75), exercise = gen_chance(g, 25);
    if (wide)
        buf_puts(out, gen_chance(g, 50) ? "<type any-of=\"INTREP INTSUM WARNING\"/>"
                                        : "<topic any-of=\"piracy terrorism human-source cyber\"/>");
    if (exercise)
        put_any_of(g, "exercise", gen_exercises, 2, "*", out);
    for (size_t n = wide ? gen_chance(g, 20) : 1 + gen_below(g, 2); n > 0; n--)
        put_condition(g, 0, out);
    buf_puts(out, "</scope>");
}

static void put_ceilings(struct policy_gen *g, struct buf *out)
{
    for (size_t i = 0; i < g->spif_count; i++) {
        const struct gen_spif *s = &g->spifs[i];
        if (!gen_chance(g, 15))
            continue;
        buf_puts(out, "<ceiling policy=\"");
        gen_name(g, out, s->name);
        size_t max = gen_chance(g, 60) ? s->class_count - 1 : gen_below(g, s->class_count);
        buf_printf(out, "\" max=\"%s\"/>", s->classes[max].name);
    }
}

static void put_agreements(struct policy_gen *g, struct buf *out)
{
    static const char *const embargoes[] = {"PT0S", "PT0S", "PT1H", "PT2H", "PT3H", "PT90M"};
    static const char *const onwards[] = {"forbidden", "consent", "permitted"};
    buf_puts(out, "<agreements>");
    for (size_t n = 2 + gen_below(g, 4), i = 0; i < n; i++) {
        buf_printf(out, "<agreement id=\"A-%zu\" title=\"Agreement %zu\"", i, i);
        put_from_until(g, 35, out);
        buf_puts(out, " parties=\"");
        if (gen_chance(g, 50))
            buf_putc(out, '*');
        else
            put_people(g, 40, out);
        buf_puts(out, "\">");
        put_scope(g, out);
        put_ceilings(g, out);
        buf_printf(out, "<terms redaction=\"%s\" approval=\"%zu\" embargo=\"%s\" onward=\"%s\" lapse=\"%s\"/></agreement>",
                   gen_chance(g, 75) ? "permitted" : "forbidden", gen_chance(g, 50) ? 0 : gen_below(g, 3),
                   embargoes[gen_below(g, 6)], onwards[gen_below(g, 3)], gen_chance(g, 50) ? "retain" : "withdraw");
    }
    buf_puts(out, "</agreements>");
}

void gen_policy_write(struct policy_gen *g, struct buf *out)
{
    buf_puts(out, "<policy xmlns=\"urn:relto:policy:1\" nation=\"GBR\" serial=\"7\">");
    put_securities(g, out);
    put_communities(g, out);
    put_partners(g, out);
    put_denials(g, out);
    put_agreements(g, out);
    buf_puts(out, "</policy>");
}
