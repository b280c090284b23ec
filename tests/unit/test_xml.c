// formats/xml: what is read, what is refused, and the canonical form.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/xml.h"

static enum status read_text(const char *text, enum xml_kind kind, struct buf *canonical, struct diag *d)
{
    struct arena *a = xml_arena_new(strlen(text));
    struct xml_node *root;
    diag_init(d, "t.xml");
    enum status st = xml_read(span_cstr(text), kind, a, d, &root);
    if (st == ST_OK)
        xml_canonical(root, canonical);
    arena_free(&a);
    return st;
}

static void canonical_form(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"<a xmlns='u' z='1' b=\"2\"/>", "<a xmlns=\"u\" b=\"2\" z=\"1\"></a>"},
        {"<a xmlns='u' xmlns:p='v' xmlns:q='w'><p:b q:c='1' a='2'/><p:b/></a>",
         "<a xmlns=\"u\"><p:b xmlns:p=\"v\" xmlns:q=\"w\" a=\"2\" q:c=\"1\"></p:b><p:b xmlns:p=\"v\"></p:b></a>"},
        {"<a xmlns='u'><b xmlns=''/></a>", "<a xmlns=\"u\"><b xmlns=\"\"></b></a>"},
        {"<a x='&#9;&lt;&quot;'>&gt;&amp;&#13;</a>", "<a x=\"&#x9;&lt;&quot;\">&gt;&amp;&#xD;</a>"},
        {"<a x='1&amp;2&#38;3&#x26;4&amp;lt;'/>", "<a x=\"1&amp;2&amp;3&amp;4&amp;lt;\"></a>"},
        {"<a xml:lang='en'>\xc3\xa9</a>", "<a xml:lang=\"en\">\xc3\xa9</a>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        static struct diag d;
        buf_init(&b, 10000);
        assert_int_equal(read_text(cases[i].in, XML_UNTRUSTED, &b, &d), ST_OK);
        assert_string_equal(buf_cstr(&b), cases[i].out);
        buf_fini(&b);
    }
}

#define MARK "\xef\xbb\xbf"
#define SPACES_50 "                                                  "
#define SPACES_250 SPACES_50 SPACES_50 SPACES_50 SPACES_50 SPACES_50

