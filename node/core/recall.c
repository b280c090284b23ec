// A cell or an officer recalls an own report (spec 4.5).
#include "node/core/recall.h"

#include "formats/text_rules.h"
#include "node/core/own_report.h"
#include "node/core/release.h"
#include "node/core/sync_item.h"

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

enum status recall_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    char reason[256], actor[80];
    uint32_t version;
    bool refused;
    TRY(own_report_find(t, rq, id, rp, "recall", &version, &refused));
    if (refused)
        return ST_OK;
    TRY(read_reason(rq, rp, reason, &refused));
    if (refused)
        return ST_OK;
    if (own_report_if_match(rq) != version) {
        own_report_refuse_version(rp, "Nothing was recalled.", version);
        return ST_OK;
    }
    TRY(item_purge(t, id));
    TRY(release_recall(t, id, principal_text(&rq->who, actor), reason));
    rp->status = 204;
    return ST_OK;
}
