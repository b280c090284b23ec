// Floods: much of one thing. Each is written out in full, up to the 16 MiB that a report may have.
#include <string.h>

#include "tests/support/hostile.h"

static const struct flood {
    const char *name;
    enum hostile_slot slot;
    const char *before, *again, *after; // %zu in `again` is counted up
    size_t count;
    enum hostile_verdict verdict;
} floods[] = {
    // depth
    {"33 levels", SLOT_CHILD, "", "<a>", "", 33, HOSTILE_REFUSED},
    {"33 levels, closed", SLOT_CHILD, "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "</a>", "", 33, HOSTILE_REFUSED},
    {"a thousand levels in a label", SLOT_CATEGORY, "", "<Category>", "", 1000, HOSTILE_REFUSED},
    {"a million levels", SLOT_CHILD, "", "<a>", "", 1000000, HOSTILE_REFUSED},
    {"a million levels of the root", SLOT_WHOLE, "", "<report xmlns='urn:relto:report:1'>", "", 100000, HOSTILE_REFUSED},
    // attributes and namespaces
    {"65 attributes", SLOT_PORTION, "", " a%zu='1'", "", 65, HOSTILE_REFUSED},
    {"a hundred thousand attributes", SLOT_PORTION, "", " a%zu='1'", "", 100000, HOSTILE_REFUSED},
    {"one attribute a hundred thousand times", SLOT_PORTION, "", " a='1'", "", 100000, HOSTILE_REFUSED},
    {"65 namespaces", SLOT_ROOT, "", " xmlns:p%zu='u'", "", 65, HOSTILE_REFUSED},
    {"a hundred thousand namespaces", SLOT_ROOT, "", " xmlns:p%zu='u'", "", 100000, HOSTILE_REFUSED},
    {"a new namespace on each of ten thousand", SLOT_CHILD, "", "<a xmlns='urn:%zu'/>", "", 10000, HOSTILE_REFUSED},
    {"five thousand names", SLOT_CHILD, "", "<n%zu/>", "", 5000, HOSTILE_REFUSED},
    {"five thousand names of attributes", SLOT_CHILD, "", "<a n%zu=''/>", "", 5000, HOSTILE_REFUSED},
    // length
    {"a name of 257 bytes", SLOT_CHILD, "<", "a", "/>", 257, HOSTILE_REFUSED},
    {"a name of a megabyte", SLOT_CHILD, "<", "a", "/>", 1 << 20, HOSTILE_REFUSED},
    {"an attribute's name of 257 bytes", SLOT_PORTION, " ", "a", "='value'", 257, HOSTILE_REFUSED},
    {"a prefix of a megabyte", SLOT_CHILD, "<", "a", ":b/>", 1 << 20, HOSTILE_REFUSED},
    {"an attribute of a megabyte", SLOT_PORTION, " Id='", "a", "'", 1 << 20, HOSTILE_REFUSED},
    {"an attribute just too long", SLOT_PORTION, " Id='", "a", "'", 65537, HOSTILE_REFUSED},
    {"a namespace of a megabyte", SLOT_CHILD, "<a xmlns='", "u", "'/>", 1 << 20, HOSTILE_REFUSED},
    {"a target of a megabyte", SLOT_CHILD, "<?", "x", "?>", 1 << 20, HOSTILE_REFUSED},
    {"a comment of a megabyte", SLOT_CHILD, "<!--", "x", "-->", 1 << 20, HOSTILE_REFUSED},
    {"a CDATA section of a megabyte", SLOT_TEXT, "<![CDATA[", "x", "]]>", 1 << 20, HOSTILE_REFUSED},
    {"a text of eight megabytes", SLOT_TEXT, "", "xxxxxxxx", "", 1 << 20, HOSTILE_READ},
    {"a title of a megabyte", SLOT_TITLE, "", "x", "", 1 << 20, HOSTILE_READ},
    {"a classification of a megabyte", SLOT_CLASS, "", "x", "", 1 << 20, HOSTILE_INVALID_LABEL},
    {"a number of a megabyte", SLOT_HEADER, " version='", "9", "'", 60000, HOSTILE_REFUSED},
    {"a fraction of many digits", SLOT_FACTS, "<position lon='0' lat='0.", "0", "'/>", 60000, HOSTILE_REFUSED},
    {"a time of many digits", SLOT_HEADER, " issued='2026-01-01T00:00:00.", "0", "Z'", 60000, HOSTILE_REFUSED},
    {"a language of many parts", SLOT_HEADER, " xml:lang='en", "-x", "'", 30000, HOSTILE_REFUSED},
    // number
    {"1,025 portions", SLOT_CHILD, "", "<portion><text>x</text></portion>", "", 1025, HOSTILE_REFUSED},
    {"1,024 portions", SLOT_CHILD, "", "<portion><text>x</text></portion>", "", 1023, HOSTILE_READ},
    {"a million children", SLOT_CHILD, "", "<a/>", "", 1000000, HOSTILE_REFUSED},
    {"children over sixteen megabytes", SLOT_CHILD, "", "<a/>", "", 4190000, HOSTILE_REFUSED},
    {"topics over sixteen megabytes", SLOT_FACTS, "", "<topic>a</topic>", "", 1040000, HOSTILE_REFUSED},
    {"portions over sixteen megabytes", SLOT_CHILD, "", "<portion Id='a' salt='b'/>", "", 640000, HOSTILE_REFUSED},
    {"more than sixteen megabytes", SLOT_TEXT, "", "xxxxxxxxxxxxxxxx", "", 1048576, HOSTILE_REFUSED},
    {"17 alternative labels", SLOT_CHILD,
     "<portion><label><originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'><ConfidentialityInformation>"
     "<PolicyIdentifier>NATO</PolicyIdentifier><Classification>SECRET</Classification></ConfidentialityInformation></originatorConfidentialityLabel>",
     "<alternativeConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'><ConfidentialityInformation>"
     "<PolicyIdentifier>P%zu</PolicyIdentifier><Classification>X</Classification></ConfidentialityInformation></alternativeConfidentialityLabel>",
     "</label><text>x</text></portion>", 17, HOSTILE_REFUSED},
    {"fifty thousand categories", SLOT_CATEGORY, "", "<Category Type='INFORMATIVE' TagName='t'><GenericValue>v</GenericValue></Category>", "", 50000, HOSTILE_REFUSED},
    {"ten thousand categories", SLOT_CATEGORY, "", "<Category Type='INFORMATIVE' TagName='t'><GenericValue>v</GenericValue></Category>", "", 10000, HOSTILE_INVALID_LABEL},
    {"ten thousand values", SLOT_CATEGORY, "<Category Type='RESTRICTIVE' TagName='Additional Sensitivity'>", "<GenericValue>ATOMAL</GenericValue>", "</Category>", 10000, HOSTILE_READ},
    // markup
    {"character references", SLOT_TEXT, "", "&#65;", "", 1 << 18, HOSTILE_READ},
    {"references to one of the five", SLOT_TEXT, "", "&amp;", "", 1 << 18, HOSTILE_READ},
    {"references to an entity that is not declared", SLOT_TEXT, "", "&x;", "", 1 << 18, HOSTILE_REFUSED},
    {"references without end", SLOT_TEXT, "", "&", "", 1 << 20, HOSTILE_REFUSED},
    {"opening brackets", SLOT_WHOLE, "", "<", "", 4 << 20, HOSTILE_REFUSED},
    {"closing brackets", SLOT_TEXT, "", "]]", "]]>", 1 << 20, HOSTILE_REFUSED},
    {"white space between children", SLOT_CHILD, "", " \n\t ", "", 1 << 20, HOSTILE_READ},
    {"carriage returns", SLOT_TEXT, "", "\r\n", "", 1 << 20, HOSTILE_READ},
    {"comments", SLOT_CHILD, "", "<!---->", "", 1 << 18, HOSTILE_REFUSED},
    {"empty instructions", SLOT_CHILD, "", "<?a?>", "", 1 << 18, HOSTILE_REFUSED},
    {"a quote that is never closed", SLOT_PORTION, " Id='", "a b=\"c\" ", "", 1 << 18, HOSTILE_REFUSED},
    {"quotes that are never closed, each in a long tag", SLOT_CHILD, "",
     "<a b='1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "", 1 << 16, HOSTILE_REFUSED},
    {"65 attributes in a long tag, the last without end", SLOT_CHILD, "<a", " a%zu='1'", " z='", 65, HOSTILE_REFUSED},
    {"attributes of a closed tag, then quotes in its text", SLOT_TEXT, "", "\"'", "", 1000, HOSTILE_READ},
    {"document types", SLOT_BEFORE, "", "<!DOCTYPE a>", "", 100000, HOSTILE_REFUSED},
    {"combining marks on one letter", SLOT_TEXT, "a", "\xcc\xb8", "", 100000, HOSTILE_READ},
    {"combining marks that take turns", SLOT_TEXT, "a", "\xcc\xa3\xcc\x81", "", 100000, HOSTILE_REFUSED},
};

static void put_again(const struct flood *f, struct buf *out)
{
    const char *number = strstr(f->again, "%zu");
    for (size_t i = 0; i < f->count; i++) {
        if (number) {
            buf_put(out, f->again, (size_t)(number - f->again));
            buf_printf(out, "%zu%s", i, number + 3);
        } else {
            buf_puts(out, f->again);
        }
    }
}

void hostile_add_floods(struct hostile_maker *m)
{
    struct buf content;
    buf_init(&content, 17 * MIB);
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        buf_reset(&content);
        buf_puts(&content, floods[i].before);
        put_again(&floods[i], &content);
        buf_puts(&content, floods[i].after);
        hostile_add(m, floods[i].name, floods[i].slot, buf_bytes(&content), floods[i].verdict);
    }
    buf_fini(&content);
}
