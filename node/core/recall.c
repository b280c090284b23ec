// A cell or an officer recalls an own report (spec 4.5).
#include "node/core/recall.h"

#include "node/core/own_report.h"
#include "node/core/reason.h"
#include "node/core/release.h"
#include "node/core/sync_item.h"

static enum status read_reason(const struct request *rq, struct reply *rp, char reason[REASON_BYTES_MAX], bool *ret_refused)
{
    bool good;
    TRY(reason_read(rq, reason, &good));
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
    char reason[REASON_BYTES_MAX], actor[80];
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
