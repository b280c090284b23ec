// formats/feed: pages are written, read back with exact byte ranges, and refused when anything is off.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/feed.h"
#include "tests/support/store_xsd.h"

static const char first_report[] = "<report xmlns=\"urn:relto:report:1\"><header>one &amp; \xc3\xa9</header></report>";
static const char second_report[] = "<report xmlns=\"urn:relto:report:1\"></report>";
static const char note_text[] = "gbr.example/release/FRA\n44\nAAAA\n\n\xe2\x80\x94 gbr.example/release/FRA BBBB+/=\n";

static struct ledger_entry entry(enum entry_kind kind, uint64_t n)
{
    struct ledger_entry e = {.kind = kind, .n = n, .at = 1795354502120 + (utc_ms)n, .version = 2};
    e.salt[3] = (uint8_t)n;
    e.report.b[0] = (uint8_t)n;
    return e;
}

static struct feed_page sample(struct feed_item items[5])
{
    items[0] = (struct feed_item){.kind = FEED_REPORT, .n = 40, .entry = entry(ENTRY_RELEASE, 40), .title = "A < B",
                                  .author = "GBR", .content = span_cstr(first_report)};
    items[1] = (struct feed_item){.kind = FEED_TOMBSTONE, .n = 41, .entry = entry(ENTRY_RECALL, 41)};
    items[2] = (struct feed_item){.kind = FEED_POSITION, .n = 42, .entry = entry(ENTRY_HEAD, 42)};
    items[3] = (struct feed_item){.kind = FEED_LEAF, .n = 43, .leaf = sha256(span_cstr("leaf"))};
    items[4] = (struct feed_item){.kind = FEED_REPORT, .n = 44, .entry = entry(ENTRY_RELEASE, 44), .title = "second",
                                  .author = "USA", .with.certificate = span_cstr("\x30\x03" "DER"), .content = span_cstr(second_report)};
    return (struct feed_page){.sender = "GBR", .recipient = "FRA", .updated = 1795354502164,
                              .self_href = "/v1/feed?after=a&limit=5", .next_href = "/v1/feed?after=abc&limit=5",
                              .cursor = "abc-1", .more = true, .checkpoint = span_cstr(note_text),
                              .items = items, .item_count = 5};
}

static void write_page(const struct feed_page *p, struct buf *out)
{
    struct buf frame;
    struct feed_slot slots[8];
    size_t count, done = 0;
    buf_init(&frame, MIB);
    feed_write_frame(p, &frame, slots, &count);
    for (size_t i = 0; i < count; i++) {
        buf_put(out, frame.ptr + done, slots[i].at - done);
        buf_span(out, p->items[slots[i].item].content);
        done = slots[i].at;
    }
    buf_put(out, frame.ptr + done, frame.len - done);
    assert_int_equal(buf_status(&frame), ST_OK);
    buf_fini(&frame);
}

static void a_page_round_trips(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items), back;
    struct buf b;
    buf_init(&b, MIB);
    write_page(&p, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(feed_read(buf_bytes(&b), a, NULL, &back), ST_OK);
    assert_string_equal(back.sender, "GBR");
    assert_string_equal(back.recipient, "FRA");
    assert_string_equal(back.cursor, "abc-1");
    assert_string_equal(back.self_href, p.self_href);
    assert_string_equal(back.next_href, p.next_href);
    assert_true(back.more);
    assert_true(back.updated == p.updated);
    assert_true(span_eq_cstr(back.checkpoint, note_text));
    assert_int_equal(back.item_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(back.items[i].kind, items[i].kind);
        assert_int_equal(back.items[i].n, 40 + i);
    }
    assert_string_equal(back.items[0].title, "A < B");
    assert_string_equal(back.items[4].author, "USA");
    assert_true(span_eq_cstr(back.items[0].content, first_report));
    assert_true(span_eq_cstr(back.items[4].content, second_report));
    assert_ptr_equal(back.items[0].content.ptr, (uint8_t *)memmem(b.ptr, b.len, first_report, strlen(first_report)));
    assert_int_equal(back.items[0].with.certificate.len, 0);
    assert_true(span_eq(back.items[4].with.certificate, items[4].with.certificate));
    assert_true(digest_eq(&back.items[3].leaf, &items[3].leaf));
    assert_int_equal(back.items[1].entry.kind, ENTRY_RECALL);
    arena_free(&a);
    buf_fini(&b);
}

