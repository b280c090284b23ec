// node/core/publish: what a cell publishes, previews and recalls; what is refused changes nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/problem.h"
#include "node/core/publish.h"
#include "store/audit_log.h"
#include "store/grants.h"
#include "tests/support/docs_schema.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define POLICY SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "retain"))
#define FRA_POLICY SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))
#define ID_1 "01000000-0000-4000-8000-000000000000"
#define ID_2 "02000000-0000-4000-8000-000000000000"
#define WITH_ID(id, text)                                                                                    \
    W_REPORT(SIM_FOR_ALL, W_HEADER_OF("separable='true' report='urn:uuid:" id "'", "", "GBR", ""),             \
             "<portion><text>" text "</text></portion>")
#define HEADER W_HEADER_OF("separable='true'", "", "GBR", "")
#define LOW W_ALFA("R", W_REL(W_V("FRA")))
#define DRAFT SIM_REPORT("for all", SIM_ONLY("DEU"), "for DEU")

static struct sim *sim;
static struct reply got;
static struct problem *problem;

static int setup(void **state)
{
    const char *const policies[] = {POLICY, FRA_POLICY};
    (void)state;
    sim = sim_new(2, policies);
    problem = calloc(1, sizeof *problem);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&got);
    sim_free(&sim);
    free(problem);
    return 0;
}

static int ask(enum role role, const char *who, const char *method, const char *target, const char *headers,
               struct span body)
{
    reply_fini(&got);
    flow_ask(sim, GBR, role, who, method, target, headers, body, &got);
    if (got.status >= 400)
        assert_int_equal(problem_read(buf_bytes(&got.body), problem), ST_OK);
    const char *fault = got.status / 100 == 2 && got.status != 204 ? docs_schema_fault(buf_bytes(&got.body)) : NULL;
    if (fault)
        fail_msg("%s\n%s", fault, buf_cstr(&got.body));
    return got.status;
}

static int post_bytes(struct span body)
{
    return ask(ROLE_CELL, "J2", "POST", "/v1/reports", "", body);
}

static int post(const char *draft)
{
    return post_bytes(span_cstr(draft));
}

static int preview(const char *draft)
{
    return ask(ROLE_CELL, "J2", "POST", "/v1/preview", "", span_cstr(draft));
}

static bool answer_has(const char *text)
{
    return strstr(buf_cstr(&got.body), text) != NULL;
}

static bool has_fault(const char *rule, const char *words)
{
    for (uint32_t i = 0; i < problem->faults.count; i++) {
        const struct fault *f = &problem->faults.faults[i];
        if (strcmp(f->rule, rule) == 0 && (strstr(f->message, words) || strstr(f->element, words)))
            return true;
    }
    return false;
}

// The answer's report id, as the last part of Location.
static const char *published_id(void)
{
    static char id[64];
    const char *location = flow_header(&got, "Location");
    assert_true(strncmp(location, "/v1/reports/", 12) == 0);
    snprintf(id, sizeof id, "%s", location + 12);
    return id;
}

static void nothing_changed(const struct digest *before)
{
    struct digest after = flow_store(sim, GBR);
    assert_true(digest_eq(before, &after));
}

// ---- what is published

static void the_answer_says_who_gets_what(void **state)
{
    (void)state;
    assert_int_equal(post(DRAFT), 201);
    assert_string_equal(flow_header(&got, "ETag"), "\"1\"");
    assert_true(answer_has("outcome=\"redact\" partner=\"FRA\""));
    assert_true(answer_has("outcome=\"release\" partner=\"DEU\""));
    assert_true(answer_has("withheld=\"e2\""));
    struct uuid id;
    struct report_record rec;
    char digest[DIGEST_TEXT_LEN + 1];
    assert_int_equal(uuid_parse(span_cstr(published_id()), &id), ST_OK);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reports_current(t->txn, id, &rec), ST_OK);
    digest_text(&rec.digest, digest);
    sim_commit(t);
    assert_true(answer_has(digest));
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1");
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1");
    assert_int_equal(sim_events(sim, GBR, AUDIT_PUBLISH), 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_DECIDE), 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RELEASE), 2);
    assert_int_equal(sim->nodes[GBR].core.published, 1);
}

