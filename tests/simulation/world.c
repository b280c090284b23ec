// Random policies and reports: few words, many combinations. All that is written is valid.
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "tests/simulation/run.h"

// Three classifications, two restrictive categories, release to each nation or to a community.
#define SPIF_CLASS(name, n) "<securityClassification name='" name "' lacv='" n "' hierarchy='" n "'/>"
#define SPIF_VALUE(name, n) "<tagCategory name='" name "' lacv='" n "'/>"
static const char spif[] =
    "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' "
    "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'><securityPolicyId name='ALFA' id='2.999.1'/>"
    "<securityClassifications>" SPIF_CLASS("U", "1") SPIF_CLASS("R", "2") SPIF_CLASS("S", "3")
    "</securityClassifications><securityCategoryTagSets>"
    "<securityCategoryTagSet name='Sens' id='2.999.1.1'><securityCategoryTag name='Sens' tagType='restrictive'>"
    SPIF_VALUE("ATOM", "1") SPIF_VALUE("CRYPTO", "2") "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Rel' id='2.999.1.2'><securityCategoryTag name='Rel' tagType='enumerated' enumType='permissive'>"
    SPIF_VALUE("GBR", "1") SPIF_VALUE("FRA", "2") SPIF_VALUE("DEU", "3") SPIF_VALUE("SWE", "4") SPIF_VALUE("USA", "5")
    SPIF_VALUE("ALLIES", "6") "</securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets></SPIF>";

static const char *const classes[] = {"U", "R", "S"};
static const char *const sens[] = {"ATOM", "CRYPTO"};
static const char *const topics[] = {"piracy", "cyber"};

struct policy_bundle world_bundle(struct span policy, uint32_t pad)
{
    return (struct policy_bundle){.policy = {"policy.xml", policy},
                                  .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
                                  .spifs = {{"alfa.xml", span_cstr(spif)}},
                                  .spif_count = 1,
                                  .pad = pad};
}

// ---- policies

// Sometimes an instant of the next two days, in whole hours.
static void put_instant(struct run *r, const char *attribute, unsigned percent, struct buf *out)
{
    char text[UTC_TEXT_MAX];
    if (run_chance(r, percent))
        buf_printf(out, " %s='%s'", attribute,
                   utc_format_s(r->sim.now / 3600000 * 3600000 + (utc_ms)(1 + run_below(r, 24)) * 3600000, text));
}

// Each with this chance, and one for sure.
static void put_partners(struct run *r, size_t node, unsigned percent, const char *attribute, struct buf *out)
{
    size_t sure = (node + 1 + run_below(r, r->sim.count - 1)) % r->sim.count;
    const char *space = "";
    buf_printf(out, " %s='", attribute);
    for (size_t i = 0; i < r->sim.count; i++)
        if (i != node && (run_chance(r, percent) || i == sure)) {
            buf_printf(out, "%s%s", space, r->sim.nodes[i].nation);
            space = " ";
        }
    buf_puts(out, "'");
}

static void put_community(struct run *r, size_t node, struct buf *out)
{
    buf_puts(out, "<communities><community id='ALLIES'>");
    for (size_t i = 0; i < r->sim.count; i++)
        if (i != node && run_chance(r, 70)) {
            buf_printf(out, "<member partner='%s'", r->sim.nodes[i].nation);
            put_instant(r, "until", 20, out);
            buf_puts(out, "/>");
        }
    buf_puts(out, "</community></communities>");
}

static void put_clearances(struct run *r, size_t node, struct buf *out)
{
    buf_puts(out, "<partners>");
    for (size_t i = 0; i < r->sim.count; i++) {
        if (i == node)
            continue;
        buf_printf(out, "<partner id='%s' name='%s' kind='nation'><clearance policy='ALFA' max='%s'>",
                   r->sim.nodes[i].nation, r->sim.nodes[i].nation, classes[run_chance(r, 60) ? 2 : run_below(r, 3)]);
        for (size_t k = 0; k < 2; k++)
            if (run_chance(r, 60))
                buf_printf(out, "<category tag-set='Sens'>%s</category>", sens[k]);
        buf_puts(out, "</clearance></partner>");
    }
    buf_puts(out, "</partners>");
}

