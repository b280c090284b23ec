#include "formats/import_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <uninorm.h>

#include "formats/base/sha256.h"
#include "formats/base/utf8.h"
#include "formats/report.h"

enum { ID_SECRET_BYTES = 32, FAULTS_GATHERED_MAX = DIAG_FAULTS_MAX - 8 }; // room for what one record can add

static bool mark_eq(struct import_mark a, struct import_mark b)
{
    return a.level == b.level && a.release == b.release && a.eyes_only == b.eyes_only && a.unmarked == b.unmarked;
}

static struct import_mark overall_mark(const struct import_report *r)
{
    struct import_mark m = r->header;
    for (size_t i = 0; i < r->portion_count; i++)
        m = import_mark_cover(m, r->portions[i].mark);
    if (m.level < r->overall_least)
        m.level = r->overall_least;
    return m;
}

static void text_element(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "    <%s>", name);
    buf_xml_text(out, span_cstr(text));
    buf_printf(out, "</%s>\n", name);
}

static void write_place(const struct import_report *r, struct buf *out)
{
    for (size_t i = 0; i < r->areas.count; i++)
        text_element(out, "area", r->areas.ids[i]);
    if (r->has_position)
        buf_printf(out, "    <position lat=\"%.4f\" lon=\"%.4f\" radius-km=\"%u\"/>\n", r->lat, r->lon, r->radius_km);
}

static void write_header(const struct import_report *r, const struct import_options *o, struct import_mark overall,
                         struct buf *out)
{
    char from[UTC_TEXT_MAX], to[UTC_TEXT_MAX], urn[UUID_URN_LEN + 1];
    struct uuid id;
    buf_puts(out, "  <header");
    if (import_id(o, r->name, &id))
        buf_printf(out, " report=\"%s\" version=\"%u\"", uuid_urn(id, urn), r->version ? r->version : 1);
    buf_printf(out, " type=\"%s\" separable=\"%s\" xml:lang=\"%s\">\n", r->type, r->separable ? "true" : "false", r->lang);
    if (!mark_eq(r->header, overall))
        import_mark_write(o->nation, r->header, false, r->labelled, "    ", out);
    buf_puts(out, "    <originator");
    buf_xml_attr(out, "nation", o->nation);
    buf_xml_attr(out, "cell", o->cell);
    buf_puts(out, "/>\n");
    text_element(out, "title", r->title);
    for (size_t i = 0; i < r->topic_count; i++)
        text_element(out, "topic", r->topics[i]);
    write_place(r, out);
    buf_printf(out, "    <period from=\"%s\" to=\"%s\"/>\n", utc_format_s(r->from, from), utc_format_s(r->to, to));
    buf_printf(out, "    <grading reliability=\"%c\" credibility=\"%c\"/>\n", r->reliability, r->credibility);
    if (r->exercise)
        text_element(out, "exercise", r->exercise);
    buf_puts(out, "  </header>\n");
}

// The overall label covers the header and every portion (import_mark_cover). Header and portions get labels of their
// own where they differ from it.
static enum status write_draft(const struct import_report *r, const struct import_options *o, struct buf *out)
{
    struct import_mark overall = overall_mark(r);
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report xmlns=\"urn:relto:report:1\">\n");
    import_mark_write(o->nation, overall, true, r->labelled, "  ", out);
    write_header(r, o, overall, out);
    for (size_t i = 0; i < r->portion_count; i++) {
        const struct import_portion *p = &r->portions[i];
        buf_puts(out, "  <portion>\n");
        if (!mark_eq(p->mark, overall))
            import_mark_write(o->nation, p->mark, false, r->labelled, "    ", out);
        text_element(out, "text", p->text);
        buf_puts(out, "  </portion>\n");
    }
    buf_puts(out, "</report>\n");
    return buf_status(out);
}

enum status import_emit(struct import_run *run, const struct import_report *r, uint32_t line)
{
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    enum status st = write_draft(r, run->o, &out);
    struct import_draft draft = {.name = r->file ? r->file : r->name, .xml = buf_bytes(&out), .line = line,
                                 .version = r->version, .until = r->until, .cancels = r->cancels, .cancel_count = r->cancel_count};
    if (st == ST_OK)
        st = import_check_draft(run, draft.xml, line);
    if (st == ST_OK)
        st = import_hand_out(run, r->name, &draft);
    buf_fini(&out);
    return st;
}

bool import_id(const struct import_options *o, const char *name, struct uuid *ret)
{
    static const uint8_t end = 0;
    if (!o->id_secret)
        return false;
    const struct span parts[] = {span_of(o->id_secret, ID_SECRET_BYTES), span_cstr(o->nation), span_of(&end, 1), span_cstr(name)};
    struct digest d = sha256_parts(parts, sizeof parts / sizeof *parts);
    *ret = uuid_from_random(d.b);
    return true;
}

