// formats/spif: everything that a SPIF can say is read; broken ones are refused with line, element and rule.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/spif.h"
#include "tests/support/labels_input.h"

static const char good[] =
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<s:SPIF xmlns:s='" NS_SPIF "' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'\n"
    " schemaVersion='2.1' version='7' creationDate='20260101000000Z' originatorDN='CN=T' keyIdentifier='00'"
    " privilegeId='1.3' rbacId='1.3'>\n"
    "<s:defaultSecurityPolicyId name='D' id='1.1'/>\n"
    "<s:securityPolicyId name='EAST ' id='1.3.6.1.4.1.1'>\n" // line 5
    "<s:markingData phrase='E'><s:code>portionMarking</s:code></s:markingData></s:securityPolicyId>\n"
    "<s:securityClassifications>\n"
    "<s:securityClassification name='OPEN' lacv='1' hierarchy='1' color='green'/>\n"
    "<s:securityClassification name='CLOSED' lacv='02' hierarchy='5' obsolete='0'>\n"
    "<s:equivalentClassification policyRef='west' lacv='3' applied='both'>\n" // line 10
    "<s:requiredCategory operation='all'><s:categoryGroup tagSetRef='Far' tagType='tagType7' lacv='1'/>"
    "</s:requiredCategory></s:equivalentClassification>\n"
    "<s:equivalentClassification policyRef='West' lacv='4' applied='decrypt'/>\n"
    "<s:markingData phrase='FERME' xml:lang='fr'><s:code>pageTopBottom</s:code><s:code>waterMark</s:code></s:markingData>\n"
    "<s:markingQualifier markingCode='pageTop'><s:qualifier markingQualifier='- ' qualifierCode='prefix'/>"
    "</s:markingQualifier>\n"
    "<s:requiredCategory operation='oneOrMore'>\n" // line 15
    "<s:categoryGroup tagSetRef='Releasable To' tagType='enumerated' enumType='permissive' lacv='008'/>\n"
    "<s:categoryGroup tagSetRef='1.3.6.1.4.1.1.1' tagType='restrictive' all='true' lacv='1'/>\n"
    "</s:requiredCategory>\n"
    "</s:securityClassification>\n"
    "<s:securityClassification name='OLD' lacv='9' hierarchy='-3' obsolete='true'/>\n" // line 20
    "</s:securityClassifications>\n"
    "<s:securityCategoryTagSets>\n"
    "<s:securityCategoryTagSet name='Secrets' id='1.3.6.1.4.1.1.1'>\n"
    "<s:securityCategoryTag name='Words' tagType='restrictive' minSelection='1' maxSelection='3'>\n"
    "<s:tagCategory name='ALPHA' lacv='1' requiredClass='CLOSED'>\n" // line 25
    "<equivalentSecCategoryTag policyRef='WEST' tagSetId='1.2.3' tagType='enumerated' enumType='restrictive'"
    " lacv='0077' applied='encrypt'/>\n"
    "<s:equivalentSecCategoryTag policyRef='WEST' tagType='tagType7' lacv='' applied='both' action='discard'/>\n"
    "<s:excludedClass>OPEN</s:excludedClass><s:excludedClass>OLD</s:excludedClass>\n"
    "<s:requiredCategory><s:categoryGroup tagSetRef='Secrets' tagType='restrictive'/></s:requiredCategory>\n"
    "<s:excludedCategory tagSetRef='Releasable To' tagType='enumerated' enumType='permissive' all='true'/>\n" // 30
    "</s:tagCategory>\n"
    "<s:tagCategory name='FREE' lacv='2' userInput='date' obsolete='true'/>\n"
    "<s:markingData phrase=''><s:code>noNameDisplay</s:code></s:markingData>\n"
    "</s:securityCategoryTag>\n"
    "<s:securityCategoryTag tagType='tagType7' tag7Encoding='bitSetAttributes' singleSelection='true'>\n" // 35
    "<s:tagCategory name='STAFF' lacv='1'/></s:securityCategoryTag>\n"
    "</s:securityCategoryTagSet>\n"
    "<s:securityCategoryTagSet name='Releasable To' id='1.3.6.1.4.1.1.2'>\n"
    "<s:securityCategoryTag name='Releasable To' tagType='enumerated' enumType='permissive'>\n"
    "<s:tagCategory name='ALB' lacv='008'/><s:tagCategory name='ALB' lacv='9'/>\n" // 40
    "<s:markingQualifier>\n"
    "<s:qualifier xml:lang='fr' markingQualifier='COMMUNICABLE A ' qualifierCode='prefix'/>\n"
    "<s:qualifier markingQualifier='REL TO ' qualifierCode='prefix'/>\n"
    "<s:qualifier markingQualifier=', ' qualifierCode='separator'/>\n"
    "<s:qualifier xml:lang='fr' markingQualifier='.' qualifierCode='suffix'/>\n"
    "</s:markingQualifier>\n"
    "</s:securityCategoryTag>\n"
    "</s:securityCategoryTagSet>\n"
    "</s:securityCategoryTagSets>\n"
    "<s:privacyMarks><s:privacyMark name='X'/></s:privacyMarks>\n"
    "<s:equivalentPolicies><s:equivalentPolicy name='WEST' id='1.2.3.4' docRefURI='w.xml'>"
    "<s:requiredCategory operation='onlyOne'><s:categoryGroup tagSetRef='Far' tagType='permissive'/></s:requiredCategory>"
    "</s:equivalentPolicy></s:equivalentPolicies>\n"
    "<s:markingData phrase='EASTERN'><s:code>replacePolicy</s:code></s:markingData>\n"
    "<s:markingQualifier markingCode='pageTop pageBottom'><s:qualifier markingQualifier=' // ' qualifierCode='separator'/>"
    "</s:markingQualifier>\n"
    "<s:extensions><anything xmlns='urn:x'/></s:extensions>\n"
    "</s:SPIF>\n";

