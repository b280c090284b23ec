#include "node/core/own_report.h"

#include <stdio.h>

#include "formats/report.h"
#include "store/reports.h"

// The cell stands in the report, not in the record.
static enum status may_change(const struct request *rq, const struct report_record *rec, bool *ret)
{
    const struct report *r;
    *ret = rq->who.role == ROLE_OFFICER;
    if (*ret)
        return ST_OK;
    struct arena *a = xml_arena_new(rec->bytes.len);
    enum status st = a ? report_read(rec->bytes, NULL, a, NULL, &r) : ST_NOMEM;
    *ret = st == ST_OK && strcmp(r->cell, rq->who.id) == 0;
    arena_free(&a);
    return st == ST_OK || st == ST_NOMEM ? st : ST_CORRUPT;
}

static void refuse_unknown(struct reply *rp, const char *verb)
{
    char title[80];
    snprintf(title, sizeof title, "No own report with this id that you may %s", verb);
    reply_problem(rp, 404, "not-found", title, NULL, NULL);
}

void own_report_refuse_purged(struct reply *rp, utc_ms at)
{
    char time[UTC_TEXT_MAX], detail[200];
    snprintf(detail, sizeof detail, "Nothing was stored. It was purged by rule at %s. Publish a new report instead.",
             utc_format_s(at, time));
    reply_problem(rp, 410, "purged", "The content of this report was purged", detail, NULL);
}

// Its content was purged: whoever might change it may still recall it.
static enum status find_purged(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp, const char *verb,
                               uint32_t *ret_version, bool *ret_refused)
{
    struct purged_copy p;
    enum status st = reports_purged(t->txn, id, "", &p);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_NOT_FOUND || (rq->who.role != ROLE_OFFICER && strcmp(p.cell, rq->who.id) != 0)) {
        refuse_unknown(rp, verb);
        return ST_OK;
    }
    *ret_version = p.version;
    *ret_refused = strcmp(verb, "recall") != 0;
    if (*ret_refused)
        own_report_refuse_purged(rp, p.at);
    return ST_OK;
}

// Its stored copy is damaged. Everything of it can still be recalled; which cell wrote it stood in the bytes.
static enum status find_damaged(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp, const char *verb,
                                uint32_t *ret_version, bool *ret_refused)
{
    struct report_traces left;
    TRY(reports_traces(t->txn, id, &left));
    if (!left.own) {
        refuse_unknown(rp, verb);
        return ST_OK;
    }
    *ret_version = left.version;
    *ret_refused = rq->who.role != ROLE_OFFICER;
    if (*ret_refused)
        reply_problem(rp, 409, "damaged", "The stored copy of this report is damaged",
                      "Nothing was recalled. Which cell wrote the report cannot be read any more: an officer has to recall it.", NULL);
    return ST_OK;
}

enum status own_report_find(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp, const char *verb,
                            uint32_t *ret_version, bool *ret_refused)
{
    struct report_record rec;
    bool may = false;
    enum status st = reports_current(t->txn, id, &rec);
    *ret_refused = true;
    if (st == ST_GONE) {
        reply_problem(rp, 410, "recalled", "This report was recalled already", NULL, NULL);
        return ST_OK;
    }
    if (st == ST_NOT_FOUND)
        return find_purged(t, rq, id, rp, verb, ret_version, ret_refused);
    if (st == ST_OK && rec.source[0] == 0) // another nation's report is not ours to change
        st = may_change(rq, &rec, &may);
    if (st == ST_CORRUPT && strcmp(verb, "recall") == 0)
        return find_damaged(t, rq, id, rp, verb, ret_version, ret_refused);
    if (st != ST_OK)
        return st;
    if (!may) {
        refuse_unknown(rp, verb);
        return ST_OK;
    }
    *ret_version = rec.version;
    *ret_refused = false;
    return ST_OK;
}

uint32_t own_report_if_match(const struct request *rq)
{
    struct span tag = http_header_get(&rq->head, "if-match");
    uint64_t n = 0;
    if (tag.len < 3 || tag.len > 12 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"' || tag.ptr[1] == '0')
        return 0;
    for (size_t i = 1; i + 1 < tag.len; i++) {
        if (tag.ptr[i] < '0' || tag.ptr[i] > '9')
            return 0;
        n = n * 10 + (uint64_t)(tag.ptr[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

void own_report_refuse_version(struct reply *rp, const char *outcome, uint32_t current)
{
    char detail[200];
    snprintf(detail, sizeof detail, "%s The current version is %u; send If-Match: \"%u\" if that is the one you mean.",
             outcome, current, current);
    reply_problem(rp, 412, "version-changed", "If-Match does not name the current version", detail, NULL);
}
