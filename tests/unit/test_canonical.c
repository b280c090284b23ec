// formats/canonical: one pass over our own XML accepts nothing that the XML reader would not call canonical.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "formats/base/buf.h"
#include "formats/base/random.h"
#include "formats/canonical.h"
#include "formats/xml.h"

static void elements_are_told_apart(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "<a></a>",
        "<a></a><b></b>",
        "<decision outcome=\"deny\" partner=\"FRA\"></decision>",
        "<a b=\"\" c=\"&amp;&lt;&quot;&#x9;&#xA;&#xD;>'\"></a>",
        "<a>text &amp; &lt; &gt; &#xD; \" ' \t\n</a>",
        "<a><b><c></c></b> <b></b></a>",
        "<a-1.b_c aa=\"1\" ab=\"2\" b=\"\xc3\xa9\">\xe2\x82\xac</a-1.b_c>",
        "<a A=\"1\" a=\"2\"></a>",
    };
    static const char *const bad[] = {
        "x", " ", "<a/>", "<a>", "</a>", "<a></b>", "<a></a >", "<a ></a>", "<a  b=\"1\"></a>", "<a b='1'></a>",
        "<a b=\"1\" b=\"2\"></a>", "<a c=\"1\" b=\"2\"></a>", "<a b=\"1\"c=\"2\"></a>", "<a b=\"<\"></a>",
        "<a b=\"\t\"></a>", "<a b=\"&gt;\"></a>", "<a b=\"&#65;\"></a>", "<a b=\"&\"></a>", "<a b=\"\xff\"></a>",
        "<a b=\"\xef\xbf\xbf\"></a>", "<a xmlns=\"urn:x\"></a>", "<x:a></x:a>", "<a x:b=\"1\"></a>", "<1></1>", "<></>",
        "<a>></a>", "<a>&quot;</a>", "<a>\r</a>", "<a>\x01</a>", "<a><!-- --></a>", "<a><?p?></a>", "<a><![CDATA[x]]></a>",
        "<a></a>x", "<a b></a>", "<a b=\"1></a>", "<a", "<a b=\"", "<\xc3\xa9></\xc3\xa9>",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!canonical_elements(span_cstr(good[i])))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (canonical_elements(span_cstr(bad[i])))
            fail_msg("accepted: %s", bad[i]);
    assert_false(canonical_elements(span_of("<a>\0</a>", 8)));
}

static void depth_is_limited(void **state)
{
    (void)state;
    for (size_t depth = CANONICAL_DEPTH_MAX; depth <= CANONICAL_DEPTH_MAX + 1; depth++) {
        struct buf b;
        buf_init(&b, 10000);
        for (size_t i = 0; i < depth; i++)
            buf_puts(&b, "<a>");
        for (size_t i = 0; i < depth; i++)
            buf_puts(&b, "</a>");
        assert_int_equal(canonical_elements(buf_bytes(&b)), depth <= CANONICAL_DEPTH_MAX);
        buf_fini(&b);
    }
}

static bool reader_accepts(struct span elements)
{
    struct buf b;
    struct xml_node *root;
    buf_init(&b, 10000);
    buf_puts(&b, "<event xmlns=\"urn:x\">");
    buf_span(&b, elements);
    buf_puts(&b, "</event>");
    struct arena *a = xml_arena_new(b.len);
    bool ok = xml_read(buf_bytes(&b), XML_UNTRUSTED, a, NULL, &root) == ST_OK && xml_no_text(root, NULL) == ST_OK &&
              xml_check_canonical(root, buf_bytes(&b)) == ST_OK;
    arena_free(&a);
    buf_fini(&b);
    return ok;
}

// Whatever a change of bytes makes of it: accepted here, accepted there.
static void the_reader_accepts_what_is_accepted(void **state)
{
    (void)state;
    static const char sample[] = "<a b=\"x&amp;y\" c=\"1\">t&lt;<b></b></a><c d=\"&quot;\xc3\xa9\"></c>";
    static const char letters[] = "<>/=\"' abc&;#xD9\t\n\r!-?:\x80\xc3";
    struct random_seeded seeded;
    struct random_source random = random_from_seed(&seeded, 7);
    size_t accepted = 0;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof sample];
        uint8_t r[8];
        memcpy(text, sample, sizeof text);
        random_fill(&random, r, sizeof r);
        for (size_t k = 0; k < 1u + r[0] % 3; k++)
            text[r[1 + 2 * k] % (sizeof sample - 1)] = letters[r[2 + 2 * k] % (sizeof letters - 1)];
        if (!canonical_elements(span_cstr(text)))
            continue;
        accepted++;
        if (!reader_accepts(span_cstr(text)))
            fail_msg("only here: %s", text);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_told_apart),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_reader_accepts_what_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
