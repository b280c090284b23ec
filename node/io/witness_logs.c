#include "node/io/witness_logs.h"

#include <stdio.h>

#include "node/io/file.h"

struct loading {
    const struct config *c;
    struct diag *d;
    struct witness_log *logs;
    size_t count;
};

static enum status add(struct loading *x, struct span origin, const struct note_vkey *key, uint32_t line)
{
    if (x->count == WITNESS_LOGS_MAX) {
        diag_add(x->d, line, 0, "witness-logs", x->c->witness_logs, "more than %d keys of logs", WITNESS_LOGS_MAX);
        return ST_LIMIT;
    }
    struct witness_log *l = &x->logs[x->count];
    *l = (struct witness_log){.key = *key};
    if (origin.len == 0 || origin.len >= sizeof l->origin || memchr(origin.ptr, 0, origin.len)) {
        diag_add(x->d, line, 0, "witness-logs", x->c->witness_logs, "line %u: expected an origin of 1 to %zu bytes", line,
                 sizeof l->origin - 1);
        return ST_INVALID;
    }
    memcpy(l->origin, origin.ptr, origin.len);
    x->count++;
    return ST_OK;
}

static enum status add_peers(struct loading *x, const struct core *core)
{
    for (size_t i = 0; i < x->c->partner_count; i++) {
        char origin[NOTE_NAME_MAX + 8];
        struct note_vkey key;
        const struct partner_card *card = &core->peers[i]->card; // parallel to the configuration
        if (!x->c->partners[i].be_witness)
            continue;
        snprintf(origin, sizeof origin, "%s/audit", card->node_name);
        TRY(note_vkey_make(origin, NOTE_ED25519, card->audit_key, &key));
        TRY(add(x, span_cstr(origin), &key, 0));
    }
    return ST_OK;
}

static enum status add_line(struct loading *x, struct span line, uint32_t number)
{
    struct note_vkey key;
    size_t at = line.len;
    while (at > 0 && line.ptr[at - 1] != ' ')
        at--;
    enum status st = note_vkey_parse(span_sub(line, at, line.len), &key);
    if (st != ST_OK) {
        diag_add(x->d, number, 0, "witness-logs", x->c->witness_logs,
                 "line %u: expected a verifier key, name+hex+base64 of type Ed25519, perhaps behind the log's origin and a space", number);
        return ST_INVALID;
    }
    return add(x, at > 0 ? span_sub(line, 0, at - 1) : span_cstr(key.name), &key, number);
}

static enum status add_file(struct loading *x, struct arena *a)
{
    struct span bytes;
    TRY(file_read(x->c->witness_logs, WITNESS_FILE_BYTES_MAX, a, x->d, &bytes));
    uint32_t number = 0;
    for (size_t from = 0; from < bytes.len;) {
        const uint8_t *lf = memchr(bytes.ptr + from, '\n', bytes.len - from);
        size_t to = lf ? (size_t)(lf - bytes.ptr) : bytes.len;
        number++;
        if (to > from && bytes.ptr[from] != '#')
            TRY(add_line(x, span_sub(bytes, from, to), number));
        from = to + 1;
    }
    return ST_OK;
}

enum status witness_logs_load(const struct config *c, struct arena *a, struct diag *d, struct core *core)
{
    struct loading x = {.c = c, .d = d, .logs = arena_array(a, WITNESS_LOGS_MAX, sizeof *x.logs)};
    if (!x.logs)
        return arena_status(a);
    TRY(add_peers(&x, core));
    if (c->witness_logs)
        TRY(add_file(&x, a));
    core->witness_logs = x.logs;
    core->witness_log_count = x.count;
    return ST_OK;
}
