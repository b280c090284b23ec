// Which flow answers which request, and who may ask (spec 4.5). One table.
#include <stdio.h>

#include "node/core/attachment.h"
#include "node/core/audit_flow.h"
#include "node/core/audit_proof.h"
#include "node/core/consent.h"
#include "node/core/feed_flow.h"
#include "node/core/hold.h"
#include "node/core/inbox.h"
#include "node/core/ledger_flow.h"
#include "node/core/new_version.h"
#include "node/core/policy_diff.h"
#include "node/core/policy_flow.h"
#include "node/core/publish.h"
#include "node/core/recall.h"
#include "node/core/schema_flow.h"
#include "node/core/search_flow.h"
#include "node/core/witness_flow.h"

enum { ON_PARTNER = 1 << ROLE_PARTNER, ON_CELL = 1 << ROLE_CELL, ON_OFFICER = 1 << ROLE_OFFICER, ON_AUDITOR = 1 << ROLE_AUDITOR };
enum { ON_ALL = ON_PARTNER | ON_CELL | ON_OFFICER | ON_AUDITOR | 1 << ROLE_OPERATOR };

typedef enum status flow_fn(struct tick *t, const struct request *rq, struct reply *rp);
typedef enum status report_flow_fn(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

struct route {
    enum http_method method;
    const char *path;            // whole path, or with `on_report` or a slash at its end the part before an id
    unsigned roles;
    flow_fn *run;
    report_flow_fn *on_report;
};

// GET /v1/card: our current card (spec 4.6).
static enum status serve_card(struct tick *t, const struct request *rq, struct reply *rp)
{
    (void)rq;
    if (t->core->card.len == 0) {
        reply_problem(rp, 404, "not-found", "This node has no card yet", NULL, NULL);
        return ST_OK;
    }
    rp->status = 200;
    rp->content_type = "application/xml";
    buf_span(&rp->body, t->core->card);
    return buf_status(&rp->body);
}

static const struct route routes[] = {
    {HTTP_POST, "/v1/reports", ON_CELL, publish_report, NULL},
    {HTTP_GET, "/v1/reports", ON_CELL | ON_OFFICER, search_serve, NULL},
    {HTTP_POST, "/v1/preview", ON_CELL | ON_OFFICER, publish_preview, NULL},
    {HTTP_GET, "/v1/feed", ON_PARTNER, feed_serve, NULL},
    {HTTP_POST, "/v1/feed/cosignature", ON_PARTNER, feed_cosignature, NULL},
    {HTTP_GET, "/v1/ledger/sent", ON_PARTNER, ledger_flow_sent, NULL},
    {HTTP_GET, "/v1/ledger/held", ON_PARTNER, ledger_flow_held, NULL},
    {HTTP_GET, "/v1/ledger/held/entries", ON_PARTNER, ledger_flow_held_entries, NULL},
    {HTTP_GET, "/v1/reports/", ON_PARTNER, NULL, feed_report},
    {HTTP_POST, "/v1/inbox", ON_PARTNER, inbox_take, NULL},
    {HTTP_GET, "/v1/inbox/attachments", ON_PARTNER, inbox_wanted, NULL},
    {HTTP_PUT, "/v1/inbox/attachments/", ON_PARTNER, inbox_attachment, NULL},
    {HTTP_PUT, "/v1/attachments/", ON_CELL, attachment_put, NULL},
    {HTTP_GET, "/v1/attachments/", ON_PARTNER, attachment_get, NULL},
    {HTTP_GET, "/v1/holds", ON_OFFICER, hold_list, NULL},
    {HTTP_POST, "/v1/holds/", ON_OFFICER, NULL, hold_answer},
    {HTTP_GET, "/v1/consents", ON_PARTNER | ON_OFFICER, consents_get, NULL},
    {HTTP_POST, "/v1/consents", ON_PARTNER | ON_OFFICER, consents_post, NULL},
    {HTTP_POST, "/v1/consents/", ON_OFFICER, NULL, consent_answer},
    {HTTP_POST, "/v1/policy", ON_OFFICER, policy_activate, NULL},
    {HTTP_POST, "/v1/policy/diff", ON_OFFICER, policy_diff, NULL},
    {HTTP_GET, "/v1/audit/events", ON_AUDITOR, audit_events, NULL},
    {HTTP_GET, "/v1/audit/checkpoint", ON_AUDITOR, audit_proof_checkpoint, NULL},
    {HTTP_GET, "/v1/audit/checkpoint/witnessed", ON_AUDITOR, audit_proof_witnessed, NULL},
    {HTTP_GET, "/v1/audit/proof", ON_AUDITOR, audit_proof_serve, NULL},
    {HTTP_GET, "/v1/audit/tile/", ON_AUDITOR, audit_proof_tile, NULL},
    {HTTP_POST, "/v1/witness/add-checkpoint", ON_PARTNER, witness_add_checkpoint, NULL},
    {HTTP_GET, "/v1/card", ON_PARTNER | ON_OFFICER, serve_card, NULL},
    {HTTP_GET, "/v1/schema/", ON_ALL, schema_serve, NULL},
    {HTTP_PUT, "/v1/reports/", ON_CELL, NULL, new_version_put},
    {HTTP_DELETE, "/v1/reports/", ON_CELL | ON_OFFICER, NULL, recall_report},
};

static bool path_fits(const struct route *r, struct span path, struct uuid *ret_id)
{
    size_t n = strlen(r->path);
    if (r->run)
        return r->path[n - 1] == '/' ? span_starts(path, r->path) : span_eq_cstr(path, r->path);
    return path.len == n + UUID_TEXT_LEN && span_starts(path, r->path) &&
           uuid_parse(span_sub(path, n, path.len), ret_id) == ST_OK;
}

// What an address answers to this role: "DELETE, GET" into `allow`, "" when nothing.
static const struct route *find(const struct request *rq, struct uuid *ret_id, char allow[64])
{
    size_t used = 0;
    allow[0] = 0;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *r = &routes[i];
        if (!((r->roles >> rq->who.role) & 1) || !path_fits(r, rq->head.path, ret_id))
            continue;
        if (r->method == rq->head.method)
            return r;
        used += (size_t)snprintf(allow + used, 64 - used, "%s%s", used ? ", " : "", http_method_text(r->method));
    }
    return NULL;
}

bool route_streams(const struct principal *who, const struct http_head *head)
{
    if (head->method != HTTP_PUT)
        return false;
    return (who->role == ROLE_CELL && span_starts(head->path, "/v1/attachments/")) ||
           (who->role == ROLE_PARTNER && span_starts(head->path, INBOX_ATTACHMENTS));
}

bool route_activates(const struct request *rq)
{
    return rq->head.method == HTTP_POST && span_eq_cstr(rq->head.path, "/v1/policy");
}

enum status route_request(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct uuid id;
    char allow[64];
    t->counts.requests++;
    const struct route *r = find(rq, &id, allow);
    if (r)
        return r->run ? r->run(t, rq, rp) : r->on_report(t, rq, id, rp);
    // No detail: an address that does not exist and one of another role look the same.
    if (!*allow) {
        reply_problem(rp, 403, "forbidden", "Not for you", NULL, NULL);
        return ST_OK;
    }
    reply_header(rp, "Allow", "%s", allow);
    reply_problem(rp, 405, "method", "This address does not answer this method", NULL, NULL);
    return ST_OK;
}
