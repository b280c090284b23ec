// Unit costs of a report of six portions: what reading and signing, and reading and verifying, cost beside libxml2's parser
// alone and a bare P-256 signature and verification. Alternating, medians of ROUNDS, in processor time, so that other work on
// the machine does not count.
//   bench_report KEY CERT [REPORTS]   PEM files of a report key and its certificate
//
// Two forms: portions under the overall label, with the least text, so that the rendition is as near to 4 KB as its signature
// with eight references lets it be; and portions with labels of their own. Validation is that of structure, forms and
// characters; what words and labels mean is policy's.
#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/report.h"
#include "formats/base/random.h"

enum { ROUNDS = 9, PORTIONS = 6, PEM_MAX = 3000 };

#define LABEL                                                                                                  \
    "<slab:originatorConfidentialityLabel xmlns:slab=\"urn:nato:stanag:4774:confidentialitymetadatalabel:1:0\">" \
    "<slab:ConfidentialityInformation><slab:PolicyIdentifier URI=\"urn:oid:1.3.26.1.3.1\">NATO</slab:PolicyIdentifier>" \
    "<slab:Classification>UNCLASSIFIED</slab:Classification>"                                                   \
    "<slab:Category Type=\"PERMISSIVE\" TagName=\"Releasable To\"><slab:GenericValue>GBR</slab:GenericValue>"     \
    "<slab:GenericValue>FRA</slab:GenericValue></slab:Category></slab:ConfidentialityInformation>"             \
    "<slab:CreationDateTime>2026-11-22T13:34:00Z</slab:CreationDateTime></slab:originatorConfidentialityLabel>"

struct bench {
    struct signing_key *key;
    struct verifying_key *cert;
    EVP_PKEY *bare_key;
    EVP_PKEY_CTX *signer, *verifier; // bare, made once
    uint8_t digest[SHA256_LEN], sig[80];
    size_t sig_len;
    struct random_seeded seed;
    struct random_source random;
    struct diag *diag;
    struct buf draft, rendition;
};

enum unit { SAX, DOM, SIGN, VERIFY, READ_SIGN, READ, READ_VERIFY, UNITS };

static void need(const char *what, bool ok, const struct diag *d)
{
    if (ok)
        return;
    fprintf(stderr, "bench_report: %s%s%s\n", what, d && d->count ? ": " : "", d && d->count ? d->faults[0].message : "");
    exit(1);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double list[ROUNDS])
{
    qsort(list, ROUNDS, sizeof *list, by_value);
    return list[ROUNDS / 2];
}

// ---- the report

static void write_draft(struct buf *out, bool labelled)
{
    buf_puts(out, "<report xmlns=\"" NS_REPORT "\"><label>" LABEL "</label>"
                  "<header separable=\"true\" type=\"INTREP\"><originator cell=\"J2\" nation=\"GBR\"/>"
                  "<title>Six vessels</title><topic>piracy</topic><area>SOM</area></header>");
    for (int i = 0; i < PORTIONS; i++) {
        buf_puts(out, "<portion>");
        if (labelled)
            buf_puts(out, "<label>" LABEL "</label>");
        buf_printf(out, "<text>Vessel %d was seen heading north%s.</text></portion>", i + 1,
                   labelled ? ", at some ten knots, without lights and with two smaller craft in tow" : "");
    }
    buf_puts(out, "</report>");
}

static void read_sign(struct bench *b, struct buf *out)
{
    struct arena *a = xml_arena_new(b->draft.len);
    const struct report *r;
    const struct report_finish with = {
        .version = 1, .issued = 1795354440000, .random = &b->random, .key = b->key, .id = {.b = {1}}};
    need("read", a && report_read(buf_bytes(&b->draft), NULL, a, b->diag, &r) == ST_OK, b->diag);
    need("finish", report_finish(r, &with, out, b->diag) == ST_OK, b->diag);
    arena_free(&a);
}

static void read_verify(struct bench *b, bool verify)
{
    struct arena *a = xml_arena_new(b->rendition.len);
    const struct report *r;
    struct rendition_proof proof;
    need("read", a && rendition_read(buf_bytes(&b->rendition), a, b->diag, &r, &proof) == ST_OK, b->diag);
    if (verify)
        need("verify", rendition_verify(&proof, b->cert) == ST_OK, NULL);
    arena_free(&a);
}

// ---- others alone

static void parse_sax(const struct bench *b)
{
    xmlSAXHandler none = {.initialized = XML_SAX2_MAGIC};
    need("SAX", xmlSAXUserParseMemory(&none, NULL, (const char *)b->rendition.ptr, (int)b->rendition.len) == 0, NULL);
}

static void parse_dom(const struct bench *b)
{
    xmlDocPtr doc = xmlReadMemory((const char *)b->rendition.ptr, (int)b->rendition.len, NULL, NULL, XML_PARSE_NONET);
    need("DOM", doc != NULL, NULL);
    xmlFreeDoc(doc);
}

