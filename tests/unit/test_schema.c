// formats/schema: what our writers write and what the project ships is valid by the project's own schemas, each of
// which compiles; and the schemas refuse what is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/audit_event.h"
#include "formats/csv_map.h"
#include "formats/feed.h"
#include "formats/partner_card.h"
#include "formats/policy_bundle.h"
#include "formats/policy_document.h"
#include "formats/policy_test.h"
#include "formats/problem.h"
#include "formats/report.h"
#include "formats/vocabulary.h"
#include "node/core/audit_flow.h"
#include "node/core/consent.h"
#include "node/core/hold.h"
#include "node/core/policy_diff.h"
#include "node/core/policy_flow.h"
#include "node/core/publish.h"
#include "node/core/search_flow.h"
#include "tests/support/docs_schema.h"
#include "tests/support/import_support.h"
#include "tests/support/two_nodes.h"

#define NS_PROBLEM_FAULTS "urn:relto:problem:1"

static const utc_ms now = 1795354502120; // 2026-11-22T13:35:02.120Z

static void valid(struct span document)
{
    const char *fault = docs_schema_fault(document);
    if (fault)
        fail_msg("%s\nin %.*s", fault, (int)(document.len < 2000 ? document.len : 2000), (const char *)document.ptr);
}

static void each_namespace_has_its_schema(void **state)
{
    (void)state;
    static const char *const ours[] = {NS_REPORT, NS_POLICY, NS_VOCABULARY, NS_POLICY_BUNDLE,  NS_LEDGER,
                                       NS_AUDIT,  NS_FEED,   NS_CARD,       NS_PROBLEM_FAULTS, NS_DECISIONS, NS_POLICY_TEST, NS_HOLDS, NS_CONSENT, NS_CONSENTS, NS_POLICY_STATE, NS_POLICY_DIFF, NS_CSV_MAP, "urn:relto:answer:1", NS_AUDIT_EVENTS, NS_SEARCH};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!docs_schema_known(ours[i]))
            fail_msg("no schema for %s", ours[i]);
    if (docs_schema_without_grammar())
        fail_msg("no RELAX NG schema for %s: run tools/dev/rng", docs_schema_without_grammar());
}

// ---- entries, events, problems, pages

static struct ledger_entry entry(enum entry_kind kind, uint64_t n)
{
    struct ledger_entry e = {.kind = kind, .n = n, .at = now + (utc_ms)n, .version = 3, .onward = ONWARD_CONSENT};
    memset(e.salt, 0xa5, sizeof e.salt);
    memset(e.report.b, 0x5a, sizeof e.report.b);
    return e;
}

static void ledger_entries(void **state)
{
    (void)state;
    for (enum entry_kind k = ENTRY_RELEASE; k <= ENTRY_HEAD; k++) {
        struct ledger_entry e = entry(k, UINT64_MAX - (uint64_t)k);
        struct buf b;
        buf_init(&b, 4 * KIB);
        e.onward = (enum onward)((unsigned)k % 3);
        e.at = now;
        ledger_entry_write(&e, &b);
        valid(buf_bytes(&b));
        buf_fini(&b);
    }
}

static void audit_events_of_every_kind(void **state)
{
    (void)state;
    static const char detail[] = "<decision outcome=\"deny\" partner=\"FRA\" reason=\"rule\" rule=\"D-1\"></decision>";
    for (int k = 0; k < AUDIT_KIND_COUNT; k++) {
        struct audit_event e = {.kind = (enum audit_kind)k, .n = (uint64_t)k, .at = now, .actor = "cell:J2-NORTH",
                                .has_report = k % 2, .version = (uint32_t)k % 3, .partner = k % 5 ? "FRA" : NULL,
                                .detail = span_cstr(k % 2 ? detail : "")};
        struct buf b;
        buf_init(&b, 4 * KIB);
        audit_event_attr(&e, "reason", "wrong <position> & more");
        audit_event_write(&e, &b);
        valid(buf_bytes(&b));
        buf_fini(&b);
    }
}

