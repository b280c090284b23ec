// Hostile drafts (tests/support/hostile.h): each is refused with a message that says where and what, or read correctly, none
// takes more than 100 ms of processor time or 64 MiB; and the project's schemas say of each what our reader says.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>
#include <libxml/relaxng.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>

#include "formats/report.h"
#include "policy/label_rules.h"
#include "policy/spif_set.h"
#include "tests/support/hostile.h"
#include "tests/support/import_support.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SANITIZED = 1 }; // its shadow takes time and memory of its own
#else
enum { SANITIZED = 0 };
#endif

enum { FILES_WANTED = 300, CPU_MS_MAX = 100, MEMORY_MIB_MAX = 64 };

static struct diag *faults;
static struct spif_set *policies;
static size_t wrong;

static int set_up(void **state)
{
    (void)state;
    struct arena *a = arena_new(16 * MIB);
    faults = calloc(1, sizeof *faults);
    if (!a || !faults)
        return 1;
    const struct bundle_file nato = {"nato.xml", import_test_file(a, SOURCE_DIR "/conf/spif/nato.xml")};
    enum status st = spif_set_load(&nato, 1, faults, &policies);
    arena_free(&a);
    return st != ST_OK;
}

static int tear_down(void **state)
{
    (void)state;
    spif_set_free(&policies);
    free(faults);
    return 0;
}

static void complain(const struct hostile_file *f, const char *what)
{
    struct buf text;
    buf_init(&text, MIB);
    diag_print(faults, &text);
    print_error("%s: %s\n%.300s", f->name, what, buf_cstr(&text));
    buf_fini(&text);
    wrong++;
}

// A person can find and mend it: what, and where (a document as a whole is at no line of its own).
static bool message_is_clear(void)
{
    const struct fault *f = &faults->faults[0];
    return faults->count > 0 && *f->rule && strlen(f->message) >= 10 && (f->line > 0 || *f->element);
}

static bool labels_valid(const struct report *r)
{
    const struct security_policies *all = spif_set_policies(policies);
    bool valid = label_validate_under(all, r->label, r->label_id, faults) == ST_OK;
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].label)
            valid = label_validate_under(all, r->children[i].label, r->children[i].id, faults) == ST_OK && valid;
    return valid;
}

static enum hostile_verdict judge(struct span bytes)
{
    enum hostile_verdict verdict = HOSTILE_REFUSED;
    struct arena *a = xml_arena_new(bytes.len);
    const struct report *r;
    assert_non_null(a);
    diag_init(faults, NULL);
    if (report_read(bytes, NULL, a, faults, &r) == ST_OK)
        verdict = labels_valid(r) ? HOSTILE_READ : HOSTILE_INVALID_LABEL;
    arena_free(&a);
    return verdict;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void read_one(void *ctx, const struct hostile_file *f)
{
    double *slowest = ctx, begin = cpu_ms();
    enum hostile_verdict verdict = judge(f->bytes);
    double took = cpu_ms() - begin;
    if (took > CPU_MS_MAX) { // once more: the machine may have been at something else
        begin = cpu_ms();
        verdict = judge(f->bytes);
        took = cpu_ms() - begin;
    }
    *slowest = took > *slowest ? took : *slowest;
    if (verdict != f->verdict)
        complain(f, verdict == HOSTILE_READ             ? "was read"
                    : verdict == HOSTILE_INVALID_LABEL ? "was read, with an invalid label"
                                                       : "was refused");
    else if (verdict != HOSTILE_READ && !message_is_clear())
        complain(f, "the message does not say where and what");
    if (!SANITIZED && took > CPU_MS_MAX)
        complain(f, "took too long");
}

static void each_is_refused_clearly_or_read(void **state)
{
    (void)state;
    struct rusage usage;
    double slowest = 0;
    wrong = 0;
    size_t count = hostile_corpus(read_one, &slowest);
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    // The file itself and what it is made from are the test's own.
    print_message("%zu files; the slowest took %.1f ms; at most %ld MiB at any time\n", count, slowest, usage.ru_maxrss / 1024);
    assert_true(count >= FILES_WANTED);
    assert_int_equal(wrong, 0);
    if (!SANITIZED)
        assert_true(usage.ru_maxrss / 1024 <= MEMORY_MIB_MAX);
}

// ---- the schemas say the same

struct schemas {
    xmlSchemaPtr xsd;
    xmlRelaxNGPtr rng;
    size_t compared;
};

static void quiet(void *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static bool xsd_accepts(xmlSchemaPtr schema, xmlDocPtr doc)
{
    xmlSchemaValidCtxtPtr v = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidErrors(v, quiet, quiet, NULL);
    bool good = xmlSchemaValidateDoc(v, doc) == 0;
    xmlSchemaFreeValidCtxt(v);
    return good;
}

static bool rng_accepts(xmlRelaxNGPtr schema, xmlDocPtr doc)
{
    xmlRelaxNGValidCtxtPtr v = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidErrors(v, quiet, quiet, NULL);
    bool good = xmlRelaxNGValidateDoc(v, doc) == 0;
    xmlRelaxNGFreeValidCtxt(v);
    return good;
}

// What we refuse though the schemas cannot, and why.
static bool beyond_schema(const char *rule)
{
    static const char *const rules[] = {
        // of XML itself: what a validator reads past, or resolves
        "xml-doctype", "xml-comment", "xml-pi", "xml-cdata", "xml-limit", "xml-encoding", "prefix",
        // Unicode: no schema language knows NFC or directions
        "characters",
        // between values
        "period-order", "id-double", "report-limit",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i], rule) == 0)
            return true;
    return false;
}