static void bare_sign(struct bench *b)
{
    b->sig_len = sizeof b->sig;
    need("bare sign", EVP_PKEY_sign(b->signer, b->sig, &b->sig_len, b->digest, sizeof b->digest) == 1, NULL);
}

static void bare_verify(struct bench *b)
{
    need("bare verify", EVP_PKEY_verify(b->verifier, b->sig, b->sig_len, b->digest, sizeof b->digest) == 1, NULL);
}

// ---- measuring

static void run(struct bench *b, enum unit u)
{
    struct buf out;
    switch (u) {
    case SAX:
        parse_sax(b);
        return;
    case DOM:
        parse_dom(b);
        return;
    case SIGN:
        bare_sign(b);
        return;
    case VERIFY:
        bare_verify(b);
        return;
    case READ_SIGN:
        buf_init(&out, RENDITION_BYTES_MAX);
        read_sign(b, &out);
        buf_fini(&out);
        return;
    case READ:
        read_verify(b, false);
        return;
    case READ_VERIFY:
        read_verify(b, true);
        return;
    case UNITS:
        return;
    }
}

static void measure(struct bench *b, bool labelled, long reports)
{
    static const char *const names[UNITS] = {"libxml2 SAX, no handlers", "libxml2 DOM",   "P-256 sign, bare",
                                             "P-256 verify, bare",       "draft read, checked and signed",
                                             "rendition read and checked", "rendition read, checked and verified"};
    double us[UNITS][ROUNDS], ratio[3][ROUNDS];
    buf_reset(&b->draft);
    buf_reset(&b->rendition);
    write_draft(&b->draft, labelled);
    read_sign(b, &b->rendition);
    for (int round = 0; round < ROUNDS; round++) {
        for (enum unit u = 0; u < UNITS; u++) {
            double at = cpu_s();
            for (long i = 0; i < reports; i++)
                run(b, u);
            us[u][round] = (cpu_s() - at) * 1e6 / (double)reports;
        }
        ratio[0][round] = us[READ_SIGN][round] / us[DOM][round];
        ratio[1][round] = us[READ_VERIFY][round] / us[DOM][round];
        ratio[2][round] = us[READ_VERIFY][round] / us[VERIFY][round];
    }
    printf("%d portions %s: draft of %zu bytes, rendition of %zu\n", PORTIONS,
           labelled ? "with labels of their own" : "under the overall label", b->draft.len, b->rendition.len);
    for (enum unit u = 0; u < UNITS; u++)
        printf("  %-38s %8.1f us\n", names[u], median(us[u]));
    printf("  read+check+sign / libxml2 DOM %.2f, read+check+verify / libxml2 DOM %.2f, read+check+verify / bare verify %.2f\n",
           median(ratio[0]), median(ratio[1]), median(ratio[2]));
}

// ---- keys

static struct span load(const char *path, char text[PEM_MAX])
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, PEM_MAX, f) : 0;
    if (f)
        fclose(f);
    need(path, n > 0 && n < PEM_MAX, NULL);
    return span_of(text, n);
}

static void load_keys(struct bench *b, const char *key_path, const char *cert_path)
{
    char key_text[PEM_MAX], cert_text[PEM_MAX];
    struct span key = load(key_path, key_text), cert = load(cert_path, cert_text);
    need(key_path, signing_key_load(key, cert, b->diag, &b->key) == ST_OK, b->diag);
    need(cert_path, verifying_key_load(cert, b->diag, &b->cert) == ST_OK, b->diag);
    BIO *bio = BIO_new_mem_buf(key.ptr, (int)key.len);
    b->bare_key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    b->signer = EVP_PKEY_CTX_new(b->bare_key, NULL);
    b->verifier = EVP_PKEY_CTX_new(b->bare_key, NULL);
    need(key_path, EVP_PKEY_sign_init(b->signer) == 1 && EVP_PKEY_verify_init(b->verifier) == 1, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return fprintf(stderr, "usage: bench_report KEY CERT [REPORTS]\n"), 2;
    struct bench b = {.diag = malloc(sizeof *b.diag)};
    long reports = argc > 3 ? atol(argv[3]) : 1000;
    need("expected a number of reports above 0", reports > 0 && b.diag, NULL);
    diag_init(b.diag, NULL);
    load_keys(&b, argv[1], argv[2]);
    b.random = random_from_seed(&b.seed, 1);
    buf_init(&b.draft, RENDITION_BYTES_MAX);
    buf_init(&b.rendition, RENDITION_BYTES_MAX);
    measure(&b, false, reports);
    measure(&b, true, reports);
    buf_fini(&b.draft);
    buf_fini(&b.rendition);
    EVP_PKEY_CTX_free(b.signer);
    EVP_PKEY_CTX_free(b.verifier);
    EVP_PKEY_free(b.bare_key);
    signing_key_free(&b.key);
    verifying_key_free(&b.cert);
    free(b.diag);
    return 0;
}
