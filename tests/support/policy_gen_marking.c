// Random marking data for SPIFs. It draws from a stream of its own, so that a world is the same with and without.
#include "tests/support/policy_gen.h"

static const char *const langs[] = {"", "", " xml:lang=\"en\"", " xml:lang=\"fr\"", " xml:lang=\"fr-CA\"", " xml:lang=\"FR-be\""};
static const char *const places[] = {"pageTop", "pageBottom", "pageTopBottom", "portionMarking", "portionMarking", "documentStart"};
static const char *const effects[] = {"noNameDisplay", "suppressClassName", "replacePolicy", "replacePolicy", "noMarkingDisplay"};

static void put_data(struct policy_gen *g, struct buf *out)
{
    static const char *const phrases[] = {"", "TRÈS SECRET", "(S)", "  two  words ", "A &amp; B", "-", "ЄС"};
    buf_puts(out, "<markingData");
    if (gen_chance(g, 80)) {
        if (gen_chance(g, 60))
            buf_printf(out, " phrase=\"P%zu\"", gen_below(g, 1000));
        else
            buf_printf(out, " phrase=\"%s\"", phrases[gen_below(g, 7)]);
    }
    buf_printf(out, "%s>", langs[gen_below(g, 6)]);
    if (gen_chance(g, 40))
        buf_printf(out, "<code>%s</code>", places[gen_below(g, 6)]);
    if (gen_chance(g, 25))
        buf_printf(out, "<code>%s</code>", effects[gen_below(g, 5)]);
    buf_puts(out, "</markingData>");
}

static void put_qualifiers(struct policy_gen *g, struct buf *out)
{
    static const char *const kinds[] = {"prefix", "separator", "suffix"};
    static const char *const texts[] = {"", " ", "//", " REL TO ", ", ", "[", "]", " &lt;", "."};
    buf_puts(out, "<markingQualifier");
    if (gen_chance(g, 40))
        buf_printf(out, " markingCode=\"%s\"", places[gen_below(g, 6)]);
    buf_putc(out, '>');
    for (size_t n = 1 + gen_below(g, 4); n > 0; n--)
        buf_printf(out, "<qualifier markingQualifier=\"%s\" qualifierCode=\"%s\"%s/>", texts[gen_below(g, 9)],
                   kinds[gen_below(g, 3)], langs[gen_below(g, 6)]);
    buf_puts(out, "</markingQualifier>");
}

void gen_marking_write(struct policy_gen *g, bool data, struct buf *out)
{
    if (!(g->variant & GEN_MARKINGS))
        return;
    uint64_t state = g->state;
    g->state = state ^ 0x6D61726B696E6773u;
    for (size_t n = data ? gen_below(g, 4) : 0; n > 0; n--)
        put_data(g, out);
    for (size_t n = gen_chance(g, 45) ? 1 + gen_below(g, 2) : 0; n > 0; n--)
        put_qualifiers(g, out);
    g->state = state;
}
