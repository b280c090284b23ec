// Checkpoints that others hold of our logs: what was rewritten as a whole, with fresh trees and our own keys, is consistent
// in itself and differs from these alone.
#include <stdio.h>

#include "store/verify_internal.h"

// The log that a checkpoint of ours is of, by its origin: `<node>/audit`, `<node>/release/<PARTNER>`.
static const char *log_of(const struct verify *v, const char *origin, char out[LOG_NAME_MAX])
{
    size_t n = strlen(v->o->node_name);
    static const char release[] = "/release/";
    if (strncmp(origin, v->o->node_name, n) != 0)
        return NULL;
    if (strcmp(origin + n, "/audit") == 0)
        return AUDIT_LOG;
    const char *partner = origin + n + sizeof release - 1;
    if (strncmp(origin + n, release, sizeof release - 1) != 0 || !*partner || strlen(partner) > PARTNER_ID_MAX)
        return NULL;
    ledger_log_name(partner, out);
    return out;
}

static enum status compare(struct verify *v, const char *name, const char *log, const struct checkpoint *c)
{
    struct digest root;
    uint64_t size;
    enum status st = tree_size(v->t, log, &size);
    if (st == ST_OK)
        st = c->size <= size ? tree_root(v->t, log, c->size, &root) : ST_INVALID;
    if (st == ST_IO || st == ST_NOMEM)
        return st;
    if (st == ST_INVALID)
        verify_say(v, "held-larger", name, "we signed %s with %llu leaves, here it has %llu: it was cut, or an old store brought back", log,
                   (unsigned long long)c->size, (unsigned long long)size);
    else if (st != ST_OK || !digest_eq(&root, &c->root))
        verify_say(v, "held-root", name, "we signed another tree of the first %llu leaves of %s: the log was rewritten, or shown in two forms",
                   (unsigned long long)c->size, log);
    else
        v->sum->held++;
    return ST_OK;
}

enum status verify_held(struct verify *v, const struct verify_held *h)
{
    struct checkpoint c;
    struct span origin;
    char text[NOTE_NAME_MAX], name[LOG_NAME_MAX];
    const char *log = NULL;
    if (checkpoint_origin(h->note, &origin) && origin.len < sizeof text) {
        memcpy(text, origin.ptr, origin.len);
        text[origin.len] = 0;
        log = log_of(v, text, name);
    }
    if (!log) {
        verify_say(v, "held-origin", h->name, "is not a checkpoint of a log of %s", v->o->node_name);
        return ST_OK;
    }
    enum status st = checkpoint_open(h->note, text, strcmp(log, AUDIT_LOG) == 0 ? v->o->audit_key : v->o->ledger_key, &c);
    if (st != ST_OK) {
        verify_say(v, "held-signature", h->name, "is not signed by our key: %s", status_text(st));
        return ST_OK;
    }
    return compare(v, h->name, log, &c);
}
