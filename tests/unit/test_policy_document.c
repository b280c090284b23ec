// formats/policy_document: the whole of the specification's document, and what is refused with which words.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/policy_document.h"
#include "tests/support/labels_input.h"
#include "tests/support/labels_schema.h"

static const char good[] =
    "<?xml version='1.0'?>\n"
    "<policy xmlns='" NS_POLICY "' nation='GBR' serial='7'>\n"
    "<security-policies> <!-- two -->\n"
    "<security-policy spif='spif/nato.xml' release-tag-set='Releasable  To' unmarked='NATO FRA'/>\n"
    "<security-policy spif='spif/gbr.xml' release-tag-set='National Caveats'/>\n" // line 5
    "</security-policies>\n"
    "<communities>\n"
    "<community id='NATO'><member partner='FRA'/>\n"
    "<member partner='SWE' from='2024-03-07T00:00:00Z'/>\n"
    "<member community='EFP' until='2030-01-01T00:00:00Z'/></community>\n" // line 10
    "<community id='EFP'><member partner='SWE'/></community>\n"
    "</communities>\n"
    "<partners>\n"
    "<partner id='FRA' name='France' kind='nation'>\n"
    "<clearance policy='NATO' max='SECRET'><category tag-set='Additional Sensitivity'> ATOMAL </category>\n" // line 15
    "<category tag-set='Context'>NATO</category></clearance>\n"
    "<clearance policy='GBR' max='SECRET'/></partner>\n"
    "<partner id='SWE' kind='ngo'><clearance>\n"
    "<c:ConfidentialityClearance xmlns:c='" NS_CLEARANCE "' xmlns:l='" NS_SLAB "'><l:PolicyIdentifier>NATO</l:PolicyIdentifier>"
    "<c:ClassificationList><l:Classification>SECRET</l:Classification></c:ClassificationList></c:ConfidentialityClearance>\n"
    "</clearance></partner>\n" // line 20
    "</partners>\n"
    "<denials>\n"
    "<deny id='D-1' partners='*' withdraw='true'><when><topic any-of='a'/></when><reason>No  way.</reason></deny>\n"
    "<deny id='D-2' partners='NATO SWE'><when/></deny>\n"
    "</denials>\n" // line 25
    "<agreements>\n"
    "<agreement id='A-1' title='Memorandum' from='2021-01-01T00:00:00Z' until='2027-01-01T00:00:00Z' parties='FRA NATO'>\n"
    "<scope><topic any-of='t1 t2'/>\n"
    "<any><area any-of='CIV'/><all><type any-of='INTREP'/><not><cell any-of='J2'/></not></all></any>\n"
    "<originator any-of='GBR FRA'/>\n" // line 30
    "<classification policy='NATO' at-least='RESTRICTED'/><classification policy='NATO' at-most='SECRET'/>\n"
    "<category policy='NATO' tag-set='Context'><value>NATO</value><value>the  EU</value></category>\n"
    "<grading reliability-at-least='C'/><grading reliability-at-least='A' credibility-at-least='2'/>\n"
    "<exercise any-of='*'/></scope>\n"
    "<ceiling policy='NATO' max='CONFIDENTIAL'/><ceiling policy='GBR' max='SECRET'/>\n" // line 35
    "<terms redaction='permitted' approval='1' embargo='PT6H' onward='consent' lapse='withdraw'/></agreement>\n"
    "<agreement id='A-2' parties='*'><scope><topic any-of='t1'/></scope>\n"
    "<terms redaction='forbidden' approval='0' embargo='PT0S' onward='forbidden' lapse='retain'/></agreement>\n"
    "</agreements>\n"
    "</policy>\n";

static const struct policy_document *read_good(struct labels_input *in)
{
    const struct policy_document *p = NULL;
    enum status st = policy_document_read(span_cstr(good), "p.xml", in->a, in->d, &p);
    if (st != ST_OK)
        labels_input_show(in);
    assert_int_equal(st, ST_OK);
    return p;
}