static void issued_is_the_time_of_publication(void **state)
{
    (void)state;
    sim->now += 1999;
    assert_int_equal(post(W_REPORT(SIM_FOR_ALL, W_HEADER_OF("issued='2020-01-01T00:00:00Z' separable='true' report='urn:uuid:" ID_1 "'", "", "GBR", ""),
                                   W_PORTION(""))),
                     201);
    assert_non_null(strstr(sim_text(sim, GBR, 1), "issued=\"2026-11-22T12:00:01Z\""));
}

// A small draft grows by its decoys and signature far beyond its own size.
static void padding_does_not_run_out_of_memory(void **state)
{
    (void)state;
    flow_policy(sim, GBR, POLICY, 1024);
    assert_int_equal(post(DRAFT), 201);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1");
}

// Every partner's withheld parts are in the decision's event; together they may be long.
static void many_parts_for_many_partners(void **state)
{
    enum { PORTIONS = 1000, COUNT = 250 };
    (void)state;
    struct buf policy, draft;
    buf_init(&policy, MIB);
    buf_init(&draft, 4 * MIB);
    buf_puts(&policy, "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<communities><community id='TEAM'>");
    for (int i = 0; i < COUNT; i++)
        buf_printf(&policy, "<member partner='P%d'/>", i);
    buf_puts(&policy, "</community></communities><partners>");
    for (int i = 0; i < COUNT; i++)
        buf_printf(&policy, "<partner id='P%d' name='P%d' kind='ngo'><clearance policy='ALFA' max='R'/></partner>", i, i);
    buf_puts(&policy, "</partners><agreements>" W_AGREEMENT("A", "*", SIM_TERMS("permitted", "retain")) "</agreements></policy>");
    buf_puts(&draft, "<report xmlns='urn:relto:report:1'>" W_ALFA("R", W_REL(W_V("TEAM"))) HEADER W_PORTION(""));
    for (int i = 1; i < PORTIONS; i++)
        buf_puts(&draft, W_PORTION(LOW));
    buf_puts(&draft, "</report>");
    sim_policy(sim, GBR, buf_cstr(&policy));
    assert_int_equal(post(buf_cstr(&draft)), 201);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RELEASE), COUNT);
    assert_string_equal(flow_ledger(sim, GBR, "P249"), "R1");
    buf_fini(&policy);
    buf_fini(&draft);
}

