#include "formats/partner_card.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "formats/base/encode.h"
#include "formats/pem.h"
#include "formats/policy_document.h"
#include "formats/reading.h"

#define SIGNATURE_START "<signature>"
#define SIGNATURE_END "</signature></card>"

static const char *const none[] = {NULL};

// ---- writing

static void put_key(struct buf *out, const char *name, const uint8_t key[ED25519_LEN])
{
    buf_printf(out, "<%s>", name);
    base64_put(out, span_of(key, ED25519_LEN));
    buf_printf(out, "</%s>", name);
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "<%s>", name);
    buf_xml_text(out, span_cstr(text));
    buf_printf(out, "</%s>", name);
}

static void put_certificate(struct buf *out, const struct card_certificate *c)
{
    char text[UTC_TEXT_MAX];
    buf_puts(out, "<report-certificate");
    if (c->has_compromised_from)
        buf_xml_attr(out, "compromised-from", utc_format_s(c->compromised_from, text));
    if (c->retired)
        buf_xml_attr(out, "retired", "true");
    buf_putc(out, '>');
    buf_xml_text(out, span_cstr(c->pem));
    buf_puts(out, "</report-certificate>");
}

// Everything before the signature: what is signed.
static void put_body(const struct partner_card *c, struct buf *out)
{
    char text[UTC_TEXT_MAX];
    buf_puts(out, "<card xmlns=\"" NS_CARD "\"");
    buf_xml_attr(out, "address", c->address);
    buf_xml_attr(out, "issued", utc_format_s(c->issued, text));
    buf_xml_attr(out, "nation", c->nation);
    buf_xml_attr(out, "node", c->node_name);
    buf_printf(out, " serial=\"%llu\"", (unsigned long long)c->serial);
    buf_xml_attr(out, "trust-domain", c->trust_domain);
    buf_putc(out, '>');
    put_text(out, "anchors", c->anchors_pem);
    put_key(out, "ledger-key", c->ledger_key);
    put_key(out, "audit-key", c->audit_key);
    put_key(out, "cosigning-key", c->cosign_key);
    put_key(out, "card-key", c->card_key);
    if (c->has_next_card_key)
        put_key(out, "next-card-key", c->next_card_key);
    put_text(out, "consent-certificate", c->consent_cert_pem);
    for (size_t i = 0; i < c->report_cert_count; i++)
        put_certificate(out, &c->report_certs[i]);
}

// A card that we could not read ourselves must not leave.
static enum status check_own(struct span card)
{
    struct arena *a = xml_arena_new(card.len);
    struct partner_card *read = a ? arena_alloc(a, sizeof *read) : NULL;
    enum status st = read ? partner_card_read(card, NULL, a, NULL, read) : ST_NOMEM;
    arena_free(&a);
    return st;
}

enum status partner_card_write(const struct partner_card *c, const struct note_key *card_key, struct buf *out)
{
    uint8_t sig[ED25519_SIG_LEN];
    size_t start = out->len;
    if (memcmp(c->card_key, card_key->pub, ED25519_LEN) != 0 || c->report_cert_count > CARD_CERTS_MAX)
        return ST_INVALID;
    put_body(c, out);
    TRY(buf_status(out));
    TRY(ed25519_sign(card_key->seed, span_sub(buf_bytes(out), start, out->len), sig));
    buf_puts(out, SIGNATURE_START);
    base64_put(out, span_of(sig, sizeof sig));
    buf_puts(out, SIGNATURE_END);
    TRY(buf_status(out));
    enum status st = check_own(span_sub(buf_bytes(out), start, out->len));
    if (st != ST_OK)
        out->len = start;
    return st;
}

// ---- reading

