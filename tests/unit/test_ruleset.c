// Loading a policy: every reference must resolve, every fault is told with its place (spec 3.2).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/labels_input.h"
#include "tests/support/policy_world.h"

#define PARTNER(body) "<partners><partner id='FRA' name='France' kind='nation'>" body "</partner></partners>"
#define SCOPED(condition) "<agreements><agreement id='A' parties='FRA'><scope>" condition "</scope>" W_TERMS "</agreement></agreements>"

static const char good[] = W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='S'/>")
                                        SCOPED("<topic any-of='piracy'/>"));

static void a_good_policy_loads(void **state)
{
    (void)state;
    struct world w = world_new(good);
    assert_int_equal(ruleset_partner_count(w.rules), 1);
    assert_string_equal(ruleset_partner(w.rules, 0)->id, "FRA");
    assert_int_equal(ruleset_partner_index(w.rules, "FRA"), 0);
    assert_true(ruleset_partner_index(w.rules, "fra") == SIZE_MAX);
    assert_string_equal(ruleset_document(w.rules)->nation, "GBR");
    assert_true(vocabulary_has_topic(ruleset_vocabulary(w.rules), "cyber"));
    struct digest before = *ruleset_digest(w.rules);
    assert_int_equal(world_try(&w, good, NULL, NULL), ST_OK);
    assert_true(digest_eq(&before, ruleset_digest(w.rules)));
    char *other = labels_replace(good, "max='S'", "max='R'");
    assert_int_equal(world_try(&w, other, NULL, NULL), ST_OK);
    assert_false(digest_eq(&before, ruleset_digest(w.rules)));
    free(other);
    world_free(&w);
}

static void unknown_references_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *rule, *words;
    } rows[] = {
        {W_POLICY("<security-policies><security-policy spif='gone.xml' release-tag-set='Rel'/></security-policies>"), "spif-missing", "gone.xml"},
        {W_POLICY("<security-policies><security-policy spif='alfa.xml' release-tag-set='None'/></security-policies>"), "unknown-tag-set", "None"},
        {W_POLICY("<security-policies><security-policy spif='alfa.xml' release-tag-set='Sens'/></security-policies>"), "release-tag-set", "permissive"},
        {W_POLICY(W_SECURITY PARTNER("<clearance policy='GAMMA' max='S'/>")), "unknown-policy", "GAMMA"},
        {W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='X'/>")), "unknown-classification", "X"},
        {W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='S'><category tag-set='Nope'>A</category></clearance>")), "unknown-tag-set", "Nope"},
        {W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='S'><category tag-set='Sens'>A</category></clearance>")), "unknown-category", "\"A\""},
        {W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='S'/>"
                                     "<clearance><cl:ConfidentialityClearance xmlns:cl='urn:nato:stanag:4774:confidentialityclearance:1:0' xmlns:s='" W_SLAB "'>"
                                     "<s:PolicyIdentifier URI='urn:oid:2.999.1'>Alpha</s:PolicyIdentifier><cl:ClassificationList>"
                                     "<s:Classification>U</s:Classification></cl:ClassificationList></cl:ConfidentialityClearance></clearance>")),
         "duplicate-clearance", "FRA"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<topic any-of='piracy nothing'/>")), "unknown-topic", "nothing"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<any><not><area any-of='XXX'/></not></any>")), "unknown-area", "XXX"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<type any-of='NOSUCH'/>")), "unknown-type", "NOSUCH"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<classification policy='ALFA' at-least='X'/>")), "unknown-classification", "X"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<classification policy='GAMMA' at-least='S'/>")), "unknown-policy", "GAMMA"},
        {W_POLICY(W_SECURITY PARTNER("") SCOPED("<category policy='ALFA' tag-set='Sens'><value>A</value></category>")), "unknown-category", "A"},
        {W_POLICY(W_SECURITY PARTNER("") "<agreements>" W_AGREEMENT("A", "FRA", "<ceiling policy='ALFA' max='X'/>" W_TERMS) "</agreements>"),
         "unknown-classification", "X"},
        {W_POLICY(W_SECURITY PARTNER("") "<denials><deny id='D' partners='FRA'><when><topic any-of='nothing'/></when></deny></denials>"),
         "unknown-topic", "D"},
    };
    struct world w = world_new(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (world_try(&w, rows[i].policy, NULL, NULL) != ST_INVALID)
            fail_msg("row %zu was accepted", i);
        if (!world_has_fault(&w, rows[i].rule, rows[i].words))
            fail_msg("row %zu: got %s: %s", i, w.d->faults[0].rule, w.d->faults[0].message);
        assert_null(w.rules);
        assert_true(w.d->faults[0].line > 0);
    }
    world_free(&w);
}

static void every_fault_is_found(void **state)
{
    (void)state;
    struct world w = world_new(NULL);
    assert_int_equal(world_try(&w, W_POLICY(W_SECURITY PARTNER("<clearance policy='ALFA' max='X'/>") SCOPED("<topic any-of='nothing'/>")), NULL, NULL),
                     ST_INVALID);
    assert_true(world_has_fault(&w, "unknown-classification", "X"));
    assert_true(world_has_fault(&w, "unknown-topic", "nothing"));
    assert_string_equal(w.d->file, "policy.xml");
    world_free(&w);
}

static void equivalences_must_not_make_release_lists(void **state)
{
    (void)state;
    struct world w = world_new(NULL);
    char *beta = labels_replace(world_beta, "<categoryGroup tagSetRef='Context' tagType='permissive' all='true'/>",
                                "<categoryGroup tagSetRef='2.999.1.2' tagType='enumerated' enumType='permissive' lacv='1'/>");
    assert_int_equal(world_try(&w, good, NULL, beta), ST_INVALID);
    assert_true(world_has_fault(&w, "equivalence-release", "beta.xml"));
    assert_string_equal(w.d->file, "beta.xml");
    free(beta);
    beta = labels_replace(world_beta, "<equivalentPolicy name='To Alfa' id='2.999.1'/>",
                          "<equivalentPolicy name='To Alfa' id='2.999.1'><requiredCategory operation='oneOrMore'>"
                          "<categoryGroup tagSetRef='rel' tagType='permissive'/></requiredCategory></equivalentPolicy>");
    assert_int_equal(world_try(&w, good, NULL, beta), ST_INVALID);
    assert_true(world_has_fault(&w, "equivalence-release", "Rel"));
    free(beta);
    world_free(&w);
}

static void two_spifs_for_one_policy_are_refused(void **state)
{
    (void)state;
    struct world w = world_new(NULL);
    assert_int_equal(world_try(&w, good, NULL, world_alfa), ST_INVALID);
    assert_true(world_has_fault(&w, "duplicate-policy", "ALFA"));
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_policy_loads),
        cmocka_unit_test(unknown_references_are_refused),
        cmocka_unit_test(every_fault_is_found),
        cmocka_unit_test(equivalences_must_not_make_release_lists),
        cmocka_unit_test(two_spifs_for_one_policy_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