static void put_agreement(struct run *r, size_t node, size_t number, struct buf *out)
{
    static const char *const scopes[] = {"<topic any-of='piracy'/>", "<topic any-of='cyber'/>", "<type any-of='INTREP'/>",
                                         "<type any-of='INTREP'/>"};
    static const char *const onwards[] = {"permitted", "permitted", "forbidden", "consent"};
    static const char *const embargoes[] = {"PT0S", "PT0S", "PT0S", "PT1H", "PT5H"};
    buf_printf(out, "<agreement id='A%zu'", number);
    put_instant(r, "until", 25, out);
    put_partners(r, node, 75, "parties", out);
    buf_printf(out, "><scope>%s</scope>", scopes[run_below(r, 4)]);
    if (run_chance(r, 20))
        buf_puts(out, "<ceiling policy='ALFA' max='R'/>");
    buf_printf(out, "<terms redaction='%s' approval='%s' embargo='%s' onward='%s' lapse='%s'/></agreement>",
               run_chance(r, 85) ? "permitted" : "forbidden", run_chance(r, 75) ? "0" : run_chance(r, 70) ? "1" : "2",
               embargoes[run_below(r, 5)], onwards[run_below(r, 4)], run_chance(r, 60) ? "withdraw" : "retain");
}

void world_policy_write(struct run *r, size_t node, struct buf *out)
{
    buf_printf(out, "<policy xmlns='urn:relto:policy:1' nation='%s' serial='%u'>", r->sim.nodes[node].nation,
               r->nodes[node].serial);
    buf_puts(out, "<security-policies><security-policy spif='spif/alfa.xml' release-tag-set='Rel'");
    if (run_chance(r, 60))
        put_partners(r, node, 40, "unmarked", out);
    buf_puts(out, "/></security-policies>");
    put_community(r, node, out);
    put_clearances(r, node, out);
    if (run_chance(r, 25)) {
        buf_puts(out, "<denials><deny id='D'");
        put_partners(r, node, 20, "partners", out);
        buf_printf(out, " withdraw='%s'><when><topic any-of='%s'/></when><reason>No.</reason></deny></denials>",
                   run_chance(r, 50) ? "true" : "false", topics[run_below(r, 2)]);
    }
    buf_puts(out, "<agreements>");
    for (size_t i = 1, n = 1 + run_below(r, 3); i <= n; i++)
        put_agreement(r, node, i, out);
    buf_puts(out, "</agreements></policy>");
    BUG_IF(buf_status(out) != ST_OK);
}

// ---- labels

struct label_choice {
    size_t class;
    bool sens[2];
    unsigned rel; // bit i = node i; bit SIM_NODES_MAX = ALLIES; 0 = none stated
};

static struct label_choice choose_label(struct run *r, size_t owner)
{
    struct label_choice l = {.class = run_chance(r, 40) ? 0 : run_below(r, 3)};
    for (size_t i = 0; i < 2; i++)
        l.sens[i] = run_chance(r, 15);
    for (size_t i = 0; i <= SIM_NODES_MAX; i++)
        if ((i < r->sim.count || i == SIM_NODES_MAX) && run_chance(r, i == SIM_NODES_MAX ? 30 : i == owner ? 15 : 65))
            l.rel |= 1u << i;
    return l;
}

static void put_information(const struct run *r, const struct label_choice *l, struct buf *out)
{
    buf_printf(out, "<ConfidentialityInformation><PolicyIdentifier>ALFA</PolicyIdentifier><Classification>%s</Classification>",
               classes[l->class]);
    for (size_t i = 0; i < 2; i++)
        if (l->sens[i])
            buf_printf(out, "<Category Type='RESTRICTIVE' TagName='Sens'><GenericValue>%s</GenericValue></Category>", sens[i]);
    if (l->rel) {
        buf_puts(out, "<Category Type='PERMISSIVE' TagName='Rel'>");
        for (size_t i = 0; i <= SIM_NODES_MAX; i++)
            if (l->rel >> i & 1)
                buf_printf(out, "<GenericValue>%s</GenericValue>", i == SIM_NODES_MAX ? "ALLIES" : r->sim.nodes[i].nation);
        buf_puts(out, "</Category>");
    }
    buf_puts(out, "</ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime>");
}

// Sometimes another release list succeeds it.
static void put_label(struct run *r, size_t owner, const struct label_choice *l, unsigned succession, struct buf *out)
{
    char at[UTC_TEXT_MAX];
    buf_puts(out, "<label><originatorConfidentialityLabel xmlns='" W_SLAB "'>");
    put_information(r, l, out);
    if (run_chance(r, succession)) {
        struct label_choice next = *l;
        next.rel = choose_label(r, owner).rel;
        buf_printf(out, "<SuccessionHandling><SuccessionDateTime>%s</SuccessionDateTime><SuccessorConfidentialityLabel>",
                   utc_format_s(r->sim.now / 3600000 * 3600000 + (utc_ms)(1 + run_below(r, 12)) * 3600000, at));
        put_information(r, &next, out);
        buf_puts(out, "</SuccessorConfidentialityLabel></SuccessionHandling>");
    }
    buf_puts(out, "</originatorConfidentialityLabel></label>");
}