static void problem_documents(void **state)
{
    (void)state;
    struct diag *d = malloc(sizeof *d);
    struct buf b;
    size_t count;
    assert_non_null(d);
    diag_init(d, "draft.xml");
    diag_add(d, 3, 9, "label-too-low", "portion e2", "is \"%s\"", "SECRET <A>");
    diag_add(d, 0, 0, "version", NULL, "expected 1");
    d->dropped = 12;
    buf_init(&b, 64 * KIB);
    problem_write("invalid-report", 422, "The report is not valid", "Correct it.", d, &b);
    const char *fault = docs_schema_fault_inside(buf_bytes(&b), NS_PROBLEM_FAULTS, &count);
    if (fault)
        fail_msg("%s", fault);
    assert_int_equal(count, 3);
    buf_fini(&b);
    free(d);
}

static void feed_frames(void **state)
{
    (void)state;
    static const char note[] = "gbr.example/release/FRA\n44\nAAAA\n\n\xe2\x80\x94 gbr.example BBBB\n";
    struct feed_item items[] = {
        {.kind = FEED_REPORT, .n = 40, .entry = entry(ENTRY_RELEASE, 40), .title = "A < B", .author = "GBR"},
        {.kind = FEED_TOMBSTONE, .n = 41, .entry = entry(ENTRY_RECALL, 41)},
        {.kind = FEED_TOMBSTONE, .n = 42, .entry = entry(ENTRY_WITHDRAW, 42)},
        {.kind = FEED_POSITION, .n = 43, .entry = entry(ENTRY_HEAD, 43)},
        {.kind = FEED_POSITION, .n = 44, .entry = entry(ENTRY_RELEASE, 44)},
        {.kind = FEED_LEAF, .n = 45, .leaf = sha256(span_cstr("leaf"))},
    };
    enum { ITEMS = sizeof items / sizeof *items };
    struct feed_page page = {.sender = "GBR", .recipient = "FRA", .updated = now, .self_href = "/v1/feed",
                             .next_href = "/v1/feed?after=abc", .cursor = "abc", .more = true,
                             .checkpoint = span_cstr(note), .items = items, .item_count = ITEMS};
    struct feed_slot slots[ITEMS];
    struct buf frame;
    size_t slots_used, count;
    buf_init(&frame, 64 * KIB);
    feed_write_frame(&page, &frame, slots, &slots_used);
    assert_int_equal(slots_used, 1);
    const char *fault = docs_schema_fault_inside(buf_bytes(&frame), NS_FEED, &count);
    if (fault)
        fail_msg("%s", fault);
    assert_int_equal(count, ITEMS + 2); // one each, cursor and checkpoint
    buf_fini(&frame);
}

// ---- what ships

static struct span conf_file(struct arena *a, const char *path)
{
    return import_test_file(a, arena_printf(a, SOURCE_DIR "/conf/%s", path));
}

static void shipped_policies_and_vocabulary(void **state)
{
    (void)state;
    static const char *const files[] = {"vocabulary.xml", "policies/gbr.xml", "policies/fra.xml", "policies/marsec.xml",
                                        "policies/tests/gbr.xml", "policies/tests/fra.xml", "policies/tests/marsec.xml",
                                        "import/asam.xml"};
    struct arena *a = arena_new(16 * MIB);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        valid(conf_file(a, files[i]));
    struct policy_bundle bundle = {.policy = {"gbr.xml", conf_file(a, "policies/gbr.xml")},
                                   .vocabulary = {"vocabulary.xml", conf_file(a, "vocabulary.xml")},
                                   .spifs = {{"nato.xml", conf_file(a, "spif/nato.xml")}, {"gbr.xml", conf_file(a, "spif/gbr.xml")}},
                                   .spif_count = 2,
                                   .pad = 8};
    struct buf b;
    buf_init(&b, 16 * MIB);
    policy_bundle_write(&bundle, &b);
    valid(buf_bytes(&b));
    buf_fini(&b);
    arena_free(&a);
}

