#include "node/io/metrics.h"

#include "store/attachments.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "store/pushes.h"
#include "store/sources.h"

enum { DAY_MS = 86400000 };

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# TYPE relto_%s %s\n# HELP relto_%s %s\n", name, type, name, help);
}

static void value(struct buf *out, const char *name, const char *partner, double v)
{
    if (partner)
        buf_printf(out, "relto_%s{partner=\"%s\"} %.17g\n", name, partner, v);
    else
        buf_printf(out, "relto_%s %.17g\n", name, v);
}

struct link_facts {
    uint64_t ledger, acknowledged, contested;
    double lag_s; // age of the oldest entry that no receipt covers
    struct source_state in;
    uint64_t missing; // attachments
    struct push_state push;
};

static enum status read_link(struct db_txn *t, const char *partner, utc_ms now, struct link_facts *ret)
{
    struct receipt r = {0};
    *ret = (struct link_facts){0};
    TRY(ledger_size(t, partner, &ret->ledger));
    TRY(ledger_contested(t, partner, &ret->contested));
    enum status st = receipt_latest(t, partner, &r);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    ret->acknowledged = r.size;
    if (ret->acknowledged < ret->ledger) {
        struct ledger_entry e;
        TRY(ledger_get(t, partner, ret->acknowledged, &e));
        ret->lag_s = now > e.at ? (double)(now - e.at) / 1000 : 0;
    }
    TRY(push_state_get(t, partner, &ret->push));
    TRY(attachment_want_count(t, partner, &ret->missing));
    return source_get(t, partner, &ret->in);
}

// One metric of every partner: `field` picks it.
static enum status per_partner(struct core *c, struct db_txn *t, utc_ms now, const char *name, const char *help,
                               double (*field)(const struct link_facts *), struct buf *out)
{
    head(out, name, "gauge", help);
    for (size_t i = 0; i < c->peer_count; i++) {
        struct link_facts f;
        TRY(read_link(t, c->peers[i]->id, now, &f));
        if (!c->peers[i]->push)
            f.push = (struct push_state){0}; // of the time when we still pushed to it
        value(out, name, c->peers[i]->id, field(&f));
    }
    return ST_OK;
}

static double of_ledger(const struct link_facts *f)
{
    return (double)f->ledger;
}
static double of_acknowledged(const struct link_facts *f)
{
    return (double)f->acknowledged;
}
static double of_lag(const struct link_facts *f)
{
    return f->lag_s;
}
static double of_received(const struct link_facts *f)
{
    return (double)f->in.received;
}
static double of_quarantined(const struct link_facts *f)
{
    return (double)f->in.quarantined;
}
static double of_missing(const struct link_facts *f)
{
    return (double)f->missing;
}
static double of_push(const struct link_facts *f)
{
    return f->push.failed_at != 0;
}
static double of_fork(const struct link_facts *f)
{
    return f->in.forked || f->contested;
}

static enum status partners(struct core *c, struct db_txn *t, utc_ms now, struct buf *out)
{
    TRY(per_partner(c, t, now, "ledger_entries", "Entries of our release ledger to the partner.", of_ledger, out));
    TRY(per_partner(c, t, now, "ledger_acknowledged", "Entries that the partner's receipts cover.", of_acknowledged, out));
    TRY(per_partner(c, t, now, "lag_seconds", "Age of the oldest entry that no receipt covers.", of_lag, out));
    TRY(per_partner(c, t, now, "received_reports", "Reports received from the partner.", of_received, out));
    TRY(per_partner(c, t, now, "quarantined_reports", "Reports of the partner in quarantine.", of_quarantined, out));
    TRY(per_partner(c, t, now, "missing_attachments", "Attachments of the partner's reports that have not come yet.",
                    of_missing, out));
    TRY(per_partner(c, t, now, "push_failing", "1 when pushing our feed to the partner failed last.", of_push, out));
    head(out, "card_refused", "gauge", "1 when the partner shows a card that the one held does not vouch for.");
    for (size_t i = 0; i < c->peer_count; i++)
        value(out, "card_refused", c->peers[i]->id, c->peers[i]->card_refused);
    return per_partner(c, t, now, "log_fork", "1 when the partner's ledger contradicts what it showed before, or ours what it holds.", of_fork, out);
}

