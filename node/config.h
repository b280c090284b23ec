// relto.conf: the node's configuration (spec 6.3), read by libinih, checked whole.
#ifndef RELTO_NODE_CONFIG_H
#define RELTO_NODE_CONFIG_H

#include "formats/base/arena.h"
#include "formats/base/diag.h"
#include "formats/policy_bundle.h"
#include "node/core/hours.h"

struct config_partner {
    const char *id;        // section [partner FRA]
    const char *card;      // file of its card, relative to the node directory
    bool pull;             // default true
    bool push;             // we push our feed to it; default false
    bool inbox;            // it pushes its feed to us; default false, never with pull
    uint32_t line;         // of its section
    bool compression;      // we ask it for compressed pages; default true
    uint32_t fetch_rate;   // bytes a second that we fetch from it; 0 = as they come
    uint32_t push_rate;    // bytes a second that we push to it; 0 = as the link takes them
    struct hours hours;    // outside them we do not sync with it
    bool ask_witness;      // ask this partner to cosign our audit log
    bool be_witness;       // cosign this partner's audit log
    const char *address;   // override of the card's address; NULL = the card's
    const char *subject_dn, *pin_sha256; // other ways to name its certificate; NULL = SPIFFE only
    const char *crl;       // CRL file of its domain; NULL = none configured
};

struct config {
    const char *dir;       // node directory, absolute
    const char *nation, *name, *trust_domain;
    const char *listen;    // "127.0.0.1:8443"; port 0 = free port, written to run/address
    const char *metrics;   // plain loopback listener; "" = none
    const char *address;   // what partner cards say; NULL = listen
    const char *tls_key, *tls_cert, *tls_anchors, *tls_crl; // own domain
    const char *report_key, *report_cert, *ledger_key, *audit_key, *cosign_key, *consent_key, *card_key;
    // tls_key, report_key and consent_key: a file, or a PKCS#11 URI (formats/token_uri.h); node/io/private_key.h loads both
    const char *store_path;
    uint64_t map_bytes, map_bytes_max;
    uint32_t erase_within_s;     // erased bytes leave the store's file within this time
    uint32_t keep_days;          // how long content of reports is kept; 0 = for ever
    const char *policy_file, *spif_dir, *vocabulary_file;
    uint32_t policy_approval;    // officers that an activation takes: 1 or 2
    uint32_t pad;
    const char *spool;           // folder of dropped files; NULL = none
    uint32_t poll_wait_s;        // long poll we ask of partners
    uint64_t attachment_bytes_max;
    const char *nation_anchors;  // folder with anchors of nations that are no partners; NULL = none
    uint32_t consent_poll_s;
    uint32_t retry_min_ms, retry_max_ms;
    uint32_t recall_overdue_min; // minutes after which a recall without receipt is overdue
    uint32_t connections_max, connections_per_address_max;
    uint32_t head_hour;          // of the day, UTC: daily heads of the audit log for partners
    uint32_t witness_minutes;    // between two requests to a witness
    const char *witness_logs;    // file with keys of further logs that we cosign; NULL = none
    const char *log_level;       // error, warning, info, debug
    struct config_partner *partners;
    size_t partner_count;
};

// Read DIR/relto.conf. Unknown sections and keys and bad values are faults with line numbers, all at once.
// Paths come back absolute. Everything lives in `a`.
MUST_USE enum status config_read(const char *dir, struct arena *a, struct diag *d, const struct config **ret);
// The section of this partner, or NULL.
const struct config_partner *config_partner_of(const struct config *c, const char *id);
// The part of an absolute path below the node directory, of the same memory; NULL when it lies elsewhere.
const char *config_below_dir(const struct config *c, const char *path);
// Read the policy files that the configuration names into a bundle (memory in `a`).
MUST_USE enum status config_policy_bundle(const struct config *c, struct arena *a, struct diag *d,
                                          struct policy_bundle *ret);

#endif