// XML as the namespaces recommendation has it; libxml2 makes a document of less.
static xmlDocPtr parse(struct span bytes)
{
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    assert_non_null(ctxt);
    xmlDocPtr doc = xmlCtxtReadMemory(ctxt, (const char *)bytes.ptr, (int)bytes.len, "t.xml", NULL,
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc && !ctxt->nsWellFormed) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    xmlFreeParserCtxt(ctxt);
    return doc;
}

// XSD 1.0 has no choice of attributes, takes white space off a number before it looks at its pattern, and takes hints to
// itself everywhere.
static bool beyond_xsd(const struct hostile_file *f)
{
    return strcmp(f->name, "grading of nothing") == 0 || strcmp(f->name, "version with a space") == 0 ||
           strcmp(f->name, "schema location on the root") == 0;
}

static void compare_one(void *ctx, const struct hostile_file *f)
{
    struct schemas *s = ctx;
    if (f->bytes.len > MIB) // the schemas' costs are not ours to watch
        return;
    xmlDocPtr doc = parse(f->bytes);
    bool ours = judge(f->bytes) != HOSTILE_REFUSED;
    if (!doc) {
        if (ours)
            complain(f, "libxml2 finds it not well-formed, we read it");
        return;
    }
    s->compared++;
    bool xsd = xsd_accepts(s->xsd, doc), rng = rng_accepts(s->rng, doc);
    // The content of labels is another standard's: the schemas step over it.
    bool excepted = !ours && (beyond_schema(faults->faults[0].rule) || f->in_label);
    if (ours && !(xsd && rng))
        complain(f, xsd ? "we read it, the RELAX NG schema refuses it" : "we read it, the XSD refuses it");
    if (!ours && !excepted && rng)
        complain(f, "we refuse it, the RELAX NG schema accepts it");
    if (!ours && !excepted && !beyond_xsd(f) && xsd)
        complain(f, "we refuse it, the XSD accepts it");
    xmlFreeDoc(doc);
}

static void the_schemas_agree(void **state)
{
    (void)state;
    struct schemas s = {0};
    xmlSchemaParserCtxtPtr xp = xmlSchemaNewParserCtxt(SOURCE_DIR "/formats/schema/report.xsd");
    xmlRelaxNGParserCtxtPtr rp = xmlRelaxNGNewParserCtxt(SOURCE_DIR "/formats/schema/report.rng");
    s.xsd = xmlSchemaParse(xp);
    s.rng = xmlRelaxNGParse(rp);
    assert_true(s.xsd && s.rng);
    wrong = 0;
    hostile_corpus(compare_one, &s);
    print_message("%zu well-formed files compared\n", s.compared);
    assert_true(s.compared > 100);
    assert_int_equal(wrong, 0);
    xmlSchemaFree(s.xsd);
    xmlSchemaFreeParserCtxt(xp);
    xmlRelaxNGFree(s.rng);
    xmlRelaxNGFreeParserCtxt(rp);
    xmlSchemaCleanupTypes();
    xmlRelaxNGCleanupTypes();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_refused_clearly_or_read),
        cmocka_unit_test(the_schemas_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