// ---- reports

static void put_canary(struct run *r, size_t report, uint32_t version, struct buf *out)
{
    BUG_IF(r->canary_count == RUN_CANARIES_MAX);
    buf_printf(out, "CNRY%06zuQ", r->canary_count);
    r->canaries[r->canary_count++] = (struct run_canary){report, version, -1};
}

struct shape {
    struct label_choice overall, portions[RUN_PORTIONS_MAX];
    bool own[RUN_PORTIONS_MAX]; // the portion has a label of its own
    size_t count;
};

// The overall label is at least as high as every part.
static struct shape choose_shape(struct run *r, size_t owner)
{
    struct shape s = {.overall = choose_label(r, owner), .count = 1 + run_below(r, RUN_PORTIONS_MAX)};
    for (size_t i = 0; i < s.count; i++) {
        s.own[i] = run_chance(r, 70);
        s.portions[i] = choose_label(r, owner);
        if (!s.own[i])
            continue;
        if (s.portions[i].class > s.overall.class)
            s.overall.class = s.portions[i].class;
        for (size_t k = 0; k < 2; k++)
            s.overall.sens[k] |= s.portions[i].sens[k];
    }
    return s;
}

static void put_header(struct run *r, size_t index, uint32_t version, const struct shape *s, struct buf *out)
{
    const struct run_report *rep = &r->reports[index];
    buf_printf(out, "<header type='INTREP' separable='%s' xml:lang='en'>", run_chance(r, 80) ? "true" : "false");
    if (run_chance(r, 50)) {
        struct label_choice low = {.rel = s->overall.rel | choose_label(r, rep->owner).rel};
        put_label(r, rep->owner, &low, 0, out);
    }
    buf_printf(out, "<originator nation='%s' cell='%s'/><title>", r->sim.nodes[rep->owner].nation, rep->cell);
    put_canary(r, index, version, out);
    buf_printf(out, "</title><topic>%s</topic></header>", topics[run_below(r, 2)]);
    if (index > 0 && run_chance(r, 20)) {
        char urn[UUID_URN_LEN + 1];
        buf_printf(out, "<reference rel='related' ref='%s'/>", uuid_urn(r->reports[run_below(r, index)].id, urn));
    }
}

char *world_draft(struct run *r, size_t index, uint32_t version)
{
    size_t owner = r->reports[index].owner;
    struct shape s = choose_shape(r, owner);
    struct buf out;
    buf_init(&out, 64 * KIB);
    buf_puts(&out, "<report xmlns='urn:relto:report:1'>");
    put_label(r, owner, &s.overall, 12, &out);
    put_header(r, index, version, &s, &out);
    for (size_t i = 0; i < s.count; i++) {
        buf_puts(&out, "<portion>");
        if (s.own[i])
            put_label(r, owner, &s.portions[i], 12, &out);
        buf_puts(&out, "<text>");
        put_canary(r, index, version, &out);
        buf_puts(&out, "</text></portion>");
    }
    buf_puts(&out, "</report>");
    BUG_IF(buf_status(&out) != ST_OK);
    char *text = strdup(buf_cstr(&out));
    BUG_IF(!text);
    buf_fini(&out);
    return text;
}

void world_note_canaries(struct run *r, size_t index, uint32_t version)
{
    const struct run_report *rep = &r->reports[index];
    const struct report *report = rep->versions[version - 1].report;
    char word[32];
    for (size_t n = 0; n < r->canary_count; n++) {
        struct run_canary *c = &r->canaries[n];
        if (c->report != index || c->version != version)
            continue;
        snprintf(word, sizeof word, "CNRY%06zuQ", n);
        bool found = strstr(report->title, word) != NULL;
        for (size_t i = 0; i < report->child_count; i++)
            if (report->children[i].kind == REPORT_PORTION && strstr(report->children[i].text, word)) {
                c->child = (int)i;
                found = true;
            }
        if (!found)
            run_broken(r, "the published bytes lack %s", word);
        r->nodes[rep->owner].may_hold[n] = true;
    }
}