static void imported_drafts(void **state)
{
    (void)state;
    static const struct {
        import_function *fn;
        const char *file;
    } samples[] = {{import_asam, "samples/asam.csv"},
                   {import_csv, "samples/asam.csv"},
                   {import_navwarn, "samples/navwarnings.json"},
                   {import_csaf, "samples/csaf/icsa-24-291-01.json"}};
    struct import_options options = {.nation = "GBR", .cell = "J2-MARITIME"};
    struct kept_drafts *kept = calloc(1, sizeof *kept);
    assert_non_null(kept);
    kept->a = arena_new(64 * MIB);
    assert_int_equal(csv_map_read(conf_file(kept->a, "import/asam.xml"), "asam.xml", kept->a, NULL, &options.map), ST_OK);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct import_counts counts;
        kept->count = 0;
        assert_int_equal(samples[i].fn(conf_file(kept->a, samples[i].file), &options, import_keep, kept, NULL, &counts), ST_OK);
        assert_true(kept->count > 0);
        for (size_t k = 0; k < kept->count; k++)
            valid(span_of(kept->drafts[k].xml, kept->drafts[k].len));
    }
    arena_free(&kept->a);
    free(kept);
}

// ---- what the node answers to a cell

#define TERMS(approval, embargo)                                                                             \
    "<terms redaction='permitted' approval='" approval "' embargo='" embargo "' onward='consent' lapse='retain'/>"
#define PARTNER(id) "<partner id='" id "' name='" id "' kind='nation'><clearance policy='ALFA' max='S'/></partner>"
#define ANSWERS_POLICY                                                                                       \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY                                   \
    "<communities><community id='TEAM'><member partner='EMB'/><member partner='HLD'/></community></communities>" \
    "<partners>" PARTNER("FRA") PARTNER("DEU") PARTNER("EMB") PARTNER("HLD") PARTNER("DNY") PARTNER("NOA")     \
    "</partners><denials><deny id='D-1' partners='DNY' withdraw='false'><when><type any-of='INTREP'/></when>"  \
    "<reason>Never.</reason></deny></denials><agreements>"                                                     \
    W_AGREEMENT("A", "FRA DEU", TERMS("0", "PT0S")) W_AGREEMENT("B", "EMB", TERMS("0", "PT6H"))                \
    W_AGREEMENT("C", "HLD", TERMS("2", "PT0S")) "</agreements></policy>"
#define FOR_ALL W_ALFA("R", W_REL(W_V("FRA") W_V("DEU") W_V("TEAM")))
#define ANSWERED_DRAFT                                                                                       \
    W_REPORT(FOR_ALL, W_HEADER_OF("separable='true'", "", "GBR", ""),                                          \
             "<portion><text>for all</text></portion><portion>" SIM_ONLY("FRA") "<text>for one</text></portion>")

typedef enum status answer_flow(struct tick *t, const struct request *rq, struct reply *rp);

// The answer must be valid and say all of `words`.
static void answered(struct sim *s, answer_flow *flow, int status, const char *const *words, size_t count)
{
    struct request *rq = calloc(1, sizeof *rq);
    struct reply rp;
    struct tick *t = sim_tick(s, 0);
    rq->who.role = ROLE_CELL;
    snprintf(rq->who.id, sizeof rq->who.id, "J2");
    rq->body = span_cstr(ANSWERED_DRAFT);
    rq->received_at = t->now;
    reply_init(&rp);
    assert_int_equal(flow(t, rq, &rp), ST_OK);
    sim_commit(t);
    if (rp.status != status)
        fail_msg("%d: %s", rp.status, buf_cstr(&rp.body));
    valid(buf_bytes(&rp.body));
    for (size_t i = 0; i < count; i++)
        if (!strstr(buf_cstr(&rp.body), words[i]))
            fail_msg("no %s in %s", words[i], buf_cstr(&rp.body));
    reply_fini(&rp);
    free(rq);
}

