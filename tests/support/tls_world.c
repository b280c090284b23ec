#include "tests/support/tls_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <dirent.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "node/io/clock.h"
#include "node/io/file.h"

enum { PEM_MAX = 65536 };

const char *tls_path(const struct tls_world *w, const char *name)
{
    static char ring[8][256];
    static unsigned next;
    char *out = ring[next++ % 8];
    snprintf(out, sizeof ring[0], "%s/%s", w->dir, name);
    return out;
}

void tls_ca_init(struct tls_ca *ca, const char *name, const char *trust_domain, utc_ms now)
{
    struct diag *d = calloc(1, sizeof *d);
    assert_non_null(d);
    buf_init(&ca->key, PEM_MAX);
    buf_init(&ca->cert, PEM_MAX);
    assert_int_equal(pki_key(&ca->key), ST_OK);
    assert_int_equal(pki_ca(buf_bytes(&ca->key), name, trust_domain, now - 10 * TLS_DAY, now + 10 * TLS_DAY, &ca->cert, d),
                     ST_OK);
    free(d);
}

void tls_ca_fini(struct tls_ca *ca)
{
    buf_fini(&ca->key);
    buf_fini(&ca->cert);
}

static void write_file(struct tls_world *w, const char *stem, const char *end, const struct buf *b)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s", stem, end);
    assert_int_equal(file_write(tls_path(w, name), buf_bytes(b), 0600, &w->d), ST_OK);
}

void tls_issue(struct tls_world *w, const struct tls_ca *ca, const char *stem, const char *uri, const char *eku,
               utc_ms from, utc_ms until)
{
    struct buf key, cert;
    struct pki_request r = {.common_name = stem, .uri = uri, .eku = eku, .from = from, .until = until};
    buf_init(&key, PEM_MAX);
    buf_init(&cert, PEM_MAX);
    assert_int_equal(pki_key(&key), ST_OK);
    assert_int_equal(pki_issue(buf_bytes(&ca->key), buf_bytes(&ca->cert), buf_bytes(&key), &r, &cert, &w->d), ST_OK);
    write_file(w, stem, ".key", &key);
    write_file(w, stem, ".pem", &cert);
    buf_fini(&key);
    buf_fini(&cert);
}

static struct span read_pem(const struct tls_world *w, const char *stem, struct arena *a)
{
    char name[96];
    struct span pem;
    snprintf(name, sizeof name, "%s.pem", stem);
    assert_int_equal(file_read(tls_path(w, name), PEM_MAX, a, NULL, &pem), ST_OK);
    return pem;
}

void tls_crl(struct tls_world *w, const struct tls_ca *ca, const char *name, const char *stem, utc_ms from, utc_ms until)
{
    struct arena *a = arena_new(2 * PEM_MAX);
    struct pki_facts f = {.serial = "01"};
    struct buf crl;
    if (stem)
        assert_int_equal(pki_facts(read_pem(w, stem, a), &f), ST_OK);
    const char *serials[] = {f.serial};
    buf_init(&crl, PEM_MAX);
    assert_int_equal(pki_crl(buf_bytes(&ca->key), buf_bytes(&ca->cert), serials, 1, from, until, &crl, &w->d), ST_OK);
    write_file(w, name, "", &crl);
    buf_fini(&crl);
    arena_free(&a);
}

X509 *tls_cert(const struct tls_world *w, const char *stem)
{
    struct arena *a = arena_new(2 * PEM_MAX);
    struct span pem = read_pem(w, stem, a);
    BIO *b = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    arena_free(&a);
    assert_non_null(x);
    return x;
}

struct tls_domains *tls_world_domains(struct tls_world *w, const char *gbr_crl, const char *fra_crl, const char *dn,
                                      const char *pin)
{
    struct tls_domains *t = tls_domains_new();
    struct tls_domain_spec own = {.id = "", .trust_domain = "gbr.example", .anchors_pem = buf_bytes(&w->gbr.cert),
                                  .crl_file = gbr_crl};
    struct tls_domain_spec fra = {.id = "FRA", .trust_domain = "fra.example", .anchors_pem = buf_bytes(&w->fra.cert),
                                  .crl_file = fra_crl, .subject_dn = dn, .pin_sha256 = pin};
    diag_init(&w->d, NULL);
    assert_non_null(t);
    assert_int_equal(tls_domains_add(t, &own, &w->d), ST_OK);
    assert_int_equal(tls_domains_add(t, &fra, &w->d), ST_OK);
    return t;
}

static const char *kept_path(struct tls_world *w, size_t slot, const char *name)
{
    snprintf(w->paths[slot], sizeof w->paths[slot], "%s/%s", w->dir, name);
    return w->paths[slot];
}

void tls_world_init(struct tls_world *w)
{
    memset(w, 0, sizeof *w);
    strcpy(w->dir, "/tmp/relto-tls-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->now = clock_now();
    tls_ca_init(&w->gbr, "GBR CA", "gbr.example", w->now);
    tls_ca_init(&w->fra, "FRA CA", "fra.example", w->now);
    tls_issue(w, &w->gbr, "node", "spiffe://gbr.example/node", "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    tls_issue(w, &w->fra, "fra", "spiffe://fra.example/node", "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    tls_issue(w, &w->gbr, "cell", "spiffe://gbr.example/cell/J2-NORTH", "client", w->now - TLS_DAY, w->now + TLS_DAY);
    write_file(w, "ca", ".pem", &w->gbr.cert);
    w->config = (struct config){.dir = w->dir,
                                .nation = "GBR",
                                .name = "gbr.example",
                                .trust_domain = "gbr.example",
                                .listen = "127.0.0.1:0",
                                .metrics = "127.0.0.1:0",
                                .tls_key = kept_path(w, 0, "node.key"),
                                .tls_cert = kept_path(w, 1, "node.pem"),
                                .tls_anchors = kept_path(w, 2, "ca.pem"),
                                .connections_max = 64,
                                .connections_per_address_max = 32};
    w->domains = tls_world_domains(w, NULL, NULL, NULL, NULL);
}

void tls_world_fini(struct tls_world *w)
{
    tls_domains_free(&w->domains);
    tls_ca_fini(&w->gbr);
    tls_ca_fini(&w->fra);
    DIR *folder = opendir(w->dir);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));)
        if (e->d_name[0] != '.')
            unlink(tls_path(w, e->d_name));
    closedir(folder);
    rmdir(w->dir);
}
