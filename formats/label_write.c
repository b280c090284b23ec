// The strict canonical form of labels: exclusive C14N without white space, `slab:` prefixed.
#include "formats/label.h"

static void open_tag(struct buf *out, const char *name)
{
    buf_printf(out, "<slab:%s>", name);
}

static void close_tag(struct buf *out, const char *name)
{
    buf_printf(out, "</slab:%s>", name);
}

static void text_element(struct buf *out, const char *name, const char *text)
{
    open_tag(out, name);
    buf_xml_text(out, span_cstr(text));
    close_tag(out, name);
}

static const char *time_text(utc_ms t, char text[UTC_TEXT_MAX])
{
    return t % 1000 ? utc_format_ms(t, text) : utc_format_s(t, text);
}

static const char *type_text(enum category_type type)
{
    switch (type) {
    case CATEGORY_RESTRICTIVE:
        return "RESTRICTIVE";
    case CATEGORY_PERMISSIVE:
        return "PERMISSIVE";
    case CATEGORY_INFORMATIVE:
        return "INFORMATIVE";
    }
    return "RESTRICTIVE";
}

static void write_category(const struct label_category *c, struct buf *out)
{
    buf_puts(out, "<slab:Category");
    buf_xml_attr(out, "TagName", c->tag_set);
    buf_xml_attr(out, "Type", type_text(c->type));
    if (c->uri)
        buf_xml_attr(out, "URI", c->uri);
    buf_putc(out, '>');
    for (size_t i = 0; i < c->value_count; i++)
        text_element(out, "GenericValue", c->values[i]);
    close_tag(out, "Category");
}

static void write_information(const struct label_doc *doc, struct buf *out)
{
    open_tag(out, "ConfidentialityInformation");
    buf_puts(out, "<slab:PolicyIdentifier");
    if (doc->policy_uri)
        buf_xml_attr(out, "URI", doc->policy_uri);
    buf_putc(out, '>');
    buf_xml_text(out, span_cstr(doc->policy));
    close_tag(out, "PolicyIdentifier");
    text_element(out, "Classification", doc->classification);
    if (doc->privacy_mark)
        text_element(out, "PrivacyMark", doc->privacy_mark);
    for (size_t i = 0; i < doc->category_count; i++)
        write_category(&doc->categories[i], out);
    close_tag(out, "ConfidentialityInformation");
}

static void write_body(const struct label_doc *doc, struct buf *out);

static void write_succession(const struct label_doc *doc, struct buf *out)
{
    char text[UTC_TEXT_MAX];
    if (!doc->successor && !doc->succession_broken)
        return;
    open_tag(out, "SuccessionHandling");
    if (!doc->succession_broken)
        text_element(out, "SuccessionDateTime", time_text(doc->succeeded_at, text));
    if (doc->successor) {
        buf_puts(out, "<slab:SuccessorConfidentialityLabel");
        if (doc->successor->has_review && !doc->successor->successor && !doc->successor->succession_broken)
            buf_xml_attr(out, "ReviewDateTime", time_text(doc->successor->review, text));
        buf_putc(out, '>');
        write_body(doc->successor, out);
        close_tag(out, "SuccessorConfidentialityLabel");
    }
    close_tag(out, "SuccessionHandling");
}

static void write_body(const struct label_doc *doc, struct buf *out)
{
    char text[UTC_TEXT_MAX];
    write_information(doc, out);
    if (doc->originator_id) {
        buf_puts(out, "<slab:OriginatorID");
        buf_xml_attr(out, "IDType", doc->originator_id_type);
        buf_putc(out, '>');
        buf_xml_text(out, span_cstr(doc->originator_id));
        close_tag(out, "OriginatorID");
    }
    if (doc->has_created)
        text_element(out, "CreationDateTime", time_text(doc->created, text));
    write_succession(doc, out);
}

// The standard wants a review date where there is no succession. One that has passed changes nothing, so
// that the time of creation stands in when the author gave none.
static void write_review(const struct label_doc *doc, struct buf *out)
{
    char text[UTC_TEXT_MAX];
    if (doc->successor || doc->succession_broken)
        return;
    if (doc->has_review || doc->has_created)
        buf_xml_attr(out, "ReviewDateTime", time_text(doc->has_review ? doc->review : doc->created, text));
}

static void write_doc(const struct label_doc *doc, const char *name, struct buf *out)
{
    buf_printf(out, "<slab:%s", name);
    buf_xml_attr(out, "xmlns:slab", NS_SLAB);
    write_review(doc, out);
    buf_putc(out, '>');
    write_body(doc, out);
    close_tag(out, name);
}

void label_write(const struct label *label, struct buf *out)
{
    write_doc(label->originator, "originatorConfidentialityLabel", out);
    for (size_t i = 0; i < label->alternative_count; i++)
        write_doc(label->alternatives[i], "alternativeConfidentialityLabel", out);
}
