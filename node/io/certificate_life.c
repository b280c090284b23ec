#include "node/io/certificate_life.h"

#include <stdio.h>

#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/log.h"
#include "node/io/pki.h"

enum { DAYS_LEFT_MIN = 14, PEM_MAX = 64 * 1024, WHERE_MAX = 128 };

#define DAY_MS ((int64_t)86400000)

static utc_ms end_of(const char *file)
{
    struct arena *a = arena_new(2 * PEM_MAX);
    struct span pem;
    struct pki_facts f = {.until = 0};
    if (!a || file_read(file, PEM_MAX, a, NULL, &pem) != ST_OK || pki_facts(pem, &f) != ST_OK)
        f.until = 0;
    arena_free(&a);
    return f.until;
}

static void tell(utc_ms until, const char *where)
{
    char text[UTC_TEXT_MAX];
    utc_ms now = clock_now();
    if (until == 0 || until >= utc_add(now, DAYS_LEFT_MIN * DAY_MS))
        return;
    if (until < now)
        log_line(LOG_LEVEL_ERROR, "certificate-expired", "until", utc_format_s(until, text), "where", where, NULL);
    else
        log_line(LOG_LEVEL_WARNING, "certificate-ends", "until", utc_format_s(until, text), "where", where, NULL);
}

static void tell_all(struct certificate_life *l, const struct config *c, const struct tls_domains *domains)
{
    struct tls_domain_life d;
    l->told_at = clock_now();
    tell(l->tls, c->tls_cert);
    tell(l->report, c->report_cert);
    for (size_t i = 0; tls_domains_life(domains, i, &d); i++) {
        char where[WHERE_MAX];
        const char *whose = *d.id ? d.id : "our own domain";
        snprintf(where, sizeof where, "trust anchors of %s", whose);
        tell(d.anchors_until, where);
        snprintf(where, sizeof where, "revocation lists of %s", whose);
        tell(d.crl_until, where);
    }
}

void certificate_life_read(struct certificate_life *l, const struct config *c, const struct tls_domains *domains)
{
    l->tls = end_of(c->tls_cert);
    l->report = end_of(c->report_cert);
    tell_all(l, c, domains);
}

void certificate_life_look(struct certificate_life *l, const struct config *c, const struct tls_domains *domains)
{
    utc_ms now = clock_now();
    if (now < l->told_at || now >= utc_add(l->told_at, DAY_MS))
        tell_all(l, c, domains);
}
