#include "formats/signature.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/signature_key.h"

#define DS_DECLARATION " xmlns:ds=\"" NS_DSIG "\""
#define ALG_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ALG_SIGNATURE "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define ALG_DIGEST "http://www.w3.org/2001/04/xmlenc#sha256"
#define TYPE_MANIFEST "http://www.w3.org/2000/09/xmldsig#Manifest"

// base64 of 64 and of 32 bytes.
enum { VALUE_TEXT_LEN = 88, DIGEST_TEXT_B64_LEN = 44 };

// A whole signature's bytes: what they are made from, and where its parts came to stand.
struct layout {
    const char *manifest_id;
    const char *const *ids;
    const struct digest *digests;
    size_t count;
    bool typed; // the reference to the manifest states its Type
    struct digest manifest;
    const struct signature_facts *facts;
    struct {
        size_t info_from, info_to, manifest_from, manifest_to, digest_at, value_at;
    } at; // offsets from the start of the signature
};

struct digest element_digest(struct span element, const char *declaration)
{
    size_t name = 0;
    while (name < element.len && element.ptr[name] != ' ' && element.ptr[name] != '>')
        name++;
    struct span parts[3] = {span_sub(element, 0, name), span_cstr(declaration),
                            span_sub(element, name, element.len)};
    return sha256_parts(parts, 3);
}

// ---- the layout, written

static void put_transforms(struct buf *out)
{
    buf_puts(out, "<ds:Transforms><ds:Transform Algorithm=\"" ALG_C14N "\"></ds:Transform></ds:Transforms>"
                  "<ds:DigestMethod Algorithm=\"" ALG_DIGEST "\"></ds:DigestMethod><ds:DigestValue>");
}

static void put_reference(struct buf *out, bool typed, const char *id, const struct digest *digest,
                          size_t *ret_at)
{
    buf_puts(out, typed ? "<ds:Reference Type=\"" TYPE_MANIFEST "\" URI=\"#" : "<ds:Reference URI=\"#");
    buf_puts(out, id);
    buf_puts(out, "\">");
    put_transforms(out);
    *ret_at = out->len;
    base64_put(out, span_of(digest->b, SHA256_LEN));
    buf_puts(out, "</ds:DigestValue></ds:Reference>");
}

static void put_key_info(struct buf *out, const struct signature_facts *f)
{
    buf_puts(out, "<ds:KeyInfo><ds:X509Data>");
    if (f->ski_len > 0) {
        buf_puts(out, "<ds:X509SKI>");
        base64_put(out, span_of(f->ski, f->ski_len));
        buf_puts(out, "</ds:X509SKI>");
    } else {
        buf_puts(out, "<ds:X509IssuerSerial><ds:X509IssuerName>");
        buf_xml_text(out, span_cstr(f->issuer));
        buf_puts(out, "</ds:X509IssuerName><ds:X509SerialNumber>");
        buf_puts(out, f->serial);
        buf_puts(out, "</ds:X509SerialNumber></ds:X509IssuerSerial>");
    }
    buf_puts(out, "</ds:X509Data></ds:KeyInfo>");
}

static void put_signature(struct layout *l, struct buf *out)
{
    size_t start = out->len, unused;
    buf_puts(out, "<ds:Signature" DS_DECLARATION ">");
    l->at.info_from = out->len - start;
    buf_puts(out, "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" ALG_C14N
                  "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"" ALG_SIGNATURE
                  "\"></ds:SignatureMethod>");
    put_reference(out, l->typed, l->manifest_id, &l->manifest, &l->at.digest_at);
    l->at.digest_at -= start;
    buf_puts(out, "</ds:SignedInfo>");
    l->at.info_to = out->len - start;
    buf_puts(out, "<ds:SignatureValue>");
    l->at.value_at = out->len - start;
    base64_put(out, span_of(l->facts->value, SIGNATURE_VALUE_LEN));
    buf_puts(out, "</ds:SignatureValue>");
    put_key_info(out, l->facts);
    buf_puts(out, "<ds:Object>");
    l->at.manifest_from = out->len - start;
    buf_puts(out, "<ds:Manifest Id=\"");
    buf_puts(out, l->manifest_id);
    buf_puts(out, "\">");
    for (size_t i = 0; i < l->count; i++)
        put_reference(out, false, l->ids[i], &l->digests[i], &unused);
    buf_puts(out, "</ds:Manifest>");
    l->at.manifest_to = out->len - start;
    buf_puts(out, "</ds:Object></ds:Signature>");
}

