// relto sync: where the exchange with each partner stands, in both directions; what its operator may do about it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/core/sync.h"
#include "node/io/clock.h"
#include "store/attachments.h"
#include "store/ledger.h"
#include "store/pushes.h"
#include "store/sources.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] sync status [--wait SECONDS]\n"
    "       relto [-C DIR] sync retry PARTNER\n"
    "       relto [-C DIR] sync resume PARTNER --reason TEXT [--yes]\n"
    "       relto [-C DIR] sync note PARTNER\n\n"
    "For each partner: our ledger to it (entries, how many its receipts cover) and its ledger to us (entries\n"
    "received, reports, quarantined, last success, last failure), how pushing to it goes, and attachments of its\n"
    "reports that have not come yet. Exit code 1 while something is not acknowledged, quarantined, failing, forked or missing.\n"
    "  --wait SECONDS   wait until every partner has acknowledged everything, at most so long\n"
    "tsv: partner, ledger, acknowledged, received, reports, quarantined, synced, state, attachments missing\n\n"
    "retry checks all that is in quarantine from a partner again, and takes what verifies now (its new certificate is\n"
    "here). Exit code 1 while some stay.\n\n"
    "resume goes on after a log-fork, from what is held here, or takes a ledger that begins anew (RESTARTED) because the\n"
    "partner's store was lost: then it is read from its start, and nothing that is held here goes. First compare both ledgers with the partner's operator by\n"
    "voice: a node that told two stories may have been broken into. It asks for the partner's id; the log has the reason.\n"
    "  --reason TEXT    what was found out\n"
    "  --yes            do not ask\n\n"
    "note prints the last checkpoint of the partner's ledger to us, signed by it. Its auditor can hold it against that node:\n"
    "relto audit verify --held FILE.\n";

enum { LOOK_EVERY_MS = 100, WAIT_MAX_S = 3600, REASON_MAX = 255, MISSING_SHOWN = 10 };

struct link_state {
    uint64_t ledger, acknowledged, contested;
    struct source_state in;
    bool pushed; // we push to it
    struct push_state push;
    size_t missing; // attachments
    struct attachment_want first[MISSING_SHOWN];
};

static enum status note_missing(void *ctx, const struct attachment_want *w)
{
    struct link_state *s = ctx;
    if (s->missing < MISSING_SHOWN)
        s->first[s->missing] = *w;
    s->missing++;
    return ST_OK;
}

static enum status read_link(struct local *l, const char *partner, struct link_state *ret)
{
    struct receipt r = {0};
    TRY(ledger_size(l->tick.txn, partner, &ret->ledger));
    TRY(ledger_contested(l->tick.txn, partner, &ret->contested));
    enum status st = receipt_latest(l->tick.txn, partner, &r);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    ret->acknowledged = st == ST_OK ? r.size : 0;
    ret->missing = 0;
    TRY(attachment_each_want(l->tick.txn, partner, note_missing, ret));
    const struct peer *peer = core_peer(&l->node->core, partner);
    ret->pushed = peer && peer->push;
    TRY(push_state_get(l->tick.txn, partner, &ret->push));
    return source_get(l->tick.txn, partner, &ret->in);
}

static const char *link_word(const struct link_state *s)
{
    if (s->in.forked)
        return s->in.offered[0] ? "RESTARTED" : "LOG-FORK";
    if (s->contested)
        return "CONTESTED";
    if (s->in.failed_at > s->in.synced_at || (s->pushed && s->push.failed_at))
        return "failing";
    if (s->in.quarantined)
        return "quarantine";
    if (s->acknowledged < s->ledger)
        return "behind";
    return s->missing ? "attachments" : "ok";
}

static void print_missing(const struct link_state *s)
{
    char digest[DIGEST_TEXT_LEN + 1], at[UTC_TEXT_MAX];
    for (size_t i = 0; i < s->missing && i < MISSING_SHOWN; i++) {
        const struct attachment_want *w = &s->first[i];
        printf("           attachment not here yet: %s, %llu bytes", digest_text(&w->digest, digest), (unsigned long long)w->size);
        if (w->failures)
            printf("; asked %u times, again at %s: %s", w->failures, utc_format_s(w->again_at, at), w->why);
        putchar('\n');
    }
    if (s->missing > MISSING_SHOWN)
        printf("           and %zu more\n", s->missing - MISSING_SHOWN);
}

