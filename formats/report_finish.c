#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/report_parse.h"

// One finished report under construction.
struct finish {
    const struct report *draft;
    const struct report_finish *with;
    struct buf *out;
    size_t start;           // where the report begins in out
    size_t total;           // children with an Id of e1..en: the draft's and the decoys
    char (*ids)[8];         // "e1024" and its NUL; label and header stand first
    const char **id_list;   // the same, as signature_write wants them
    struct digest *digests; // parallel to id_list
    size_t done;            // how many of them are filled
};

// ---- attributes and small values

static void put_salt(struct finish *f)
{
    uint8_t salt[SALT_LEN];
    char text[SALT_TEXT_LEN + 1];
    random_fill(f->with->random, salt, sizeof salt);
    buf_xml_attr(f->out, "salt", salt_text(salt, text));
}

static void put_element(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "<%s>", name);
    buf_xml_text(out, span_cstr(text));
    buf_printf(out, "</%s>", name);
}

// Billionths, as they were read: no rounding, no locale.
static void put_decimal(struct buf *out, const char *name, double v)
{
    int64_t n = (int64_t)(v < 0 ? v * 1e9 - 0.5 : v * 1e9 + 0.5);
    uint64_t u = n < 0 ? (uint64_t)-n : (uint64_t)n;
    char text[48];
    snprintf(text, sizeof text, "%s%llu.%09llu", n < 0 ? "-" : "", (unsigned long long)(u / 1000000000),
             (unsigned long long)(u % 1000000000));
    size_t len = strlen(text);
    while (text[len - 1] == '0')
        len--;
    if (text[len - 1] == '.')
        len--;
    text[len] = 0;
    buf_xml_attr(out, name, text);
}

static void put_time(struct buf *out, const char *name, utc_ms t)
{
    char text[UTC_TEXT_MAX];
    buf_xml_attr(out, name, t % 1000 ? utc_format_ms(t, text) : utc_format_s(t, text));
}

static void put_label(struct buf *out, const struct label *label)
{
    if (!label)
        return;
    buf_puts(out, "<label>");
    label_write(label, out);
    buf_puts(out, "</label>");
}

// ---- the header

static void put_header_attributes(struct finish *f)
{
    const struct report *r = f->draft;
    char text[UTC_TEXT_MAX], urn[UUID_URN_LEN + 1];
    buf_puts(f->out, "<header Id=\"" REPORT_HEADER_ID "\"");
    buf_xml_attr(f->out, "issued", utc_format_s(f->with->issued, text));
    buf_xml_attr(f->out, "report", uuid_urn(f->with->id, urn));
    put_salt(f);
    buf_xml_attr(f->out, "separable", r->separable ? "true" : "false");
    buf_xml_attr(f->out, "type", r->type);
    buf_printf(f->out, " version=\"%u\"", f->with->version);
    if (*r->lang)
        buf_xml_attr(f->out, "xml:lang", r->lang);
    buf_putc(f->out, '>');
}

static void put_places(const struct report *r, struct buf *out)
{
    for (size_t i = 0; i < r->topic_count; i++)
        put_element(out, "topic", r->topics[i]);
    for (size_t i = 0; i < r->area_count; i++)
        put_element(out, "area", r->areas[i]);
    if (!r->has_position)
        return;
    buf_puts(out, "<position");
    put_decimal(out, "lat", r->lat);
    put_decimal(out, "lon", r->lon);
    if (r->radius_km > 0)
        put_decimal(out, "radius-km", r->radius_km);
    buf_puts(out, "></position>");
}

static void put_header(struct finish *f)
{
    const struct report *r = f->draft;
    struct buf *out = f->out;
    put_header_attributes(f);
    put_label(out, r->header_label);
    buf_puts(out, "<originator");
    if (*r->cell)
        buf_xml_attr(out, "cell", r->cell);
    buf_xml_attr(out, "nation", r->nation);
    buf_puts(out, "></originator>");
    put_element(out, "title", r->title);
    put_places(r, out);
    if (r->has_period) {
        buf_puts(out, "<period");
        put_time(out, "from", r->period_from);
        put_time(out, "to", r->period_to);
        buf_puts(out, "></period>");
    }
    if (r->reliability || r->credibility) {
        buf_puts(out, "<grading");
        if (r->credibility)
            buf_printf(out, " credibility=\"%c\"", r->credibility);
        if (r->reliability)
            buf_printf(out, " reliability=\"%c\"", r->reliability);
        buf_puts(out, "></grading>");
    }
    for (size_t i = 0; i < r->exercise_count; i++)
        put_element(out, "exercise", r->exercises[i]);
    buf_puts(out, "</header>");
}

// ---- the other children

static void put_reference(struct finish *f, const struct report_child *c, const char *id)
{
    char urn[UUID_URN_LEN + 1];
    buf_printf(f->out, "<reference Id=\"%s\"", id);
    buf_xml_attr(f->out, "ref", uuid_urn(c->target, urn));
    buf_xml_attr(f->out, "rel", report_relation_text(c->relation));
    put_salt(f);
    buf_puts(f->out, "></reference>");
}

static void put_portion(struct finish *f, const struct report_child *c, const char *id)
{
    buf_printf(f->out, "<portion Id=\"%s\"", id);
    put_salt(f);
    buf_putc(f->out, '>');
    put_label(f->out, c->label);
    put_element(f->out, "text", c->text);
    buf_puts(f->out, "</portion>");
}

