#include "tools/benches/activation_world.h"

#include <math.h>

enum { TOPICS = 40, AREAS = 10, TOPICS_AGREED = 12, TOPICS_CHANGED = 4, LISTS = 20, LANGUAGE_WORDS = 100000 };

static const char *const classes[] = {"UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET"};

// A number that follows from two others (splitmix64).
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b * 0xD1342543DE82EF95u + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

struct uuid world_id(uint64_t number)
{
    uint8_t random[16];
    for (unsigned i = 0; i < 16; i++)
        random[i] = (uint8_t)(mix(number, i / 8) >> (8 * (i % 8)));
    return uuid_from_random(random);
}

void world_spif(struct buf *out, unsigned partners)
{
    buf_puts(out, "<SPIF xmlns=\"http://www.xmlspif.org/spif\" schemaVersion=\"2.1\" version=\"1\" creationDate=\"20260101000000Z\" "
                  "originatorDN=\"CN=bench\" keyIdentifier=\"00\" privilegeId=\"1.2.3\" rbacId=\"1.2.4\">"
                  "<securityPolicyId name=\"BENCH\" id=\"1.3.6.1.4.1.99\"/><securityClassifications>");
    for (unsigned i = 0; i < 4; i++)
        buf_printf(out, "<securityClassification name=\"%s\" lacv=\"%u\" hierarchy=\"%u\"/>", classes[i], i, i);
    buf_puts(out, "</securityClassifications><securityCategoryTagSets><securityCategoryTagSet name=\"Releasable To\" "
                  "id=\"1.3.6.1.4.1.99.1\"><securityCategoryTag name=\"Releasable To\" tagType=\"permissive\">");
    for (unsigned i = 0; i < partners; i++)
        buf_printf(out, "<tagCategory name=\"P%03u\" lacv=\"%u\"/>", i, i);
    for (unsigned i = 0; i < partners / WORLD_COMMUNITY; i++)
        buf_printf(out, "<tagCategory name=\"COM%u\" lacv=\"%u\"/>", i, partners + i);
    buf_puts(out, "</securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets></SPIF>");
}

void world_vocabulary(struct buf *out)
{
    buf_puts(out, "<vocabulary xmlns=\"urn:relto:vocabulary:1\"><types><type id=\"INTREP\">r</type><type id=\"INTSUM\">s</type></types><topics>");
    for (unsigned i = 0; i < TOPICS; i++)
        buf_printf(out, "<topic id=\"t%u\">t</topic>", i);
    buf_puts(out, "</topics><areas>");
    for (unsigned i = 0; i < AREAS; i++)
        buf_printf(out, "<area id=\"AA%c\">a</area>", 'A' + (int)i);
    buf_puts(out, "</areas></vocabulary>");
}

// ---- policies

static void put_partners(struct buf *out, unsigned partners, bool changed)
{
    buf_puts(out, "<communities>");
    for (unsigned c = 0; c < partners / WORLD_COMMUNITY; c++) {
        buf_printf(out, "<community id=\"COM%u\">", c);
        for (unsigned i = 0; i < WORLD_COMMUNITY; i++)
            if (!changed || c * WORLD_COMMUNITY + i != partners - 1)
                buf_printf(out, "<member partner=\"P%03u\"/>", c * WORLD_COMMUNITY + i);
        buf_puts(out, "</community>");
    }
    buf_puts(out, "</communities><partners>");
    for (unsigned p = 0; p < partners; p++) {
        const char *max = changed && p == partners - 2 ? "RESTRICTED" : p % 5 == 4 ? "CONFIDENTIAL" : "SECRET";
        if (!changed || p != partners - 1)
            buf_printf(out, "<partner id=\"P%03u\"><clearance policy=\"BENCH\" max=\"%s\"/></partner>", p, max);
    }
    buf_puts(out, "</partners>");
}

static void put_agreement(struct buf *out, unsigned community, bool changed)
{
    unsigned first = community * 7 % TOPICS + (changed ? TOPICS_CHANGED : 0);
    buf_printf(out, "<agreement id=\"G%u\" from=\"2021-01-01T00:00:00Z\" until=\"2100-01-01T00:00:00Z\" parties=\"COM%u\"><scope><topic any-of=\"",
               community, community);
    for (unsigned i = 0; i < TOPICS_AGREED; i++)
        buf_printf(out, "%st%u", i ? " " : "", (first + i) % TOPICS);
    buf_puts(out, "\"/></scope><terms redaction=\"permitted\" approval=\"0\" embargo=\"PT0S\" onward=\"consent\" lapse=\"withdraw\"/></agreement>");
}

