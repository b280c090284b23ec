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

// Where the text of this qualifier goes; NULL with a fault for an unknown code.
static const char **qualifier_place(struct reading *r, const struct xml_node *n, struct spif_qualifier *q)
{
    const char *code = reading_required(r, n, "qualifierCode");
    if (strcmp(code, "prefix") == 0)
        return &q->prefix;
    if (strcmp(code, "separator") == 0)
        return &q->separator;
    if (strcmp(code, "suffix") == 0)
        return &q->suffix;
    if (*code)
        reading_fault(r, n, "bad-value", "qualifierCode=\"%.40s\": expected prefix, separator or suffix", code);
    return NULL;
}

static void read_qualifier(struct reading *r, const struct xml_node *n, struct spif_qualifier *q)
{
    static const char *const children[] = {"qualifier", NULL};
    static const char *const attrs[] = {"markingCode", NULL};
    static const char *const none[] = {NULL};
    static const char *const qualifier_attrs[] = {"markingQualifier", "qualifierCode", "xml:lang", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    q->line = n->line;
    const char *code = xml_attr(n, "markingCode");
    q->codes = code ? code_bits(r, n, code) : 0;
    bool plain[3] = {false, false, false}; // prefix, separator, suffix without a language seen
    READING_EACH(c, n, NS_SPIF, "qualifier") {
        reading_shape(r, c, NS_SPIF, none, qualifier_attrs);
        const char *text = xml_attr(c, "markingQualifier"); // not folded: its spaces are meant
        if (!text)
            reading_fault(r, c, "missing-attribute", "<qualifier> needs the attribute markingQualifier=\"…\"");
        const char **place = qualifier_place(r, c, q);
        if (!place || !text)
            continue;
        bool *seen = &plain[place == &q->prefix ? 0 : place == &q->separator ? 1 : 2];
        bool has_lang = xml_attr_ns(c, XML_NS_XML, "lang") != NULL;
        if (!*seen && (!has_lang || !*place))
            *place = text;
        *seen |= !has_lang;
    }
}

void spif_qualifiers(struct reading *r, const struct xml_node *n, const struct xml_node *also,
                     struct spif_qualifier **ret, size_t *ret_count)
{
    static const char *const name = "markingQualifier";
    *ret_count = reading_count(n, NS_SPIF, name) + (also ? reading_count(also, NS_SPIF, name) : 0);
    struct spif_qualifier *qualifiers = reading_array(r, ret_count, sizeof *qualifiers);
    *ret = qualifiers;
    size_t i = 0;
    for (const struct xml_node *from = n; from && *ret_count; from = from == n ? also : NULL)
        READING_EACH(q, from, NS_SPIF, name)
            read_qualifier(r, q, &qualifiers[i++]);
}
