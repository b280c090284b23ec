// Writes the seeds of the fuzz targets that our own writers make: fuzz_seeds FOLDER (tests/fuzz/corpus). The others are written by
// hand. Run it again when a format changes, and look at the difference.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/audit_event.h"
#include "formats/base/bug.h"
#include "formats/feed.h"
#include "formats/note.h"
#include "formats/partner_card.h"
#include "formats/policy_bundle.h"
#include "formats/problem.h"
#include "tests/support/policy_gen.h"
#include "tests/support/report_samples.h"
#include "tests/support/test_keys.h"

static const utc_ms now = 1795354502120; // 2026-11-22T13:35:02.120Z
static const char *folder;

static void save(const char *target, const char *name, struct buf *b)
{
    char path[512];
    BUG_IF(buf_status(b) != ST_OK);
    snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *f = fopen(path, "wb");
    BUG_IF(!f || fwrite(b->ptr, 1, b->len, f) != b->len || fclose(f) != 0);
    buf_reset(b);
}

static void reports(const struct test_keys *keys, struct buf *b)
{
    struct signing_key *key = NULL;
    BUG_IF(signing_key_load(test_span(keys->report.key), test_span(keys->report.cert), NULL, &key) != ST_OK);
    buf_puts(b, sample_draft);
    save("report", "draft", b);
    sample_finish(sample_draft, key, 0, 7, b);
    save("report", "rendition", b);
    sample_finish(SAMPLE_DRAFT("<portion><text>x</text></portion>"), key, 4, 8, b);
    save("report", "rendition-decoys", b);
    signing_key_free(&key);
}

static struct ledger_entry entry(enum entry_kind kind, uint64_t n)
{
    struct ledger_entry e = {.kind = kind, .n = n, .at = now + (utc_ms)n, .version = 3, .onward = ONWARD_CONSENT};
    memset(e.salt, 0xa5, sizeof e.salt);
    memset(e.report.b, 0x5a, sizeof e.report.b);
    return e;
}

static void leaves(struct buf *b)
{
    char name[32];
    for (enum entry_kind k = ENTRY_RELEASE; k <= ENTRY_HEAD; k++) {
        struct ledger_entry e = entry(k, 40 + (uint64_t)k);
        ledger_entry_write(&e, b);
        snprintf(name, sizeof name, "entry-%d", (int)k);
        save("log", name, b);
    }
    struct audit_event e = {.kind = (enum audit_kind)1, .n = 7, .at = now, .actor = "cell:J2-NORTH", .has_report = true, .version = 2,
                            .partner = "FRA", .detail = span_cstr("<decision outcome=\"deny\" partner=\"FRA\"></decision>")};
    audit_event_attr(&e, "reason", "wrong <position> & more");
    audit_event_write(&e, b);
    save("log", "event", b);
}

static void notes(const struct note_key *key, struct buf *b)
{
    struct checkpoint c = {.origin = "log.example", .size = 44};
    memset(c.root.b, 0x11, sizeof c.root.b);
    BUG_IF(checkpoint_sign(&c, key, b) != ST_OK);
    struct buf line;
    buf_init(&line, KIB);
    BUG_IF(cosignature_make(buf_bytes(b), "witness.example", key, now, &line) != ST_OK);
    buf_span(b, buf_bytes(&line));
    save("note", "checkpoint-cosigned", b);
    BUG_IF(note_sign(span_cstr("any\ntext\n"), "log.example", key, b) != ST_OK);
    save("note", "note", b);
    note_vkey("log.example", NOTE_ED25519, key->pub, b);
    save("note", "vkey", b);
    buf_puts(b, "log.example\n44\nEREREREREREREREREREREREREREREREREREREREREREQ=\n");
    save("note", "checkpoint-text", b);
    buf_fini(&line);
}

static struct consent sample_consent(bool revocation)
{
    struct consent c = {.revocation = revocation, .nation = "USA", .requester = "GBR", .what = {.recipient = "FRA", .version = 3},
                        .at = now, .expires = now + 86400000};
    memset(c.what.report.b, 0x5a, sizeof c.what.report.b);
    return c;
}

static void consents(const struct test_keys *keys, struct buf *b)
{
    struct signing_key *key = NULL;
    BUG_IF(signing_key_load(test_span(keys->report.key), test_span(keys->report.cert), NULL, &key) != ST_OK);
    for (int i = 0; i < 2; i++) {
        const struct consent c = sample_consent(i);
        BUG_IF(consent_write(&c, key, b) != ST_OK);
        save("consent", i ? "revocation" : "grant", b);
    }
    const struct consent c = sample_consent(false);
    consent_request_write(&c.what, b);
    save("consent", "request", b);
    signing_key_free(&key);
}