enum status import_check_draft(struct import_run *run, struct span xml, uint32_t line)
{
    const struct report *r;
    char why[DIAG_TEXT_MAX];
    struct arena *a = xml_arena_new(xml.len);
    struct diag *d = calloc(1, sizeof *d);
    enum status st = a && d ? ST_OK : ST_NOMEM;
    if (st == ST_OK) {
        diag_init(d, NULL);
        st = report_read(xml, NULL, a, d, &r);
    }
    if (st != ST_OK && st != ST_NOMEM) { // a limit of ours is one of the record
        snprintf(why, sizeof why, "the draft made of it is not valid: %.180s%s", d->faults[0].message, d->count > 1 ? ", and more" : "");
        st = import_skip(run, line, d->faults[0].element, why);
    }
    free(d);
    arena_free(&a);
    return st;
}

enum status import_hand_out(struct import_run *run, const char *name, struct import_draft *draft)
{
    draft->has_id = import_id(run->o, name, &draft->id);
    draft->version = draft->version ? draft->version : 1;
    draft->until = draft->until ? draft->until : UTC_MAX;
    TRY(run->each(run->ctx, draft));
    run->counts->drafts++;
    return ST_OK;
}

void import_left_out(struct import_run *run)
{
    run->counts->skipped++;
    if (run->o->tell && run->d->count >= FAULTS_GATHERED_MAX)
        run->o->tell(run->o->tell_ctx, run->d);
}

enum status import_skip(struct import_run *run, uint32_t line, const char *element, const char *why)
{
    diag_add(run->d, line, 0, "import-record", element, "%s; the record is left out", why);
    import_left_out(run);
    return ST_INVALID;
}

void import_topic(struct import_report *r, const char *topic)
{
    for (size_t i = 0; i < r->topic_count; i++)
        if (strcmp(r->topics[i], topic) == 0)
            return;
    if (r->topic_count < IMPORT_TOPICS_MAX)
        r->topics[r->topic_count++] = topic;
}

enum clean { CLEAN_KEEP, CLEAN_SPACE, CLEAN_BREAK, CLEAN_DROP };

// What becomes of a character. Format characters (Cf) and noncharacters are refused by the report format.
static enum clean clean_kind(uint32_t v)
{
    if (v == '\n')
        return CLEAN_BREAK;
    if (v <= ' ' || (v >= 0x7f && v <= 0xa0) || (v >= 0x2000 && v <= 0x200a) || v == 0x2028 || v == 0x2029 ||
        v == 0x202f || v == 0x205f || v == 0x3000)
        return CLEAN_SPACE;
    if (v == 0xad || (v >= 0x200b && v <= 0x200f) || (v >= 0x202a && v <= 0x202e) || (v >= 0x2060 && v <= 0x206f) ||
        v == 0xfeff || (v >= 0xfff9 && v <= 0xfffb) || (v & 0xfffe) == 0xfffe || (v >= 0xfdd0 && v <= 0xfdef))
        return CLEAN_DROP;
    return CLEAN_KEEP;
}

// Text goes to `out` through this: pending white space is written only before more text.
struct cleaner {
    struct buf *out;
    bool lines;
    unsigned breaks, spaces;
};

static void clean_text(struct cleaner *c, struct span bytes)
{
    if (c->out->len > 0) {
        for (unsigned i = 0; i < c->breaks && i < 2; i++)
            buf_putc(c->out, '\n');
        if (c->breaks == 0 && c->spaces > 0)
            buf_putc(c->out, ' ');
    }
    c->breaks = c->spaces = 0;
    buf_span(c->out, bytes);
}

static bool clean_all(struct cleaner *c, struct span text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t v;
        size_t from = i, n = utf8_get(text, i, &v);
        if (n == 0)
            return false;
        i += n;
        switch (clean_kind(v)) {
        case CLEAN_KEEP: clean_text(c, span_sub(text, from, i)); break;
        case CLEAN_SPACE: c->spaces++; break;
        case CLEAN_BREAK: c->breaks += c->lines; c->spaces += !c->lines; break;
        case CLEAN_DROP: break;
        }
    }
    return true;
}

// Reports are in Unicode normalization form C (spec 2.2).
static const char *normal_copy(struct arena *a, struct span text)
{
    size_t len;
    uint8_t *normal = text.len ? u8_normalize(UNINORM_NFC, text.ptr, text.len, NULL, &len) : NULL;
    if (!normal)
        return arena_str(a, text);
    const char *ret = arena_str(a, span_of(normal, len));
    free(normal);
    return ret;
}

const char *import_clean(struct arena *a, struct span text, bool lines)
{
    struct buf out;
    buf_init(&out, text.len + 1);
    struct cleaner c = {.out = &out, .lines = lines};
    const char *ret = NULL;
    if (clean_all(&c, text) && buf_status(&out) == ST_OK)
        ret = normal_copy(a, buf_bytes(&out));
    buf_fini(&out);
    return ret;
}

bool import_mentions(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

static char stem_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
        return c;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : '-';
}

const char *import_stem(struct arena *a, const char *text)
{
    char *stem = arena_alloc(a, strlen(text) + 1);
    if (!stem)
        return NULL;
    size_t n = 0;
    for (; *text; text++) {
        char c = stem_char(*text);
        if (c != '-' || (n > 0 && stem[n - 1] != '-'))
            stem[n++] = c;
    }
    while (n > 0 && stem[n - 1] == '-')
        n--;
    stem[n] = '\0';
    return stem;
}