// What can be read can be finished, or is refused: it never fails.
static void odd_drafts_are_published_or_refused(void **state)
{
#define ODD(title, more) "<header type='INTREP' separable='true'><originator nation='GBR' cell='J2'/><title>" title "</title>" more "</header>"
#define PLACED(attrs) W_REPORT(SIM_FOR_ALL, ODD("t", "<position " attrs "/>"), W_PORTION(""))
#define ATTACHED(attrs)                                                                                      \
    W_REPORT(SIM_FOR_ALL, HEADER, W_PORTION("") "<attachment media-type='image/png' size='1' "                \
             "sha256='0000000000000000000000000000000000000000000000000000000000000000' " attrs "/>")
#define SAYING(text) W_REPORT(SIM_FOR_ALL, HEADER, "<portion><text>" text "</text></portion>")
    static const char *const drafts[] = {
        W_REPORT(SIM_FOR_ALL, ODD("two\nlines", ""), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("\n  spaced\tout  \n", ""), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("&lt;&amp;&gt;&quot;&#x9;", ""), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("a<![CDATA[<b>]]>c", ""), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("t", "<topic> piracy </topic>"), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("t", "<topic>piracy</topic><topic>piracy</topic>"), W_PORTION("")),
        PLACED("lat='-0' lon='0'"), PLACED("lat='-0.0000000001' lon='0.0000000004'"), PLACED("lat='90' lon='-180'"),
        PLACED("lat='4.15' lon='1' radius-km='0.0000000001'"), PLACED("lat='+4' lon='04.50'"), PLACED("lat='4.1234567891' lon='1'"),
        W_REPORT(SIM_FOR_ALL, ODD("t", "<period from='2026-01-01T00:00:00.0004Z' to='2026-01-01T00:00:00.5Z'/>"), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("t", "<period from='0001-01-01T00:00:00Z' to='9999-12-31T23:59:59.999Z'/>"), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, ODD("t", "<grading credibility='6'/><exercise>E-1</exercise>"), W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, "<header type='INTREP' xml:lang='en-GB'><originator nation='GBR' cell='J2'/><title>t</title></header>", W_PORTION("")),
        W_REPORT(SIM_FOR_ALL, "<header type='INTREP' xml:lang=''><originator nation='GBR' cell='J2'/><title>t</title></header>", W_PORTION("")),
        SAYING(""), SAYING(" "), SAYING("\n\t x \r\n"), SAYING("a&#xD;b"), SAYING("a&#x9;b"), SAYING("e&#x301;"), SAYING("\xc3\xa9"),
        SAYING("<![CDATA[]]>"), SAYING("&#x202E;x"), SAYING("]]&gt;"),
        ATTACHED("name='a b'"), ATTACHED("name='a&#xA;b'"), ATTACHED("name='a&quot;b'"), ATTACHED("name='..'"), ATTACHED("name=''"),
        "\xef\xbb\xbf" W_REPORT(SIM_FOR_ALL, HEADER, W_PORTION("")),
        "<?xml version='1.0'?>\n" W_REPORT(SIM_FOR_ALL, HEADER, W_PORTION("")) "\n",
        "<r:report xmlns:r='urn:relto:report:1' xmlns='urn:other'><r:label>" W_ORIG("ALFA", "R", W_REL(W_V("FRA"))) "</r:label>"
        "<r:header type='INTREP'><r:originator nation='GBR' cell='J2'/><r:title>t</r:title></r:header>"
        "<r:portion><r:text>x</r:text></r:portion></r:report>",
        W_REPORT(SIM_FOR_ALL, HEADER, "<portion Id='x'><text>x</text></portion><portion Id='e1'><text>x</text></portion>"),
        W_REPORT(SIM_FOR_ALL, HEADER, "<reference rel='related' ref='urn:uuid:" ID_1 "'/>" W_PORTION("")),
        W_REPORT(W_LABEL("<originatorConfidentialityLabel xmlns='" W_SLAB "' ReviewDateTime='2027-01-01T00:00:00Z'>"
                         W_INFO("ALFA", "R", "<PrivacyMark>a  b</PrivacyMark>" W_REL(W_V("FRA")))
                         "</originatorConfidentialityLabel>"), HEADER, W_PORTION("")),
    };
    (void)state;
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++) {
        reply_fini(&got);
        enum status st = flow_ask_failing(sim, GBR, ROLE_CELL, "J2", "POST", "/v1/reports", "", span_cstr(drafts[i]), &got);
        if (st != ST_OK || (got.status != 201 && got.status != 422))
            fail_msg("draft %zu: %s, %d\n%s", i, status_text(st), got.status, drafts[i]);
    }
}

// ---- what is refused

#define HIGH W_ALFA("S", W_REL(W_V("FRA")))