// ---- making one

// Replace the zero bytes' base64 at `at` by that of these bytes.
static enum status patch(struct buf *out, size_t at, const uint8_t *bytes, size_t len, size_t text_len)
{
    struct buf text;
    buf_init(&text, text_len);
    base64_put(&text, span_of(bytes, len));
    enum status st = buf_status(&text);
    if (st == ST_OK) {
        BUG_IF(text.len != text_len || at + text_len > out->len);
        memcpy(out->ptr + at, text.ptr, text_len);
    }
    buf_fini(&text);
    return st;
}

static struct digest range_digest(const struct buf *out, size_t start, size_t from, size_t to)
{
    return element_digest(span_sub(buf_bytes(out), start + from, start + to), DS_DECLARATION);
}

// Sign the canonical SignedInfo: its range with the namespace declared on it.
static enum status sign_info(struct buf *out, size_t start, const struct layout *l,
                             const struct signing_key *key, uint8_t value[SIGNATURE_VALUE_LEN])
{
    static const char open[] = "<ds:SignedInfo";
    size_t from = start + l->at.info_from + sizeof open - 1, to = start + l->at.info_to;
    struct buf message;
    buf_init(&message, 4 * KIB);
    buf_puts(&message, open);
    buf_puts(&message, DS_DECLARATION);
    buf_span(&message, span_sub(buf_bytes(out), from, to));
    enum status st = buf_status(&message);
    if (st == ST_OK)
        st = signing_key_sign(key, buf_bytes(&message), value);
    buf_fini(&message);
    return st;
}

static enum status fill_in(struct buf *out, size_t start, struct layout *l, const struct signing_key *key)
{
    TRY(buf_status(out));
    uint8_t value[SIGNATURE_VALUE_LEN];
    l->manifest = range_digest(out, start, l->at.manifest_from, l->at.manifest_to);
    TRY(patch(out, start + l->at.digest_at, l->manifest.b, SHA256_LEN, DIGEST_TEXT_B64_LEN));
    TRY(sign_info(out, start, l, key, value));
    return patch(out, start + l->at.value_at, value, sizeof value, VALUE_TEXT_LEN);
}

enum status signature_write(const char *manifest_id, const char *const *ids, const struct digest *digests,
                            size_t count, const struct signing_key *key, struct buf *out)
{
    struct signature_facts facts = {0};
    const struct certificate_name *name = signing_key_name(key);
    memcpy(facts.ski, name->ski, sizeof facts.ski);
    facts.ski_len = name->ski_len;
    memcpy(facts.issuer, name->issuer, sizeof facts.issuer);
    memcpy(facts.serial, name->serial, sizeof facts.serial);
    struct layout l = {.manifest_id = manifest_id,
                       .ids = ids,
                       .digests = digests,
                       .count = count,
                       .typed = true,
                       .facts = &facts};
    size_t start = out->len;
    put_signature(&l, out);
    enum status st = fill_in(out, start, &l, key);
    if (st != ST_OK)
        out->len = start; // nothing half made stays behind
    return st;
}

// ---- reading one

static enum status layout_fault(const struct xml_node *n, struct diag *d, const char *message)
{
    xml_fault(n, d, "signature-layout", "%s", message);
    return ST_INVALID;
}

// The element reached from n by these names, each the first of its name.
static enum status descend(const struct xml_node *n, struct diag *d, const char *const *names,
                           const struct xml_node **ret)
{
    for (; *names; names++) {
        const struct xml_node *child = xml_child(n, NS_DSIG, *names);
        if (!child) {
            xml_fault(n, d, "signature-layout", "expected a ds:%s in <%s>", *names, n->name);
            return ST_INVALID;
        }
        n = child;
    }
    *ret = n;
    return ST_OK;
}

// Exactly len bytes in base64 without white space.
static enum status bytes_of(const struct xml_node *n, struct diag *d, uint8_t *out, size_t len)
{
    const char *text;
    size_t got;
    TRY(xml_text(n, d, &text));
    if (base64_get(span_cstr(text), out, len, &got) != ST_OK || got != len) {
        xml_fault(n, d, "signature-layout", "expected %zu bytes in base64 without white space", len);
        return ST_INVALID;
    }
    return ST_OK;
}

static enum status digest_of(const struct xml_node *reference, struct diag *d, struct digest *ret)
{
    const struct xml_node *n;
    TRY(descend(reference, d, (const char *const[]){"DigestValue", NULL}, &n));
    return bytes_of(n, d, ret->b, SHA256_LEN);
}

