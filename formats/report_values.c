#include <stdio.h>

#include "formats/base/utf8.h"
#include "formats/report_parse.h"

enum { TOKEN_MAX = 64, LANGUAGE_MAX = 35, FILE_NAME_MAX = 255, MEDIA_NAME_MAX = 127, DECIMALS_MAX = 9 };

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum { SHOWN_MAX = 64 };

// The beginning of a value for a message, never cut inside a character.
static const char *shown(const char *value, char out[SHOWN_MAX])
{
    size_t len = utf8_cut(span_cstr(value), SHOWN_MAX - 1);
    memcpy(out, value, len);
    out[len] = 0;
    return out;
}

// A copy without white space at the ends, inner runs made one space.
static const char *folded(struct arena *a, const char *text)
{
    size_t len = strlen(text), n = 0;
    char *out = arena_alloc(a, len + 1);
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (!is_space(text[i]))
            out[n++] = text[i];
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    if (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    return out;
}

bool report_text(struct report_reading *x, const struct xml_node *n, const char **ret)
{
    enum status st = xml_text(n, x->d, ret);
    if (st != ST_OK) {
        report_status(x, st);
        return false;
    }
    if (x->exact)
        return true;
    *ret = folded(x->a, *ret);
    if (!*ret)
        report_status(x, arena_status(x->a));
    return *ret != NULL;
}

bool report_attr(struct report_reading *x, const struct xml_node *n, const char *name, const char **ret)
{
    *ret = xml_attr(n, name);
    if (!*ret)
        report_fault(x, n, "missing-attribute", "<%s> needs the attribute \"%s\"", n->name, name);
    return *ret != NULL;
}

bool report_token(struct report_reading *x, const struct xml_node *n, const char *what, const char *value)
{
    size_t len = strlen(value), ok = is_alnum(value[0]) ? 1 : 0;
    while (ok > 0 && ok < len && (is_alnum(value[ok]) || strchr("._-/", value[ok])))
        ok++;
    if (len > 0 && len <= TOKEN_MAX && ok == len)
        return true;
    char got[SHOWN_MAX];
    report_fault(x, n, "token-form", "%s is a name of 1 to %d letters, digits and \"._-/\", got \"%s\"", what,
                 TOKEN_MAX, shown(value, got));
    return false;
}

bool report_urn(struct report_reading *x, const struct xml_node *n, const char *name, struct uuid *ret)
{
    const char *value;
    if (!report_attr(x, n, name, &value))
        return false;
    struct span s = span_cstr(value);
    if (span_starts(s, "urn:uuid:") && uuid_parse(s, ret) == ST_OK)
        return true;
    char got[SHOWN_MAX];
    report_fault(x, n, "uuid-form", "\"%s\" is \"urn:uuid:\" and a lower-case UUID, got \"%s\"", name,
                 shown(value, got));
    return false;
}

bool report_time(struct report_reading *x, const struct xml_node *n, const char *name, utc_ms *ret)
{
    const char *value;
    if (!report_attr(x, n, name, &value))
        return false;
    if (utc_parse(span_cstr(value), UTC_ZONE_Z, ret) == ST_OK)
        return true;
    char got[SHOWN_MAX];
    report_fault(x, n, "time-form", "\"%s\" is a time in UTC such as 2026-11-22T13:34:00Z, got \"%s\"", name,
                 shown(value, got));
    return false;
}

// A decimal as billionths: exact, and the same under every locale. False for any other form.
static bool billionths(const char *s, int64_t *ret)
{
    bool negative = *s == '-';
    s += negative;
    int64_t v = 0;
    int whole = 0, decimals = 0;
    for (; is_digit(*s) && whole < 6; s++, whole++)
        v = v * 10 + (*s - '0');
    if (*s == '.')
        for (s++; is_digit(*s) && decimals < DECIMALS_MAX; s++, decimals++)
            v = v * 10 + (*s - '0');
    if (*s || whole == 0 || (s[-1] == '.'))
        return false;
    for (; decimals < DECIMALS_MAX; decimals++)
        v *= 10;
    *ret = negative ? -v : v;
    return true;
}

bool report_decimal(struct report_reading *x, const struct xml_node *n, const char *name, double min,
                    double max, double *ret)
{
    const char *value = xml_attr(n, name);
    int64_t v;
    if (!value)
        return true;
    if (billionths(value, &v) && (double)v / 1e9 >= min && (double)v / 1e9 <= max) {
        *ret = (double)v / 1e9;
        return true;
    }
    char got[SHOWN_MAX];
    report_fault(x, n, "number-form",
                 "\"%s\" is a decimal number from %g to %g with at most %d decimals, got \"%s\"", name, min,
                 max, DECIMALS_MAX, shown(value, got));
    return false;
}

bool report_integer(struct report_reading *x, const struct xml_node *n, const char *name, uint64_t min,
                    uint64_t max, uint64_t *ret)
{
    const char *value;
    uint64_t v = 0;
    if (!report_attr(x, n, name, &value))
        return false;
    if (decimal_parse(span_cstr(value), max, &v) && v >= min) {
        *ret = v;
        return true;
    }
    char got[SHOWN_MAX];
    report_fault(x, n, "number-form", "\"%s\" is a whole number from %llu to %llu, got \"%s\"", name,
                 (unsigned long long)min, (unsigned long long)max, shown(value, got));
    return false;
}

bool report_letter(struct report_reading *x, const struct xml_node *n, const char *name, const char *set,
                   char *ret)
{
    const char *value = xml_attr(n, name);
    if (!value)
        return true;
    if (value[0] && !value[1] && strchr(set, value[0])) {
        *ret = value[0];
        return true;
    }
    char got[SHOWN_MAX];
    report_fault(x, n, "grading-form", "\"%s\" is one of %s, got \"%s\"", name, set, shown(value, got));
    return false;
}

const char *report_id_of(struct report_reading *x, const struct xml_node *n, const char *name)
{
    const char *value = xml_attr(n, name);
    if (!value)
        return NULL;
    size_t len = strlen(value), ok = is_alpha(value[0]) || value[0] == '_' ? 1 : 0;
    while (ok > 0 && ok < len && (is_alnum(value[ok]) || strchr("._-", value[ok])))
        ok++;
    if (len > 0 && len <= TOKEN_MAX && ok == len)
        return value;
    char got[SHOWN_MAX];
    report_fault(x, n, "id-form", "\"%s\" is a letter or \"_\", then letters, digits and \"._-\", got \"%s\"",
                 name, shown(value, got));
    return NULL;
}

// BCP 47: subtags of 1 to 8 letters and digits joined by hyphens, the first of letters.
bool report_language(struct report_reading *x, const struct xml_node *n, const char **ret)
{
    const char *value = xml_attr_ns(n, XML_NS_XML, "lang");
    *ret = "";
    if (!value)
        return true;
    bool ok = strlen(value) <= LANGUAGE_MAX;
    size_t run = 0;
    bool first = true;
    for (const char *p = value; ok && *p; p++) {
        if (*p == '-') {
            ok = run > 0;
            run = 0;
            first = false;
        } else {
            ok = (is_alpha(*p) || (!first && is_digit(*p))) && ++run <= 8;
        }
    }
    if (ok && run > 0) {
        *ret = value;
        return true;
    }
    char got[SHOWN_MAX];
    report_fault(x, n, "language-form", "\"xml:lang\" is a language tag such as en or pt-BR, got \"%s\"",
                 shown(value, got));
    return false;
}

bool report_file_name(struct report_reading *x, const struct xml_node *n, const char *value)
{
    size_t len = strlen(value);
    if (len > 0 && len <= FILE_NAME_MAX && !strpbrk(value, "/\\") && value[0] != '.' && value[0] != ' ' &&
        value[len - 1] != ' ')
        return true;
    report_fault(
        x, n, "name-form",
        "\"name\" is a file name of 1 to %d bytes without \"/\" and \"\\\", not beginning with a full stop",
        FILE_NAME_MAX);
    return false;
}

// RFC 6838: type "/" subtype, restricted names; parameters are not accepted.
bool report_media_type(struct report_reading *x, const struct xml_node *n, const char *value)
{
    const char *p = value;
    size_t parts = 0, run = 0;
    bool ok = true;
    for (; ok; p++) {
        if (*p == '/' || !*p) {
            ok = run > 0 && run <= MEDIA_NAME_MAX;
            parts++;
            run = 0;
            if (!*p)
                break;
        } else {
            ok = is_alnum(*p) || (run > 0 && strchr("!#$&-^_.+", *p));
            run++;
        }
    }
    if (ok && parts == 2)
        return true;
    char got[SHOWN_MAX];
    report_fault(x, n, "media-type-form",
                 "\"media-type\" is a type and subtype such as image/jpeg, got \"%s\"", shown(value, got));
    return false;
}