static const struct spif *read_good(struct labels_input *in, const char *text)
{
    const struct spif *s = NULL;
    enum status st = spif_read(span_cstr(text), "east.xml", in->a, in->d, &s);
    if (st != ST_OK)
        labels_input_show(in);
    assert_int_equal(st, ST_OK);
    return s;
}

static void classes_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("east.xml");
    const struct spif *s = read_good(&in, good);
    assert_string_equal(s->file, "east.xml");
    assert_string_equal(s->name, "EAST");
    assert_string_equal(s->id, "1.3.6.1.4.1.1");
    assert_int_equal(s->class_count, 3);
    const struct spif_class *c = &s->classes[1];
    assert_string_equal(s->classes[0].color, "green");
    assert_string_equal(c->name, "CLOSED");
    assert_string_equal(c->lacv, "2");
    assert_int_equal(c->hierarchy, 5);
    assert_int_equal(c->line, 9);
    assert_false(c->obsolete);
    assert_true(s->classes[2].obsolete);
    assert_int_equal(s->classes[2].hierarchy, -3);
    assert_int_equal(c->equivalent_count, 2);
    assert_string_equal(c->equivalents[0].policy_ref, "west");
    assert_int_equal(c->equivalents[0].applied, SPIF_BOTH);
    assert_int_equal(c->equivalents[0].required_count, 1);
    assert_string_equal(c->equivalents[0].required[0].groups[0].tag_set, "Far");
    assert_int_equal(c->equivalents[1].applied, SPIF_DECRYPT);
    assert_int_equal(c->required_count, 1);
    assert_int_equal(c->required[0].operation, SPIF_ONE_OR_MORE);
    assert_int_equal(c->required[0].line, 15);
    assert_int_equal(c->required[0].group_count, 2);
    assert_int_equal(c->required[0].groups[0].type, SPIF_ENUM_PERMISSIVE);
    assert_string_equal(c->required[0].groups[0].lacv, "8");
    assert_null(c->required[0].groups[1].lacv); // all="true" wins
    labels_input_free(&in);
}

