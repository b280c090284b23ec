#include "formats/spif_parts.h"

const char *spif_lacv(struct reading *r, const struct xml_node *n)
{
    const char *value = xml_attr(n, "lacv");
    const char *lacv = value ? reading_fold(r, value) : "";
    if (!*lacv)
        return NULL;
    for (const char *p = lacv; *p; p++)
        if (*p < '0' || *p > '9') {
            reading_fault(r, n, "spif-lacv", "lacv=\"%.40s\": expected a number", lacv);
            return lacv;
        }
    while (lacv[0] == '0' && lacv[1])
        lacv++;
    return lacv;
}

const char *spif_required_lacv(struct reading *r, const struct xml_node *n)
{
    const char *lacv = spif_lacv(r, n);
    if (!lacv)
        reading_fault(r, n, "missing-attribute", "<%s> needs the attribute lacv=\"…\"", n->name);
    return lacv ? lacv : "";
}

// Digits in groups joined by single dots, at least two groups, the first 0, 1 or 2.
static bool is_oid(const char *s)
{
    size_t groups = 0;
    if (s[0] < '0' || s[0] > '2' || s[1] != '.')
        return false;
    for (;;) {
        size_t digits = strspn(s, "0123456789");
        if (digits == 0 || (digits > 1 && *s == '0'))
            return false;
        groups++;
        s += digits;
        if (!*s)
            return groups >= 2;
        if (*s++ != '.')
            return false;
    }
}

const char *spif_oid(struct reading *r, const struct xml_node *n, const char *attr)
{
    const char *oid = reading_required(r, n, attr);
    if (*oid && !is_oid(oid))
        reading_fault(r, n, "spif-oid", "%s=\"%.60s\": expected an object identifier such as 1.3.26.1.3.1", attr, oid);
    return oid;
}

static enum spif_tag_type enumerated(struct reading *r, const struct xml_node *n)
{
    const char *kind = xml_attr(n, "enumType");
    if (kind && strcmp(kind, "permissive") == 0)
        return SPIF_ENUM_PERMISSIVE;
    if (!kind || strcmp(kind, "restrictive") != 0)
        reading_fault(r, n, "spif-tag-type", "tagType=\"enumerated\" needs enumType=\"restrictive\" or \"permissive\"");
    return SPIF_ENUM_RESTRICTIVE;
}

enum spif_tag_type spif_tag_type(struct reading *r, const struct xml_node *n)
{
    const char *type = reading_required(r, n, "tagType");
    if (strcmp(type, "restrictive") == 0)
        return SPIF_RESTRICTIVE;
    if (strcmp(type, "permissive") == 0)
        return SPIF_PERMISSIVE;
    if (strcmp(type, "enumerated") == 0)
        return enumerated(r, n);
    if (strcmp(type, "tagType7") == 0 || strcmp(type, "notApplicable") == 0)
        return SPIF_INFORMATIVE;
    if (*type)
        reading_fault(r, n, "spif-tag-type",
                      "tagType=\"%.40s\": expected restrictive, permissive, enumerated, tagType7 or notApplicable", type);
    return SPIF_RESTRICTIVE;
}

const char *spif_tag_type_text(enum spif_tag_type t)
{
    switch (t) {
    case SPIF_RESTRICTIVE:
        return "restrictive";
    case SPIF_PERMISSIVE:
        return "permissive";
    case SPIF_ENUM_RESTRICTIVE:
        return "enumerated restrictive";
    case SPIF_ENUM_PERMISSIVE:
        return "enumerated permissive";
    case SPIF_INFORMATIVE:
        return "tagType7";
    }
    return "restrictive";
}

enum spif_applied spif_applied(struct reading *r, const struct xml_node *n)
{
    const char *applied = reading_required(r, n, "applied");
    if (strcmp(applied, "encrypt") == 0)
        return SPIF_ENCRYPT;
    if (strcmp(applied, "both") == 0)
        return SPIF_BOTH;
    if (*applied && strcmp(applied, "decrypt") != 0)
        reading_fault(r, n, "bad-value", "applied=\"%.40s\": expected encrypt, decrypt or both", applied);
    return SPIF_DECRYPT;
}
