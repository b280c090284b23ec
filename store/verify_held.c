// Checkpoints that others hold of our logs: what was rewritten as a whole, with fresh trees and our own keys, is consistent
// in itself and differs from these alone.
#include <stdio.h>

#include "store/archive.h"
#include "store/verify_internal.h"

// The ledger with this origin: the present one to a partner, or one of before.
static enum status ledger_of(const struct verify *v, const char *origin, const char *partner, char out[LOG_NAME_MAX], bool *ret)
{
    char id[PARTNER_ID_MAX + 1], is[NOTE_NAME_MAX];
    unsigned count;
    TRY(archive_count(v->t, partner, &count));
    *ret = false;
    for (unsigned k = 0; k <= count && !*ret; k++) {
        snprintf(id, sizeof id, "%s", partner);
        if (k > 0 && !archive_id(partner, k, id))
            break;
        TRY(archive_origin(v->t, v->o->node_name, id, is));
        *ret = strcmp(is, origin) == 0;
        ledger_log_name(id, out);
    }
    return ST_OK;
}

// The log that a checkpoint of ours is of, by its origin: `<node>/audit`, `<node>/release/<PARTNER>`, the latter with `/<epoch>`
// when it began anew.
static enum status log_of(const struct verify *v, const char *origin, char out[LOG_NAME_MAX], bool *ret)
{
    size_t n = strlen(v->o->node_name);
    static const char release[] = "/release/";
    char partner[PARTNER_ID_MAX + 1];
    *ret = false;
    if (strncmp(origin, v->o->node_name, n) != 0)
        return ST_OK;
    *ret = strcmp(origin + n, "/audit") == 0;
    snprintf(out, LOG_NAME_MAX, "%s", AUDIT_LOG);
    const char *name = origin + n + sizeof release - 1;
    if (*ret || strncmp(origin + n, release, sizeof release - 1) != 0 || !*name || strcspn(name, "/") > PARTNER_ID_MAX)
        return ST_OK;
    snprintf(partner, sizeof partner, "%.*s", (int)strcspn(name, "/"), name);
    return ledger_of(v, origin, partner, out, ret);
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
    const char *log = name;
    bool known = false;
    if (checkpoint_origin(h->note, &origin) && origin.len < sizeof text) {
        memcpy(text, origin.ptr, origin.len);
        text[origin.len] = 0;
        TRY(log_of(v, text, name, &known));
    }
    if (!known) {
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
