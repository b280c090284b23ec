#include "store/archive.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/sources.h"
#include "store/value.h"

bool archive_id(const char *partner, unsigned k, char out[PARTNER_ID_MAX + 1])
{
    size_t n = strlen(partner);
    if (n > ARCHIVE_PARTNER_MAX || k > ARCHIVES_MAX)
        return false;
    snprintf(out, PARTNER_ID_MAX + 1, "%.*s %u", ARCHIVE_PARTNER_MAX, partner, k);
    return true;
}

void archive_partner(const char *id, char out[PARTNER_ID_MAX + 1])
{
    snprintf(out, PARTNER_ID_MAX + 1, "%.*s", (int)strcspn(id, " "), id);
}

static enum status next_id(struct db_txn *t, const char *partner, void (*log_name)(const char *, char *), char out[PARTNER_ID_MAX + 1])
{
    for (unsigned k = 1; archive_id(partner, k, out); k++) {
        char log[LOG_NAME_MAX];
        uint64_t size;
        log_name(out, log);
        TRY(tree_size(t, log, &size));
        if (size == 0)
            return ST_OK;
    }
    return ST_LIMIT;
}

enum status archive_count(struct db_txn *t, const char *partner, unsigned *ret)
{
    char id[PARTNER_ID_MAX + 1], log[LOG_NAME_MAX];
    for (*ret = 0; archive_id(partner, *ret + 1, id); ++*ret) {
        uint64_t size;
        ledger_log_name(id, log);
        TRY(tree_size(t, log, &size));
        if (size == 0)
            break;
    }
    return ST_OK;
}

// ---- moving

struct move {
    struct db_txn *t;
    enum db_table table;
    struct key from, to; // prefixes
};

static enum status move_row(void *ctx, struct span rest, struct span value)
{
    const struct move *m = ctx;
    struct key from = m->from, to = m->to;
    if (from.len + rest.len > KEY_MAX || to.len + rest.len > KEY_MAX)
        return ST_CORRUPT;
    memcpy(from.b + from.len, rest.ptr, rest.len);
    from.len += rest.len;
    memcpy(to.b + to.len, rest.ptr, rest.len);
    to.len += rest.len;
    uint8_t *copy = malloc(value.len + 1); // the value is the store's until the next write
    if (!copy)
        return ST_NOMEM;
    if (value.len)
        memcpy(copy, value.ptr, value.len);
    enum status st = db_put(m->t, m->table, key_span(&to), span_of(copy, value.len));
    free(copy);
    return st == ST_OK ? db_del(m->t, m->table, key_span(&from)) : st;
}

static enum status move_rows(struct db_txn *t, enum db_table table, const struct key *from, const struct key *to)
{
    struct move m = {t, table, *from, *to};
    return value_each(t, table, from, span_of(NULL, 0), move_row, &m);
}

static enum status move_ids(struct db_txn *t, const enum db_table *tables, size_t count, const char *from, const char *to)
{
    struct key a = {.len = 0}, b = {.len = 0};
    key_id(&a, from);
    key_id(&b, to);
    for (size_t i = 0; i < count; i++)
        TRY(move_rows(t, tables[i], &a, &b));
    return ST_OK;
}

static enum status move_tree(struct db_txn *t, const char *from, const char *to)
{
    struct key a = {.len = 0}, b = {.len = 0};
    key_text(&a, from);
    key_text(&b, to);
    TRY(move_rows(t, DB_TREE_BLOCKS, &a, &b));
    return move_rows(t, DB_TREE_ENDS, &a, &b);
}

// ---- epochs that are part of the origin. Layout 1: the epoch

static struct key named_key(const char *id)
{
    struct key k = {.len = 0};
    key_id(&k, "epoch-named");
    key_id(&k, id);
    return k;
}

static struct key epoch_key(const char *id)
{
    struct key k = {.len = 0};
    key_id(&k, "epoch");
    key_id(&k, id);
    return k;
}

enum status archive_name_epoch(struct db_txn *t, const char *partner)
{
    struct key k = named_key(partner), v = value_head(1);
    uint64_t epoch;
    TRY(ledger_epoch(t, partner, &epoch));
    key_u64(&v, epoch);
    return epoch ? db_put(t, DB_META, key_span(&k), key_span(&v)) : ST_INVALID;
}