// A second opinion: the whole page, renditions included, is its own canonical form for libxml2 too.
static void a_page_is_canonical_xml(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items);
    struct buf b, c;
    buf_init(&b, MIB);
    buf_init(&c, MIB);
    write_page(&p, &b);
    assert_true(store_xsd_canonical(buf_bytes(&b), &c));
    assert_string_equal(buf_cstr(&b), buf_cstr(&c));
    buf_fini(&b);
    buf_fini(&c);
}

static void check_part(const char *page, const char *from, const char *until)
{
    const char *at = strstr(page, from);
    assert_non_null(at);
    const char *end = strstr(at, until);
    assert_non_null(end);
    assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/feed.xsd", span_of(at, (size_t)(end - at) + strlen(until))));
}

static void own_elements_are_valid_to_the_schema(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items);
    struct buf b;
    buf_init(&b, MIB);
    write_page(&p, &b);
    check_part(buf_cstr(&b), "<r:cursor ", "</r:cursor>");
    check_part(buf_cstr(&b), "<r:checkpoint ", "</r:checkpoint>");
    check_part(buf_cstr(&b), "<r:leaf ", "</r:leaf>");
    check_part(buf_cstr(&b), "<r:certificate ", "</r:certificate>");
    check_part(buf_cstr(&b), "<r:entry ", "</r:entry>");
    assert_false(store_xsd_valid(SOURCE_DIR, "formats/schema/feed.xsd",
                                 span_cstr("<r:leaf xmlns:r=\"urn:relto:feed:1\" hash=\"x\" n=\"1\"/>")));
    buf_fini(&b);
}

// Replace the first `old` in the page by `new` and read: must fail with this status and (unless NULL) rule.
static void refused(const char *old, const char *new, enum status expected, const char *rule)
{
    struct feed_item items[5];
    struct feed_page p = sample(items), back;
    struct diag *d = calloc(1, sizeof *d);
    struct buf b, c;
    buf_init(&b, MIB);
    buf_init(&c, MIB);
    write_page(&p, &b);
    const char *text = buf_cstr(&b), *at = strstr(text, old);
    assert_non_null(at);
    buf_put(&c, text, (size_t)(at - text));
    buf_puts(&c, new);
    buf_puts(&c, at + strlen(old));
    struct arena *a = xml_arena_new(c.len);
    enum status st = feed_read(buf_bytes(&c), a, d, &back);
    if (st != expected || (rule && strcmp(d->faults[0].rule, rule) != 0))
        fail_msg("\"%s\" -> \"%s\": %s [%s] %s", old, new, status_text(st), d->faults[0].rule, d->faults[0].message);
    assert_null(back.items);
    assert_true(d->count > 0);
    arena_free(&a);
    buf_fini(&b);
    buf_fini(&c);
    free(d);
}

static void what_is_off_is_refused(void **state)
{
    (void)state;
    refused("<link ", "x<link ", ST_INVALID, "unexpected-text");
    refused("<author>", "<author >", ST_INVALID, "not-canonical");
    refused("></link>", "/>", ST_INVALID, "not-canonical");
    refused("</content></entry></feed>", "</entry></feed>", ST_MALFORMED, "xml-malformed");
    refused("<content type=\"application/xml\">", "<content>", ST_INVALID, "wrong-value");
    refused("</title><updated>", "</title><x></x><updated>", ST_INVALID, "missing-element");
    refused("more=\"true\"", "more=\"yes\"", ST_INVALID, "wrong-value");
    refused(">abc-1<", ">a b<", ST_INVALID, "wrong-value");
    refused("</feed>", "<x></x></feed>", ST_INVALID, "unknown-element");
    refused("</feed>", "<content type=\"application/xml\">x</content></feed>", ST_INVALID, "unknown-element");
    refused("kind=\"release\"", "kind=\"withdraw\"", ST_INVALID, "ledger-entry");
    refused("kind=\"recall\"", "kind=\"head\"", ST_INVALID, "ledger-entry");
    refused("<id>urn:uuid:28", "<id>urn:uuid:29", ST_INVALID, "wrong-value");
    refused("ref=\"urn:uuid:29", "ref=\"urn:uuid:28", ST_INVALID, "wrong-value");
    refused("when=\"2026", "when=\"2025", ST_INVALID, "wrong-value");
    refused("</r:certificate>", "=</r:certificate>", ST_INVALID, "wrong-value");
    refused("</r:certificate>", "</r:certificate><r:certificate xmlns:r=\"urn:relto:feed:1\">MAM=</r:certificate>", ST_INVALID,
            "missing-element");
    refused("hash=\"sha256:", "hash=\"", ST_INVALID, "wrong-value");
    refused(" n=\"43\"", " n=\"043\"", ST_INVALID, "wrong-value");
    refused("urn:relto:gbr:feed:FRA", "urn:relto:GBR:feed:FRA", ST_INVALID, "wrong-value");
    refused("urn:relto:gbr:feed:FRA", "urn:relto:fra:feed:FRA", ST_INVALID, "wrong-value");
    refused("rel=\"first\"", "rel=\"last\"", ST_INVALID, "wrong-value");
    refused("<feed ", "<!DOCTYPE feed><feed ", ST_MALFORMED, "xml-doctype");
    refused("<feed ", "<?xml version=\"1.0\"?><feed ", ST_INVALID, "not-canonical");
    refused("<author>", "<!-- <content type=\"application/xml\"></content> --><author>", ST_MALFORMED, "xml-comment");
    // A content that is no content to our search, so that the pairing of ranges could slip.
    refused("<content type=\"application/xml\"><report xmlns=\"urn:relto:report:1\"></report></content>",
            "<c:content xmlns:c=\"http://www.w3.org/2005/Atom\" type=\"application/xml\"></c:content>", ST_INVALID,
            "wrong-value");
    refused("<title>A &lt; B</title>", "<title><content type=\"application/xml\">x</content></title>", ST_INVALID,
            "unexpected-element");
}