static void counters(const struct core *c, struct buf *out)
{
    head(out, "requests", "counter", "HTTPS requests answered.");
    value(out, "requests_total", NULL, (double)c->requests);
    head(out, "published_reports", "counter", "Reports published.");
    value(out, "published_reports_total", NULL, (double)c->published);
    head(out, "recalled_reports", "counter", "Recalls carried out.");
    value(out, "recalled_reports_total", NULL, (double)c->recalled);
    head(out, "commits", "counter", "Durable commits.");
    value(out, "commits_total", NULL, (double)c->commits);
    head(out, "commit_seconds", "counter", "Time spent in commits.");
    value(out, "commit_seconds_total", NULL, (double)c->commit_ns / 1e9);
    head(out, "decisions", "counter", "Decisions by outcome.");
    for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++)
        buf_printf(out, "relto_decisions_total{outcome=\"%s\"} %llu\n", outcome_text(o),
                   (unsigned long long)c->decisions[o]);
}

static enum status store(struct core *c, struct db_txn *t, struct buf *out)
{
    struct db_stats s;
    uint64_t events;
    TRY(db_stats(c->db, &s));
    TRY(audit_size(t, &events));
    head(out, "audit_events", "gauge", "Events in the audit log.");
    value(out, "audit_events", NULL, (double)events);
    head(out, "store_used_bytes", "gauge", "Bytes of the store in use.");
    value(out, "store_used_bytes", NULL, (double)s.used_bytes);
    head(out, "store_map_bytes", "gauge", "Size of the store's map.");
    value(out, "store_map_bytes", NULL, (double)s.map_bytes);
    head(out, "store_free_pages", "gauge", "Free pages in the store.");
    value(out, "store_free_pages", NULL, (double)s.free_pages);
    return ST_OK;
}

static double days(utc_ms until, utc_ms now)
{
    return (double)(until - now) / DAY_MS;
}

static void certificates(utc_ms now, const struct certificate_life *life, const struct tls_domains *domains, struct buf *out)
{
    struct tls_domain_life d;
    head(out, "certificate_days_left", "gauge", "Days until our TLS certificate ends.");
    value(out, "certificate_days_left", NULL, days(life->tls, now));
    head(out, "report_certificate_days_left", "gauge", "Days until our report-signing certificate ends.");
    value(out, "report_certificate_days_left", NULL, days(life->report, now));
    head(out, "trust_anchors_days_left", "gauge", "Days until the last trust anchor of a partner's domain ends; partner \"\" is ours.");
    for (size_t i = 0; tls_domains_life(domains, i, &d); i++)
        value(out, "trust_anchors_days_left", d.id, days(d.anchors_until, now));
    head(out, "revocation_list_days_left", "gauge", "Days until the first revocation list of a domain ends, where it has one.");
    for (size_t i = 0; tls_domains_life(domains, i, &d); i++)
        if (d.crl_until < UTC_MAX)
            value(out, "revocation_list_days_left", d.id, days(d.crl_until, now));
}

enum status metrics_write(struct core *c, const struct metrics_moment *m, struct buf *out)
{
    struct db_txn *t;
    TRY(db_begin(c->db, false, &t));
    counters(c, out);
    certificates(m->now, m->life, m->domains, out);
    head(out, "connections", "gauge", "Open connections.");
    value(out, "connections", NULL, (double)m->connections);
    head(out, "held_requests", "gauge", "Requests held until there is something new.");
    value(out, "held_requests", NULL, (double)m->held);
    enum status st = store(c, t, out);
    if (st == ST_OK)
        st = partners(c, t, m->now, out);
    db_abort(&t);
    buf_puts(out, "# EOF\n");
    return st == ST_OK ? buf_status(out) : st;
}