static void every_refusal_changes_nothing(void **state)
{
    static const struct {
        const char *draft;
        int status;
        const char *rule, *words;
    } cases[] = {
        {"", 422, "", ""},
        {"<report", 422, "", ""},
        {"<!DOCTYPE a><report/>", 422, "", ""},
        {"<a/>", 422, "not-a-report", "expected"},
        {W_REPORT(SIM_FOR_ALL, HEADER, ""), 422, "missing-element", "portion"},
        {W_REPORT(SIM_FOR_ALL, W_HEADER_OF("", "", "FRA", ""), W_PORTION("")), 422, "originator", "\"FRA\""},
        {W_REPORT(SIM_FOR_ALL, "<header type='INTREP'><originator nation='GBR' cell='J9'/><title>t</title></header>", W_PORTION("")),
         422, "originator", "\"J9\""},
        {W_REPORT(SIM_FOR_ALL, "<header type='INTREP'><originator nation='GBR'/><title>t</title></header>", W_PORTION("")),
         422, "originator", "\"J2\""},
        {W_REPORT(SIM_FOR_ALL, W_HEADER_OF("version='2'", "", "GBR", ""), W_PORTION("")), 422, "version", "1"},
        {W_REPORT(SIM_FOR_ALL, W_HEADER_OF("", "", "GBR", "<topic>nonsense</topic>"), W_PORTION("")), 422, "unknown-topic", "nonsense"},
        {W_REPORT(SIM_FOR_ALL, W_HEADER_OF("", "", "GBR", "<area>XXX</area>"), W_PORTION("")), 422, "unknown-area", "XXX"},
        {W_REPORT(W_ALFA("X", W_REL(W_V("FRA"))), HEADER, W_PORTION("")), 422, "", ""},
        {W_REPORT(LOW, HEADER, W_PORTION(HIGH)), 422, "label-too-low", "e1"},
        {W_REPORT(LOW, HEADER, "<portion salt='AAAAAAAAAAAAAAAAAAAAAA=='><text>x</text></portion>"), 422, "draft-salt", "salts"},
        {W_REPORT(LOW, HEADER, W_PORTION("") "<withheld ref='e2'></withheld>"), 422, "draft-withheld", "e2"},
        {W_REPORT("<withheld ref='label'></withheld>", HEADER, W_PORTION("")), 422, "", ""},
    };
    (void)state;
    assert_int_equal(post(DRAFT), 201); // so that there is something to damage
    struct digest before = flow_store(sim, GBR);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (post(cases[i].draft) != cases[i].status)
            fail_msg("case %zu: %d\n%s", i, got.status, buf_cstr(&got.body));
        if (!problem->faults.count || !*problem->detail)
            fail_msg("case %zu says nothing\n%s", i, buf_cstr(&got.body));
        if (*cases[i].rule && !has_fault(cases[i].rule, cases[i].words))
            fail_msg("case %zu: no %s\n%s", i, cases[i].rule, buf_cstr(&got.body));
        nothing_changed(&before);
        // A preview answers the same, but that it asks for no version.
        if (strcmp(cases[i].rule, "version") != 0 && preview(cases[i].draft) != cases[i].status)
            fail_msg("preview of case %zu: %d\n%s", i, got.status, buf_cstr(&got.body));
        nothing_changed(&before);
    }
    assert_int_equal(sim->nodes[GBR].core.published, 1);
}

// One answer holds what is wrong with the header, the words and the labels, each with its line.
static void all_faults_come_at_once(void **state)
{
    static const char draft[] =
        "<report xmlns='urn:relto:report:1'>\n" LOW "\n"
        "<header type='NONSENSE'>\n<originator nation='FRA' cell='J9'/><title>t</title><topic>nonsense</topic></header>\n"
        "<portion salt='AAAAAAAAAAAAAAAAAAAAAA=='>\n" HIGH "<text>x</text></portion></report>";
    static const char *const rules[] = {"originator", "unknown-topic", "unknown-type", "label-too-low", "draft-salt"};
    (void)state;
    assert_int_equal(post(draft), 422);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!has_fault(rules[i], ""))
            fail_msg("no %s\n%s", rules[i], buf_cstr(&got.body));
    for (uint32_t i = 0; i < problem->faults.count; i++) {
        const struct fault *f = &problem->faults.faults[i];
        if (strcmp(f->rule, "draft-salt") != 0 && (!f->line || !f->column))
            fail_msg("at %u:%u: %s", f->line, f->column, f->message);
    }
}

static void too_large_is_413(void **state)
{
    (void)state;
    struct buf b;
    struct digest before = flow_store(sim, GBR);
    buf_init(&b, RENDITION_BYTES_MAX + MIB);
    buf_puts(&b, "<report xmlns='urn:relto:report:1'>" LOW HEADER);
    for (size_t i = 0; i <= REPORT_CHILDREN_MAX; i++)
        buf_puts(&b, W_PORTION(""));
    buf_puts(&b, "</report>");
    assert_int_equal(post(buf_cstr(&b)), 413);
    assert_true(problem->faults.count > 0);
    nothing_changed(&before);
    buf_reset(&b);
    while (b.len <= RENDITION_BYTES_MAX)
        buf_puts(&b, "                                                                                ");
    assert_int_equal(post(buf_cstr(&b)), 413);
    assert_true(problem->faults.count > 0);
    nothing_changed(&before);
    buf_fini(&b);
}

