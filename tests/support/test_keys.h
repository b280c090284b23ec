// Keys and certificates for tests, made afresh in memory: a P-256 certification authority and certificates
// that it issued. Failures abort: a test without keys means nothing.
#ifndef RELTO_TESTS_TEST_KEYS_H
#define RELTO_TESTS_TEST_KEYS_H

#include "formats/base/span.h"
#include "formats/base/utctime.h"
#include "formats/note.h"

enum { TEST_PEM_MAX = 2048 };

// A private key and its certificate, both PEM, NUL-terminated.
struct test_pair {
    char key[TEST_PEM_MAX];
    char cert[TEST_PEM_MAX];
};

// A nation's report-signing key under a CA of its own.
struct test_keys {
    struct test_pair ca;
    struct test_pair report;
};

struct test_cert_options {
    const char *common_name;
    const char *eku;       // OID text; NULL = none
    const char *curve;     // NULL = "P-256"
    bool no_key_usage;     // leave out digitalSignature
    bool no_ski;           // leave out the subject key identifier
    bool is_ca;
    utc_ms from, until;    // both 0 = 2020 to 2050
};

// A CA and a report-signing certificate (digitalSignature, RELTO_EKU_REPORT, SKI), valid from 2020 to 2050.
void test_keys_make(const char *nation, struct test_keys *ret);
// A self-signed CA.
void test_keys_ca(const char *common_name, struct test_pair *ret);
// A new key and a certificate for it, issued by `ca`.
void test_keys_issue(const struct test_pair *ca, const struct test_cert_options *o, struct test_pair *ret);
// A new key that signs notes: ledger, audit, card and consent keys.
void test_note_key(struct note_key *ret);

static inline struct span test_span(const char *pem)
{
    return span_cstr(pem);
}

#endif