// Cards travel as files: white space that an editor leaves behind the last tag is no part of them.
static struct span trimmed(struct span s)
{
    while (s.len && s.ptr[s.len - 1] && strchr(" \t\r\n", s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static void read_key(struct reading *r, const struct xml_node *root, const char *name, uint8_t key[ED25519_LEN])
{
    struct xml_node *n = reading_only(r, root, NS_CARD, name, true);
    size_t len = 0;
    if (!n)
        return;
    reading_attrs(r, n, none);
    const char *text = reading_required_text(r, n);
    if (*text && (base64_get(span_cstr(text), key, ED25519_LEN, &len) != ST_OK || len != ED25519_LEN))
        reading_fault(r, n, "card-key", "expected the 32 bytes of an Ed25519 public key in base64");
}

// Certificates alone, one after the other: no private keys, no words between them.
static bool only_certificate_blocks(const char *pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    size_t blocks = 0;
    for (const char *p = pem + strspn(pem, " \t\r\n"); *p; p += strspn(p, " \t\r\n"), blocks++) {
        const char *stop = strstr(p, end), *next = strstr(p + 1, "-----BEGIN");
        if (strncmp(p, begin, strlen(begin)) != 0 || !stop || (next && next < stop))
            return false;
        p = stop + strlen(end);
    }
    return blocks > 0;
}

// How many certificates there are; 0 when one of them cannot be read.
static size_t count_certificates(const char *pem)
{
    size_t count = 0, expected = 0;
    for (const char *p = pem; (p = strstr(p, "-----BEGIN")) != NULL; p++)
        expected++;
    BIO *bio = pem_bio(span_cstr(pem));
    X509 *cert = NULL;
    while (bio && (cert = PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL)) != NULL) {
        count++;
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return count == expected ? count : 0;
}

static const char *read_pem(struct reading *r, const struct xml_node *n, size_t max)
{
    const char *pem = "";
    if (xml_text(n, r->d, &pem) != ST_OK) {
        r->bad = true;
        return "";
    }
    size_t count = only_certificate_blocks(pem) ? count_certificates(pem) : 0;
    if (count == 0 || count > max)
        reading_fault(r, n, "card-certificate", "expected %s in PEM and nothing else",
                      max == 1 ? "one certificate" : "certificates");
    return pem;
}

static const char *read_only_pem(struct reading *r, const struct xml_node *root, const char *name, size_t max)
{
    struct xml_node *n = reading_only(r, root, NS_CARD, name, true);
    if (!n)
        return "";
    reading_attrs(r, n, none);
    return read_pem(r, n, max);
}

static utc_ms read_time(struct reading *r, const struct xml_node *n, const char *attr)
{
    const char *text = reading_required(r, n, attr);
    utc_ms t = 0;
    if (*text && utc_parse(span_cstr(text), UTC_ZONE_Z, &t) != ST_OK)
        reading_fault(r, n, "bad-time", "%s=\"%.40s\": expected a time in UTC such as 2027-01-01T00:00:00Z", attr, text);
    return t;
}

static void read_certificates(struct reading *r, const struct xml_node *root, struct partner_card *c)
{
    static const char *const attrs[] = {"compromised-from", "retired", NULL};
    READING_EACH(n, root, NS_CARD, "report-certificate") {
        if (c->report_cert_count == CARD_CERTS_MAX) {
            reading_fault(r, n, "too-many", "more than %d report certificates", CARD_CERTS_MAX);
            return;
        }
        struct card_certificate *x = &c->report_certs[c->report_cert_count++];
        reading_attrs(r, n, attrs);
        x->retired = reading_bool(r, n, "retired", false);
        x->has_compromised_from = xml_attr(n, "compromised-from") != NULL;
        if (x->has_compromised_from)
            x->compromised_from = read_time(r, n, "compromised-from");
        x->pem = read_pem(r, n, 1);
    }
}

static const char *read_word(struct reading *r, const struct xml_node *root, const char *attr, const char *allowed,
                             size_t max)
{
    const char *word = reading_required(r, root, attr);
    if (*word && (word[strspn(word, allowed)] || strlen(word) > max))
        reading_fault(r, root, "bad-value", "%s=\"%.80s\": expected at most %zu of the characters %s", attr, word, max,
                      allowed);
    return word;
}

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// host:port, an IPv6 host in brackets.
static const char *read_address(struct reading *r, const struct xml_node *root)
{
    const char *address = read_word(r, root, "address", UPPER LOWER DIGITS ".-:[]", 255);
    const char *colon = strrchr(address, ':');
    unsigned port = 0;
    size_t digits = colon ? strspn(colon + 1, DIGITS) : 0;
    if (digits >= 1 && digits <= 5 && !colon[1 + digits])
        for (const char *p = colon + 1; *p; p++)
            port = port * 10 + (unsigned)(*p - '0');
    bool bracketed = colon && address[0] == '[' && colon[-1] == ']';
    bool plain = colon && colon != address && !strpbrk(address, "[]") && strchr(address, ':') == colon;
    if (*address && (port < 1 || port > 65535 || (!bracketed && !plain)))
        reading_fault(r, root, "bad-value", "address=\"%.80s\": expected host:port", address);
    return address;
}

static void read_names(struct reading *r, const struct xml_node *root, struct partner_card *c)
{
    c->address = read_address(r, root);
    c->issued = read_time(r, root, "issued");
    c->nation = read_word(r, root, "nation", UPPER LOWER DIGITS "-._", POLICY_ID_MAX);
    c->node_name = read_word(r, root, "node", UPPER LOWER DIGITS "-._", CARD_NODE_NAME_MAX);
    c->trust_domain = read_word(r, root, "trust-domain", LOWER DIGITS "-._", 255);
    reading_required(r, root, "serial");
    c->serial = reading_number(r, root, "serial", 0, UINT64_MAX);
}

// The card must be exactly what we would write, so that what is signed is what was read.
static enum status check_signature(struct reading *r, const struct xml_node *root, const struct partner_card *c,
                                   struct span bytes)
{
    uint8_t sig[ED25519_SIG_LEN];
    size_t len = 0, end = strlen(SIGNATURE_END), start = strlen(SIGNATURE_START);
    struct buf again;
    buf_init(&again, bytes.len);
    put_body(c, &again);
    bool same = buf_status(&again) == ST_OK && span_starts(bytes, buf_cstr(&again));
    size_t body = again.len;
    buf_fini(&again);
    if (!same || bytes.len < body + start + end ||
        !span_starts(span_sub(bytes, body, bytes.len), SIGNATURE_START) ||
        !span_eq_cstr(span_sub(bytes, bytes.len - end, bytes.len), SIGNATURE_END) ||
        base64_get(span_sub(bytes, body + start, bytes.len - end), sig, sizeof sig, &len) != ST_OK ||
        len != sizeof sig) {
        reading_fault(r, root, "not-canonical", "the card was altered, or is not in its canonical form; ask for it again");
        return ST_INVALID;
    }
    if (ed25519_verify(c->card_key, span_sub(bytes, 0, body), sig))
        return ST_OK;
    reading_fault(r, root, "card-signature", "the card's signature does not verify; it was altered or badly copied");
    return ST_BAD_SIGNATURE;
}

enum status partner_card_read(struct span card, const char *file, struct arena *a, struct diag *d,
                              struct partner_card *ret)
{
    static const char *const children[] = {"anchors",       "ledger-key",          "audit-key",
                                           "cosigning-key", "card-key",            "next-card-key",
                                           "signature",     "consent-certificate", "report-certificate", NULL};
    static const char *const attrs[] = {"address", "issued", "nation", "node", "serial", "trust-domain", NULL};
    struct reading r = reading_start(a, d, file, NULL);
    struct span bytes = trimmed(card);
    struct xml_node *root;
    TRY(reading_open(&r, bytes, CARD_BYTES_MAX, NS_CARD, "card", &root));
    struct partner_card *c = arena_alloc(a, sizeof *c);
    if (!c)
        return arena_status(a);
    reading_shape(&r, root, NS_CARD, children, attrs);
    read_names(&r, root, c);
    c->anchors_pem = read_only_pem(&r, root, "anchors", CARD_CERTS_MAX);
    read_key(&r, root, "ledger-key", c->ledger_key);
    read_key(&r, root, "audit-key", c->audit_key);
    read_key(&r, root, "cosigning-key", c->cosign_key);
    read_key(&r, root, "card-key", c->card_key);
    c->has_next_card_key = xml_child(root, NS_CARD, "next-card-key") != NULL;
    if (c->has_next_card_key)
        read_key(&r, root, "next-card-key", c->next_card_key);
    c->consent_cert_pem = read_only_pem(&r, root, "consent-certificate", 1);
    read_certificates(&r, root, c);
    reading_only(&r, root, NS_CARD, "signature", true);
    enum status signature = ST_INVALID;
    if (!r.bad && arena_status(a) == ST_OK)
        signature = check_signature(&r, root, c, bytes);
    enum status st = reading_end(&r);
    if (st == ST_INVALID && signature == ST_BAD_SIGNATURE)
        st = ST_BAD_SIGNATURE;
    if (st == ST_OK)
        *ret = *c;
    return st;
}

const char *partner_card_update_objection(const struct partner_card *held, const struct partner_card *card)
{
    bool same_key = memcmp(card->card_key, held->card_key, ED25519_LEN) == 0;
    bool successor = held->has_next_card_key && memcmp(card->card_key, held->next_card_key, ED25519_LEN) == 0;
    if (strcmp(card->nation, held->nation) != 0 || strcmp(card->node_name, held->node_name) != 0 ||
        strcmp(card->trust_domain, held->trust_domain) != 0)
        return "it names another nation, node or trust domain than the card held";
    if (!same_key && !successor)
        return "it is signed by another card key than that of the card held, which announces no such successor";
    return card->serial > held->serial ? NULL : "it is not newer than the card held";
}

const char *partner_card_fingerprint(struct span card, char out[CARD_FINGERPRINT_LEN + 1])
{
    struct digest d = sha256(trimmed(card));
    size_t at = 0;
    for (size_t i = 0; i < 16; i += 2)
        at += (size_t)snprintf(out + at, CARD_FINGERPRINT_LEN + 1 - at, "%s%02x%02x", i ? " " : "", d.b[i], d.b[i + 1]);
    return out;
}
