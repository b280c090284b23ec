#include "tests/support/policy_gen.h"

#include <ctype.h>
#include <string.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"

const char *const gen_spif_files[GEN_SPIFS_MAX] = {"nato.xml", "gbr.xml", "union-x.xml"};
const char *const gen_topics[4] = {"piracy", "terrorism", "human-source", "cyber"};
const char *const gen_areas[4] = {"NGA", "CIV", "MLI", "NOR"};
const char *const gen_types[3] = {"INTREP", "INTSUM", "WARNING"};
const char *const gen_exercises[2] = {"STEADFAST-26", "COLD-RESPONSE"};
const char *const gen_cells[3] = {"J2-NORTH", "J2-AFRICA", "NCSC"};
const char *const gen_nations[4] = {"GBR", "FRA", "USA", "ITA"};

uint64_t gen_u64(struct policy_gen *g) // splitmix64
{
    uint64_t z = g->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

size_t gen_below(struct policy_gen *g, size_t n)
{
    return (size_t)(gen_u64(g) % n);
}

bool gen_chance(struct policy_gen *g, unsigned percent)
{
    return gen_u64(g) % 100 < percent;
}

utc_ms gen_instant(int k)
{
    return (utc_ms)1767225600000LL + (utc_ms)k * 3600000; // from 2026-01-01T00:00:00Z
}

utc_ms gen_boundary(struct policy_gen *g)
{
    static const int64_t beside[] = {-1000, -1, 0, 0, 1, 1000};
    return gen_instant((int)gen_below(g, GEN_GRID + 3) - 1) + beside[gen_below(g, 6)];
}

void gen_name(struct policy_gen *g, struct buf *out, const char *name)
{
    uint64_t how = gen_u64(g);
    bool changed = how % 8 == 0;
    if (changed && (how >> 8) % 4 == 0)
        buf_putc(out, ' ');
    for (const char *c = name; *c; c++, how = how >> 1 | how << 63) {
        bool flip = changed && (how >> 20 & 1);
        buf_putc(out, flip ? (char)(islower((unsigned char)*c) ? toupper((unsigned char)*c) : tolower((unsigned char)*c))
                           : *c);
        if (changed && *c == ' ')
            buf_puts(out, " ");
    }
    if (changed && (how >> 16) % 4 == 0)
        buf_puts(out, "  ");
}

void gen_instant_text(struct buf *out, utc_ms t)
{
    char text[UTC_TEXT_MAX];
    buf_puts(out, utc_format_s(t, text));
}

void gen_vocabulary_write(struct buf *out)
{
    buf_puts(out, "<vocabulary xmlns=\"urn:relto:vocabulary:1\"><types>");
    for (size_t i = 0; i < 3; i++)
        buf_printf(out, "<type id=\"%s\">type %zu</type>", gen_types[i], i);
    buf_puts(out, "</types><topics>");
    for (size_t i = 0; i < 4; i++)
        buf_printf(out, "<topic id=\"%s\">topic %zu</topic>", gen_topics[i], i);
    buf_puts(out, "</topics><areas>");
    for (size_t i = 0; i < 4; i++)
        buf_printf(out, "<area id=\"%s\">area %zu</area>", gen_areas[i], i);
    buf_puts(out, "<region id=\"GULF-OF-GUINEA\" areas=\"NGA CIV\">Gulf of Guinea</region>"
                  "<region id=\"SAHEL\" areas=\"MLI\">Sahel</region></areas></vocabulary>");
}

static void choose_people(struct policy_gen *g)
{
    static const char *const partners[GEN_PARTNERS_MAX] = {"FRA", "USA", "DEU", "SWE", "EUX", "RCX"};
    static const char *const communities[GEN_COMMUNITIES_MAX] = {"NATO", "EFP", "FVEY"};
    g->partner_count = 3 + gen_below(g, GEN_PARTNERS_MAX - 2);
    for (size_t i = 0; i < g->partner_count; i++)
        g->partners[i] = partners[i];
    g->community_count = 1 + gen_below(g, GEN_COMMUNITIES_MAX);
    for (size_t i = 0; i < g->community_count; i++)
        g->communities[i] = communities[i];
}

void policy_gen_init(struct policy_gen *g, uint64_t seed, unsigned variant)
{
    memset(g, 0, sizeof *g);
    g->state = seed * 0x2545F4914F6CDD1Du + 1;
    g->variant = variant;
    buf_init(&g->policy, POLICY_BYTES_MAX);
    buf_init(&g->vocabulary, POLICY_BYTES_MAX);
    for (size_t i = 0; i < GEN_SPIFS_MAX; i++)
        buf_init(&g->spif_text[i], POLICY_BYTES_MAX);
    choose_people(g);
    g->spif_count = 2 + gen_below(g, GEN_SPIFS_MAX - 1);
    for (size_t i = 0; i < g->spif_count; i++)
        gen_spif_model(g, i);
    for (size_t i = 0; i < g->spif_count; i++) {
        gen_spif_write(g, i, &g->spif_text[i]);
        BUG_IF(buf_status(&g->spif_text[i]) != ST_OK);
    }
    gen_vocabulary_write(&g->vocabulary);
    gen_policy_write(g, &g->policy);
    BUG_IF(buf_status(&g->vocabulary) != ST_OK || buf_status(&g->policy) != ST_OK);
}

void policy_gen_fini(struct policy_gen *g)
{
    buf_fini(&g->policy);
    buf_fini(&g->vocabulary);
    for (size_t i = 0; i < GEN_SPIFS_MAX; i++)
        buf_fini(&g->spif_text[i]);
}