static void print_push(const struct link_state *s)
{
    char at[UTC_TEXT_MAX] = "never";
    if (!s->pushed)
        return;
    if (s->push.pushed_at)
        utc_format_s(s->push.pushed_at, at);
    printf("           our feed is pushed to it; it took the last page: %s\n", at);
    if (s->push.failed_at)
        printf("           last failure: %s\n", s->push.error);
}

static void print_link(const struct cli *cli, const char *partner, const struct link_state *s)
{
    char synced[UTC_TEXT_MAX] = "never";
    if (s->in.synced_at)
        utc_format_s(s->in.synced_at, synced);
    if (cli->format == FORMAT_TSV) {
        printf("%s\t%llu\t%llu\t%llu\t%llu\t%llu\t%s\t%s\t%zu\n", partner, (unsigned long long)s->ledger,
               (unsigned long long)s->acknowledged, (unsigned long long)s->in.size, (unsigned long long)s->in.received,
               (unsigned long long)s->in.quarantined, synced, link_word(s), s->missing);
        return;
    }
    printf("%-10s %-10s to it: %llu entries, %llu acknowledged; from it: %llu entries, %llu reports, %llu quarantined; synced %s\n",
           partner, link_word(s), (unsigned long long)s->ledger, (unsigned long long)s->acknowledged,
           (unsigned long long)s->in.size, (unsigned long long)s->in.received, (unsigned long long)s->in.quarantined, synced);
    if (s->contested)
        printf("           it has a cursor or checkpoint of ours over %llu entries that our ledger does not bear out: was an old store "
               "brought back?\n           Stop reltod; bring back today's store, or a backup with 'relto restore'; see ALARMS in reltod(8)\n",
               (unsigned long long)s->contested);
    if (s->in.forked && s->in.offered[0])
        printf("           %s\n           Call its operator: was its store lost? Then: relto sync resume %s; see reltod(8)\n", s->in.error, partner);
    else if (s->in.forked)
        printf("           its ledger contradicts what it showed us before: stop exchanging and call its operator; then: relto sync "
               "resume %s; see reltod(8)\n", partner);
    else if (s->in.failed_at > s->in.synced_at)
        printf("           last failure: %s\n", s->in.error);
    print_push(s);
    print_missing(s);
}

// Nothing is wrong outside the hours in which we sync with it, yet nothing comes.
static void print_hours(const struct local *l, const char *partner)
{
    int64_t left;
    char at[UTC_TEXT_MAX];
    utc_ms now = clock_now();
    const struct config_partner *p = config_partner_of(l->node->config, partner);
    if (p && !hours_open(&p->hours, now, &left))
        printf("           outside its hours: nothing is asked until %s\n", utc_format_s(utc_add(now, left), at));
}

// One look. *ret_open counts links that are not "ok".
static enum status look(const struct cli *cli, struct local *l, bool print, size_t *ret_open)
{
    *ret_open = 0;
    for (size_t i = 0; i < l->node->core.peer_count; i++) {
        struct link_state s;
        const char *partner = l->node->core.peers[i]->id;
        TRY(read_link(l, partner, &s));
        *ret_open += strcmp(link_word(&s), "ok") != 0;
        if (print)
            print_link(cli, partner, &s);
        if (print && cli->format != FORMAT_TSV)
            print_hours(l, partner);
    }
    return ST_OK;
}

static enum status look_again(struct local *l)
{
    db_abort(&l->tick.txn);
    return db_begin(l->node->core.db, false, &l->tick.txn);
}

static int status_of_links(const struct cli *cli, long wait_s)
{
    struct local l;
    size_t open;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    enum status st = look(cli, &l, false, &open);
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    for (long i = 0; st == ST_OK && open && i < wait_s * 1000 / LOOK_EVERY_MS; i++) {
        nanosleep(&pause, NULL);
        st = look_again(&l);
        if (st == ST_OK)
            st = look(cli, &l, false, &open);
    }
    if (st == ST_OK)
        st = look(cli, &l, true, &open);
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail(cli_code(st), "sync status", "%s", status_text(st));
    return open ? EXIT_NO : EXIT_DONE;
}