static void categories_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("east.xml");
    const struct spif *s = read_good(&in, good);
    assert_int_equal(s->tag_set_count, 2);
    const struct spif_tag *t = s->tag_sets[0].tags;
    assert_int_equal(s->tag_sets[0].tag_count, 2);
    assert_int_equal(t[0].min_selection, 1);
    assert_int_equal(t[0].max_selection, 3);
    assert_int_equal(t[1].max_selection, UINT32_MAX);
    assert_true(t[1].single_selection);
    assert_int_equal(t[1].type, SPIF_INFORMATIVE);
    assert_string_equal(t[1].name, "Secrets"); // its set's name stands in
    const struct spif_category *c = t[0].categories;
    assert_string_equal(c[0].required_classes[0], "CLOSED");
    assert_int_equal(c[0].excluded_class_count, 2);
    assert_string_equal(c[0].excluded_classes[1], "OLD");
    assert_int_equal(c[0].equivalent_count, 2); // the unqualified one too
    assert_int_equal(c[0].equivalents[0].type, SPIF_ENUM_RESTRICTIVE);
    assert_string_equal(c[0].equivalents[0].lacv, "77");
    assert_string_equal(c[0].equivalents[0].tag_set_id, "1.2.3");
    assert_int_equal(c[0].equivalents[0].applied, SPIF_ENCRYPT);
    assert_true(c[0].equivalents[1].discard);
    assert_null(c[0].equivalents[1].lacv);
    assert_int_equal(c[0].required[0].operation, SPIF_ALL); // operation missing
    assert_null(c[0].required[0].groups[0].lacv);
    assert_int_equal(c[0].excluded[0].group_count, 1);
    assert_int_equal(c[0].excluded[0].line, 30);
    assert_string_equal(c[0].excluded[0].groups[0].tag_set, "Releasable To");
    assert_true(c[1].user_input);
    assert_true(c[1].obsolete);
    assert_false(c[0].user_input);
    labels_input_free(&in);
}

static void markings_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("east.xml");
    const struct spif *s = read_good(&in, good);
    assert_int_equal(s->marking_count, 2);
    assert_string_equal(s->markings[0].phrase, "E");
    assert_int_equal(s->markings[0].codes, SPIF_PORTION);
    assert_int_equal(s->markings[1].codes, SPIF_REPLACE_POLICY);
    assert_int_equal(s->qualifier_count, 1);
    assert_int_equal(s->qualifiers[0].codes, SPIF_PAGE_TOP | SPIF_PAGE_BOTTOM);
    assert_int_equal(s->qualifiers[0].kind, SPIF_SEPARATOR);
    assert_string_equal(s->qualifiers[0].text, " // ");
    const struct spif_class *c = &s->classes[1];
    assert_int_equal(c->markings[0].codes, SPIF_PAGE_TOP_BOTTOM | SPIF_OTHER_CODE);
    assert_string_equal(c->markings[0].lang, "fr");
    assert_int_equal(c->qualifier_count, 1);
    assert_int_equal(c->qualifiers[0].kind, SPIF_PREFIX);
    assert_string_equal(c->qualifiers[0].text, "- ");
    assert_string_equal(s->tag_sets[0].tags[0].markings[0].phrase, "");
    const struct spif_qualifier *q = s->tag_sets[1].tags[0].qualifiers;
    assert_int_equal(s->tag_sets[1].tags[0].qualifier_count, 4);
    assert_string_equal(q[0].text, "COMMUNICABLE A ");
    assert_string_equal(q[0].lang, "fr");
    assert_string_equal(q[1].text, "REL TO ");
    assert_null(q[1].lang);
    assert_int_equal(q[2].kind, SPIF_SEPARATOR);
    assert_int_equal(q[3].kind, SPIF_SUFFIX);
    assert_int_equal(q[3].codes, 0);
    assert_int_equal(s->equivalent_policy_count, 1);
    assert_string_equal(s->equivalent_policies[0].id, "1.2.3.4");
    assert_int_equal(s->equivalent_policies[0].required[0].operation, SPIF_ONLY_ONE);
    labels_input_free(&in);
}