static void principals_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    const struct policy_document *p = read_good(&in);
    assert_string_equal(p->nation, "GBR");
    assert_int_equal(p->serial, 7);
    assert_int_equal(p->security_count, 2);
    assert_string_equal(p->securities[0].release_tag_set, "Releasable To");
    assert_int_equal(p->securities[0].unmarked_count, 2);
    assert_true(p->securities[0].has_unmarked);
    assert_false(p->securities[1].has_unmarked);
    assert_int_equal(p->securities[1].line, 5);
    assert_int_equal(p->community_count, 2);
    const struct policy_member *m = p->communities[0].members;
    assert_int_equal(p->communities[0].member_count, 3);
    assert_string_equal(m[1].partner, "SWE");
    assert_true(m[0].valid.from == UTC_MIN && m[0].valid.until == UTC_MAX);
    char text[UTC_TEXT_MAX];
    assert_string_equal(utc_format_s(m[1].valid.from, text), "2024-03-07T00:00:00Z");
    assert_string_equal(m[2].community, "EFP");
    assert_null(m[2].partner);
    assert_string_equal(utc_format_s(m[2].valid.until, text), "2030-01-01T00:00:00Z");
    assert_int_equal(p->partner_count, 2);
    const struct policy_partner *fra = &p->partners[0], *swe = &p->partners[1];
    assert_int_equal(fra->clearance_count, 2);
    assert_string_equal(fra->clearances[0].max, "SECRET");
    assert_int_equal(fra->clearances[0].category_count, 2);
    assert_string_equal(fra->clearances[0].categories[0].tag_set, "Additional Sensitivity");
    assert_string_equal(fra->clearances[0].categories[0].values[0], "ATOMAL");
    assert_int_equal(swe->kind, PARTNER_NGO);
    assert_string_equal(swe->name, "SWE");
    assert_null(swe->clearances[0].policy);
    assert_string_equal(swe->clearances[0].doc->classifications[0], "SECRET");
    labels_input_free(&in);
}

static void rules_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    const struct policy_document *p = read_good(&in);
    assert_int_equal(p->denial_count, 2);
    assert_true(p->denials[0].withdraw);
    assert_string_equal(p->denials[0].reason, "No way.");
    assert_string_equal(p->denials[0].partners[0], "*");
    assert_int_equal(p->denials[0].when.kind, COND_ALL);
    assert_int_equal(p->denials[0].when.child_count, 1);
    assert_int_equal(p->denials[1].when.child_count, 0);
    assert_false(p->denials[1].withdraw);
    assert_int_equal(p->agreement_count, 2);
    const struct policy_agreement *a = &p->agreements[0];
    assert_string_equal(a->title, "Memorandum");
    assert_int_equal(a->party_count, 2);
    assert_int_equal(a->line, 27);
    assert_int_equal(a->ceiling_count, 2);
    assert_string_equal(a->ceilings[0].max, "CONFIDENTIAL");
    assert_true(a->terms.redaction_permitted);
    assert_int_equal(a->terms.approval, 1);
    assert_int_equal(a->terms.embargo_ms, 6 * 3600 * 1000);
    assert_int_equal(a->terms.onward, ONWARD_CONSENT);
    assert_int_equal(a->terms.lapse, LAPSE_WITHDRAW);
    assert_int_equal(p->agreements[1].terms.lapse, LAPSE_RETAIN);
    assert_false(p->agreements[1].terms.redaction_permitted);
    assert_string_equal(p->agreements[1].title, "A-2");
    labels_input_free(&in);
}

