#include "tests/support/policy_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/bug.h"

#define SPIF_START "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' " \
                   "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'>"
#define CLASS(name, n, more) "<securityClassification name='" name "' lacv='" n "' hierarchy='" n "'>" more "</securityClassification>"
#define EXCLUDES_U "<excludedClass>U</excludedClass>"

const char world_alfa[] =
    SPIF_START
    "<securityPolicyId name='ALFA' id='2.999.1'/>"
    "<securityClassifications>"
    CLASS("U", "1", "") CLASS("R", "2", "<equivalentClassification policyRef='Beta' lacv='20' applied='encrypt'/>")
    CLASS("S", "3", "<equivalentClassification policyRef='Beta' lacv='30' applied='both'/>") CLASS("T", "4", "")
    "<securityClassification name='OLD' lacv='5' hierarchy='5' obsolete='true'/>"
    "</securityClassifications><securityCategoryTagSets>"
    "<securityCategoryTagSet name='Sens' id='2.999.1.1'><securityCategoryTag name='Sens' tagType='restrictive'>"
    "<tagCategory name='ATOM' lacv='1'>" EXCLUDES_U "</tagCategory>"
    "<tagCategory name='CRYPTO' lacv='2'><excludedCategory tagSetRef='Sens' tagType='restrictive' all='true'/></tagCategory>"
    "<tagCategory name='GONE' lacv='3' obsolete='true'/>"
    "<tagCategory name='TWICE' lacv='4' obsolete='true'/><tagCategory name='TWICE' lacv='5'/>"
    "<tagCategory name='NEEDS' lacv='6'><requiredCategory operation='onlyOne'>"
    "<categoryGroup tagSetRef='Context' tagType='permissive'/></requiredCategory></tagCategory>"
    "<tagCategory name='TOPMOST' lacv='7' requiredClass='T'/>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Rel' id='2.999.1.2'><securityCategoryTag name='Rel' tagType='enumerated' enumType='permissive'>"
    "<tagCategory name='FRA' lacv='1'/><tagCategory name='DEU' lacv='2'/><tagCategory name='TEAM' lacv='3'/>"
    "<tagCategory name='OUTER' lacv='4'/><tagCategory name='USA' lacv='5'/>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Context' id='2.999.1.3'><securityCategoryTag name='Context' tagType='permissive' maxSelection='2'>"
    "<tagCategory name='NORTH' lacv='1'/><tagCategory name='SOUTH' lacv='2'/><tagCategory name='EAST' lacv='3'/>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Admin' id='2.999.1.4'><securityCategoryTag name='Admin' tagType='tagType7'>"
    "<tagCategory name='STAFF' lacv='1'/></securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Word' id='2.999.1.5'><securityCategoryTag name='Word' tagType='restrictive'>"
    "<tagCategory name='Codeword' lacv='1' userInput='true'/></securityCategoryTag></securityCategoryTagSet>"
    "</securityCategoryTagSets>"
    "<equivalentPolicies><equivalentPolicy name='Beta' id='2.999.2'/></equivalentPolicies></SPIF>";

#define EQ(set, type, lacv) "<equivalentSecCategoryTag policyRef='To Alfa' tagSetId='2.999.1." set "' " type " lacv='" lacv "' applied='encrypt'/>"
#define DISCARD "<equivalentSecCategoryTag policyRef='To Alfa' tagSetId='2.999.1.1' tagType='restrictive' lacv='1' action='discard' applied='encrypt'/>"
#define ENUM_P "tagType='enumerated' enumType='permissive'"