enum status archive_origin(struct db_txn *t, const char *node_name, const char *id, char out[NOTE_NAME_MAX])
{
    struct key k = named_key(id);
    struct span v;
    char partner[PARTNER_ID_MAX + 1];
    int n;
    archive_partner(id, partner);
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st == ST_NOT_FOUND) {
        n = snprintf(out, NOTE_NAME_MAX, "%s/release/%s", node_name, partner);
    } else {
        if (st != ST_OK)
            return st;
        struct key_reader r = value_reader(v, 1);
        uint64_t epoch = key_get_u64(&r);
        if (!value_whole(&r))
            return ST_CORRUPT;
        n = snprintf(out, NOTE_NAME_MAX, "%s/release/%s/%016llx", node_name, partner, (unsigned long long)epoch);
    }
    return n > 0 && n < NOTE_NAME_MAX ? ST_OK : ST_LIMIT;
}

// ---- ledgers

// Layout 1: the event that ended this old ledger
static struct key ended_key(const char *id)
{
    struct key k = {.len = 0};
    key_id(&k, "ledger-ended");
    key_id(&k, id);
    return k;
}

enum status archive_of_event(struct db_txn *t, const char *partner, uint64_t event, char out[PARTNER_ID_MAX + 1])
{
    for (unsigned n = 1; archive_id(partner, n, out); n++) {
        struct key k = ended_key(out);
        struct span v;
        enum status st = db_get(t, DB_META, key_span(&k), &v);
        if (st == ST_NOT_FOUND)
            break;
        if (st != ST_OK)
            return st;
        struct key_reader r = value_reader(v, 1);
        uint64_t ended = key_get_u64(&r);
        if (!value_whole(&r))
            return ST_CORRUPT;
        if (event < ended)
            return ST_OK;
    }
    snprintf(out, PARTNER_ID_MAX + 1, "%s", partner);
    return ST_OK;
}

enum status archive_sent(struct db_txn *t, const char *partner, uint64_t event)
{
    static const enum db_table tables[] = {DB_LEDGER, DB_DELIVERED, DB_RECEIPTS, DB_HEAD_OPENINGS};
    char id[PARTNER_ID_MAX + 1], from[LOG_NAME_MAX], to[LOG_NAME_MAX];
    uint64_t size;
    TRY(next_id(t, partner, ledger_log_name, id));
    TRY(ledger_size(t, partner, &size));
    if (size == 0)
        return ST_OK;
    struct key ended = ended_key(id), v = value_head(1);
    key_u64(&v, event);
    TRY(db_put(t, DB_META, key_span(&ended), key_span(&v)));
    ledger_log_name(partner, from);
    ledger_log_name(id, to);
    TRY(move_ids(t, tables, sizeof tables / sizeof *tables, partner, id));
    TRY(move_tree(t, from, to));
    struct key a = named_key(partner), b = named_key(id), epoch = epoch_key(partner);
    TRY(move_rows(t, DB_META, &a, &b));
    return db_del(t, DB_META, key_span(&epoch)); // the cursors of the old one are good for nothing
}

struct erasing {
    struct db_txn *t;
    const char *partner;
};

static enum status erase_quarantined(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    const struct erasing *e = ctx;
    (void)reason, (void)bytes;
    return quarantine_del(e->t, e->partner, n);
}

enum status archive_received(struct db_txn *t, const char *partner)
{
    static const enum db_table tables[] = {DB_RECEIVED};
    struct erasing e = {t, partner};
    char id[PARTNER_ID_MAX + 1], from[LOG_NAME_MAX], to[LOG_NAME_MAX];
    TRY(next_id(t, partner, source_log_name, id));
    TRY(quarantine_each(t, partner, erase_quarantined, &e));
    source_log_name(partner, from);
    source_log_name(id, to);
    TRY(move_ids(t, tables, 1, partner, id));
    return move_tree(t, from, to);
}

struct digest archive_restart_digest(const struct checkpoint *last)
{
    struct buf text;
    struct digest d = {{0}};
    buf_init(&text, KIB);
    buf_printf(&text, "%s\n%llu\n", last->origin, (unsigned long long)last->size);
    base64_put(&text, span_of(last->root.b, SHA256_LEN));
    buf_putc(&text, '\n');
    const struct span parts[] = {span_cstr("relto-ledger-restart\n"), buf_bytes(&text)};
    if (buf_status(&text) == ST_OK) // an origin has a maximum: out of memory alone can fail, and the result fits nothing
        d = sha256_parts(parts, 2);
    buf_fini(&text);
    return d;
}