// What stands in a content is not read here: the page goes on around a broken report.
static void a_broken_report_does_not_break_the_page(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items), back;
    struct buf b;
    buf_init(&b, MIB);
    items[0].content = span_cstr("<report><!DOCTYPE x><unclosed & <!-- <entry>");
    write_page(&p, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(feed_read(buf_bytes(&b), a, NULL, &back), ST_OK);
    assert_true(span_eq(back.items[0].content, items[0].content));
    assert_true(span_eq_cstr(back.items[4].content, second_report));
    arena_free(&a);
    buf_fini(&b);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items), back;
    struct buf b;
    buf_init(&b, MIB);
    write_page(&p, &b);
    for (size_t n = 0; n < b.len; n++) {
        struct arena *a = xml_arena_new(b.len);
        assert_int_not_equal(feed_read(span_of(b.ptr, n), a, NULL, &back), ST_OK);
        arena_free(&a);
    }
    buf_fini(&b);
}

static void long_titles_are_cut_between_characters(void **state)
{
    (void)state;
    struct feed_item items[5];
    struct feed_page p = sample(items), back;
    char title[FEED_TITLE_MAX + 100];
    struct buf b;
    for (size_t i = 0; i + 2 < sizeof title; i += 2)
        memcpy(title + 1 + i, "\xc3\xa9", 2);
    title[0] = 'x';
    title[sizeof title - 1] = 0;
    items[0].title = title;
    buf_init(&b, MIB);
    write_page(&p, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(feed_read(buf_bytes(&b), a, NULL, &back), ST_OK);
    assert_int_equal(strlen(back.items[0].title), FEED_TITLE_MAX - 1);
    arena_free(&a);
    buf_fini(&b);
}

static void limits_hold(void **state)
{
    (void)state;
    enum { MANY = 1025 };
    struct feed_item fixed[5], *items = calloc(MANY, sizeof *items), *one = &fixed[3];
    struct feed_page p = sample(fixed), back;
    struct buf b;
    for (size_t i = 0; i < MANY; i++) {
        items[i] = *one;
        items[i].n = i;
    }
    p.items = items;
    for (p.item_count = MANY - 1; p.item_count <= MANY; p.item_count++) {
        buf_init(&b, MIB);
        write_page(&p, &b);
        struct arena *a = xml_arena_new(b.len);
        assert_int_equal(feed_read(buf_bytes(&b), a, NULL, &back), p.item_count == MANY ? ST_LIMIT : ST_OK);
        arena_free(&a);
        buf_fini(&b);
    }
    struct arena *a = arena_new(MIB);
    assert_int_equal(feed_read(span_of(first_report, FEED_DOCUMENT_BYTES_MAX + 1), a, NULL, &back), ST_LIMIT);
    arena_free(&a);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_round_trips),
        cmocka_unit_test(a_page_is_canonical_xml),
        cmocka_unit_test(own_elements_are_valid_to_the_schema),
        cmocka_unit_test(what_is_off_is_refused),
        cmocka_unit_test(a_broken_report_does_not_break_the_page),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(long_titles_are_cut_between_characters),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