// A report that no partner would accept must not be signed.
static void an_expired_signing_certificate_is_said(void **state)
{
    (void)state;
    sim->now = world_time("2051-01-01T00:00:00Z");
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(post(DRAFT), 503);
    assert_true(answer_has("certificate"));
    nothing_changed(&before);
}

// ---- signed by the cell

static void sign(struct buf *out, const char *draft, const struct signing_key *key, utc_ms issued)
{
    struct core *c = &sim->nodes[GBR].core;
    struct arena *a = xml_arena_new(strlen(draft));
    const struct report *r;
    const struct report_finish with = {.id = sim_id(1), .version = 1, .issued = issued, .random = &c->random, .key = key};
    buf_init(out, RENDITION_BYTES_MAX);
    assert_int_equal(report_read(span_cstr(draft), NULL, a, NULL, &r), ST_OK);
    assert_int_equal(report_finish(r, &with, out, NULL), ST_OK);
    arena_free(&a);
}

static void a_signed_report_keeps_its_bytes(void **state)
{
    (void)state;
    struct buf b;
    sign(&b, DRAFT, sim->nodes[GBR].core.report_key, sim->now - 3600000);
    assert_int_equal(post_bytes(buf_bytes(&b)), 201);
    assert_string_equal(sim_text(sim, GBR, 1), buf_cstr(&b));
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(post_bytes(buf_bytes(&b)), 201);
    sim->now += 100 * (int64_t)86400000;
    assert_int_equal(post_bytes(buf_bytes(&b)), 201);
    nothing_changed(&before);
    buf_fini(&b);
}

static void other_signatures_are_refused(void **state)
{
    (void)state;
    struct buf b;
    struct digest before = flow_store(sim, GBR);
    sign(&b, DRAFT, sim->nodes[FRA].core.report_key, sim->now);
    assert_int_equal(post_bytes(buf_bytes(&b)), 422);
    assert_true(has_fault("signature", "key"));
    buf_fini(&b);
    sign(&b, DRAFT, sim->nodes[GBR].core.report_key, sim->now);
    uint8_t *text = memmem(b.ptr, b.len, "for all", 7);
    text[0] = 'F';
    assert_int_equal(post_bytes(buf_bytes(&b)), 422);
    assert_true(has_fault("digest", "altered"));
    buf_fini(&b);
    // A time to come would hold back nothing and make the report look newer than it is.
    sign(&b, DRAFT, sim->nodes[GBR].core.report_key, sim->now + 3600000);
    assert_int_equal(post_bytes(buf_bytes(&b)), 422);
    assert_true(has_fault("issued", "2026-11-22T13:00:00Z"));
    buf_fini(&b);
    nothing_changed(&before);
}

// ---- again, and in conflict

static void the_same_again_answers_as_the_first_time(void **state)
{
    static const char *const drafts[] = {DRAFT, WITH_ID(ID_1, "x")};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char id[64], *body;
        assert_int_equal(post(drafts[i]), 201);
        snprintf(id, sizeof id, "%s", published_id());
        body = strdup(buf_cstr(&got.body));
        struct digest before = flow_store(sim, GBR);
        sim->now += 29 * (int64_t)86400000;
        assert_int_equal(post(drafts[i]), 201);
        assert_string_equal(published_id(), id);
        assert_string_equal(flow_header(&got, "ETag"), "\"1\"");
        assert_string_equal(buf_cstr(&got.body), body);
        nothing_changed(&before);
        free(body);
    }
    assert_int_equal(sim->nodes[GBR].core.published, 2);
}