static void conditions_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    const struct condition *scope = &read_good(&in)->agreements[0].scope;
    assert_int_equal(scope->child_count, 9);
    const struct condition *c = scope->children;
    assert_int_equal(c[0].kind, COND_TOPIC);
    assert_int_equal(c[0].value_count, 2);
    assert_string_equal(c[0].values[1], "t2");
    assert_int_equal(c[1].kind, COND_ANY);
    assert_int_equal(c[1].children[1].kind, COND_ALL);
    assert_int_equal(c[1].children[1].children[1].kind, COND_NOT);
    assert_int_equal(c[1].children[1].children[1].children[0].kind, COND_CELL);
    assert_int_equal(c[2].kind, COND_ORIGINATOR);
    assert_int_equal(c[2].line, 30);
    assert_string_equal(c[3].at_least, "RESTRICTED");
    assert_null(c[3].at_most);
    assert_string_equal(c[4].at_most, "SECRET");
    assert_string_equal(c[5].tag_set, "Context");
    assert_string_equal(c[5].values[1], "the EU");
    assert_int_equal(c[6].reliability_at_least, 'C');
    assert_int_equal(c[6].credibility_at_least, 0);
    assert_int_equal(c[7].credibility_at_least, '2');
    assert_int_equal(c[8].kind, COND_EXERCISE);
    labels_input_free(&in);
}

struct broken {
    const char *from, *to, *rule, *words;
    uint32_t line;   // 0 = not looked at
    bool schema_too; // the schema refuses it as well
};

static void check_broken(const struct broken *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct labels_input in = labels_input_new("p.xml");
        char *text = labels_replace(good, cases[i].from, cases[i].to);
        const struct policy_document *p = NULL;
        enum status st = policy_document_read(span_cstr(text), "p.xml", in.a, in.d, &p);
        bool on_line = cases[i].line == 0;
        for (uint32_t f = 0; f < in.d->count; f++)
            on_line |= in.d->faults[f].line == cases[i].line;
        if (st != ST_INVALID || p || !on_line || !labels_input_has(&in, cases[i].rule, cases[i].words)) {
            labels_input_show(&in);
            fail_msg("case %zu: status %d, no fault %s about %s in line %u", i, st, cases[i].rule, cases[i].words,
                     cases[i].line);
        }
        if (labels_schema_accepts("policy.xsd", span_cstr(text)) == cases[i].schema_too)
            fail_msg("case %zu: the schema thinks otherwise", i);
        free(text);
        labels_input_free(&in);
    }
}

static void broken_principals_are_refused(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {"nation='GBR'", "", "missing-attribute", "nation", 2, true},
        {"serial='7'", "serial='-7'", "bad-value", "serial", 2, true},
        {"serial='7'", "serial='7' version='1'", "unknown-attribute", "nation or serial", 2, true},
        {"release-tag-set='National Caveats'", "", "missing-attribute", "release-tag-set", 5, true},
        {"spif='spif/gbr.xml'", "spif='spif/nato.xml'", "duplicate", "spif/nato.xml", 5, false},
        {"unmarked='NATO FRA'", "unmarked='NATO DEU'", "unknown-partner", "DEU", 4, false},
        {"unmarked='NATO FRA'", "unmarked='*'", "bad-value", "not allowed", 4, true},
        {"unmarked='NATO FRA'", "unmarked=''", "missing-attribute", "unmarked", 4, true},
        {"<member partner='FRA'/>", "<member partner='fra'/>", "unknown-partner", "fra", 8, false},
        {"<member partner='FRA'/>", "<member partner='EFP'/>", "unknown-partner", "EFP", 8, false},
        {"<member community='EFP'", "<member community='SWE'", "unknown-community", "SWE", 10, false},
        {"<member partner='FRA'/>", "<member/>", "member", "either", 8, false},
        {"<member partner='FRA'/>", "<member partner='FRA' community='EFP'/>", "member", "either", 8, false},
        {"from='2024-03-07T00:00:00Z'", "from='2024-03-07T00:00:00'", "bad-time", "UTC", 9, true},
        {"from='2024-03-07T00:00:00Z'", "from='2024-03-07T00:00:00Z' until='2024-03-07T00:00:00Z'", "bad-time", "later", 9,
         false},
        {"<community id='EFP'><member partner='SWE'/>", "<community id='EFP'><member community='NATO'/>",
         "community-cycle", "NATO", 11, false},
        {"<community id='EFP'><member partner='SWE'/>", "<community id='EFP'><member community='EFP'/>",
         "community-cycle", "EFP", 11, false},
        {"<partner id='SWE'", "<partner id='FRA'", "duplicate-id", "FRA", 18, true},
        {"<partner id='SWE'", "<partner id='fra'", "similar-id", "case", 18, false},
        {"<partner id='SWE'", "<partner id='A-1'", "duplicate-id", "partner in line 18", 27, true},
        {"<partner id='SWE'", "<partner id='Sverige+'", "bad-value", "letters", 18, true},
        {"kind='ngo'", "kind='club'", "bad-value", "organisation", 18, true},
        {"<clearance policy='GBR'", "<clearance policy='nato'", "duplicate", "line 15", 17, false},
        {"<clearance policy='GBR' max='SECRET'/>", "<clearance policy='GBR'/>", "missing-attribute", "max", 17, false},
        {"<clearance>", "<clearance policy='NATO'>", "unknown-attribute", "policy", 18, false},
        {"<category tag-set='Context'>NATO<", "<category tag-set='Context'><", "empty-element", "category", 16, true},
    };
    check_broken(cases, sizeof cases / sizeof *cases);
}

