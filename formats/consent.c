#include "formats/consent.h"

#include <stdio.h>
#include <stdlib.h>

#define MANIFEST_ID "relto-consent-1"
#define DECLARATION " xmlns=\"" NS_CONSENT "\""
#define OPEN "<consent" DECLARATION ">"
#define CLOSE "</consent>"

static const char *const grant_attrs[] = {"Id",     "at",      "expires",   "nation",  "recipient", "rendition",
                                          "report", "request", "requester", "version", NULL};
static const char *const revocation_attrs[] = {"Id",     "at",      "expires",   "grant",   "nation", "recipient", "rendition",
                                               "report", "request", "requester", "version", NULL};
static const char *const request_attrs[] = {"asked", "recipient", "rendition", "report", "version", NULL};

bool consent_party_valid(const char *id)
{
    size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && n <= CONSENT_PARTY_MAX && id[n] == 0;
}

static const char *name_of(bool revocation)
{
    return revocation ? "revocation" : "grant";
}

// ---- requests

void consent_request_write(const struct consent_request *r, struct buf *out)
{
    char asked[UTC_TEXT_MAX], digest[DIGEST_TEXT_LEN + 1], urn[UUID_URN_LEN + 1];
    buf_puts(out, "<request" DECLARATION);
    buf_xml_attr(out, "asked", utc_format_ms(r->asked, asked));
    buf_xml_attr(out, "recipient", r->recipient);
    buf_xml_attr(out, "rendition", digest_text(&r->rendition, digest));
    buf_xml_attr(out, "report", uuid_urn(r->report, urn));
    buf_printf(out, " version=\"%u\"></request>", r->version);
}

struct uuid consent_request_id(const struct consent_request *r, const char *requester)
{
    struct buf b;
    struct digest d;
    uint8_t bytes[16];
    buf_init(&b, CONSENT_REQUEST_BYTES_MAX);
    consent_request_write(r, &b);
    const struct span parts[] = {span_cstr(requester), span_cstr("\n"), buf_bytes(&b)};
    d = sha256_parts(parts, 3);
    buf_fini(&b);
    memcpy(bytes, d.b, sizeof bytes);
    return uuid_from_random(bytes);
}

// ---- reading attributes

static enum status wrong(const struct xml_node *n, struct diag *d, const char *attr, const char *expected)
{
    xml_fault(n, d, "wrong-value", "<%s %s=…>: expected %s", n->name, attr, expected);
    return ST_INVALID;
}

static enum status take_party(const struct xml_node *n, struct diag *d, const char *attr, char out[CONSENT_PARTY_MAX + 1])
{
    const char *v = xml_attr(n, attr);
    if (!v || !consent_party_valid(v))
        return wrong(n, d, attr, "a nation: at most 64 letters, digits, '.', '_' and '-'");
    memcpy(out, v, strlen(v) + 1);
    return ST_OK;
}

static enum status take_time(const struct xml_node *n, struct diag *d, const char *attr, utc_ms *ret)
{
    char same[UTC_TEXT_MAX];
    const char *v = xml_attr(n, attr);
    if (!v || utc_parse(span_cstr(v), UTC_ZONE_Z, ret) != ST_OK || strcmp(utc_format_ms(*ret, same), v) != 0)
        return wrong(n, d, attr, "a UTC time like 2026-11-22T13:35:02.120Z");
    return ST_OK;
}

static enum status take_digest(const struct xml_node *n, struct diag *d, const char *attr, struct digest *ret)
{
    const char *v = xml_attr(n, attr);
    return v && digest_parse(span_cstr(v), ret) ? ST_OK : wrong(n, d, attr, "sha256: and 64 hexadecimal digits");
}

static enum status take_uuid(const struct xml_node *n, struct diag *d, const char *attr, struct uuid *ret)
{
    const char *v = xml_attr(n, attr);
    bool good = v && strlen(v) == UUID_URN_LEN && uuid_parse(span_cstr(v), ret) == ST_OK;
    return good ? ST_OK : wrong(n, d, attr, "urn:uuid: and a UUID");
}

