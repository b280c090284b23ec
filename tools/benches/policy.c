// Decisions per second for 200 partners under 500 agreements: for all partners at once (policy/decide_bulk.h) on
// distinct and on repeating labels, one by one, and one with its full explanation. In seconds of the processor.
//   bench_policy [REPORTS]     prints one line per measurement: name, decisions, seconds, decisions per second
//
// The rules are those of the usual engine benchmark (classification at most the clearance, the partner on the release
// list, all caveats held) and, on top of them, the agreements with their scopes, ceilings and terms.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/decide_bulk.h"
#include "policy/explain.h"

enum { PARTNERS = 200, AGREEMENTS = 500, TOPICS = 20, AREAS = 30, CAVEATS = 6, REPEATING = 100, ROUNDS = 5 };

static const char *const classes[] = {"UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET"};

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % n);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // of the processor: others may be at work on it
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// ---- the documents

static void put_tag_set(struct buf *out, const char *name, const char *type, const char *prefix, unsigned count)
{
    buf_printf(out, "<securityCategoryTagSet name=\"%s\" id=\"1.3.6.1.4.1.99.%s\"><securityCategoryTag name=\"%s\" tagType=\"%s\">", name,
               *prefix == 'P' ? "1" : "2", name, type);
    for (unsigned i = 0; i < count; i++)
        buf_printf(out, "<tagCategory name=\"%s%03u\" lacv=\"%u\"/>", prefix, i, i);
    buf_puts(out, "</securityCategoryTag></securityCategoryTagSet>");
}

static void put_spif(struct buf *out)
{
    buf_puts(out, "<SPIF xmlns=\"http://www.xmlspif.org/spif\" schemaVersion=\"2.1\" version=\"1\" creationDate=\"20260101000000Z\" "
                  "originatorDN=\"CN=bench\" keyIdentifier=\"00\" privilegeId=\"1.2.3\" rbacId=\"1.2.4\">"
                  "<securityPolicyId name=\"BENCH\" id=\"1.3.6.1.4.1.99\"/><securityClassifications>");
    for (unsigned i = 0; i < 4; i++)
        buf_printf(out, "<securityClassification name=\"%s\" lacv=\"%u\" hierarchy=\"%u\"/>", classes[i], i, i);
    buf_puts(out, "</securityClassifications><securityCategoryTagSets>");
    put_tag_set(out, "Releasable To", "permissive", "P", PARTNERS);
    put_tag_set(out, "Caveats", "restrictive", "C", CAVEATS);
    buf_puts(out, "</securityCategoryTagSets></SPIF>");
}

static void put_vocabulary(struct buf *out)
{
    buf_puts(out, "<vocabulary xmlns=\"urn:relto:vocabulary:1\"><types><type id=\"INTREP\">r</type><type id=\"INTSUM\">s</type></types><topics>");
    for (unsigned i = 0; i < TOPICS; i++)
        buf_printf(out, "<topic id=\"t%u\">t</topic>", i);
    buf_puts(out, "</topics><areas>");
    for (unsigned i = 0; i < AREAS; i++)
        buf_printf(out, "<area id=\"A%c%c\">a</area>", 'A' + i / 26, 'A' + i % 26);
    buf_puts(out, "</areas></vocabulary>");
}

static void put_partners(struct buf *out)
{
    buf_puts(out, "<communities>");
    for (unsigned c = 0; c < 8; c++) {
        buf_printf(out, "<community id=\"COM%u\">", c);
        for (unsigned i = 0; i < 25; i++)
            buf_printf(out, "<member partner=\"P%03u\"/>", c * 25 + i);
        buf_puts(out, "</community>");
    }
    buf_puts(out, "</communities><partners>");
    for (unsigned p = 0; p < PARTNERS; p++) {
        buf_printf(out, "<partner id=\"P%03u\" kind=\"nation\"><clearance policy=\"BENCH\" max=\"%s\">", p, classes[below(4)]);
        for (unsigned c = 0; c < CAVEATS; c++)
            if (below(2))
                buf_printf(out, "<category tag-set=\"Caveats\">C%03u</category>", c);
        buf_puts(out, "</clearance></partner>");
    }
    buf_puts(out, "</partners>");
}