static void equivalent_policies_may_stand_first(void **state)
{
    (void)state;
    static const char text[] =
        "<SPIF xmlns='" NS_SPIF "' schemaVersion='2.0'><securityPolicyId name='A' id='1.2.3'/>"
        "<equivalentPolicies><equivalentPolicy name='B' id='1.2.4'/></equivalentPolicies><securityClassifications>"
        "<securityClassification name='S' lacv='1' hierarchy='1'><equivalentClassification policyRef='B' lacv='1'"
        " applied='encrypt'/></securityClassification></securityClassifications></SPIF>";
    struct labels_input in = labels_input_new("east.xml");
    assert_int_equal(read_good(&in, text)->equivalent_policy_count, 1);
    labels_input_free(&in);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *rule, *words;
        uint32_t line; // 0 = not looked at
    } cases[] = {
        {"schemaVersion='2.1'", "schemaVersion='3.0'", "spif-version", "3.0", 0},
        {"name='OLD' lacv='9'", "name='open' lacv='9'", "spif-duplicate", "name", 20},
        {"name='OLD' lacv='9'", "name='OLD' lacv='01'", "spif-duplicate", "lacv", 20},
        {"hierarchy='-3'", "hierarchy='5'", "spif-duplicate", "hierarchy", 20},
        {"hierarchy='-3'", "hierarchy='-'", "bad-value", "hierarchy", 20},
        {"hierarchy='-3'", "", "missing-attribute", "hierarchy", 20},
        {"name='ALB' lacv='9'", "name='ALB' lacv='8'", "spif-duplicate", "Releasable To", 40},
        {"name='Releasable To' id='1.3.6.1.4.1.1.2'", "name='SECRETS' id='1.3.6.1.4.1.1.2'", "spif-duplicate", "name", 38},
        {"id='1.3.6.1.4.1.1.2'", "id='1.3.6.1.4.1.1.1'", "spif-duplicate", "same id", 38},
        {"id='1.3.6.1.4.1.1.2'", "id='one'", "spif-oid", "one", 38},
        {"<s:excludedClass>OPEN<", "<s:excludedClass>OPE<", "spif-reference", "OPE", 25},
        {"requiredClass='CLOSED'", "requiredClass='SHUT'", "spif-reference", "SHUT", 25},
        {"tagSetRef='Releasable To' tagType='enumerated' enumType='permissive' lacv='008'",
         "tagSetRef='Releasable' tagType='enumerated' enumType='permissive' lacv='008'", "spif-reference", "Releasable", 16},
        {"enumType='permissive' lacv='008'", "enumType='restrictive' lacv='008'", "spif-reference", "enumerated restrictive", 16},
        {"enumType='permissive' lacv='008'", "lacv='008'", "spif-tag-type", "enumType", 16},
        {"enumType='permissive' lacv='008'", "enumType='permissive' lacv='80'", "spif-reference", "80", 16},
        {"tagType='restrictive' minSelection", "tagType='informative' minSelection", "spif-tag-type", "informative", 24},
        {"minSelection='1'", "minSelection='4'", "spif-selection", "4", 24},
        {"maxSelection='3'", "maxSelection='many'", "bad-value", "many", 24},
        {"policyRef='west'", "policyRef='North'", "spif-reference", "North", 10},
        {"policyRef='WEST' tagType", "policyRef='North' tagType", "spif-reference", "North", 27},
        {"action='discard'", "action='drop'", "bad-value", "drop", 27},
        {"applied='encrypt'", "applied='always'", "bad-value", "always", 26},
        {"operation='oneOrMore'", "operation='some'", "bad-value", "some", 15},
        {"<s:requiredCategory><s:categoryGroup tagSetRef='Secrets' tagType='restrictive'/>", "<s:requiredCategory>",
         "missing-element", "categoryGroup", 29},
        {"<s:excludedClass>OPEN", "<s:excludeClass/><s:excludedClass>OPEN", "unknown-element", "excludedClass", 28},
        {"userInput='date'", "userInput='date' notAfter='20260101000000Z'", "spif-validity", "obsolete", 32},
        {"userInput='date'", "required='x'", "unknown-attribute", "userInput", 32},
        {">portionMarking<", ">partMarking<", "spif-marking-code", "partMarking", 6},
        {"qualifierCode='suffix'", "qualifierCode='finalSeparator'", "bad-value", "finalSeparator", 45},
        {"name='EAST '", "name=''", "missing-attribute", "name", 5},
        {"<s:defaultSecurityPolicyId name='D' id='1.1'/>", "<s:securityPolicyId name='X' id='1.2'/>", "repeated-element",
         "securityPolicyId", 5},
        {"name='FREE' lacv='2'", "name='FREE' lacv='two'", "spif-lacv", "two", 32},
        {"obsolete='0'", "obsolete='no'", "bad-value", "true or false", 9},
        {"xmlns:s='" NS_SPIF "'", "xmlns:s='http://www.xmslpif.org/spif'", "wrong-document", NS_SPIF, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labels_input in = labels_input_new("east.xml");
        char *text = labels_replace(good, cases[i].from, cases[i].to);
        const struct spif *s = NULL;
        enum status st = spif_read(span_cstr(text), "east.xml", in.a, in.d, &s);
        bool found = labels_input_has(&in, cases[i].rule, cases[i].words);
        if (st != ST_INVALID || !found || s) {
            labels_input_show(&in);
            fail_msg("case %zu: status %d, no fault %s about %s", i, st, cases[i].rule, cases[i].words);
        }
        bool on_line = cases[i].line == 0;
        for (uint32_t f = 0; f < in.d->count; f++)
            on_line |= in.d->faults[f].line == cases[i].line;
        if (!on_line) {
            labels_input_show(&in);
            fail_msg("case %zu: no fault in line %u", i, cases[i].line);
        }
        free(text);
        labels_input_free(&in);
    }
}

