// Where things stand in a node directory. One list, so that init, cert, partner and the configuration agree.
#ifndef RELTO_TOOLS_RELTO_NODE_FILES_H
#define RELTO_TOOLS_RELTO_NODE_FILES_H

#define NODE_CA_KEY "ca/ca.key"
#define NODE_CA_CERT "ca/ca.pem"
#define NODE_CA_CRL "ca/crl.pem"
#define NODE_CA_ISSUED "ca/issued" // folder: one certificate each, by serial
#define NODE_CA_REVOKED "ca/revoked" // one serial a line
#define NODE_TLS_KEY "keys/tls.key"
#define NODE_TLS_CERT "certs/node.pem"
#define NODE_REPORT_KEY "keys/report.key"
#define NODE_REPORT_CERT "certs/report.pem"
#define NODE_CONSENT_KEY "keys/consent.key"
#define NODE_CONSENT_CERT "certs/consent.pem"
#define NODE_IMPORT_KEY "keys/import.key"
#define NODE_CARD "card.xml"

#endif
