// Writing feed pages (spec 4.3). The reader is feed_read.c.
#include "formats/feed.h"

#include <ctype.h>

#include "formats/base/bug.h"
#include "formats/base/utf8.h"

bool feed_cursor_valid(const char *cursor)
{
    size_t n = strlen(cursor);
    if (n == 0 || n > FEED_CURSOR_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = cursor[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && !strchr("._~-", c))
            return false;
    }
    return true;
}

// <name>text</name>, without attributes.
static void element(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "<%s>", name);
    buf_xml_text(out, span_cstr(text));
    buf_printf(out, "</%s>", name);
}

static void author(struct buf *out, const char *nation)
{
    buf_puts(out, "<author>");
    element(out, "name", nation);
    buf_puts(out, "</author>");
}

static void link(struct buf *out, const char *href, const char *rel)
{
    buf_puts(out, "<link");
    buf_xml_attr(out, "href", href);
    buf_xml_attr(out, "rel", rel);
    buf_puts(out, "></link>");
}

static void ledger_entry(struct buf *out, const struct ledger_entry *e)
{
    buf_puts(out, "<r:entry xmlns:r=\"" NS_FEED "\"");
    ledger_entry_write_attrs(e, out);
    buf_puts(out, "></r:entry>");
}

// The title, cut at a character when it is longer than FEED_TITLE_MAX.
static struct span short_title(const char *title)
{
    struct span s = span_cstr(title);
    return span_sub(s, 0, utf8_cut(s, FEED_TITLE_MAX));
}

static void carried(struct buf *out, const struct feed_carried *c)
{
    if (c->certificate.len) {
        buf_puts(out, "<r:certificate xmlns:r=\"" NS_FEED "\">");
        base64_put(out, c->certificate);
        buf_puts(out, "</r:certificate>");
    }
    if (c->consent.len) {
        buf_puts(out, "<r:consent xmlns:r=\"" NS_FEED "\" certificate=\"");
        base64_put(out, c->consent_certificate);
        buf_puts(out, "\">");
        buf_span(out, c->consent);
        buf_puts(out, "</r:consent>");
    }
}

static void report(struct buf *out, const struct feed_item *it, struct feed_slot *slot)
{
    char id[UUID_URN_LEN + 1], updated[UTC_TEXT_MAX];
    BUG_IF(it->entry.kind != ENTRY_RELEASE);
    buf_puts(out, "<entry>");
    element(out, "id", uuid_urn(it->entry.report, id));
    buf_puts(out, "<title>");
    buf_xml_text(out, short_title(it->title));
    buf_puts(out, "</title>");
    element(out, "updated", utc_format_ms(it->entry.at, updated));
    author(out, it->author);
    ledger_entry(out, &it->entry);
    carried(out, &it->with);
    buf_puts(out, "<content type=\"application/xml\">");
    slot->at = out->len;
    buf_puts(out, "</content></entry>");
}

static void tombstone(struct buf *out, const struct ledger_entry *e)
{
    char id[UUID_URN_LEN + 1], when[UTC_TEXT_MAX];
    BUG_IF(e->kind != ENTRY_RECALL && e->kind != ENTRY_WITHDRAW);
    buf_puts(out, "<at:deleted-entry xmlns:at=\"" NS_TOMBSTONE "\"");
    buf_xml_attr(out, "ref", uuid_urn(e->report, id));
    buf_xml_attr(out, "when", utc_format_ms(e->at, when));
    buf_putc(out, '>');
    ledger_entry(out, e);
    buf_puts(out, "</at:deleted-entry>");
}

static void leaf(struct buf *out, const struct feed_item *it)
{
    char hash[DIGEST_TEXT_LEN + 1];
    buf_puts(out, "<r:leaf xmlns:r=\"" NS_FEED "\"");
    buf_xml_attr(out, "hash", digest_text(&it->leaf, hash));
    buf_printf(out, " n=\"%llu\"></r:leaf>", (unsigned long long)it->n);
}

static void head(const struct feed_page *p, struct buf *out)
{
    char lower[80], updated[UTC_TEXT_MAX];
    size_t n = strlen(p->sender);
    BUG_IF(n >= sizeof lower);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)p->sender[i]);
    buf_puts(out, "<feed xmlns=\"" NS_ATOM "\"><id>urn:relto:");
    buf_xml_text(out, span_cstr(lower));
    buf_puts(out, ":feed:");
    buf_xml_text(out, span_cstr(p->recipient));
    buf_puts(out, "</id><title>");
    buf_xml_text(out, span_cstr(p->sender));
    buf_puts(out, ", releasable to ");
    buf_xml_text(out, span_cstr(p->recipient));
    buf_puts(out, "</title>");
    element(out, "updated", utc_format_ms(p->updated, updated));
    author(out, p->sender);
    link(out, p->self_href, "self");
    link(out, "/v1/feed", "first");
    if (p->next_href)
        link(out, p->next_href, "next");
    buf_printf(out, "<r:cursor xmlns:r=\"" NS_FEED "\" more=\"%s\">%s</r:cursor>", p->more ? "true" : "false",
               p->cursor);
    buf_puts(out, "<r:checkpoint xmlns:r=\"" NS_FEED "\">");
    buf_xml_text(out, p->checkpoint);
    buf_puts(out, "</r:checkpoint>");
}

void feed_write_frame(const struct feed_page *p, struct buf *frame, struct feed_slot *slots, size_t *ret_slots)
{
    size_t count = 0;
    BUG_IF(frame->len != 0 || !feed_cursor_valid(p->cursor));
    head(p, frame);
    for (size_t i = 0; i < p->item_count; i++) {
        const struct feed_item *it = &p->items[i];
        switch (it->kind) {
        case FEED_REPORT:
            slots[count].item = i;
            report(frame, it, &slots[count++]);
            break;
        case FEED_TOMBSTONE:
            tombstone(frame, &it->entry);
            break;
        case FEED_POSITION:
            ledger_entry(frame, &it->entry);
            break;
        case FEED_LEAF:
            leaf(frame, it);
            break;
        }
    }
    buf_puts(frame, "</feed>");
    *ret_slots = count;
}
