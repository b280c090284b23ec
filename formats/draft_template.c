#include "formats/draft_template.h"

enum { VALUES_SHOWN_MAX = 60, PORTIONS_MAX = 4 };

enum {
    FORM_POSITION = 1, // one place
    FORM_PERIOD = 2,
    FORM_GRADING = 4,
    FORM_REFERENCE = 8, // is about an earlier report
    FORM_IMAGE = 16,
};

// What a report of this type is made of: the parts that the author is asked for, and what each portion is to say.
struct form {
    const char *type;
    unsigned parts;
    const char *topic; // where the vocabulary has it; NULL = none is usual
    const char *portions[PORTIONS_MAX];
};

#define SUMMARY_PORTIONS {"Main points of the period, most important first.", "Events, a portion for each.", "Assessment and outlook."}
static const struct form forms[] = {
    {"INTREP", FORM_GRADING, NULL, {"What happened, where and when, as observed.", "Comment: what it means, how sure that is."}},
    {"INTSUM", FORM_PERIOD, NULL, SUMMARY_PORTIONS},
    {"SUPINTREP", FORM_REFERENCE | FORM_GRADING, NULL, {"What is added to the report named above.", "Comment: what changes in its assessment."}},
    {"CIINTREP", FORM_GRADING, "counter-intelligence", {"What happened: persons, organisations, methods.", "Comment: threat, measures taken."}},
    {"CIINTSUM", FORM_PERIOD, "counter-intelligence", SUMMARY_PORTIONS},
    {"HUMINTREP", FORM_GRADING, "human-source",
     {"What the source said. Nothing here may show who the source is.", "The source's access and circumstances. Label this portion of its own, as narrow as it must be.",
      "Comment of the reporting officer."}},
    {"HUMINTSUM", FORM_PERIOD, "human-source", SUMMARY_PORTIONS},
    {"MARINTREP", FORM_POSITION | FORM_PERIOD | FORM_GRADING, "maritime-security",
     {"What happened: ships with name, flag and IMO number, course and speed.", "Comment: intent, pattern, danger to others."}},
    {"MARINTSUM", FORM_PERIOD, "maritime-security", SUMMARY_PORTIONS},
    {"AIRINTREP", FORM_POSITION | FORM_PERIOD | FORM_GRADING, "air-activity",
     {"What happened: aircraft by type and number, altitude, course, speed.", "Comment: intent, pattern."}},
    {"AIRINTSUM", FORM_PERIOD, "air-activity", SUMMARY_PORTIONS},
    {"IMINTREP", FORM_POSITION | FORM_PERIOD | FORM_GRADING | FORM_IMAGE, NULL,
     {"What the images show.", "The sensor. Label this portion of its own when what it can do is to be protected.", "Comment: changes since earlier images, meaning."}},
    {"SIGINTREP", FORM_PERIOD | FORM_GRADING, NULL,
     {"What was learnt, without a hint at how.", "Emitter or means of communication. Label this portion of its own.", "Comment."}},
    {"OSINTREP", FORM_GRADING, NULL, {"What is published.", "Where it stands: publisher, date, address.", "Comment: who is behind it, how far to trust it."}},
    {"TECHINTREP", FORM_GRADING, NULL, {"What was found: device, software or weapon.", "How it works, what it can do.", "Comment: countermeasures."}},
    {"INTREQ", FORM_PERIOD, NULL, {"What is asked. The period above is the time that the question is about.", "What is known already, and by when an answer is of use."}},
    {"WARNING", FORM_POSITION | FORM_PERIOD | FORM_GRADING, NULL,
     {"The danger: what, where, until when. The period above is the time that the warning holds.", "What those in danger should do."}},
};

static const struct form general = {"", FORM_GRADING, NULL, {"What is reported.", "Comment."}};

static const struct form *form_of(const char *type)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].type, type) == 0)
            return &forms[i];
    return &general;
}

// ---- words of others within comments

