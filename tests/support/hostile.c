#include "tests/support/hostile.h"

#include "formats/base/bug.h"

// The good draft, cut where slots are: %<letter of the slot>, A = SLOT_ROOT and so on.
static const char draft[] =
    "<report xmlns='urn:relto:report:1'%A><label>%B"
    "<originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'><ConfidentialityInformation>"
    "<PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier><Classification>%D</Classification>%C"
    "<Category Type='PERMISSIVE' TagName='Context'><GenericValue>NATO</GenericValue></Category>"
    "</ConfidentialityInformation><CreationDateTime>2026-11-22T00:00:00Z</CreationDateTime></originatorConfidentialityLabel></label>"
    "<header type='INTREP'%E><originator nation='GBR' cell='J2'%F/><title>Title%G</title>%H</header>"
    "<portion%I><text>Text%J</text></portion>%K</report>";

void hostile_draft(enum hostile_slot slot, struct span content, struct buf *out)
{
    if (slot == SLOT_WHOLE || slot == SLOT_BEFORE)
        buf_span(out, content);
    for (const char *p = draft; *p && slot != SLOT_WHOLE; p++) {
        if (*p != '%') {
            buf_putc(out, *p);
            continue;
        }
        enum hostile_slot here = (enum hostile_slot)(SLOT_ROOT + (*++p - 'A'));
        if (here == SLOT_CLASS && slot != SLOT_CLASS)
            buf_puts(out, "SECRET");
        if (here == slot)
            buf_span(out, content);
    }
    if (slot == SLOT_AFTER)
        buf_span(out, content);
}

void hostile_add(struct hostile_maker *m, const char *name, enum hostile_slot slot, struct span content,
                 enum hostile_verdict verdict)
{
    buf_reset(&m->doc);
    hostile_draft(slot, content, &m->doc);
    BUG_IF(buf_status(&m->doc) != ST_OK);
    static const char label[] = "urn:nato:stanag:4774";
    bool in_label = slot == SLOT_LABEL || slot == SLOT_CATEGORY || slot == SLOT_CLASS ||
                    (content.len && memmem(content.ptr, content.len, label, sizeof label - 1));
    m->count++;
    m->each(m->ctx, &(struct hostile_file){name, buf_bytes(&m->doc), verdict, in_label});
}

size_t hostile_corpus(hostile_each *each, void *ctx)
{
    struct hostile_maker m = {.each = each, .ctx = ctx};
    buf_init(&m.doc, 17 * MIB);
    hostile_add_texts(&m);
    hostile_add_forms(&m);
    hostile_add_floods(&m);
    buf_fini(&m.doc);
    return m.count;
}