static void put_agreement(struct buf *out, unsigned i)
{
    static const char *const embargoes[] = {"PT0S", "PT6H", "P1D"};
    buf_printf(out, "<agreement id=\"G%u\" from=\"2021-01-01T00:00:00Z\" parties=\"", i);
    if (i % 10 == 0)
        buf_printf(out, "COM%u", below(8));
    else
        buf_printf(out, "P%03u P%03u", i % PARTNERS, (i % PARTNERS + 1 + below(PARTNERS - 2)) % PARTNERS);
    buf_printf(out, "\"><scope><any><topic any-of=\"t%u t%u\"/>", below(TOPICS / 2), TOPICS / 2 + below(TOPICS / 2));
    buf_printf(out, "<area any-of=\"AA%c\"/></any></scope>", 'A' + below(26));
    if (i % 4 == 0)
        buf_puts(out, "<ceiling policy=\"BENCH\" max=\"CONFIDENTIAL\"/>");
    buf_printf(out, "<terms redaction=\"%s\" approval=\"%u\" embargo=\"%s\" onward=\"consent\" lapse=\"retain\"/></agreement>",
               below(4) ? "permitted" : "forbidden", i % 7 == 0, embargoes[below(3)]);
}

static void put_policy(struct buf *out)
{
    buf_puts(out, "<policy xmlns=\"urn:relto:policy:1\" nation=\"GBR\" serial=\"1\"><security-policies>"
                  "<security-policy spif=\"bench.xml\" release-tag-set=\"Releasable To\"/></security-policies>");
    put_partners(out);
    buf_puts(out, "<denials><deny id=\"D1\" partners=\"*\"><when><all><topic any-of=\"t7\"/><area any-of=\"AAB\"/></all></when></deny></denials><agreements>");
    for (unsigned i = 0; i < AGREEMENTS; i++)
        put_agreement(out, i);
    buf_puts(out, "</agreements></policy>");
}

static void put_label(struct buf *out)
{
    buf_printf(out, "<label><originatorConfidentialityLabel xmlns=\"urn:nato:stanag:4774:confidentialitymetadatalabel:1:0\">"
                    "<ConfidentialityInformation><PolicyIdentifier>BENCH</PolicyIdentifier><Classification>%s</Classification>",
               classes[below(4)]);
    buf_puts(out, "<Category Type=\"PERMISSIVE\" TagName=\"Releasable To\">");
    unsigned first = below(PARTNERS), n = 1 + below(8);
    for (unsigned i = 0; i < n; i++, first += 1 + below(24))
        buf_printf(out, "<GenericValue>P%03u</GenericValue>", first % PARTNERS);
    buf_puts(out, "</Category>");
    if (below(2))
        buf_printf(out, "<Category Type=\"RESTRICTIVE\" TagName=\"Caveats\"><GenericValue>C%03u</GenericValue></Category>", below(CAVEATS));
    buf_puts(out, "</ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime>"
                  "</originatorConfidentialityLabel></label>");
}

static void put_report(struct buf *out, const char *label)
{
    unsigned area = below(AREAS);
    buf_printf(out, "<report xmlns=\"urn:relto:report:1\">%s<header type=\"%s\" separable=\"true\">"
                    "<originator nation=\"GBR\" cell=\"J2\"/><title>t</title><topic>t%u</topic><area>A%c%c</area></header>"
                    "<portion><text>x</text></portion></report>",
               label, below(2) ? "INTREP" : "INTSUM", below(TOPICS), 'A' + area / 26, 'A' + area % 26);
}

// ---- loading

static struct diag *faults;

static void stop(const char *what)
{
    struct buf out;
    buf_init(&out, MIB);
    diag_print(faults, &out);
    fprintf(stderr, "bench_policy: %s\n%s", what, buf_cstr(&out));
    exit(1);
}

static struct ruleset *load(void)
{
    struct buf spif, vocabulary, policy;
    struct ruleset *rs = NULL;
    buf_init(&spif, POLICY_BYTES_MAX);
    buf_init(&vocabulary, POLICY_BYTES_MAX);
    buf_init(&policy, POLICY_BYTES_MAX);
    put_spif(&spif);
    put_vocabulary(&vocabulary);
    put_policy(&policy);
    struct policy_bundle *b = calloc(1, sizeof *b);
    if (!b)
        stop("out of memory");
    b->policy = (struct bundle_file){"policy.xml", buf_bytes(&policy)};
    b->vocabulary = (struct bundle_file){"vocabulary.xml", buf_bytes(&vocabulary)};
    b->spifs[b->spif_count++] = (struct bundle_file){"bench.xml", buf_bytes(&spif)};
    if (ruleset_load(b, faults, &rs) != ST_OK)
        stop("the policy does not load");
    free(b);
    buf_fini(&spif);
    buf_fini(&vocabulary);
    buf_fini(&policy);
    return rs;
}