// "--" would end the comment early and control characters make no XML; both are no loss to the author.
static void put_remark(const char *text, struct buf *out)
{
    for (char before = 0; *text; before = *text++) {
        if (*text == '-' && before == '-')
            buf_putc(out, ' ');
        buf_putc(out, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

static void put_values(const struct spif_tag *tag, struct buf *out)
{
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < tag->category_count; i++) {
        const struct spif_category *c = &tag->categories[i];
        if (c->obsolete)
            continue;
        if (shown == VALUES_SHOWN_MAX) {
            left++;
            continue;
        }
        buf_puts(out, shown++ ? ", " : "");
        put_remark(c->user_input ? "(text of your own)" : c->name, out);
    }
    if (left)
        buf_printf(out, " and %zu more in the SPIF", left);
}

static const char *tag_word(enum spif_tag_type type)
{
    switch (type) {
    case SPIF_RESTRICTIVE:
    case SPIF_ENUM_RESTRICTIVE:
        return "RESTRICTIVE";
    case SPIF_PERMISSIVE:
    case SPIF_ENUM_PERMISSIVE:
        return "PERMISSIVE";
    case SPIF_INFORMATIVE:
        return "INFORMATIVE";
    }
    return "";
}

// ---- labels

#define IN "        " // of what stands inside ConfidentialityInformation

// A tag that every label needs stands open, to be filled in; the others within the comment.
static void put_tag(const struct spif_tag_set *set, const struct spif_tag *tag, struct buf *out)
{
    bool needed = tag->min_selection > 0;
    buf_printf(out, IN "<!-- %s: ", needed ? "needed on every label, one <slab:GenericValue> for each value" : "as needed");
    put_values(tag, out);
    buf_puts(out, needed ? " -->\n" IN : "\n" IN);
    buf_printf(out, "<slab:Category Type=\"%s\" TagName=\"", tag_word(tag->type));
    if (needed)
        buf_xml_value(out, span_cstr(set->name));
    else
        put_remark(set->name, out);
    buf_printf(out, "\"><slab:GenericValue></slab:GenericValue></slab:Category>%s\n", needed ? "" : " -->");
}

static void put_label(const struct draft_template *t, struct buf *out)
{
    const struct spif *s = t->spif;
    char now[UTC_TEXT_MAX];
    buf_puts(out, "  <!-- The label of the whole: at least as high as that of the header and of each portion, with every\n"
                  "       restrictive category that any of them has. -->\n  <label>\n"
                  "    <slab:originatorConfidentialityLabel xmlns:slab=\"" NS_SLAB "\">\n"
                  "      <slab:ConfidentialityInformation>\n" IN "<slab:PolicyIdentifier URI=\"urn:oid:");
    buf_xml_value(out, span_cstr(s->id));
    buf_puts(out, "\">");
    buf_xml_text(out, span_cstr(s->name));
    buf_puts(out, "</slab:PolicyIdentifier>\n" IN "<!-- one of: ");
    for (size_t i = 0, n = 0; i < s->class_count; i++)
        if (!s->classes[i].obsolete) {
            buf_puts(out, n++ ? ", " : "");
            put_remark(s->classes[i].name, out);
        }
    buf_puts(out, " -->\n" IN "<slab:Classification></slab:Classification>\n");
    for (size_t i = 0; i < s->tag_set_count; i++)
        for (size_t k = 0; k < s->tag_sets[i].tag_count; k++)
            put_tag(&s->tag_sets[i], &s->tag_sets[i].tags[k], out);
    buf_printf(out, "      </slab:ConfidentialityInformation>\n      <slab:CreationDateTime>%s</slab:CreationDateTime>\n"
                    "    </slab:originatorConfidentialityLabel>\n  </label>\n", utc_format_s(t->now, now));
}

// ---- header and parts

static void put_header(const struct draft_template *t, const struct form *f, struct buf *out)
{
    buf_puts(out, "  <!-- separable: may parts of this report be released without the others? \"true\" or \"false\"; the author says.\n"
                  "       Title, topics and the rest of the header are governed by the label of the whole, unless a <label> of\n"
                  "       their own stands first in it: copy the one above. A header that more may see lets more know of the report. -->\n"
                  "  <header");
    buf_xml_attr(out, "type", t->type->id);
    buf_puts(out, " separable=\"\"");
    buf_xml_attr(out, "xml:lang", t->lang);
    buf_puts(out, ">\n    <originator");
    buf_xml_attr(out, "nation", t->nation);
    buf_xml_attr(out, "cell", t->cell);
    buf_puts(out, "/>\n    <title></title>\n    <!-- topics and areas are words of the vocabulary; one element for each -->\n    ");
    buf_printf(out, "<topic>%s</topic>\n    <area></area>\n", f->topic && vocabulary_has_topic(t->vocabulary, f->topic) ? f->topic : "");
    buf_printf(out, "    %s<position lat=\"\" lon=\"\" radius-km=\"\"/>%s\n", f->parts & FORM_POSITION ? "" : "<!-- ",
               f->parts & FORM_POSITION ? " <!-- decimal degrees, south and west negative -->" : " -->");
    buf_printf(out, "    %s<period from=\"\" to=\"\"/>%s\n", f->parts & FORM_PERIOD ? "" : "<!-- ",
               f->parts & FORM_PERIOD ? " <!-- UTC, as 2026-11-22T13:34:00Z -->" : " -->");
    buf_printf(out, "    %s<grading reliability=\"\" credibility=\"\"/>%s\n", f->parts & FORM_GRADING ? "" : "<!-- ",
               f->parts & FORM_GRADING ? "\n    <!-- reliability of the source: A completely, B usually, C fairly, D not usually reliable, E unreliable, F cannot be judged;\n"
                                         "         credibility: 1 confirmed, 2 probably, 3 possibly, 4 doubtfully true, 5 improbable, 6 cannot be judged -->" : " -->");
    buf_puts(out, "    <!-- <exercise></exercise> -->\n  </header>\n");
}

static void put_parts(const struct form *f, struct buf *out)
{
    bool about = f->parts & FORM_REFERENCE;
    buf_printf(out, "  %s<reference rel=\"%s\" ref=\"urn:uuid:\"/>%s\n", about ? "" : "<!-- ", about ? "related" : "in-reply-to",
               about ? " <!-- the report that this one is about; rel: supersedes, related or in-reply-to -->" : " -->");
    buf_puts(out, "  <!-- One portion for each thing that may need a label of its own; without one it is under the label of the whole. -->\n");
    for (size_t i = 0; i < PORTIONS_MAX && f->portions[i]; i++)
        buf_printf(out, "  <!-- %s -->\n  <portion>\n    <text></text>\n  </portion>\n", f->portions[i]);
    if (f->parts & FORM_IMAGE)
        buf_puts(out, "  <!-- <attachment name=\"\" media-type=\"image/jpeg\" size=\"\" sha256=\"\"/> -->\n");
}

void draft_template_write(const struct draft_template *t, struct buf *out)
{
    const struct form *f = form_of(t->type->id);
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- ");
    put_remark(t->type->id, out);
    buf_puts(out, ": ");
    put_remark(t->type->title, out);
    buf_puts(out, ". Fill in what is empty, or take it out. Then `relto preview` shows who would get it and why,\n"
                  "     and `relto publish` publishes it. Comments like this one are not sent. -->\n"
                  "<report xmlns=\"urn:relto:report:1\">\n");
    put_label(t, out);
    put_header(t, f, out);
    put_parts(f, out);
    buf_puts(out, "</report>\n");
}
