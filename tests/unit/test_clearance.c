// What partners hold, in policies with more categories than one word has bits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/base/buf.h"
#include "tests/support/policy_world.h"

enum { MANY = 130 };

static void write_spif(struct buf *out)
{
    buf_puts(out, "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' "
                  "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'>"
                  "<securityPolicyId name='ALFA' id='2.999.1'/><securityClassifications>"
                  "<securityClassification name='S' lacv='3' hierarchy='3'/></securityClassifications><securityCategoryTagSets>"
                  "<securityCategoryTagSet name='Many' id='2.999.1.1'><securityCategoryTag name='Many' tagType='restrictive'>");
    for (int i = 0; i < MANY; i++)
        buf_printf(out, "<tagCategory name='C%d' lacv='%d'/>", i, i);
    buf_puts(out, "</securityCategoryTag></securityCategoryTagSet>"
                  "<securityCategoryTagSet name='Rel' id='2.999.1.2'><securityCategoryTag name='Rel' tagType='permissive'>"
                  "<tagCategory name='FRA' lacv='1'/></securityCategoryTag></securityCategoryTagSet>"
                  "</securityCategoryTagSets></SPIF>");
}

#define HOLDS(n)                                                                                             \
    W_POLICY("<security-policies><security-policy spif='spif/alfa.xml' release-tag-set='Rel'/></security-policies>"      \
             "<partners><partner id='FRA' name='France' kind='nation'><clearance policy='ALFA' max='S'>"     \
             "<category tag-set='Many'>C" n "</category></clearance></partner></partners><agreements>"       \
             W_AGREEMENT("A", "FRA", W_TERMS) "</agreements>")

// The holder of one category holds that one and no other, wherever its number stands.
static void only_what_is_named_is_held(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        int held;
    } cases[] = {{HOLDS("0"), 0}, {HOLDS("63"), 63}, {HOLDS("64"), 64}, {HOLDS("65"), 65}, {HOLDS("128"), 128}};
    struct buf spif;
    buf_init(&spif, MIB);
    write_spif(&spif);
    struct world w = world_new(W_POLICY(W_SECURITY));
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_int_equal(world_try(&w, cases[k].policy, buf_cstr(&spif), NULL), ST_OK);
        for (int i = 0; i < MANY; i++) {
            char label[2048];
            snprintf(label, sizeof label,
                     W_PLAIN(W_ALFA("S", W_CAT("RESTRICTIVE", "Many", "<GenericValue>C%d</GenericValue>") W_REL(W_V("FRA")))), i);
            world_expect(&w, label, "FRA",
                         i == cases[k].held ? "FRA release - A - -" : "FRA deny category A - -");
        }
    }
    world_free(&w);
    buf_fini(&spif);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_is_named_is_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