static void hostile_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum status st;
        const char *rule;
    } cases[] = {
        {"<!DOCTYPE a><a/>", ST_MALFORMED, "xml-doctype"},
        {"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", ST_MALFORMED, "xml-doctype"},
        {"<a><!-- c --></a>", ST_MALFORMED, "xml-comment"},
        {"<a><?pi x?></a>", ST_MALFORMED, "xml-pi"},
        {"<a><![CDATA[x]]></a>", ST_MALFORMED, "xml-cdata"},
        {"<a>&x;</a>", ST_MALFORMED, NULL},
        {"<a b='1' b='2'/>", ST_MALFORMED, "xml-malformed"},
        {"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", ST_MALFORMED, "xml-malformed"},
        {"<p:a/>", ST_MALFORMED, "xml-malformed"},
        {"<a>", ST_MALFORMED, "xml-malformed"},
        {"<a/><b/>", ST_MALFORMED, "xml-malformed"},
        {"", ST_MALFORMED, "xml-malformed"},
        {"<a>\xc0\xaf</a>", ST_MALFORMED, "xml-characters"},
        {"<a>\x01</a>", ST_MALFORMED, "xml-characters"},
        {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", ST_UNSUPPORTED, "xml-encoding"},
        {MARK "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-b/+AD4-</a>", ST_UNSUPPORTED, "xml-encoding"},
        {"<?xml version='1.0'" SPACES_250 "encoding='UTF-7'?><a>+ADw-b/+AD4-</a>", ST_UNSUPPORTED, "xml-encoding"},
        {"<?xml version='1.0'\nencoding = \"UTF-7\" standalone='no'?><a>+ADw-b/+AD4-</a>", ST_UNSUPPORTED, "xml-encoding"},
        {"<?xml version='encoding=\"utf-8\"' encoding='UTF-7'?><a/>", ST_UNSUPPORTED, "xml-encoding"},
        {"<?xml version='1.0' encoding='UTF-8?><a/>", ST_MALFORMED, "xml-malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        static struct diag d;
        buf_init(&b, 10000);
        assert_int_equal(read_text(cases[i].in, XML_UNTRUSTED, &b, &d), cases[i].st);
        assert_int_equal(d.count, 1);
        if (cases[i].rule)
            assert_string_equal(d.faults[0].rule, cases[i].rule);
        buf_fini(&b);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    static struct diag d;
    struct buf in, out;
    buf_init(&in, MIB);
    buf_init(&out, MIB);
    for (size_t i = 0; i <= XML_DEPTH_MAX; i++)
        buf_puts(&in, "<a>");
    assert_int_equal(read_text(buf_cstr(&in), XML_UNTRUSTED, &out, &d), ST_LIMIT);
    buf_reset(&in);
    buf_puts(&in, "<a");
    for (size_t i = 0; i <= XML_ATTRS_MAX; i++)
        buf_printf(&in, " a%zu='1'", i);
    buf_puts(&in, "/>");
    assert_int_equal(read_text(buf_cstr(&in), XML_UNTRUSTED, &out, &d), ST_LIMIT);
    assert_string_equal(d.faults[0].rule, "xml-limit");
    buf_fini(&in);
    buf_fini(&out);
}

// Many different names cost libxml2 quadratic time: half a minute for a document of 16 MiB.
static void floods_of_names_are_refused(void **state)
{
    static const struct {
        const char *element;
        size_t count;
        enum status expected;
    } floods[] = {
        {"<n%zu/>", 1000, ST_OK},
        {"<n%zu/>", 5000, ST_LIMIT},
        {"<a n%zu=''/>", 5000, ST_LIMIT},
        {"<a xmlns='urn:%zu'/>", 5000, ST_LIMIT},
        {"<a xmlns:p%zu='u'/>", 5000, ST_LIMIT},
        {"<a xmlns:p='u'/>", 5000, ST_OK},
    };
    static struct diag d;
    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        struct buf in, out;
        buf_init(&in, MIB);
        buf_init(&out, MIB);
        buf_puts(&in, "<r>");
        for (size_t k = 0; k < floods[i].count; k++) {
            const char *at = strstr(floods[i].element, "%zu");
            if (!at) {
                buf_puts(&in, floods[i].element);
                continue;
            }
            buf_put(&in, floods[i].element, (size_t)(at - floods[i].element));
            buf_printf(&in, "%zu%s", k, at + 3);
        }
        buf_puts(&in, "</r>");
        assert_int_equal(read_text(buf_cstr(&in), XML_UNTRUSTED, &out, &d), floods[i].expected);
        if (floods[i].expected != ST_OK)
            assert_string_equal(d.faults[0].rule, "xml-limit");
        buf_fini(&in);
        buf_fini(&out);
    }
}

// Every use of a prefix walks through what is declared.
static void namespaces_in_force_are_few(void **state)
{
    static struct diag d;
    struct buf in, out;
    (void)state;
    buf_init(&in, MIB);
    buf_init(&out, MIB);
    for (size_t i = 0; i < 2; i++) {
        buf_puts(&in, "<a");
        for (size_t k = 0; k < XML_NAMESPACES_MAX / 2 + 1; k++)
            buf_printf(&in, " xmlns:p%zux%zu='u'", i, k);
        buf_puts(&in, ">");
    }
    assert_int_equal(read_text(buf_cstr(&in), XML_UNTRUSTED, &out, &d), ST_LIMIT);
    assert_string_equal(d.faults[0].rule, "xml-limit");
    buf_fini(&in);
    buf_fini(&out);
}

static void operators_may_comment(void **state)
{
    (void)state;
    struct buf b;
    static struct diag d;
    buf_init(&b, 10000);
    const char *text = "<?xml version='1.0'?>\n<!-- why it's \"so\" --><a><!-- x='1' --><b/></a>";
    assert_int_equal(read_text(text, XML_OPERATOR, &b, &d), ST_OK);
    assert_string_equal(buf_cstr(&b), "<a><b></b></a>");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_form),
        cmocka_unit_test(hostile_forms_are_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(floods_of_names_are_refused),
        cmocka_unit_test(namespaces_in_force_are_few),
        cmocka_unit_test(operators_may_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
