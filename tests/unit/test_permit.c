// Permits: made only from decisions that permit, and bound to bytes, partner, policy and time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/permit.h"
#include "tests/support/policy_world.h"

static const char policy[] =
    W_POLICY(W_SECURITY "<partners><partner id='FRA' name='f' kind='nation'/><partner id='DEU' name='d' kind='nation'/></partners>");

static struct span bytes(void)
{
    return span_cstr("<report/>");
}

static void only_permitting_decisions_make_permits(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct withheld_set none = {0};
    for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++) {
        struct decision dec = {.outcome = o, .next_change = UTC_MAX};
        struct permit *p = NULL;
        bool may = o == OUTCOME_RELEASE || o == OUTCOME_REDACT;
        assert_int_equal(permit_new(w.rules, 0, &dec, 1000, &none, bytes(), &p), may ? ST_OK : ST_DENIED);
        assert_int_equal(p != NULL, may);
        permit_free(&p);
        assert_null(p);
    }
    struct decision zero = {0};
    struct permit *p = NULL;
    assert_int_equal(permit_new(w.rules, 0, &zero, 1000, &none, bytes(), &p), ST_DENIED);
    world_free(&w);
}

static void renditions_withhold_at_least_as_much(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct decision dec = {.outcome = OUTCOME_REDACT, .next_change = UTC_MAX};
    struct withheld_set shown = {0};
    struct permit *p = NULL;
    withheld_add(&dec.withheld, 3);
    assert_int_equal(permit_new(w.rules, 0, &dec, 0, &shown, bytes(), &p), ST_DENIED);
    withheld_add(&shown, 3);
    withheld_add(&shown, 4);
    assert_int_equal(permit_new(w.rules, 0, &dec, 0, &shown, bytes(), &p), ST_OK);
    permit_free(&p);
    dec.withheld.overall = true;
    assert_int_equal(permit_new(w.rules, 0, &dec, 0, &shown, bytes(), &p), ST_DENIED);
    world_free(&w);
}

static void permits_cover_nothing_else(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct decision dec = {.outcome = OUTCOME_RELEASE, .next_change = 2000};
    struct withheld_set none = {0};
    struct permit *p = NULL;
    assert_int_equal(permit_new(w.rules, 0, &dec, 2000, &none, bytes(), &p), ST_DENIED);
    assert_int_equal(permit_new(w.rules, 0, &dec, 1000, &none, bytes(), &p), ST_OK);
    const struct digest *digest = ruleset_digest(w.rules);
    struct digest other = *digest;
    other.b[31] ^= 1;
    assert_true(permit_covers(p, bytes(), "FRA", digest, 1999));
    assert_false(permit_covers(p, bytes(), "FRA", digest, 2000));
    assert_false(permit_covers(p, bytes(), "FRA", digest, 999));
    assert_false(permit_covers(p, bytes(), "DEU", digest, 1500));
    assert_false(permit_covers(p, bytes(), "FRA", &other, 1500));
    assert_false(permit_covers(p, span_cstr("<report />"), "FRA", digest, 1500));
    assert_false(permit_covers(NULL, bytes(), "FRA", digest, 1500));
    permit_free(&p);
    permit_free(&p);
    world_free(&w);
}

static void attachments_have_permits_of_their_own(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    struct report_child children[] = {{.kind = REPORT_PORTION}, {.kind = REPORT_ATTACHMENT, .sha256 = sha256(bytes())}};
    const struct report r = {.children = children, .child_count = 2};
    struct decision dec = {.outcome = OUTCOME_REDACT, .next_change = 2000};
    struct withheld_set none = {0}, second = {0};
    const struct digest *digest = ruleset_digest(w.rules), *attachment = &children[1].sha256;
    struct digest other = {{1}};
    struct permit *p = NULL;
    withheld_add(&second, 1);
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &none, &r, 0, &p), ST_DENIED);
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &none, &r, 2, &p), ST_DENIED);
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &second, &r, 1, &p), ST_DENIED);
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 2000, &none, &r, 1, &p), ST_DENIED);
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &none, &r, 1, &p), ST_OK);
    assert_true(permit_covers_attachment(p, attachment, "FRA", digest, 1999));
    assert_false(permit_covers_attachment(p, attachment, "FRA", digest, 2000));
    assert_false(permit_covers_attachment(p, attachment, "DEU", digest, 1500));
    assert_false(permit_covers_attachment(p, attachment, "FRA", &other, 1500));
    assert_false(permit_covers_attachment(p, &other, "FRA", digest, 1500));
    assert_false(permit_covers_attachment(NULL, attachment, "FRA", digest, 1500));
    assert_false(permit_covers(p, bytes(), "FRA", digest, 1500)); // not for a rendition of the same bytes
    permit_free(&p);
    assert_int_equal(permit_new(w.rules, 0, &dec, 1000, &none, bytes(), &p), ST_OK);
    assert_false(permit_covers_attachment(p, attachment, "FRA", digest, 1500));
    permit_free(&p);
    dec.withheld = second;
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &second, &r, 1, &p), ST_DENIED);
    dec = (struct decision){.outcome = OUTCOME_HOLD, .next_change = 2000};
    assert_int_equal(permit_new_attachment(w.rules, 0, &dec, 1000, &none, &r, 1, &p), ST_DENIED);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_permitting_decisions_make_permits),
        cmocka_unit_test(renditions_withhold_at_least_as_much),
        cmocka_unit_test(permits_cover_nothing_else),
        cmocka_unit_test(attachments_have_permits_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