static void after_thirty_days_only_the_id_tells(void **state)
{
    (void)state;
    char id[64];
    assert_int_equal(post(DRAFT), 201);
    snprintf(id, sizeof id, "%s", published_id());
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    sim->now += 31 * (int64_t)86400000;
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    assert_string_equal(published_id(), ID_1);
    nothing_changed(&before);
    assert_int_equal(post(DRAFT), 201);
    assert_string_not_equal(published_id(), id);
}

static void other_bytes_under_a_taken_id_are_a_conflict(void **state)
{
    (void)state;
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(post(WITH_ID(ID_1, "y")), 409);
    assert_string_equal(problem->type, "conflict");
    // Another cell's draft of the same id; and the same bytes, which are not its own.
    assert_int_equal(ask(ROLE_CELL, "J9", "POST", "/v1/reports", "",
                         span_cstr(W_REPORT(SIM_FOR_ALL,
                                            "<header type='INTREP' report='urn:uuid:" ID_1 "'><originator nation='GBR' cell='J9'/>"
                                            "<title>t</title></header>", W_PORTION("")))), 409);
    assert_int_equal(ask(ROLE_CELL, "J9", "POST", "/v1/reports", "", span_cstr(WITH_ID(ID_1, "x"))), 422);
    assert_int_equal(preview(WITH_ID(ID_1, "y")), 409);
    nothing_changed(&before);
    // Two cells may publish the same words: without an id they are two reports.
    assert_int_equal(sim_events(sim, GBR, AUDIT_PUBLISH), 1);
}

static void a_recalled_id_is_never_used_again(void **state)
{
    (void)state;
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    sim_recall(sim, GBR, 1);
    struct digest before = flow_store(sim, GBR);
    for (int days = 0; days < 2; days++) {
        assert_int_equal(post(WITH_ID(ID_1, "x")), 409);
        assert_string_equal(problem->type, "recalled");
        assert_int_equal(post(WITH_ID(ID_1, "y")), 409);
        assert_string_equal(problem->type, "recalled");
        assert_int_equal(preview(WITH_ID(ID_1, "x")), 409);
        nothing_changed(&before);
        sim->now += 31 * (int64_t)86400000;
    }
}

// An id that another nation's report has or had.
static void ids_of_received_reports_are_taken(void **state)
{
    (void)state;
    sim_policy(sim, FRA, SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "withdraw")));
    sim_publish(sim, FRA, 1, 1, W_REPORT(W_ALFA("U", W_REL(W_V("TEAM"))), W_HEADER_OF("", "", "FRA", ""), W_PORTION("")));
    sim_policy(sim, FRA,
               "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='1'>" W_SECURITY
               "<communities><community id='TEAM'><member partner='GBR'/></community></communities><partners>" SIM_PARTNER("GBR")
               "</partners><agreements>" W_AGREEMENT("A", "GBR", SIM_TERMS("forbidden", "withdraw")) "</agreements></policy>");
    sim_redecide(sim, FRA, 1);
    assert_int_equal(sim_pull(sim, GBR, FRA), ST_OK);
    assert_non_null(sim_text(sim, GBR, 1));
    assert_int_equal(post(WITH_ID(ID_1, "x")), 409);
    sim_policy(sim, FRA, SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "withdraw")));
    sim_redecide(sim, FRA, 1);
    assert_int_equal(sim_pull(sim, GBR, FRA), ST_OK);
    assert_null(sim_text(sim, GBR, 1));
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(post(WITH_ID(ID_1, "x")), 409);
    nothing_changed(&before);
}

// ---- preview

static void a_preview_stores_nothing(void **state)
{
    (void)state;
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(preview(DRAFT), 200);
    assert_true(answer_has("outcome=\"redact\" partner=\"FRA\""));
    assert_true(answer_has("withheld=\"e2\""));
    assert_false(answer_has("digest"));
    assert_int_equal(ask(ROLE_OFFICER, "SMITH", "POST", "/v1/preview", "", span_cstr(DRAFT)), 200);
    assert_int_equal(preview(W_REPORT(SIM_FOR_ALL, W_HEADER_OF("version='7' issued='2020-01-01T00:00:00Z'", "", "GBR", ""), W_PORTION(""))), 200);
    nothing_changed(&before);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "");
}

