// Partner cards (spec 4.6): signed documents by which two nodes come to know each other. urn:relto:card:1.
#ifndef RELTO_FORMATS_PARTNER_CARD_H
#define RELTO_FORMATS_PARTNER_CARD_H

#include "formats/note.h"
#include "formats/signature.h"

#define NS_CARD "urn:relto:card:1"

enum {
    CARD_CERTS_MAX = 32,
    CARD_BYTES_MAX = 256 * 1024,
    CARD_NODE_NAME_MAX = 63, // so that `<node>/release/<partner>` fits NOTE_NAME_MAX
};

struct card_certificate { // a report-signing certificate and its life
    const char *pem;
    bool retired;
    bool has_compromised_from;
    utc_ms compromised_from;
};

struct partner_card {
    const char *nation;        // partner id in policies and certificates, e.g. "GBR"
    const char *node_name;     // e.g. "gbr.example"; no white space, no '+'
    const char *trust_domain;  // SPIFFE trust domain, e.g. "gbr.example"
    const char *address;       // "host:port" where its node listens
    uint64_t serial;           // grows with each new card
    utc_ms issued;
    const char *anchors_pem;   // TLS trust anchors of its domain, concatenated PEM
    uint8_t ledger_key[ED25519_LEN], audit_key[ED25519_LEN], cosign_key[ED25519_LEN];
    uint8_t card_key[ED25519_LEN]; // signs this card
    bool has_next_card_key;
    uint8_t next_card_key[ED25519_LEN];
    const char *consent_cert_pem;
    struct card_certificate report_certs[CARD_CERTS_MAX];
    size_t report_cert_count;
};

// Append the canonical signed card. Its signature is Ed25519 by the card key over the canonical bytes
// before the signature element. ST_INVALID when card_key is not the card's, or partner_card_read would refuse the
// card: nothing is appended then. Times are written in whole seconds.
MUST_USE enum status partner_card_write(const struct partner_card *c, const struct note_key *card_key, struct buf *out);
// Read a card; checks form and its own signature by the key inside (trust in that key is the caller's
// business: fingerprint compared by people, or the key already held). Strings live in `a`. The bytes must be exactly
// those that partner_card_write makes, save white space at the end. `file` may be NULL.
// ST_INVALID, ST_BAD_SIGNATURE with faults, or what xml_read returns.
MUST_USE enum status partner_card_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                       struct partner_card *ret);
// NULL when the card held vouches for a newer one (both read before): the same nation, node and trust domain (names
// never change: that would be another node), signed by the card key held or by the successor that it announces, with a
// higher serial. Else why not: then people compare fingerprints again.
const char *partner_card_update_objection(const struct partner_card *held, const struct partner_card *card);
// The fingerprint people read to each other: SHA-256 of the card (less white space at its end) as 8 groups of 4 hex digits
// (128 bits), e.g. "9f3a 01bc …".
enum { CARD_FINGERPRINT_LEN = 39 };
const char *partner_card_fingerprint(struct span card, char out[CARD_FINGERPRINT_LEN + 1]);

#endif
