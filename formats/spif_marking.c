#include "formats/spif_parts.h"

static const struct {
    const char *name;
    uint32_t bit;
} codes[] = {
    {"pageTop", SPIF_PAGE_TOP},
    {"pageBottom", SPIF_PAGE_BOTTOM},
    {"pageTopBottom", SPIF_PAGE_TOP_BOTTOM},
    {"portionMarking", SPIF_PORTION},
    {"noNameDisplay", SPIF_NO_NAME_DISPLAY},
    {"suppressClassName", SPIF_SUPPRESS_CLASS_NAME},
    {"supressClassName", SPIF_SUPPRESS_CLASS_NAME}, // as a table of the NATO guidance has it
    {"replacePolicy", SPIF_REPLACE_POLICY},
    {"noMarkingDisplay", SPIF_NO_MARKING_DISPLAY},
    {"documentStart", SPIF_OTHER_CODE},
    {"documentEnd", SPIF_OTHER_CODE},
    {"firstLineOfText", SPIF_OTHER_CODE},
    {"firstLineofText", SPIF_OTHER_CODE}, // likewise
    {"lastLineOfText", SPIF_OTHER_CODE},
    {"subject", SPIF_OTHER_CODE},
    {"xHeader", SPIF_OTHER_CODE},
    {"inputTitle", SPIF_OTHER_CODE},
    {"waterMark", SPIF_OTHER_CODE},
};

static uint32_t code_bits(struct reading *r, const struct xml_node *n, const char *text)
{
    size_t count = 0;
    const char **words = reading_words(r, text, &count);
    uint32_t bits = 0;
    for (size_t w = 0; w < count; w++) {
        size_t i = 0;
        while (i < sizeof codes / sizeof *codes && strcmp(codes[i].name, words[w]) != 0)
            i++;
        if (i < sizeof codes / sizeof *codes)
            bits |= codes[i].bit;
        else
            reading_fault(r, n, "spif-marking-code",
                          "unknown marking code \"%.40s\"; expected pageTop, pageBottom, pageTopBottom, portionMarking, "
                          "noNameDisplay, suppressClassName, replacePolicy or another of schema 2.1",
                          words[w]);
    }
    return bits;
}

static void read_marking(struct reading *r, const struct xml_node *n, struct spif_marking *m)
{
    static const char *const children[] = {"code", NULL};
    static const char *const attrs[] = {"phrase", "xml:lang", NULL};
    static const char *const none[] = {NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    m->line = n->line;
    m->phrase = xml_attr(n, "phrase");
    m->lang = xml_attr_ns(n, XML_NS_XML, "lang");
    READING_EACH(c, n, NS_SPIF, "code") {
        reading_attrs(r, c, none);
        m->codes |= code_bits(r, c, reading_required_text(r, c));
    }
}

void spif_markings(struct reading *r, const struct xml_node *n, const struct xml_node *also,
                   struct spif_marking **ret, size_t *ret_count)
{
    static const char *const name = "markingData";
    *ret_count = reading_count(n, NS_SPIF, name) + (also ? reading_count(also, NS_SPIF, name) : 0);
    struct spif_marking *markings = reading_array(r, ret_count, sizeof *markings);
    *ret = markings;
    size_t i = 0;
    for (const struct xml_node *from = n; from && *ret_count; from = from == n ? also : NULL)
        READING_EACH(m, from, NS_SPIF, name)
            read_marking(r, m, &markings[i++]);
}

static enum spif_qualifier_kind qualifier_kind(struct reading *r, const struct xml_node *n)
{
    const char *code = reading_required(r, n, "qualifierCode");
    if (strcmp(code, "separator") == 0)
        return SPIF_SEPARATOR;
    if (strcmp(code, "suffix") == 0)
        return SPIF_SUFFIX;
    if (*code && strcmp(code, "prefix") != 0)
        reading_fault(r, n, "bad-value", "qualifierCode=\"%.40s\": expected prefix, separator or suffix", code);
    return SPIF_PREFIX;
}

static void read_qualifier(struct reading *r, const struct xml_node *n, uint32_t places, struct spif_qualifier *q)
{
    static const char *const none[] = {NULL};
    static const char *const attrs[] = {"markingQualifier", "qualifierCode", "xml:lang", NULL};
    reading_shape(r, n, NS_SPIF, none, attrs);
    q->line = n->line;
    q->codes = places;
    q->kind = qualifier_kind(r, n);
    q->lang = xml_attr_ns(n, XML_NS_XML, "lang");
    q->text = xml_attr(n, "markingQualifier");
    if (!q->text) {
        reading_fault(r, n, "missing-attribute", "<qualifier> needs the attribute markingQualifier=\"…\"");
        q->text = "";
    }
}

static size_t count_qualifiers(const struct xml_node *n)
{
    size_t count = 0;
    READING_EACH(q, n, NS_SPIF, "markingQualifier")
        count += reading_count(q, NS_SPIF, "qualifier");
    return count;
}

// Those of one markingQualifier; returns where the next one's go.
static struct spif_qualifier *read_qualifiers(struct reading *r, const struct xml_node *n, struct spif_qualifier *to)
{
    static const char *const children[] = {"qualifier", NULL};
    static const char *const attrs[] = {"markingCode", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    const char *code = xml_attr(n, "markingCode");
    uint32_t places = code ? code_bits(r, n, code) : 0;
    READING_EACH(c, n, NS_SPIF, "qualifier")
        if (to)
            read_qualifier(r, c, places, to++);
    return to;
}

void spif_qualifiers(struct reading *r, const struct xml_node *n, const struct xml_node *also,
                     struct spif_qualifier **ret, size_t *ret_count)
{
    *ret_count = count_qualifiers(n) + (also ? count_qualifiers(also) : 0);
    struct spif_qualifier *to = *ret = reading_array(r, ret_count, sizeof **ret);
    for (const struct xml_node *from = n; from; from = from == n ? also : NULL)
        READING_EACH(q, from, NS_SPIF, "markingQualifier")
            to = read_qualifiers(r, q, *ret_count ? to : NULL);
}
