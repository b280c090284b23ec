// Characters: bytes that are no UTF-8, characters that XML or a report may not hold, and those that only look like others.
#include <stdio.h>
#include <string.h>

#include "tests/support/hostile.h"

#define S(text) {text, sizeof(text) - 1}

static const struct bad_text {
    const char *name;
    struct {
        const char *bytes;
        size_t len;
    } text;
} bad[] = {
    // no UTF-8
    {"overlong slash in two bytes", S("\xc0\xaf")},
    {"overlong NUL", S("\xc0\x80")},
    {"overlong slash in three bytes", S("\xe0\x80\xaf")},
    {"overlong slash in four bytes", S("\xf0\x80\x80\xaf")},
    {"overlong less-than", S("\xc0\xbc")},
    {"lone continuation byte", S("\x80")},
    {"two-byte sequence cut short", S("\xc3")},
    {"three-byte sequence cut short", S("\xe2\x82")},
    {"four-byte sequence cut short", S("\xf0\x9f\x98")},
    {"five-byte sequence", S("\xf8\x88\x80\x80\x80")},
    {"six-byte sequence", S("\xfc\x84\x80\x80\x80\x80")},
    {"high surrogate", S("\xed\xa0\x80")},
    {"low surrogate", S("\xed\xbf\xbf")},
    {"surrogate pair as in CESU-8", S("\xed\xa0\xbd\xed\xb8\x80")},
    {"beyond U+10FFFF", S("\xf4\x90\x80\x80")},
    {"byte FE", S("\xfe")},
    {"byte FF", S("\xff")},
    {"Latin-1 letter", S("caf\xe9")},
    // no XML
    {"NUL byte", S("a\0b")},
    {"bell", S("\x07")},
    {"escape", S("\x1b[2J")},
    {"vertical tab", S("\x0b")},
    {"form feed", S("\x0c")},
    {"noncharacter U+FFFE", S("\xef\xbf\xbe")},
    {"noncharacter U+FFFF", S("\xef\xbf\xbf")},
    {"character reference to NUL", S("&#0;")},
    {"character reference to U+0001", S("&#x1;")},
    {"character reference to a surrogate", S("&#xD800;")},
    {"character reference to U+FFFE", S("&#xFFFE;")},
    {"character reference beyond U+10FFFF", S("&#x110000;")},
    {"character reference that overflows 32 bits", S("&#4294967361;")},
    {"character reference that overflows 64 bits", S("&#x10000000000000041;")},
    {"character reference without digits", S("&#;")},
    {"character reference without end", S("&#65")},
    {"character reference with a letter", S("&#12a;")},
    {"bare ampersand", S("A & B")},
    {"less-than sign", S("a<b")},
    {"end of a CDATA section", S("a]]>b")},
    // no report
    {"delete", S("\x7f")},
    {"C1 control", S("\xc2\x85")},
    {"left-to-right embedding", S("\xe2\x80\xaa")},
    {"right-to-left embedding", S("\xe2\x80\xab")},
    {"left-to-right override", S("\xe2\x80\xad")},
    {"right-to-left override", S("\xe2\x80\xae")},
    {"right-to-left isolate", S("\xe2\x81\xa7")},
    {"first strong isolate", S("\xe2\x81\xa8")},
    {"override by reference", S("&#x202E;")},
    {"unassigned character", S("\xcd\xb8")},
    {"noncharacter of plane 1", S("\xf0\x9f\xbf\xbf")},
    {"noncharacter U+FDD0", S("\xef\xb7\x90")},
    {"not NFC: e and acute", S("e\xcc\x81")},
    {"not NFC: Angstrom sign", S("\xe2\x84\xab")},
    {"not NFC: marks out of order", S("a\xcc\x81\xcc\xa3")},
    {"not NFC by reference", S("e&#x301;")},
};

// Fine in a text; in the classification of a label they are no name that the policy knows.
static const struct bad_text lookalikes[] = {
    {"Cyrillic Es for C", S("SE\xd0\xa1RET")},
    {"Greek Epsilon for E", S("S\xce\x95" "CRET")},
    {"fullwidth letters", S("\xef\xbc\xb3\xef\xbc\xa5\xef\xbc\xa3\xef\xbc\xb2\xef\xbc\xa5\xef\xbc\xb4")},
    {"zero-width space inside", S("SEC\xe2\x80\x8bRET")},
    {"zero-width joiner inside", S("SEC\xe2\x80\x8dRET")},
    {"soft hyphen inside", S("SEC\xc2\xadRET")},
    {"no-break space behind", S("SECRET\xc2\xa0")},
    {"byte order mark before", S("\xef\xbb\xbfSECRET")},
    {"combining mark that does not compose", S("SECRET\xcc\xb8")},
    {"mathematical letters", S("\xf0\x9d\x90\x92" "ECRET")},
    {"left-to-right mark behind", S("SECRET\xe2\x80\x8e")},
    {"one letter more", S("SECRETS")},
    {"two words", S("SEC RET")},
    {"empty variation selector", S("SECRET\xef\xb8\x8e")},
};

// Read as the same name: names compare without case, white space folded.
static const struct bad_text same[] = {
    {"lower case", S("secret")},
    {"white space around", S("  SECRET\n\t")},
    {"letters by reference", S("&#83;&#x45;CRET")},
};

static void add_text(struct hostile_maker *m, const struct bad_text *t, const char *where, enum hostile_slot slot,
                     enum hostile_verdict verdict)
{
    char name[120];
    snprintf(name, sizeof name, "%s in %s", t->name, where);
    hostile_add(m, name, slot, span_of((const uint8_t *)t->text.bytes, t->text.len), verdict);
}

// In the value of an attribute too; there, a bracket or "]]>" does no harm.
static void add_in_attribute(struct hostile_maker *m, const struct bad_text *t)
{
    char name[120];
    struct buf attr;
    if (memchr(t->text.bytes, '>', t->text.len))
        return;
    snprintf(name, sizeof name, "%s in an attribute", t->name);
    buf_init(&attr, KIB);
    buf_puts(&attr, "<attachment media-type='text/plain' size='1' sha256='"
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' name='a");
    buf_put(&attr, t->text.bytes, t->text.len);
    buf_puts(&attr, "b'/>");
    hostile_add(m, name, SLOT_CHILD, buf_bytes(&attr), HOSTILE_REFUSED);
    buf_fini(&attr);
}

void hostile_add_texts(struct hostile_maker *m)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        add_text(m, &bad[i], "the text of a portion", SLOT_TEXT, HOSTILE_REFUSED);
        add_text(m, &bad[i], "the title", SLOT_TITLE, HOSTILE_REFUSED);
        add_text(m, &bad[i], "a classification", SLOT_CLASS, HOSTILE_REFUSED);
        add_in_attribute(m, &bad[i]);
    }
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++) {
        add_text(m, &lookalikes[i], "the text of a portion", SLOT_TEXT, HOSTILE_READ);
        add_text(m, &lookalikes[i], "a classification", SLOT_CLASS, HOSTILE_INVALID_LABEL);
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        add_text(m, &same[i], "a classification", SLOT_CLASS, HOSTILE_READ);
}