static enum status string_of(const struct xml_node *n, struct diag *d, char *out, size_t cap)
{
    const char *text;
    TRY(xml_text(n, d, &text));
    if (!*text || strlen(text) >= cap)
        return layout_fault(n, d, "the name of the signing certificate is empty or too long");
    memcpy(out, text, strlen(text) + 1);
    return ST_OK;
}

static enum status ski_of(const struct xml_node *n, struct diag *d, struct signature_facts *f)
{
    const char *text;
    TRY(xml_text(n, d, &text));
    if (base64_get(span_cstr(text), f->ski, SKI_MAX, &f->ski_len) != ST_OK || f->ski_len == 0)
        return layout_fault(n, d, "expected a key identifier of 1 to 32 bytes in base64");
    return ST_OK;
}

static enum status key_info_of(const struct xml_node *signature, struct diag *d, struct signature_facts *f)
{
    const struct xml_node *data, *n;
    TRY(descend(signature, d, (const char *const[]){"KeyInfo", "X509Data", NULL}, &data));
    n = xml_child(data, NS_DSIG, "X509SKI");
    if (n)
        return ski_of(n, d, f);
    TRY(descend(data, d, (const char *const[]){"X509IssuerSerial", "X509IssuerName", NULL}, &n));
    TRY(string_of(n, d, f->issuer, sizeof f->issuer));
    TRY(descend(data, d, (const char *const[]){"X509IssuerSerial", "X509SerialNumber", NULL}, &n));
    TRY(string_of(n, d, f->serial, sizeof f->serial));
    if (f->serial[strspn(f->serial, "0123456789")] || (f->serial[0] == '0' && f->serial[1]))
        return layout_fault(n, d, "expected a serial number in decimal digits");
    return ST_OK;
}

static enum status manifest_of(const struct xml_node *signature, struct diag *d, const char *const *ids,
                               size_t count, struct digest *ret)
{
    const struct xml_node *manifest;
    TRY(descend(signature, d, (const char *const[]){"Object", "Manifest", NULL}, &manifest));
    const struct xml_node *ref = xml_first(manifest);
    for (size_t i = 0; i < count; i++, ref = xml_next(ref)) {
        const char *uri = ref ? xml_attr(ref, "URI") : NULL;
        if (!uri || uri[0] != '#' || strcmp(uri + 1, ids[i]) != 0) {
            xml_fault(ref ? ref : manifest, d, "signature-manifest",
                      "expected a reference to \"#%.40s\" here, got %.60s", ids[i], uri ? uri : "none");
            return ST_INVALID;
        }
        TRY(digest_of(ref, d, &ret[i]));
    }
    if (ref)
        return layout_fault(ref, d, "the manifest lists more than the document's children");
    return ST_OK;
}

// Everything that varies, from wherever it stands; that nothing else varies is found by comparing bytes.
static enum status values_of(const struct xml_node *signature, struct diag *d, struct layout *l,
                             struct digest *digests, struct signature_facts *f)
{
    const struct xml_node *n;
    if (!xml_is(signature, NS_DSIG, "Signature"))
        return layout_fault(signature, d, "expected a ds:Signature");
    TRY(descend(signature, d, (const char *const[]){"SignedInfo", "Reference", NULL}, &n));
    l->typed = xml_attr(n, "Type") != NULL;
    TRY(digest_of(n, d, &l->manifest));
    TRY(descend(signature, d, (const char *const[]){"SignatureValue", NULL}, &n));
    TRY(bytes_of(n, d, f->value, sizeof f->value));
    TRY(key_info_of(signature, d, f));
    return manifest_of(signature, d, l->ids, l->count, digests);
}

static void tell_difference(const struct xml_node *element, struct span got, struct span expected, struct diag *d)
{
    size_t i = 0;
    while (i < got.len && i < expected.len && got.ptr[i] == expected.ptr[i])
        i++;
    size_t rest = expected.len - i < 40 ? expected.len - i : 40;
    xml_fault(element, d, "signature-layout",
              "byte %zu of the signature is not of the profile; expected: %.*s", i, (int)rest,
              rest ? (const char *)expected.ptr + i : "");
}