static void all_faults_at_once_and_the_file_named(void **state)
{
    (void)state;
    static const char text[] = "<SPIF xmlns='" NS_SPIF "'><securityPolicyId name='A'/><securityClassifications>"
                               "<securityClassification lacv='1' hierarchy='x'/></securityClassifications></SPIF>";
    struct labels_input in = labels_input_new("policy.xml");
    const struct spif *s = NULL;
    assert_int_equal(spif_read(span_cstr(text), "a.xml", in.a, in.d, &s), ST_INVALID);
    assert_int_equal(in.d->count, 3);
    assert_non_null(strstr(in.d->faults[0].element, "a.xml: securityPolicyId"));
    assert_int_equal(spif_read(span_cstr("<SPIF"), "a.xml", in.a, in.d, &s), ST_MALFORMED);
    assert_non_null(strstr(in.d->faults[3].element, "a.xml"));
    assert_int_equal(spif_read(span_cstr("<SPIF"), "a.xml", in.a, NULL, &s), ST_MALFORMED);
    labels_input_free(&in);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    for (size_t max = 1000; max < 60000; max += 977) {
        struct arena *small = arena_new(max);
        const struct spif *s = NULL;
        enum status st = spif_read(span_cstr(good), "east.xml", small, NULL, &s);
        assert_true(st == ST_LIMIT || (st == ST_OK && s));
        arena_free(&small);
    }
    // What xml_arena_new allows is enough for a file that is dense in categories.
    struct buf b;
    buf_init(&b, MIB);
    buf_puts(&b, "<SPIF xmlns='" NS_SPIF "'><securityPolicyId name='A' id='1.2'/><securityClassifications>"
                 "<securityClassification name='a' lacv='1' hierarchy='1'/></securityClassifications>"
                 "<securityCategoryTagSets><securityCategoryTagSet name='t' id='1.3'><securityCategoryTag tagType='permissive'>");
    for (int i = 0; i < 9000; i++)
        buf_printf(&b, "<tagCategory name='a' lacv='%d'/>", i);
    buf_puts(&b, "</securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets></SPIF>");
    struct arena *a = xml_arena_new(b.len);
    const struct spif *s = NULL;
    assert_int_equal(spif_read(buf_bytes(&b), "big.xml", a, in.d, &s), ST_OK);
    assert_int_equal(s->tag_sets[0].tags[0].category_count, 9000);
    arena_free(&a);
    buf_fini(&b);
    labels_input_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_read),
        cmocka_unit_test(categories_are_read),
        cmocka_unit_test(markings_are_read),
        cmocka_unit_test(equivalent_policies_may_stand_first),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(all_faults_at_once_and_the_file_named),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
