// formats/policy_bundle: one value, one form, one digest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/policy_bundle.h"
#include "tests/support/labels_input.h"
#include "tests/support/labels_schema.h"

static const struct policy_bundle sample = {
    .policy = {"policy.xml", {(const uint8_t *)"<policy/>\r\n", 11}},
    .vocabulary = {"v w.xml", {(const uint8_t *)"", 0}},
    .spifs = {{"nato.xml", {(const uint8_t *)"\x00\xff\x01", 3}}, {"gbr.xml", {(const uint8_t *)"g", 1}}},
    .spif_count = 2,
    .pad = 8,
};

static void written_is_read_back(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    struct buf b, again;
    buf_init(&b, MIB);
    buf_init(&again, MIB);
    policy_bundle_write(&sample, &b);
    struct policy_bundle *read = arena_alloc(in.a, sizeof *read);
    assert_int_equal(policy_bundle_read(buf_bytes(&b), in.a, in.d, read), ST_OK);
    assert_string_equal(read->policy.name, "policy.xml");
    assert_memory_equal(read->policy.bytes.ptr, "<policy/>\r\n", 11);
    assert_string_equal(read->vocabulary.name, "v w.xml");
    assert_int_equal(read->vocabulary.bytes.len, 0);
    assert_int_equal(read->spif_count, 2);
    assert_int_equal(read->spifs[0].bytes.len, 3);
    assert_memory_equal(read->spifs[0].bytes.ptr, "\x00\xff\x01", 3);
    assert_int_equal(read->pad, 8);
    policy_bundle_write(read, &again);
    assert_true(span_eq(buf_bytes(&b), buf_bytes(&again)));
    assert_true(labels_schema_accepts("policy-bundle.xsd", buf_bytes(&b)));
    buf_fini(&b);
    buf_fini(&again);
    labels_input_free(&in);
}

static void every_part_is_in_the_digest(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MIB);
    policy_bundle_write(&sample, &b);
    struct digest before = sha256(buf_bytes(&b)), after;
    struct policy_bundle *changed = malloc(sizeof *changed);
    for (int i = 0; i < 5; i++) {
        *changed = sample;
        if (i == 0)
            changed->pad = 9;
        else if (i == 1)
            changed->policy.bytes.len--;
        else if (i == 2)
            changed->vocabulary.name = "w";
        else if (i == 3)
            changed->spif_count--;
        else
            changed->spifs[0] = sample.spifs[1], changed->spifs[1] = sample.spifs[0];
        buf_reset(&b);
        policy_bundle_write(changed, &b);
        after = sha256(buf_bytes(&b));
        assert_false(digest_eq(&before, &after));
    }
    free(changed);
    buf_fini(&b);
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *rule;
    } cases[] = {
        {" pad=\"8\"", " pad=\"08\"", "not-canonical"},
        {" pad=\"8\"", "", "not-canonical"},
        {" pad=\"8\"", " pad=\"x\"", "bad-value"},
        {"\"><policy", "\"> <policy", "not-canonical"},
        {"<policy name=\"policy.xml\">", "<policy name='policy.xml'>", "not-canonical"},
        {"nato.xml", "spif/nato.xml", "bundle-name"},
        {"gbr.xml", "nato.xml", "bundle-name"},
        {"AP8B", "AP8", "bundle-base64"},
        {"<vocabulary name=\"v w.xml\"></vocabulary>", "", "missing-element"},
        {"</policy-bundle>", "<extra></extra></policy-bundle>", "unknown-element"},
        {NS_POLICY_BUNDLE, "urn:relto:policy-bundle:2", "wrong-document"},
    };
    struct buf b;
    buf_init(&b, MIB);
    policy_bundle_write(&sample, &b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labels_input in = labels_input_new(NULL);
        char *text = labels_replace(buf_cstr(&b), cases[i].from, cases[i].to);
        struct policy_bundle *read = arena_alloc(in.a, sizeof *read);
        enum status st = policy_bundle_read(span_cstr(text), in.a, in.d, read);
        if (st != ST_INVALID || !labels_input_has(&in, cases[i].rule, "")) {
            labels_input_show(&in);
            fail_msg("case %zu: status %d, no fault %s", i, st, cases[i].rule);
        }
        free(text);
        labels_input_free(&in);
    }
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read_back),
        cmocka_unit_test(every_part_is_in_the_digest),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