static enum status take_what(const struct xml_node *n, struct diag *d, struct consent_request *ret)
{
    uint64_t version = 0;
    const char *v = xml_attr(n, "version");
    TRY(take_party(n, d, "recipient", ret->recipient));
    TRY(take_digest(n, d, "rendition", &ret->rendition));
    TRY(take_uuid(n, d, "report", &ret->report));
    if (!v || !decimal_parse(span_cstr(v), UINT32_MAX, &version) || version == 0)
        return wrong(n, d, "version", "a whole number from 1 on");
    ret->version = (uint32_t)version;
    return ST_OK;
}

static enum status read_request(const struct xml_node *root, struct diag *d, struct consent_request *ret)
{
    if (!xml_is(root, NS_CONSENT, "request") || root->first) {
        xml_fault(root, d, "unknown-element", "expected an empty <request> of %s", NS_CONSENT);
        return ST_INVALID;
    }
    TRY(xml_attrs_known(root, d, request_attrs));
    TRY(take_time(root, d, "asked", &ret->asked));
    return take_what(root, d, ret);
}

enum status consent_request_read(struct span bytes, struct diag *d, struct consent_request *ret)
{
    struct xml_node *root;
    struct arena *a = bytes.len <= CONSENT_REQUEST_BYTES_MAX ? xml_arena_new(bytes.len) : NULL;
    if (!a) {
        if (bytes.len <= CONSENT_REQUEST_BYTES_MAX)
            return ST_NOMEM;
        diag_add(d, 0, 0, "too-long", "request", "a request is at most %d bytes", CONSENT_REQUEST_BYTES_MAX);
        return ST_LIMIT;
    }
    enum status st = xml_read(bytes, XML_UNTRUSTED, a, d, &root);
    if (st == ST_OK)
        st = read_request(root, d, ret);
    arena_free(&a);
    return st;
}

// ---- the signed document

static void put_statement(const struct consent *c, struct buf *out)
{
    char at[UTC_TEXT_MAX], expires[UTC_TEXT_MAX], digest[DIGEST_TEXT_LEN + 1], urn[UUID_URN_LEN + 1];
    const char *name = name_of(c->revocation);
    buf_printf(out, "<%s Id=\"%s\"", name, name);
    buf_xml_attr(out, "at", utc_format_ms(c->at, at));
    buf_xml_attr(out, "expires", utc_format_ms(c->expires, expires));
    if (c->revocation)
        buf_xml_attr(out, "grant", digest_text(&c->grant, digest));
    buf_xml_attr(out, "nation", c->nation);
    buf_xml_attr(out, "recipient", c->what.recipient);
    buf_xml_attr(out, "rendition", digest_text(&c->what.rendition, digest));
    buf_xml_attr(out, "report", uuid_urn(c->what.report, urn));
    buf_xml_attr(out, "request", uuid_urn(c->request, urn));
    buf_xml_attr(out, "requester", c->requester);
    buf_printf(out, " version=\"%u\"></%s>", c->what.version, name);
}

static enum status put_signed(const struct consent *c, const struct signing_key *key, struct buf *out)
{
    const char *id = name_of(c->revocation);
    buf_puts(out, OPEN);
    size_t from = out->len;
    put_statement(c, out);
    TRY(buf_status(out));
    struct digest digest = element_digest(span_sub(buf_bytes(out), from, out->len), DECLARATION);
    TRY(signature_write(MANIFEST_ID, &id, &digest, 1, key, out));
    buf_puts(out, CLOSE);
    return buf_status(out);
}

enum status consent_write(const struct consent *c, const struct signing_key *key, struct buf *out)
{
    size_t start = out->len;
    if (!consent_party_valid(c->nation) || !consent_party_valid(c->requester) || !consent_party_valid(c->what.recipient))
        return ST_INVALID;
    enum status st = put_signed(c, key, out);
    if (st != ST_OK)
        out->len = start;
    return st;
}