// Reports with `labels` different labels, or each with its own.
static const struct report **make_reports(size_t count, size_t labels, struct arena *a)
{
    struct buf text, label;
    const struct report **reports = arena_array(a, count, sizeof *reports);
    const char **known = arena_array(a, labels + 1, sizeof *known);
    if (!reports || !known)
        stop("out of memory");
    buf_init(&text, MIB);
    buf_init(&label, MIB);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&text);
        buf_reset(&label);
        put_label(&label);
        const char *chosen = buf_cstr(&label);
        if (labels && i < labels)
            known[i] = arena_cstr(a, chosen);
        put_report(&text, labels ? known[i % labels] : chosen);
        if (report_read(buf_bytes(&text), "report.xml", a, faults, &reports[i]) != ST_OK)
            stop("a report does not load");
    }
    buf_fini(&text);
    buf_fini(&label);
    return reports;
}

// ---- measuring

static const struct decide_record nothing = {.stored_at = UTC_MIN};
static utc_ms t0;

static void print(const char *name, double decisions, double seconds)
{
    printf("%s %.0f %.4f %.4g\n", name, decisions, seconds, decisions / seconds);
}

// One pass with nothing known at first; `each` also takes every partner's decision out of the sets.
static double bulk_pass(const struct ruleset *rs, const struct report **reports, size_t count, bool each, size_t *ret_permitted)
{
    struct decide_bulk *b;
    const struct decide_bulk_sets *sets;
    if (decide_bulk_new(rs, t0, (size_t)256 * MIB, &b) != ST_OK)
        stop("out of memory");
    double begin = now_s();
    size_t permitted = 0;
    for (size_t i = 0; i < count; i++) {
        if (decide_bulk(b, reports[i], &nothing, &sets) != ST_OK)
            stop("no decision");
        for (size_t w = 0; w < PARTNERS_MAX / 64; w++)
            permitted += (size_t)__builtin_popcountll(sets->outcomes[OUTCOME_RELEASE].bits[w] |
                                                      sets->outcomes[OUTCOME_REDACT].bits[w]);
        for (size_t p = 0; each && p < PARTNERS; p++) {
            struct decision d;
            decide_bulk_partner(b, p, &d);
            __asm__ volatile("" ::"r"(&d) : "memory");
        }
    }
    double seconds = now_s() - begin;
    decide_bulk_free(&b);
    *ret_permitted = permitted;
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench_bulk(const char *name, const struct ruleset *rs, const struct report **reports, size_t count, bool each)
{
    double seconds[ROUNDS];
    size_t permitted = 0;
    for (size_t i = 0; i < ROUNDS; i++)
        seconds[i] = bulk_pass(rs, reports, count, each, &permitted);
    qsort(seconds, ROUNDS, sizeof *seconds, ascending);
    double decisions = (double)count * PARTNERS;
    printf("# %s: %.1f %% permitted\n", name, 100 * (double)permitted / decisions);
    print(name, decisions, seconds[ROUNDS / 2]);
}

static void bench_single(const struct ruleset *rs, const struct report **reports, size_t count, bool explained)
{
    size_t n = count < 2000 ? count : 2000, bytes = 0;
    struct buf out;
    buf_init(&out, MIB);
    double begin = now_s();
    for (size_t i = 0; i < n; i++) {
        struct decision d;
        size_t partner = (i * 7919) % PARTNERS;
        if (explained) {
            buf_reset(&out);
            explain_text(rs, reports[i], partner, t0, &nothing, &out);
            bytes += out.len;
        } else {
            decide(rs, reports[i], partner, t0, &nothing, &d);
        }
        __asm__ volatile("" ::"r"(&d) : "memory");
    }
    double seconds = now_s() - begin;
    const char *name = explained ? "single-explained" : "single";
    printf("# %s: %.2f us each, %zu bytes of explanation\n", name, seconds / (double)n * 1e6, bytes / n);
    print(name, (double)n, seconds);
    buf_fini(&out);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    faults = calloc(1, sizeof *faults);
    struct arena *a = arena_new((size_t)2048 * MIB);
    if (!faults || !a || count < REPEATING) {
        fprintf(stderr, "usage: bench_policy [REPORTS], at least %d\n", REPEATING);
        return 2;
    }
    diag_init(faults, NULL);
    if (utc_parse(span_cstr("2026-11-22T00:00:00Z"), UTC_ZONE_Z, &t0) != ST_OK)
        return 2;
    struct ruleset *rs = load();
    const struct report **distinct = make_reports(count, 0, a), **repeating = make_reports(count, REPEATING, a);
    bench_bulk("bulk-distinct", rs, distinct, count, false);
    bench_bulk("bulk-repeating", rs, repeating, count, false);
    bench_bulk("bulk-distinct-each", rs, distinct, count, true);
    bench_bulk("bulk-repeating-each", rs, repeating, count, true);
    bench_single(rs, distinct, count, false);
    bench_single(rs, distinct, count, true);
    ruleset_free(&rs);
    arena_free(&a);
    free(faults);
    return 0;
}