// Are the bytes the layout of these values? Then *f gets the digest that was signed.
static enum status match(struct span bytes, struct layout *l, struct buf *expected, struct signature_facts *f)
{
    put_signature(l, expected);
    TRY(buf_status(expected));
    if (!span_eq(bytes, buf_bytes(expected)))
        return ST_INVALID;
    struct digest manifest = range_digest(expected, 0, l->at.manifest_from, l->at.manifest_to);
    if (!digest_eq(&manifest, &l->manifest))
        return ST_BAD_SIGNATURE;
    f->signed_info = range_digest(expected, 0, l->at.info_from, l->at.info_to);
    return ST_OK;
}

static enum status check_layout(const struct xml_node *element, struct span bytes, struct layout *l,
                                struct buf *expected, struct diag *d, struct signature_facts *f)
{
    enum status st = match(bytes, l, expected, f);
    if (st == ST_INVALID)
        tell_difference(element, bytes, buf_bytes(expected), d);
    else if (st == ST_BAD_SIGNATURE)
        xml_fault(element, d, "manifest-digest", "the manifest was altered after signing: its digest differs");
    return st;
}

enum status signature_read(const struct xml_node *element, struct span bytes, const char *manifest_id,
                           const char *const *ids, size_t count, struct diag *d, struct digest *ret_digests,
                           struct signature_facts *ret)
{
    struct signature_facts facts = {0};
    struct layout l = {
        .manifest_id = manifest_id, .ids = ids, .digests = ret_digests, .count = count, .facts = &facts};
    TRY(values_of(element, d, &l, ret_digests, &facts));
    struct buf expected;
    buf_init(&expected, RENDITION_BYTES_MAX);
    buf_reserve(&expected, bytes.len);
    enum status st = check_layout(element, bytes, &l, &expected, d, &facts);
    buf_fini(&expected);
    if (st == ST_OK)
        *ret = facts;
    return st;
}

// ---- reading one without a tree

// Step behind the next such tag. False when there is none.
static bool step_behind(struct span *rest, const char *tag)
{
    for (const uint8_t *at; (at = memchr(rest->ptr, '<', rest->len)) != NULL;) {
        *rest = span_sub(*rest, (size_t)(at - rest->ptr), rest->len);
        if (span_starts(*rest, tag)) {
            *rest = span_sub(*rest, strlen(tag), rest->len);
            return true;
        }
        *rest = span_sub(*rest, 1, rest->len);
    }
    return false;
}

// The bytes that stand in base64 behind the next such tag.
static bool take_bytes(struct span *rest, const char *tag, uint8_t *out, size_t cap, size_t *ret_len)
{
    const uint8_t *end = step_behind(rest, tag) ? memchr(rest->ptr, '<', rest->len) : NULL;
    return end && base64_get(span_sub(*rest, 0, (size_t)(end - rest->ptr)), out, cap, ret_len) == ST_OK;
}

static bool take_digest(struct span *rest, struct digest *ret)
{
    size_t len;
    return take_bytes(rest, "<ds:DigestValue>", ret->b, SHA256_LEN, &len) && len == SHA256_LEN;
}

// What varies, from where it seems to stand: as in values_of, comparing the bytes shows whether it does.
static bool take_values(struct span rest, struct layout *l, struct digest *digests, struct signature_facts *f)
{
    size_t len;
    if (!step_behind(&rest, "<ds:Reference"))
        return false;
    l->typed = span_starts(rest, " Type=");
    if (!take_digest(&rest, &l->manifest) || !take_bytes(&rest, "<ds:SignatureValue>", f->value, sizeof f->value, &len) ||
        len != sizeof f->value || !take_bytes(&rest, "<ds:X509SKI>", f->ski, SKI_MAX, &f->ski_len) || f->ski_len == 0)
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (!take_digest(&rest, &digests[i]))
            return false;
    return true;
}

bool signature_match(struct span bytes, const char *manifest_id, const char *const *ids, size_t count,
                     struct digest *ret_digests, struct signature_facts *ret)
{
    *ret = (struct signature_facts){0};
    struct layout l = {.manifest_id = manifest_id, .ids = ids, .digests = ret_digests, .count = count, .facts = ret};
    struct buf expected;
    buf_init(&expected, RENDITION_BYTES_MAX);
    buf_reserve(&expected, bytes.len);
    bool ok = take_values(bytes, &l, ret_digests, ret) && match(bytes, &l, &expected, ret) == ST_OK;
    buf_fini(&expected);
    return ok;
}

enum status signature_check(const struct signature_facts *f, const struct verifying_key *key)
{
    return verifying_key_check(key, &f->signed_info, f->value);
}