static void put_attachment(struct finish *f, const struct report_child *c, const char *id)
{
    buf_printf(f->out, "<attachment Id=\"%s\"", id);
    buf_xml_attr(f->out, "media-type", c->media_type);
    buf_xml_attr(f->out, "name", c->name);
    put_salt(f);
    buf_puts(f->out, " sha256=\"");
    hex_put(f->out, span_of(c->sha256.b, SHA256_LEN));
    buf_printf(f->out, "\" size=\"%llu\">", (unsigned long long)c->size_bytes);
    put_label(f->out, c->label);
    buf_puts(f->out, "</attachment>");
}

static void put_child(struct finish *f, const struct report_child *c, const char *id)
{
    switch (c->kind) {
    case REPORT_REFERENCE:
        put_reference(f, c, id);
        return;
    case REPORT_PORTION:
        put_portion(f, c, id);
        return;
    case REPORT_ATTACHMENT:
        put_attachment(f, c, id);
        return;
    case REPORT_WITHHELD:
        BUG_IF(true); // refused before anything is written
        return;
    }
}

// Note Id and digest of the child whose bytes are from `from` to the end.
static void note_child(struct finish *f, const char *id, size_t from)
{
    snprintf(f->ids[f->done], sizeof *f->ids, "%s", id);
    f->id_list[f->done] = f->ids[f->done];
    if (buf_status(f->out) == ST_OK)
        f->digests[f->done] =
            element_digest(span_sub(buf_bytes(f->out), from, f->out->len), NS_REPORT_DECLARATION);
    f->done++;
}

static void put_decoy(struct finish *f, const char *id)
{
    size_t from = f->out->len;
    buf_printf(f->out, "<withheld ref=\"%s\"></withheld>", id);
    note_child(f, id, from);
    random_fill(f->with->random, f->digests[f->done - 1].b, SHA256_LEN);
}

// A uniform random number below n.
static uint32_t below(const struct random_source *random, uint32_t n)
{
    uint32_t v, fair = UINT32_MAX - UINT32_MAX % n;
    do
        random_fill(random, (uint8_t *)&v, sizeof v);
    while (v >= fair);
    return v % n;
}

// The draft's children in order, decoys strewn among them: each set of places is as likely as any other.
static void put_children(struct finish *f)
{
    size_t next = 0, count = f->draft->child_count, decoys = f->total - count;
    for (size_t i = 0; i < f->total; i++) {
        char id[24];
        snprintf(id, sizeof id, "e%zu", i + 1);
        if (decoys > 0 && below(f->with->random, (uint32_t)(f->total - i)) < decoys) {
            put_decoy(f, id);
            decoys--;
            continue;
        }
        size_t from = f->out->len;
        put_child(f, &f->draft->children[next++], id);
        note_child(f, id, from);
    }
    BUG_IF(next != count || decoys != 0);
}

static enum status put_report(struct finish *f)
{
    buf_puts(f->out, "<report" NS_REPORT_DECLARATION ">");
    size_t from = f->out->len;
    buf_puts(f->out, "<label Id=\"" REPORT_LABEL_ID "\"");
    put_salt(f);
    buf_putc(f->out, '>');
    label_write(f->draft->label, f->out);
    buf_puts(f->out, "</label>");
    note_child(f, REPORT_LABEL_ID, from);
    from = f->out->len;
    put_header(f);
    note_child(f, REPORT_HEADER_ID, from);
    put_children(f);
    TRY(buf_status(f->out));
    TRY(signature_write(REPORT_MANIFEST_ID, f->id_list, f->digests, f->done, f->with->key, f->out));
    buf_puts(f->out, "</report>");
    return buf_status(f->out);
}

// ---- what is refused

static enum status check_draft(const struct report *r, struct diag *d)
{
    enum status st = ST_OK;
    if (r->is_signed || r->has_salts) {
        diag_add(d, 0, 0, "draft-salt", "report",
                 "a draft has neither salts nor a signature; the node adds them");
        st = ST_INVALID;
    }
    if (r->overall_withheld) {
        diag_add(d, 0, 0, "draft-withheld", "label",
                 "a draft states its overall label, it withholds nothing");
        st = ST_INVALID;
    }
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].kind == REPORT_WITHHELD) {
            diag_add(d, r->children[i].line, r->children[i].column, "draft-withheld", r->children[i].id,
                     "a draft withholds nothing");
            st = ST_INVALID;
        }
    return st;
}

static enum status limit_fault(struct diag *d)
{
    diag_add(d, 0, 0, "report-limit", "report",
             "the finished report is larger than %zu bytes or %zu children", RENDITION_BYTES_MAX,
             REPORT_CHILDREN_MAX);
    return ST_LIMIT;
}

// The number of children with decoys; never more than the protocol allows.
static size_t padded(size_t count, uint32_t pad)
{
    if (pad == 0 || count % pad == 0)
        return count;
    size_t total = count + (pad - count % pad);
    return total < REPORT_CHILDREN_MAX ? total : REPORT_CHILDREN_MAX;
}

enum status report_finish(const struct report *draft, const struct report_finish *with, struct buf *out,
                          struct diag *d)
{
    TRY(check_draft(draft, d));
    if (draft->child_count > REPORT_CHILDREN_MAX)
        return limit_fault(d);
    struct finish f = {.draft = draft,
                       .with = with,
                       .out = out,
                       .start = out->len,
                       .total = padded(draft->child_count, with->pad)};
    f.ids = calloc(f.total + 2, sizeof *f.ids);
    f.id_list = calloc(f.total + 2, sizeof *f.id_list);
    f.digests = calloc(f.total + 2, sizeof *f.digests);
    enum status st = f.ids && f.id_list && f.digests ? put_report(&f) : ST_NOMEM;
    free(f.ids);
    free(f.id_list);
    free(f.digests);
    if (st == ST_LIMIT || (st == ST_OK && out->len - f.start > RENDITION_BYTES_MAX))
        st = limit_fault(d);
    if (st != ST_OK)
        out->len = f.start;
    return st;
}
