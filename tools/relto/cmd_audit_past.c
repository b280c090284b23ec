// relto audit who-has, seen-by, explain: what was, and why.
#include <stdio.h>

#include "node/core/past.h"
#include "store/reports.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"
#include "tools/relto/rows.h"

// ---- who-has, seen-by

static const char *const holding_columns[] = {
    "partner",       "state",      "version",   "position",      "content",       "receipt",        "report",
    "since",         "released",   "agreement", "withheld",      "policy-serial", "event",          "acknowledged",
    "held-version",  "held-since", "held-position", "held-agreement", "held-withheld", "held-policy-serial"};
enum { HOLDING_COLUMNS = sizeof holding_columns / sizeof *holding_columns };

struct listing {
    const struct cli *cli;
    struct rows rows;
    bool by_partner; // seen-by: lines begin with the report
    size_t count, in_hands;
};

static const char *number(char out[24], uint64_t n)
{
    snprintf(out, 24, "%llu", (unsigned long long)n);
    return out;
}

static const char *number_or_empty(char out[24], uint64_t n)
{
    return n ? number(out, n) : "";
}

static const char *time_or_empty(char out[UTC_TEXT_MAX], utc_ms t)
{
    return t ? utc_format_ms(t, out) : "";
}

static void put_holding(const struct listing *l, const struct past_holding *h)
{
    char n[7][24], t[4][UTC_TEXT_MAX], urn[UUID_URN_LEN + 1];
    const struct past_release *r = &h->released, *k = &h->held;
    bool held = k->version != 0;
    const char *const values[HOLDING_COLUMNS] = {
        h->partner, past_state_text(h->state), number(n[0], r->version), number(n[1], r->position),
        held ? "delivered" : "not-delivered", h->acknowledged_at ? "receipted" : "no-receipt", uuid_urn(h->report, urn),
        utc_format_ms(h->since, t[0]), utc_format_ms(r->at, t[1]), r->agreement, r->withheld,
        number_or_empty(n[2], r->serial), number(n[3], r->event), time_or_empty(t[2], h->acknowledged_at),
        number_or_empty(n[4], k->version), time_or_empty(t[3], h->held_since), held ? number(n[5], k->position) : "",
        held ? k->agreement : "", held ? k->withheld : "", number_or_empty(n[6], k->serial)};
    rows_put(&l->rows, values);
}

static void print_release(const char *what, const struct past_release *r, utc_ms at)
{
    char time[UTC_TEXT_MAX];
    printf("    %s version %u %s: ledger position %llu", what, r->version, utc_format_s(at, time), (unsigned long long)r->position);
    if (*r->agreement)
        printf(", under %s", r->agreement);
    if (r->serial)
        printf(" of policy serial %llu", (unsigned long long)r->serial);
    printf(", withheld: %s\n", *r->withheld ? r->withheld : "nothing");
}

static void print_holding(const struct listing *l, const struct past_holding *h)
{
    char urn[UUID_URN_LEN + 1], since[UTC_TEXT_MAX], receipt[UTC_TEXT_MAX];
    const char *name = l->by_partner ? uuid_urn(h->report, urn) : h->partner;
    printf("%-10s %-9s version %u since %s, content %s, ", name, past_state_text(h->state), h->released.version,
           utc_format_s(h->since, since), h->held.version ? "delivered" : "not-delivered");
    if (h->acknowledged_at)
        printf("receipted %s\n", utc_format_s(h->acknowledged_at, receipt));
    else
        puts("no-receipt");
    if (h->held.version)
        print_release("content left as", &h->held, h->held_since);
    if (h->held.event != h->released.event || !h->held.version)
        print_release("released, not fetched:", &h->released, h->released.at);
}

static enum status list_holding(void *ctx, const struct past_holding *h)
{
    struct listing *l = ctx;
    l->count++;
    l->in_hands += h->held.version && (h->state == PAST_RELEASED || h->state == PAST_LAPSED);
    if (rows_format(l->cli->format))
        put_holding(l, h);
    else
        print_holding(l, h);
    return ST_OK;
}

static struct listing listing_of(const struct cli *cli, const char *question, bool by_partner)
{
    return (struct listing){.cli = cli, .by_partner = by_partner,
                            .rows = {cli->format, question, holding_columns, HOLDING_COLUMNS}};
}