static void broken_rules_are_refused(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {"partners='NATO SWE'", "partners='* SWE'", "bad-value", "alone", 24, true},
        {"partners='NATO SWE'", "", "missing-attribute", "partners", 24, true},
        {"<when/>", "", "missing-element", "when", 24, true},
        {"withdraw='true'", "withdraw='yes'", "bad-value", "true or false", 23, true},
        {"parties='FRA NATO'", "parties='FRA DEU'", "unknown-partner", "DEU", 27, false},
        {"parties='FRA NATO'", "", "missing-attribute", "parties", 27, true},
        {"<scope><topic any-of='t1'/></scope>", "<scope/>", "empty-scope", "at least one", 37, true},
        {"<scope><topic any-of='t1'/></scope>", "", "missing-element", "scope", 37, true},
        {"<scope><topic any-of='t1'/></scope>", "<scope><topic any-of='t1'/></scope><scope/>", "repeated-element", "scope", 37,
         true},
        {"<topic any-of='t1 t2'/>", "<topic/>", "missing-attribute", "any-of", 28, true},
        {"<topic any-of='t1 t2'/>", "<topic any-of='*'/>", "bad-value", "exercises only", 28, true},
        {"<topic any-of='t1 t2'/>", "<subject any-of='t1'/>", "unknown-element", "classification", 28, true},
        {"<not><cell any-of='J2'/></not>", "<not/>", "condition-children", "exactly one", 29, true},
        {"<not><cell any-of='J2'/></not>", "<not><cell any-of='J2'/><cell any-of='J3'/></not>", "condition-children",
         "exactly one", 29, true},
        {"<not><cell any-of='J2'/></not>", "<any/>", "condition-children", "at least one", 29, true},
        {"any-of='GBR FRA'", "any-of='GBR NATO'", "unknown-partner", "NATO", 30, false},
        {"policy='NATO' at-least='RESTRICTED'", "policy='NATO'", "missing-attribute", "at-most", 31, false},
        {"<value>NATO</value><value>the  EU</value>", "", "missing-element", "value", 32, true},
        {"reliability-at-least='C'", "reliability-at-least='F'", "bad-value", "A to E", 33, true},
        {"credibility-at-least='2'", "credibility-at-least='6'", "bad-value", "1 to 5", 33, true},
        {"<grading reliability-at-least='C'/>", "<grading/>", "missing-attribute", "reliability", 33, false},
        {"<ceiling policy='GBR'", "<ceiling policy=' nato '", "duplicate", "ceiling", 35, false},
        {"approval='1'", "approval='3'", "bad-value", "0, 1 or 2", 36, true},
        {"embargo='PT6H'", "embargo='P1M'", "bad-value", "PT6H", 36, true},
        {"onward='consent'", "onward='maybe'", "bad-value", "permitted", 36, true},
        {"lapse='withdraw'", "", "missing-attribute", "lapse", 36, true},
        {"redaction='permitted'", "redaction='yes'", "bad-value", "permitted or forbidden", 36, true},
        {"<agreements>", "<agreements/><agreements>", "repeated-element", "agreements", 26, true},
        {"<agreements>", "<agreements>text", "unexpected-text", "agreements", 0, true},
        {"<policy xmlns='" NS_POLICY "'", "<policy xmlns='urn:relto:policy:2'", "wrong-document", NS_POLICY, 2, true},
    };
    check_broken(cases, sizeof cases / sizeof *cases);
}