// ---- recall

#define REASON "?reason=wrong%20ship"

static int recall(enum role role, const char *who, const char *id, const char *query, const char *headers)
{
    char target[600];
    snprintf(target, sizeof target, "/v1/reports/%s%s", id, query);
    return ask(role, who, "DELETE", target, headers, span_of(NULL, 0));
}

static void recalls_need_version_and_reason(void **state)
{
    static const char is_1[] = "If-Match: \"1\"\r\n";
    char longest[300] = "?reason=";
    (void)state;
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, REASON, ""), 412);
    assert_non_null(strstr(problem->detail, "\"1\""));
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, REASON, "If-Match: \"2\"\r\n"), 412);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, REASON, "If-Match: W/\"1\"\r\n"), 412);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, REASON, "If-Match: *\r\n"), 412);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, "", is_1), 422);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, "?reason=", is_1), 422);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, "?reason=%20%20", is_1), 422);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, "?reason=a%1bb", is_1), 422);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, "?reason=a%ff", is_1), 422);
    memset(longest + 8, 'x', 256);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, longest, is_1), 422);
    assert_int_equal(recall(ROLE_CELL, "J9", ID_1, REASON, is_1), 404);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_2, REASON, is_1), 404);
    assert_int_equal(recall(ROLE_PARTNER, "FRA", ID_1, REASON, is_1), 405);
    nothing_changed(&before);
    longest[8 + 255] = 0;
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, longest, is_1), 204);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 X1");
    assert_int_equal(sim->nodes[GBR].core.recalled, 1);
    before = flow_store(sim, GBR);
    assert_int_equal(recall(ROLE_CELL, "J2", ID_1, REASON, is_1), 410);
    assert_int_equal(recall(ROLE_CELL, "J9", ID_1, REASON, is_1), 410);
    nothing_changed(&before);
}

static void an_officer_recalls_any_own_report(void **state)
{
    (void)state;
    assert_int_equal(post(WITH_ID(ID_1, "x")), 201);
    assert_int_equal(recall(ROLE_OFFICER, "SMITH", ID_1, REASON, "If-Match: \"1\"\r\n"), 204);
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1 X1");
}

static void other_nations_reports_are_not_ours_to_recall(void **state)
{
    (void)state;
    sim_policy(sim, FRA,
               "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='1'>" W_SECURITY
               "<communities><community id='TEAM'><member partner='GBR'/></community></communities><partners>" SIM_PARTNER("GBR")
               "</partners><agreements>" W_AGREEMENT("A", "GBR", SIM_TERMS("forbidden", "withdraw")) "</agreements></policy>");
    sim_publish(sim, FRA, 1, 1, W_REPORT(W_ALFA("U", W_REL(W_V("TEAM"))), W_HEADER_OF("", "", "FRA", ""), W_PORTION("")));
    assert_int_equal(sim_pull(sim, GBR, FRA), ST_OK);
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(recall(ROLE_OFFICER, "SMITH", ID_1, REASON, "If-Match: \"1\"\r\n"), 404);
    nothing_changed(&before);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_answer_says_who_gets_what),
        T(issued_is_the_time_of_publication),
        T(padding_does_not_run_out_of_memory),
        T(many_parts_for_many_partners),
        T(odd_drafts_are_published_or_refused),
        T(every_refusal_changes_nothing),
        T(all_faults_come_at_once),
        T(too_large_is_413),
        T(an_expired_signing_certificate_is_said),
        T(a_signed_report_keeps_its_bytes),
        T(other_signatures_are_refused),
        T(the_same_again_answers_as_the_first_time),
        T(after_thirty_days_only_the_id_tells),
        T(other_bytes_under_a_taken_id_are_a_conflict),
        T(a_recalled_id_is_never_used_again),
        T(ids_of_received_reports_are_taken),
        T(a_preview_stores_nothing),
        T(recalls_need_version_and_reason),
        T(an_officer_recalls_any_own_report),
        T(other_nations_reports_are_not_ours_to_recall),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