void world_policy(struct buf *out, unsigned partners, bool changed)
{
    buf_printf(out, "<policy xmlns=\"urn:relto:policy:1\" nation=\"GBR\" serial=\"%u\"><security-policies>"
                    "<security-policy spif=\"bench.xml\" release-tag-set=\"Releasable To\"/></security-policies>", changed ? 2 : 1);
    put_partners(out, partners, changed);
    buf_puts(out, "<agreements>");
    for (unsigned c = 0; c < partners / WORLD_COMMUNITY; c++)
        put_agreement(out, c, changed && c == 1);
    buf_puts(out, "</agreements></policy>");
}

// ---- reports

bool world_is_for_first(unsigned partners, uint64_t number)
{
    return mix(number, 2) % 5 && mix(number, 4) % (partners / WORLD_COMMUNITY) == 0 && mix(number, 9) % TOPICS < TOPICS_AGREED;
}

// To one community, or to one of some lists of three partners.
static void put_release(struct buf *out, unsigned partners, uint64_t number)
{
    uint64_t list = mix(number, 3) % LISTS;
    if (mix(number, 2) % 5) {
        buf_printf(out, "<GenericValue>COM%u</GenericValue>", (unsigned)(mix(number, 4) % (partners / WORLD_COMMUNITY)));
        return;
    }
    for (unsigned i = 0; i < 3; i++) // of thirds, so that no partner stands there twice
        buf_printf(out, "<GenericValue>P%03u</GenericValue>", (unsigned)(mix(list, 5 + i) % (partners / 3) + i * (partners / 3)));
}

static void put_label(struct buf *out, unsigned partners, uint64_t number, const char *cls)
{
    buf_printf(out, "<label><originatorConfidentialityLabel xmlns=\"urn:nato:stanag:4774:confidentialitymetadatalabel:1:0\">"
                    "<ConfidentialityInformation><PolicyIdentifier>BENCH</PolicyIdentifier><Classification>%s</Classification>"
                    "<Category Type=\"PERMISSIVE\" TagName=\"Releasable To\">", cls);
    put_release(out, partners, number);
    buf_puts(out, "</Category></ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime>"
                  "</originatorConfidentialityLabel></label>");
}

// The word of a language that is the rank-th of the frequent ones.
static void put_word(struct buf *out, uint64_t rank)
{
    static const char consonants[] = "bcdfghjklmnprstvw", vowels[] = "aeiou";
    uint64_t random = mix(rank, 12);
    for (uint64_t syllables = 1 + random % 4; syllables > 0; syllables--, random /= 17 * 5) {
        buf_putc(out, consonants[random % 17]);
        buf_putc(out, vowels[random / 17 % 5]);
    }
}

// Text as people write it: the n-th word of the language is used 1/n as often as the first (Zipf's law).
static void put_text(struct buf *out, uint64_t number, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        double even = (double)(mix(number, 100 + i) >> 11) / (double)(1ull << 53);
        buf_putc(out, ' ');
        put_word(out, (uint64_t)pow(LANGUAGE_WORDS, even));
    }
}

void world_draft(struct buf *out, unsigned partners, uint64_t number, unsigned words)
{
    const char *cls = classes[mix(number, 1) % 3];
    buf_puts(out, "<report xmlns=\"urn:relto:report:1\">");
    put_label(out, partners, number, cls);
    buf_printf(out, "<header type=\"%s\" separable=\"true\"><originator nation=\"GBR\" cell=\"J2\"/><title>Report %llu</title>"
                    "<topic>t%u</topic><area>AA%c</area></header>",
               mix(number, 8) % 2 ? "INTREP" : "INTSUM", (unsigned long long)number, (unsigned)(mix(number, 9) % TOPICS),
               'A' + (int)(mix(number, 10) % AREAS));
    buf_puts(out, "<portion><text>What was seen, by whom, and when.");
    put_text(out, number, words);
    buf_puts(out, "</text></portion>");
    if (mix(number, 11) % 5 == 0) { // a part that goes to few
        buf_puts(out, "<portion>");
        put_label(out, partners, number, "SECRET");
        buf_puts(out, "<text>Where it comes from.</text></portion>");
    }
    buf_puts(out, "</report>");
}