// One text of many macros; C only promises 4,095 bytes, both compilers take more.
#pragma GCC diagnostic ignored "-Woverlength-strings"
const char world_beta[] =
    SPIF_START
    "<securityPolicyId name='BETA' id='2.999.2'/>"
    "<securityClassifications>"
    CLASS("Low", "20", "<equivalentClassification policyRef='To Alfa' lacv='1' applied='decrypt'/>"
                       "<equivalentClassification policyRef='To Alfa' lacv='2' applied='encrypt'/>"
                       "<equivalentClassification policyRef='To Alfa' lacv='3' applied='both'/>")
    CLASS("High", "30", "<equivalentClassification policyRef='To Alfa' lacv='3' applied='both'>"
                        "<requiredCategory operation='all'><categoryGroup tagSetRef='Context' tagType='permissive' all='true'/>"
                        "</requiredCategory></equivalentClassification>")
    CLASS("Chosen", "35", "<equivalentClassification policyRef='To Alfa' lacv='3' applied='both'>"
                        "<requiredCategory operation='oneOrMore'><categoryGroup tagSetRef='Sens' tagType='restrictive' lacv='1'/>"
                        "<categoryGroup tagSetRef='Context' tagType='permissive' lacv='2'/>"
                        "</requiredCategory></equivalentClassification>")
    CLASS("Alone", "40", "")
    CLASS("Lost", "50", "<equivalentClassification policyRef='To Alfa' lacv='99' applied='both'/>")
    "</securityClassifications><securityCategoryTagSets>"
    "<securityCategoryTagSet name='Caveat' id='2.999.2.1'><securityCategoryTag name='Caveat' tagType='restrictive'>"
    "<tagCategory name='NUC' lacv='1'>" EQ("1", "tagType='restrictive'", "1") "</tagCategory>"
    "<tagCategory name='LOCAL' lacv='2'/>"
    "<tagCategory name='DROP' lacv='3'>" DISCARD "</tagCategory>"
    "<tagCategory name='BOTH' lacv='4'>" DISCARD EQ("1", "tagType='restrictive'", "2") EQ("3", "tagType='permissive'", "1") "</tagCategory>"
    "<tagCategory name='WRONG' lacv='5'>" EQ("1", "tagType='permissive'", "1") "</tagCategory>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Release' id='2.999.2.2'><securityCategoryTag name='Release' tagType='permissive'>"
    "<tagCategory name='FRA' lacv='1'>" EQ("2", ENUM_P, "1") "</tagCategory>"
    "<tagCategory name='DEU' lacv='2'>" DISCARD "</tagCategory>"
    "<tagCategory name='ALL' lacv='3'>" EQ("2", ENUM_P, "3") EQ("2", ENUM_P, "1") "</tagCategory>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Note' id='2.999.2.3'><securityCategoryTag name='Note' tagType='notApplicable'>"
    "<tagCategory name='INTERNAL' lacv='1'/></securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Project' id='2.999.2.4'><securityCategoryTag name='Project' tagType='restrictive'>"
    "<tagCategory name='Name' lacv='1' userInput='true'>" EQ("5", "tagType='restrictive'", "1") "</tagCategory>"
    "<tagCategory name='UNNAMED' lacv='2'>" EQ("5", "tagType='restrictive'", "1") "</tagCategory></securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Remark' id='2.999.2.5'><securityCategoryTag name='Remark' tagType='restrictive'>"
    "<tagCategory name='Text' lacv='1' userInput='true'>" EQ("1", "tagType='restrictive'", "1") "</tagCategory></securityCategoryTag></securityCategoryTagSet>"
    "</securityCategoryTagSets>"
    "<equivalentPolicies><equivalentPolicy name='Unloaded' id='2.999.77'/><equivalentPolicy name='To Alfa' id='2.999.1'/>"
    "</equivalentPolicies></SPIF>";

const char world_vocabulary[] =
    "<vocabulary xmlns='urn:relto:vocabulary:1'><types><type id='INTREP'>Intelligence report</type>"
    "<type id='INTSUM'>Summary</type></types><topics><topic id='piracy'>Piracy</topic><topic id='cyber'>Cyber</topic></topics>"
    "<areas><area id='NGA'>Nigeria</area><area id='CIV'>Ivory Coast</area><area id='MLI'>Mali</area>"
    "<region id='GULF' areas='NGA CIV'>Gulf of Guinea</region></areas></vocabulary>";

enum status world_try(struct world *w, const char *policy, const char *alfa, const char *beta)
{
    struct policy_bundle b = {
        .policy = {"policy.xml", span_cstr(policy)},
        .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
        .spifs = {{"alfa.xml", span_cstr(alfa ? alfa : world_alfa)}, {"beta.xml", span_cstr(beta ? beta : world_beta)}},
        .spif_count = 2,
    };
    ruleset_free(&w->rules);
    return ruleset_load(&b, w->d, &w->rules);
}

static void stop(const struct world *w, const char *what)
{
    struct buf out;
    buf_init(&out, 1 * MIB);
    diag_print(w->d, &out);
    fprintf(stderr, "%s was refused:\n%s\n", what, buf_cstr(&out));
    abort();
}

struct world world_new(const char *policy)
{
    struct world w = {.a = arena_new(64 * MIB), .d = calloc(1, sizeof *w.d)};
    BUG_IF(!w.a || !w.d);
    if (policy && world_try(&w, policy, NULL, NULL) != ST_OK)
        stop(&w, "the policy");
    return w;
}

void world_free(struct world *w)
{
    ruleset_free(&w->rules);
    arena_free(&w->a);
    free(w->d);
    w->d = NULL;
}

bool world_has_fault(const struct world *w, const char *rule, const char *words)
{
    for (uint32_t i = 0; i < w->d->count; i++) {
        const struct fault *f = &w->d->faults[i];
        if (strcmp(f->rule, rule) == 0 && (strstr(f->message, words) || strstr(f->element, words)))
            return true;
    }
    return false;
}

const struct report *world_report(struct world *w, const char *text)
{
    const struct report *r = NULL;
    diag_init(w->d, "report.xml");
    if (report_read(span_cstr(text), "report.xml", w->a, w->d, &r) != ST_OK)
        stop(w, "the report");
    return r;
}

utc_ms world_time(const char *text)
{
    utc_ms t;
    BUG_IF(utc_parse(span_cstr(text), UTC_ZONE_Z, &t) != ST_OK);
    return t;
}

const char *world_line(struct world *w, const char *report, const char *partner, utc_ms t,
                       const struct decide_record *rec)
{
    struct decision dec;
    struct decide_record none = {.stored_at = UTC_MIN};
    const struct report *r = world_report(w, report);
    size_t p = ruleset_partner_index(w->rules, partner);
    BUG_IF(p == SIZE_MAX);
    decide(w->rules, r, p, t, rec ? rec : &none, &dec);
    struct buf out;
    buf_init(&out, 64 * KIB);
    decision_tsv(w->rules, r, p, &dec, &out);
    for (size_t i = 0; i < out.len; i++)
        if (out.ptr[i] == '\t')
            out.ptr[i] = ' ';
    const char *line = arena_cstr(w->a, buf_cstr(&out));
    buf_fini(&out);
    return line;
}