// A report of another nation, with what goes on with it.
static void page_passed_on(const struct signing_key *key, const struct buf *rendition, struct buf *b)
{
    const struct consent c = sample_consent(false);
    struct feed_item item = {.kind = FEED_REPORT, .n = 40, .entry = entry(ENTRY_RELEASE, 40), .title = "x", .author = "USA"};
    struct feed_page p = {.sender = "GBR", .recipient = "FRA", .updated = now, .self_href = "/v1/feed", .cursor = "abc",
                          .checkpoint = span_cstr("note\n"), .items = &item, .item_count = 1};
    struct feed_slot slot;
    struct buf frame, consent;
    size_t used;
    buf_init(&frame, MIB);
    buf_init(&consent, CONSENT_BYTES_MAX);
    BUG_IF(consent_write(&c, key, &consent) != ST_OK);
    item.with = (struct feed_carried){span_cstr("certificate"), buf_bytes(&consent), span_cstr("another")};
    feed_write_frame(&p, &frame, &slot, &used);
    buf_span(b, span_sub(buf_bytes(&frame), 0, slot.at));
    buf_span(b, buf_bytes(rendition));
    buf_span(b, span_sub(buf_bytes(&frame), slot.at, frame.len));
    save("feed", "page-passed-on", b);
    buf_fini(&frame);
    buf_fini(&consent);
}

static void page(const struct test_keys *keys, struct buf *b)
{
    static const char note[] = "gbr.example/release/FRA\n44\nAAAA\n\n\xe2\x80\x94 gbr.example BBBB\n";
    struct feed_item items[] = {
        {.kind = FEED_REPORT, .n = 40, .entry = entry(ENTRY_RELEASE, 40), .title = "A < B", .author = "GBR"},
        {.kind = FEED_TOMBSTONE, .n = 41, .entry = entry(ENTRY_RECALL, 41)},
        {.kind = FEED_POSITION, .n = 42, .entry = entry(ENTRY_HEAD, 42)},
        {.kind = FEED_LEAF, .n = 43, .leaf = sha256(span_cstr("leaf"))},
    };
    enum { ITEMS = sizeof items / sizeof *items };
    struct feed_page p = {.sender = "GBR", .recipient = "FRA", .updated = now, .self_href = "/v1/feed", .next_href = "/v1/feed?after=abc",
                          .cursor = "abc", .more = true, .checkpoint = span_cstr(note), .items = items, .item_count = ITEMS};
    struct feed_slot slots[ITEMS];
    struct signing_key *key = NULL;
    struct buf frame, rendition;
    size_t used;
    buf_init(&frame, MIB);
    buf_init(&rendition, MIB);
    BUG_IF(signing_key_load(test_span(keys->report.key), test_span(keys->report.cert), NULL, &key) != ST_OK);
    sample_finish(SAMPLE_DRAFT("<portion><text>x</text></portion>"), key, 0, 8, &rendition);
    feed_write_frame(&p, &frame, slots, &used);
    BUG_IF(used != 1);
    buf_span(b, span_sub(buf_bytes(&frame), 0, slots[0].at));
    buf_span(b, buf_bytes(&rendition));
    buf_span(b, span_sub(buf_bytes(&frame), slots[0].at, frame.len));
    save("feed", "page", b);
    page_passed_on(key, &rendition, b);
    static struct diag faults;
    diag_init(&faults, "draft.xml");
    diag_add(&faults, 3, 9, "label-too-low", "portion e2", "is \"%s\"", "SECRET <A>");
    problem_write("invalid-report", 422, "The report is not valid", "Correct it.", &faults, b);
    save("feed", "problem", b);
    signing_key_free(&key);
    buf_fini(&frame);
    buf_fini(&rendition);
}

static void card(const struct test_keys *keys, const struct note_key *key, struct buf *b)
{
    static struct partner_card c;
    c = (struct partner_card){.nation = "GBR", .node_name = "gbr.example", .trust_domain = "gbr.example", .address = "relay.gbr.example:8443",
                              .serial = 3, .issued = now, .anchors_pem = keys->ca.cert, .consent_cert_pem = keys->report.cert,
                              .report_certs = {{.pem = keys->report.cert}}, .report_cert_count = 1};
    memcpy(c.card_key, key->pub, sizeof c.card_key);
    memset(c.ledger_key, 2, sizeof c.ledger_key);
    memset(c.audit_key, 3, sizeof c.audit_key);
    memset(c.cosign_key, 4, sizeof c.cosign_key);
    BUG_IF(partner_card_write(&c, key, b) != ST_OK);
    save("card", "card", b);
}

static void worlds(struct buf *b)
{
    static struct policy_gen g;
    policy_gen_init(&g, 12, GEN_MARKINGS);
    buf_span(b, buf_bytes(&g.policy));
    save("policy", "policy", b);
    buf_span(b, buf_bytes(&g.vocabulary));
    save("policy", "vocabulary", b);
    policy_gen_label(&g, 5, b);
    save("label", "generated", b);
    policy_gen_fini(&g);
}

int main(int argc, char **argv)
{
    static const uint8_t seed[ED25519_LEN] = {1};
    static struct test_keys keys;
    struct note_key key;
    struct buf b;
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    buf_init(&b, 16 * MIB);
    test_keys_make("GBR", &keys);
    BUG_IF(note_key_from_seed(seed, &key) != ST_OK);
    reports(&keys, &b);
    leaves(&b);
    notes(&key, &b);
    page(&keys, &b);
    consents(&keys, &b);
    card(&keys, &key, &b);
    worlds(&b);
    buf_fini(&b);
    return 0;
}