static enum status read_statement(const struct xml_node *n, struct diag *d, struct consent *ret)
{
    const char *id = xml_attr(n, "Id");
    ret->revocation = strcmp(n->name, "revocation") == 0;
    TRY(xml_attrs_known(n, d, ret->revocation ? revocation_attrs : grant_attrs));
    if (n->first || !id || strcmp(id, n->name) != 0)
        return wrong(n, d, "Id", "the element's own name, and nothing inside");
    TRY(take_time(n, d, "at", &ret->at));
    TRY(take_time(n, d, "expires", &ret->expires));
    if (ret->revocation)
        TRY(take_digest(n, d, "grant", &ret->grant));
    TRY(take_party(n, d, "nation", ret->nation));
    TRY(take_party(n, d, "requester", ret->requester));
    TRY(take_uuid(n, d, "request", &ret->request));
    return take_what(n, d, &ret->what);
}

static enum status read_document(struct xml_node *root, struct span bytes, struct diag *d, struct consent *ret,
                                 struct signature_facts *ret_signature)
{
    const struct xml_node *statement = xml_first(root), *signature = statement ? xml_next(statement) : NULL;
    enum status st = xml_check_canonical(root, bytes);
    if (st == ST_INVALID)
        xml_fault(root, d, "not-canonical", "a consent must be canonical XML (exclusive C14N)");
    TRY(st);
    if (!xml_is(root, NS_CONSENT, "consent") || !signature || xml_next(signature) || root->attrs ||
        !(xml_is(statement, NS_CONSENT, "grant") || xml_is(statement, NS_CONSENT, "revocation"))) {
        xml_fault(root, d, "unknown-element", "expected <consent> of %s with a grant or a revocation, and its signature", NS_CONSENT);
        return ST_INVALID;
    }
    // Nothing stands between them: white space would be neither signed nor ours.
    if (statement->from != strlen(OPEN) || signature->from != statement->to || signature->to + strlen(CLOSE) != bytes.len) {
        xml_fault(root, d, "unexpected-text", "<consent> holds something else than its statement and signature");
        return ST_INVALID;
    }
    TRY(read_statement(statement, d, ret));
    struct digest named, is = element_digest(span_sub(bytes, statement->from, statement->to), DECLARATION);
    TRY(signature_read(signature, span_sub(bytes, signature->from, signature->to), MANIFEST_ID, &statement->name, 1, d, &named,
                       ret_signature));
    if (digest_eq(&named, &is))
        return ST_OK;
    xml_fault(statement, d, "digest", "the consent was altered after signing: its digest differs");
    return ST_BAD_SIGNATURE;
}

enum status consent_read(struct span bytes, struct diag *d, struct consent *ret, struct signature_facts *ret_signature)
{
    struct xml_node *root;
    *ret = (struct consent){.revocation = false};
    if (bytes.len > CONSENT_BYTES_MAX) {
        diag_add(d, 0, 0, "too-long", "consent", "a consent is at most %d bytes", CONSENT_BYTES_MAX);
        return ST_LIMIT;
    }
    struct arena *a = xml_arena_new(bytes.len);
    if (!a)
        return ST_NOMEM;
    enum status st = xml_read(bytes, XML_UNTRUSTED, a, d, &root);
    if (st == ST_OK)
        st = read_document(root, bytes, d, ret, ret_signature);
    arena_free(&a);
    return st;
}

const char *consent_key_objection(const struct consent *c, const struct signature_facts *f, const struct verifying_key *key)
{
    if (!verifying_key_is_named(key, f))
        return "consent-unknown-key";
    if (!verifying_key_signs_consents(key))
        return "consent-key-not-for-consents";
    if (!verifying_key_valid_at(key, c->at))
        return "consent-key-not-valid";
    return signature_check(f, key) == ST_OK ? NULL : "consent-bad-signature";
}