static void print_here(const struct cli *cli, struct local *l, struct uuid id)
{
    struct report_record rec;
    struct recall_record gone;
    struct purged_copy purged;
    char time[UTC_TEXT_MAX];
    if (rows_format(cli->format))
        return;
    if (recalls_get(l->tick.txn, id, &gone) == ST_OK) {
        printf("here: recalled %s by %s: ", utc_format_s(gone.at, time), gone.by);
        cli_print_plain(gone.reason);
        putchar('\n');
    } else if (reports_current(l->tick.txn, id, &rec) != ST_OK && reports_purged(l->tick.txn, id, NULL, &purged) == ST_OK) {
        printf("here: version %u, %s%s; content purged %s\n", purged.version, purged.source[0] ? "received from " : "own report",
               purged.source, utc_format_s(purged.at, time));
    } else if (reports_current(l->tick.txn, id, &rec) == ST_OK)
        printf("here: version %u, %s%s\n", rec.version, rec.source[0] ? "received from " : "own report", rec.source);
    else
        printf("here: not held\n");
}

int audit_who_has(const struct cli *cli, const char *report, const struct audit_options *o)
{
    struct local l;
    struct uuid id;
    utc_ms at = UTC_MAX;
    int code = audit_time_option("--at", o->at, true, &at);
    if (code < 0)
        code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = EXIT_NO;
    if (local_report_id(cli, &l, report, &id)) {
        struct listing list = listing_of(cli, "who-has", false);
        rows_begin(&list.rows);
        print_here(cli, &l, id);
        enum status st = past_of_report(&l.tick, id, at, list_holding, &list);
        rows_end(&list.rows);
        code = st != ST_OK ? cli_fail_status(cli, report, st) : list.count ? EXIT_DONE : EXIT_NO;
        if (st == ST_OK && list.count == 0 && !rows_format(cli->format))
            printf("no partner was ever given it by this node%s\n", o->at ? " by then" : "");
    }
    local_close(&l, false);
    return code;
}

int audit_seen_by(const struct cli *cli, const char *partner, const struct audit_options *o)
{
    struct local l;
    utc_ms at = UTC_MAX;
    int code = audit_time_option("--at", o->at, true, &at);
    if (code < 0)
        code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct listing list = listing_of(cli, "seen-by", true);
    rows_begin(&list.rows);
    enum status st = past_of_partner(&l.tick, partner, at, list_holding, &list);
    rows_end(&list.rows);
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    if (!rows_format(cli->format))
        printf("%s had been given %zu reports by then, and had %zu in hands\n", partner, list.count, list.in_hands);
    return list.count ? EXIT_DONE : EXIT_NO;
}

// ---- explain

static const char *const decision_columns[] = {
    "report",         "partner",        "at",             "verdict",          "obstacle",     "differs",
    "outcome",        "reason",         "agreement",      "rule",             "until",        "withheld",
    "policy-serial",  "event",          "event-at",       "cause",            "version",      "event-policy-serial",
    "logged-outcome", "logged-reason",  "logged-agreement", "logged-rule",    "logged-until", "logged-withheld"};
enum { DECISION_COLUMNS = sizeof decision_columns / sizeof *decision_columns };

static const char *verdict_text(enum past_verdict v)
{
    switch (v) {
    case PAST_NOT_REMADE:
        return "not-remade";
    case PAST_DIFFERS:
        return "differs";
    case PAST_EQUAL:
        return "equal";
    }
    return "";
}

struct explained {
    const struct cli *cli;
    char report[UUID_URN_LEN + 1];
    const char *partner;
    utc_ms at;
    const struct past_decision *d;
};

static const char *outcome_of(const struct past_line *l)
{
    return l->named ? l->outcome : "deny";
}

static const char *reason_of(const struct past_line *l)
{
    return l->named ? l->reason : "partner-not-in-policy";
}

// "outcome: release in the log, deny now; …"
static const char *differences(const struct explained *x, const struct past_line *logged, const struct past_line *other,
                               const char *other_name)
{
    const struct {
        const char *name, *logged, *other;
    } all[] = {{"outcome", outcome_of(logged), outcome_of(other)}, {"reason", reason_of(logged), reason_of(other)},
               {"agreement", logged->agreement, other->agreement}, {"rule", logged->rule, other->rule},
               {"until", logged->until, other->until},             {"withheld", logged->withheld, other->withheld}};
    const char *text = "";
    for (size_t i = 0; text && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].logged, all[i].other) != 0)
            text = arena_printf(x->cli->arena, "%s%s%s: %s in the log, %s %s", text, *text ? "; " : "", all[i].name,
                                *all[i].logged ? all[i].logged : "none", *all[i].other ? all[i].other : "none", other_name);
    return text ? text : "";
}

static const char *differs(const struct explained *x)
{
    const struct past_decision *d = x->d;
    if (d->verdict != PAST_DIFFERS)
        return "";
    if (d->by_digest)
        return "the log gives the decisions about all partners by digest, and it is another one";
    return differences(x, &d->logged, &d->remade, "made again");
}