static void faults_name_where_they_are(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    char *text = labels_replace(good, "<grading reliability-at-least='C'/>", "<grading/>");
    const struct policy_document *p = NULL;
    assert_int_equal(policy_document_read(span_cstr(text), "p.xml", in.a, in.d, &p), ST_INVALID);
    assert_int_equal(in.d->count, 1);
    assert_string_equal(in.d->faults[0].element, "grading in agreement A-1");
    assert_int_equal(in.d->faults[0].line, 33);
    free(text);
    labels_input_free(&in);
}

static void the_schema_accepts_it(void **state)
{
    (void)state;
    assert_true(labels_schema_accepts("policy.xsd", span_cstr(good)));
}

// A chain of communities far longer than any stack would bear.
static void long_chains_are_walked(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    struct buf b;
    buf_init(&b, 8 * MIB);
    buf_puts(&b, "<policy xmlns='" NS_POLICY "' nation='GBR' serial='1'><communities>");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "<community id='c%d'><member community='c%d'/></community>", i, (i + 1) % 20000);
    buf_puts(&b, "</communities></policy>");
    const struct policy_document *p = NULL;
    assert_int_equal(policy_document_read(buf_bytes(&b), "p.xml", in.a, in.d, &p), ST_INVALID);
    assert_int_equal(in.d->count, 1);
    assert_string_equal(in.d->faults[0].rule, "community-cycle");
    buf_fini(&b);
    labels_input_free(&in);
}

static void too_many_partners(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new("p.xml");
    struct buf b;
    buf_init(&b, MIB);
    buf_puts(&b, "<policy xmlns='" NS_POLICY "' nation='GBR' serial='1'><partners>");
    for (size_t i = 0; i <= PARTNERS_MAX; i++)
        buf_printf(&b, "<partner id='p%zu'/>", i);
    buf_puts(&b, "</partners></policy>");
    const struct policy_document *p = NULL;
    assert_int_equal(policy_document_read(buf_bytes(&b), "p.xml", in.a, in.d, &p), ST_INVALID);
    assert_true(labels_input_has(&in, "too-many", "256"));
    buf_fini(&b);
    labels_input_free(&in);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    for (size_t max = 1000; max < 60000; max += 977) {
        struct arena *small = arena_new(max);
        const struct policy_document *p = NULL;
        enum status st = policy_document_read(span_cstr(good), "p.xml", small, NULL, &p);
        assert_true(st == ST_LIMIT || (st == ST_OK && p));
        arena_free(&small);
    }
    struct arena *a = xml_arena_new(strlen(good));
    const struct policy_document *p = NULL;
    assert_int_equal(policy_document_read(span_cstr(good), "p.xml", a, NULL, &p), ST_OK);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principals_are_read),           cmocka_unit_test(rules_are_read),
        cmocka_unit_test(conditions_are_read),           cmocka_unit_test(the_schema_accepts_it),
        cmocka_unit_test(broken_principals_are_refused), cmocka_unit_test(broken_rules_are_refused),
        cmocka_unit_test(faults_name_where_they_are),    cmocka_unit_test(long_chains_are_walked),
        cmocka_unit_test(too_many_partners),             cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
