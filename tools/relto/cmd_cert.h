// Making certificates in a node directory: shared by cert and init.
#ifndef RELTO_TOOLS_RELTO_CMD_CERT_H
#define RELTO_TOOLS_RELTO_CMD_CERT_H

#include "node/io/pki.h"
#include "tools/relto/cli.h"

// Make a key and a certificate by the directory's CA; file names are relative to cli->dir.
MUST_USE enum status cert_write_new(const struct cli *cli, const char *key_file, const char *cert_file,
                                    const struct pki_request *r);
// What a certificate of the node itself says: for TLS, for signing reports, for signing consents. Valid from now on.
enum own_use { OWN_NODE, OWN_REPORT, OWN_CONSENT };
struct pki_request cert_own_request(const struct cli *cli, enum own_use use, const char *nation, const char *name,
                                    const char *trust_domain);
// Append a certificate by the directory's CA for this key (PEM, private or public), and keep a copy with those issued.
MUST_USE enum status cert_issue(const struct cli *cli, struct span key_pem, const struct pki_request *r, struct buf *out);
// relto cert certify. Returns the exit code.
int cert_certify(const struct cli *cli, const char *use, const char *key, const char *out, const char *days);
// Write the CA's revocation list anew from the list of revoked serials.
MUST_USE enum status cert_write_crl(const struct cli *cli);

// Replace the report-signing key by a new one or the one prepared, or only prepare it and list it in the card. Can be
// run again after it was ended half way. Returns the exit code; says what to do next.
int cert_rotate_report_key(const struct cli *cli, bool prepare_only);
// Mark a retired report-signing certificate (serial in hex) in the card as compromised from this time on.
int cert_mark_compromised(const struct cli *cli, const char *serial, const char *from_text);

#endif