static void put_decision(const struct explained *x)
{
    char n[4][24], t[2][UTC_TEXT_MAX];
    const struct past_decision *d = x->d;
    const struct past_line *w = &d->then, *g = &d->logged;
    bool known = d->verdict != PAST_NOT_REMADE || !d->by_digest;
    const char *const values[DECISION_COLUMNS] = {
        x->report, x->partner, utc_format_ms(x->at, t[0]), verdict_text(d->verdict), d->obstacle, differs(x),
        d->has_then ? outcome_of(w) : "", d->has_then ? reason_of(w) : "", w->agreement, w->rule, w->until, w->withheld,
        number_or_empty(n[0], d->serial_then), number(n[1], d->event), utc_format_ms(d->event_at, t[1]), d->cause,
        number(n[2], d->version), number_or_empty(n[3], d->serial), known ? outcome_of(g) : "", known ? reason_of(g) : "",
        g->agreement, g->rule, g->until, g->withheld};
    const struct rows rows = {x->cli->format, "explain", decision_columns, DECISION_COLUMNS};
    rows_begin(&rows);
    rows_put(&rows, values);
    rows_end(&rows);
}

static void print_line(const struct past_line *l)
{
    fputs(outcome_of(l), stdout);
    if (*reason_of(l) && strcmp(reason_of(l), "-") != 0)
        printf(" (%s)", reason_of(l));
    if (*l->agreement)
        printf(" under %s", l->agreement);
    if (*l->rule)
        printf(" by %s", l->rule);
    if (*l->until)
        printf(" until %s", l->until);
    if (*l->withheld)
        printf(", withheld: %s", l->withheld);
    putchar('\n');
}

static void print_then(const struct explained *x)
{
    const struct past_decision *d = x->d;
    char time[UTC_TEXT_MAX];
    if (d->recalled_at)
        printf("it had been recalled %s\n", utc_format_s(d->recalled_at, time));
    if (!d->has_then)
        return;
    printf("decision at that instant, policy serial %llu: ", (unsigned long long)d->serial_then);
    print_line(&d->then);
    fputs(d->tests, stdout);
    const char *change = differences(x, &d->logged, &d->then, "at that instant");
    if (*change && d->verdict != PAST_NOT_REMADE)
        printf("changed since it was logged: %s\n", change);
}

static void print_decision(const struct explained *x)
{
    const struct past_decision *d = x->d;
    char time[UTC_TEXT_MAX];
    printf("%s version %u, for %s at %s\n", x->report, d->version, x->partner, utc_format_s(x->at, time));
    print_then(x);
    printf("logged as event %llu %s, cause %s", (unsigned long long)d->event, utc_format_s(d->event_at, time), d->cause);
    if (d->serial)
        printf(", policy serial %llu", (unsigned long long)d->serial);
    fputs(": ", stdout);
    if (d->by_digest && d->verdict == PAST_NOT_REMADE)
        puts("by digest alone");
    else
        print_line(&d->logged);
    if (d->verdict == PAST_EQUAL)
        puts("made again: equal to the one logged");
    else if (d->verdict == PAST_DIFFERS)
        printf("made again: DIFFERS from the one logged: %s\n", differs(x));
    else
        printf("it cannot be made again: %s\n", d->obstacle ? d->obstacle : "");
}

static int explain(const struct cli *cli, struct local *l, const char *report, const char *partner, utc_ms at)
{
    struct uuid id;
    struct past_decision d;
    if (!local_report_id(cli, l, report, &id))
        return EXIT_NO;
    enum status st = past_decide(&l->tick, id, partner, at, cli->arena, &d);
    if (st == ST_NOT_FOUND)
        return cli_fail(EXIT_NO, report, "nothing had been decided about it by then; 'relto audit query --report %s' shows what the log has",
                        report);
    if (st != ST_OK)
        return cli_fail_status(cli, report, st);
    struct explained x = {.cli = cli, .partner = partner, .at = at, .d = &d};
    uuid_urn(id, x.report);
    if (rows_format(cli->format))
        put_decision(&x);
    else
        print_decision(&x);
    return d.verdict == PAST_EQUAL ? EXIT_DONE : EXIT_NO;
}

int audit_explain(const struct cli *cli, const char *report, const char *partner, const struct audit_options *o)
{
    struct local l;
    utc_ms at = 0;
    int code = audit_time_option("--at", o->at, true, &at);
    if (code < 0)
        code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = explain(cli, &l, report, partner, o->at ? at : l.tick.now);
    local_close(&l, false);
    return code;
}