// ---- retry, resume

static int open_for(const struct cli *cli, const char *partner, struct local *l)
{
    int code = local_open(cli, NODE_WRITER, l);
    if (code >= 0 || core_peer(&l->node->core, partner))
        return code;
    local_close(l, false);
    return cli_fail(EXIT_NO, partner, "no partner of this node; 'relto partner list' shows them");
}

static int commit(struct local *l, const char *what, enum status st)
{
    if (st == ST_OK)
        st = db_commit(&l->tick.txn);
    local_close(l, false);
    return st == ST_OK ? -1 : cli_fail(cli_code(st), what, "%s; nothing was changed", status_text(st));
}

static int retry(const struct cli *cli, const char *partner)
{
    struct local l;
    size_t taken, left;
    char actor[80];
    local_actor(actor);
    int code = open_for(cli, partner, &l);
    if (code >= 0)
        return code;
    code = commit(&l, "sync retry", sync_retry(&l.tick, partner, actor, &taken, &left));
    if (code >= 0)
        return code;
    printf("%s: %zu taken, %zu stay in quarantine\n", partner, taken, left);
    return left ? EXIT_NO : EXIT_DONE;
}

static bool is_confirmed(const char *partner)
{
    char line[PARTNER_ID_MAX + 3];
    printf("This node will believe the ledger of %s again: where it extends what is held here, or from its start if it begins anew.\n"
           "Have you compared both ledgers with its operator? Type %s to go on: ", partner, partner);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        return false;
    line[strcspn(line, "\n")] = 0;
    return strcmp(line, partner) == 0;
}

static int resume(const struct cli *cli, const char *partner, const char *reason, bool yes)
{
    struct local l;
    bool resumed;
    char actor[80];
    local_actor(actor);
    if (!reason || !*reason || strlen(reason) > REASON_MAX)
        return cli_usage("sync", "resume needs --reason, of at most %d bytes", REASON_MAX);
    if (!yes && !isatty(STDIN_FILENO))
        return cli_usage("sync", "resume asks for confirmation on a terminal; without one, say --yes");
    if (!yes && !is_confirmed(partner))
        return cli_fail(EXIT_NO, "sync resume", "not confirmed; nothing was changed");
    int code = open_for(cli, partner, &l);
    if (code >= 0)
        return code;
    code = commit(&l, "sync resume", sync_resume(&l.tick, partner, actor, reason, &resumed));
    if (code >= 0)
        return code;
    printf(resumed ? "%s: goes on\n" : "%s: was not stopped\n", partner);
    return EXIT_DONE;
}

static int note(const struct cli *cli, const char *partner)
{
    struct local l;
    struct source_state s = {.size = 0};
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    enum status st = strlen(partner) <= PARTNER_ID_MAX ? source_get(l.tick.txn, partner, &s) : ST_OK;
    if (st == ST_OK)
        fwrite(s.checkpoint.ptr, 1, s.checkpoint.len, stdout);
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail(cli_code(st), "sync note", "%s", status_text(st));
    return s.checkpoint.len ? EXIT_DONE : cli_fail(EXIT_NO, partner, "nothing of its ledger was received here yet");
}

int cmd_sync(const struct cli *cli, int argc, char **argv)
{
    const char *wait = NULL, *reason = NULL;
    bool yes = false;
    const struct cli_option options[] = {{"wait", &wait, NULL}, {"reason", &reason, NULL}, {"yes", NULL, &yes}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc == 3 && strcmp(argv[1], "retry") == 0)
        return retry(cli, argv[2]);
    if (argc == 3 && strcmp(argv[1], "note") == 0)
        return note(cli, argv[2]);
    if (argc == 3 && strcmp(argv[1], "resume") == 0)
        return resume(cli, argv[2], reason, yes);
    if (argc != 2 || strcmp(argv[1], "status") != 0)
        return cli_usage(argv[0], "expected: status, retry PARTNER, resume PARTNER or note PARTNER");
    long seconds = 0;
    if (wait && !cli_number(wait, 0, WAIT_MAX_S, &seconds))
        return cli_usage(argv[0], "--wait: '%s' is not a number of seconds from 0 to %d", wait, WAIT_MAX_S);
    return status_of_links(cli, seconds);
}
