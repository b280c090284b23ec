// relto audit prove: one event of the log, as a proof that anyone can check with the node's verifier key.
#include <stdio.h>

#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/tlog.h"
#include "node/io/file.h"
#include "store/audit_log.h"
#include "store/witness.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] audit prove N [--event FILE]\n\n"
    "Print a proof (C2SP tlog-proof) that event N is in this node's audit log, and write the event's exact bytes to FILE.\n"
    "'relto audit verify --proof PROOF --event FILE --key KEY' checks both. That it was made is an event of the log.\n";

struct proving {
    const struct cli *cli;
    struct local *l;
    uint64_t n;
    struct buf proof, event;
};

static enum status log_proof(struct proving *p)
{
    char actor[80], n[DECIMAL_TEXT_MAX];
    struct audit_event ev = {.kind = AUDIT_EXPORT, .actor = actor};
    local_actor(actor);
    audit_event_attr(&ev, "of", "proof");
    audit_event_attr(&ev, "event", decimal_text(p->n, n));
    return audit_append(p->l->tick.txn, &ev, p->l->tick.now, &p->l->node->core.random);
}

static enum status sign_checkpoint(struct proving *p, uint64_t size, struct buf *out)
{
    struct core *c = &p->l->node->core;
    char origin[NOTE_NAME_MAX + 8];
    snprintf(origin, sizeof origin, "%s/audit", c->node_name);
    struct checkpoint cp = {.size = size};
    if ((size_t)snprintf(cp.origin, sizeof cp.origin, "%s", origin) >= sizeof cp.origin)
        return ST_LIMIT;
    TRY(tree_root(p->l->tick.txn, AUDIT_LOG, size, &cp.root));
    return checkpoint_sign(&cp, &c->audit_key, out);
}

// A checkpoint that witnesses cosigned and that covers the event says more than our own; else we sign the log as it is.
static enum status choose_checkpoint(struct proving *p, uint64_t *size, struct buf *out)
{
    struct span note;
    uint64_t cosigned;
    enum status st = cosigned_near(p->l->tick.txn, p->n + 1, &cosigned, &note);
    if (st == ST_OK && cosigned > p->n && cosigned <= *size) {
        *size = cosigned;
        buf_span(out, note);
        return buf_status(out);
    }
    return st == ST_OK || st == ST_NOT_FOUND ? sign_checkpoint(p, *size, out) : st;
}

static enum status write_proof(struct proving *p, struct tlog_text *x, struct buf *checkpoint)
{
    struct digest proof[MERKLE_LEVELS + 1];
    struct tree_nodes_state state = {p->l->tick.txn, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    struct span leaf;
    uint64_t size;
    TRY(audit_size(p->l->tick.txn, &size));
    if (p->n >= size) {
        diag_add(p->cli->diag, 0, 0, "event", "N", "the log has %llu events, from 0 on", (unsigned long long)size);
        return ST_NOT_FOUND;
    }
    TRY(audit_get(p->l->tick.txn, p->n, &leaf));
    buf_span(&p->event, leaf);
    TRY(log_proof(p)); // in the same transaction: the proof's tree ends before it
    TRY(choose_checkpoint(p, &size, checkpoint));
    TRY(merkle_inclusion(&nodes, p->n, size, proof, &x->hash_count));
    if (x->hash_count > TLOG_HASHES_MAX)
        return ST_LIMIT;
    memcpy(x->hashes, proof, x->hash_count * sizeof *proof);
    x->n = p->n;
    x->checkpoint = buf_bytes(checkpoint);
    tlog_proof_write(x, &p->proof);
    return buf_status(&p->proof);
}

static enum status prove(struct proving *p)
{
    struct buf checkpoint;
    struct tlog_text *x = arena_alloc(p->cli->arena, sizeof *x);
    buf_init(&checkpoint, NOTE_BYTES_MAX);
    enum status st = x ? write_proof(p, x, &checkpoint) : ST_NOMEM;
    buf_fini(&checkpoint);
    return st;
}

int audit_prove(const struct cli *cli, int argc, char **argv)
{
    const char *event = NULL;
    struct local l;
    struct proving p = {.cli = cli, .l = &l};
    const struct cli_option options[] = {{"event", &event, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc != 3 || !decimal_parse(span_cstr(argv[2]), UINT64_MAX, &p.n))
        return cli_usage(argv[0], "expected: audit prove N, the number of an event as 'relto audit query' shows it");
    code = local_open(cli, NODE_LOGS, &l);
    if (code >= 0)
        return code;
    buf_init(&p.proof, TLOG_BYTES_MAX);
    buf_init(&p.event, AUDIT_EVENT_BYTES_MAX);
    enum status st = prove(&p);
    enum status closed = local_close(&l, st == ST_OK); // durable before anything is shown
    if (st == ST_OK)
        st = closed;
    if (st == ST_OK && event)
        st = file_write(event, buf_bytes(&p.event), 0600, cli->diag);
    code = st == ST_OK ? EXIT_DONE : cli_fail_status(cli, "audit prove", st);
    if (st == ST_OK)
        fwrite(p.proof.ptr, 1, p.proof.len, stdout);
    buf_fini(&p.proof);
    buf_fini(&p.event);
    return code;
}
