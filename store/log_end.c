#include "store/log_end.h"

#include <string.h>

enum { LOGS = 512 }; // remembered at once; two that share a place drive each other out

static size_t place_of(const char *log)
{
    uint32_t h = 2166136261u; // FNV-1a
    for (const char *c = log; *c; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    return h % LOGS;
}

struct log_end *log_end_of(struct db_txn *t, const char *log, uint64_t size)
{
    struct log_end *all = strlen(log) <= LOG_NAME_MAX ? db_remembered(t, LOGS * sizeof *all) : NULL;
    if (!all)
        return NULL;
    struct log_end *e = &all[place_of(log)];
    if (strcmp(e->log, log) != 0 || e->size != size) {
        e->timed = false;
        e->have = 0;
        e->size = size;
        memcpy(e->log, log, strlen(log) + 1);
    }
    return e;
}

void log_end_time(struct db_txn *t, const char *log, uint64_t size, utc_ms at)
{
    struct log_end *e = log_end_of(t, log, size + 1);
    if (e) {
        e->timed = true;
        e->at = at;
    }
}

bool log_end_last(struct db_txn *t, const char *log, uint64_t size, utc_ms *ret)
{
    const struct log_end *e = log_end_of(t, log, size);
    if (!e || !e->timed)
        return false;
    *ret = e->at;
    return true;
}
