// A cell or an officer recalls an own report (spec 4.5).
#include "node/core/recall.h"

#include <stdio.h>

#include "formats/text_rules.h"
#include "node/core/release.h"
#include "node/core/sync_item.h"

// May this caller recall it? An officer any own report, a cell what it published itself. The cell stands in the
// report, not in the record.
static enum status may_recall(const struct request *rq, const struct report_record *rec, bool *ret)
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

static bool version_matches(const struct request *rq, uint32_t version)
{
    char expect[16];
    snprintf(expect, sizeof expect, "\"%u\"", version);
    return span_eq_cstr(http_header_get(&rq->head, "if-match"), expect);
}

// One line of characters that may stand in a document, not all of them blank. The one reader of XML says so.
static enum status reason_is_text(const char *reason, bool *ret)
{
    struct buf b;
    struct xml_node *root;
    uint32_t c;
    enum text_verdict v = TEXT_CONTROL;
    buf_init(&b, 8 * KIB);
    buf_puts(&b, "<reason>");
    buf_xml_text(&b, span_cstr(reason));
    buf_puts(&b, "</reason>");
    struct arena *a = xml_arena_new(b.len);
    enum status st = a ? buf_status(&b) : ST_NOMEM;
    if (st == ST_OK)
        st = xml_read(buf_bytes(&b), XML_UNTRUSTED, a, NULL, &root);
    bool characters = st == ST_OK;
    if (characters)
        st = text_rules_check(span_cstr(reason), false, &v, &c);
    *ret = characters && (v == TEXT_OK || v == TEXT_NOT_NFC) && reason[strspn(reason, " ")];
    arena_free(&a);
    buf_fini(&b);
    return st == ST_NOMEM ? ST_NOMEM : ST_OK;
}

static enum status read_reason(const struct request *rq, struct reply *rp, char reason[256], bool *ret_refused)
{
    bool good = http_query_get(rq->head.query, "reason", reason, 256);
    if (good)
        TRY(reason_is_text(reason, &good));
    *ret_refused = !good;
    if (!good)
        reply_problem(rp, 422, "reason-missing", "A recall needs a reason",
                      "Nothing was recalled. Give it as the query parameter \"reason\": one line of text, at most 255 bytes "
                      "of UTF-8.",
                      NULL);
    return ST_OK;
}

static bool refuse_other_version(const struct request *rq, struct reply *rp, uint32_t version)
{
    char detail[160];
    if (version_matches(rq, version))
        return false;
    snprintf(detail, sizeof detail, "Nothing was recalled. The current version is %u; send If-Match: \"%u\" if that is the "
             "one you mean.", version, version);
    reply_problem(rp, 412, "version-changed", "If-Match does not name the current version", detail, NULL);
    return true;
}

// The report that is to be recalled; *ret_refused when there is none for this caller.
static enum status find_own(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp,
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
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_OK && rec.source[0] == 0) // another nation's report is not ours to recall
        TRY(may_recall(rq, &rec, &may));
    if (!may) {
        reply_problem(rp, 404, "not-found", "No own report with this id that you may recall", NULL, NULL);
        return ST_OK;
    }
    *ret_version = rec.version;
    *ret_refused = false;
    return ST_OK;
}

enum status recall_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    char reason[256], actor[80];
    uint32_t version;
    bool refused;
    TRY(find_own(t, rq, id, rp, &version, &refused));
    if (refused)
        return ST_OK;
    TRY(read_reason(rq, rp, reason, &refused));
    if (refused || refuse_other_version(rq, rp, version))
        return ST_OK;
    TRY(item_purge(t, id));
    TRY(release_recall(t, id, principal_text(&rq->who, actor), reason));
    rp->status = 204;
    return ST_OK;
}