static void answers_to_cells(void **state)
{
    (void)state;
    static const char *const policies[] = {ANSWERS_POLICY};
    static const char *const outcomes[] = {"outcome=\"release\" partner=\"FRA\"", "outcome=\"redact\" partner=\"DEU\"",
                                           "outcome=\"embargo\" partner=\"EMB\"", "outcome=\"hold\" partner=\"HLD\"",
                                           "outcome=\"deny\" partner=\"DNY\" reason=\"rule\" rule=\"D-1\"",
                                           "outcome=\"deny\" partner=\"NOA\" reason=\"no-agreement\"", "report=\"urn:uuid:"};
    enum { COUNT = sizeof outcomes / sizeof *outcomes };
    struct sim *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sim_init(s, 1, policies);
    answered(s, publish_preview, 200, outcomes, COUNT - 1);
    answered(s, publish_report, 201, outcomes, COUNT);
    answered(s, publish_report, 201, outcomes, COUNT); // the same draft again
    sim_free(&s);
}

// ---- what the schemas refuse

#define DECISION(attrs) "<decisions xmlns='urn:relto:decisions:1'><decision " attrs "/></decisions>"
#define ENTRY(attrs) "<entry xmlns='urn:relto:ledger:1' at='2026-11-22T13:35:02.120Z' salt='AAAAAAAAAAAAAAAAAAAAAA==' " attrs "/>"

static void wrong_documents_are_refused(void **state)
{
    (void)state;
    static const char *const good[] = {
        DECISION("partner='FRA' outcome='embargo' reason='-' agreement='A' until='2026-11-22T13:35:02Z' withheld='-'"),
        DECISION("partner='FRA' outcome='hold' reason='approval' withheld='label,e2,e3'"),
        ENTRY("kind='head' n='0'"),
        "<vocabulary xmlns='urn:relto:vocabulary:1'><types/><topics/><areas/></vocabulary>",
    };
    static const char *const wrong[] = {
        DECISION("partner='FRA' outcome='allow' reason='-'"),
        DECISION("partner='FRA' outcome='deny' reason='because'"),
        DECISION("partner='FRA' outcome='deny'"),
        DECISION("outcome='deny' reason='rule'"),
        DECISION("partner='FRA' outcome='embargo' reason='-' until='tomorrow'"),
        DECISION("partner='FRA' outcome='redact' reason='-' withheld='e2, e3'"),
        "<decisions xmlns='urn:relto:decisions:1' digest='md5:00'/>",
        "<decisions xmlns='urn:relto:decisions:1'><decision partner='A' outcome='deny' reason='rule'/>"
        "<decision partner='A' outcome='release' reason='-'/></decisions>",
        ENTRY("kind='gift' n='0'"),
        ENTRY("kind='head' n='-1'"),
        "<event xmlns='urn:relto:audit:1' actor='node' at='2026-11-22T13:35:02.120Z' kind='party' n='1' salt='AAAAAAAAAAAAAAAAAAAAAA=='/>",
        "<vocabulary xmlns='urn:relto:vocabulary:1'><types><type>no id</type></types><topics/><areas/></vocabulary>",
        "<policy xmlns='urn:relto:policy:1' nation='GBR'/>",
        "<card xmlns='urn:relto:card:1'/>",
        "<report xmlns='urn:relto:report:1'/>",
        "<stranger xmlns='urn:relto:stranger:1'/>",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        valid(span_cstr(good[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *by = docs_schema_accepted(span_cstr(wrong[i]));
        bool unique = strstr(wrong[i], "partner='A' outcome='release'"); // RELAX NG knows no uniqueness
        if (by && !(unique && strcmp(by, "RELAX NG") == 0))
            fail_msg("taken as valid by %s: %s", by, wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_namespace_has_its_schema),
        cmocka_unit_test(ledger_entries),
        cmocka_unit_test(audit_events_of_every_kind),
        cmocka_unit_test(problem_documents),
        cmocka_unit_test(feed_frames),
        cmocka_unit_test(shipped_policies_and_vocabulary),
        cmocka_unit_test(imported_drafts),
        cmocka_unit_test(answers_to_cells),
        cmocka_unit_test(wrong_documents_are_refused),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
