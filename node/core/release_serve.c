// Complete mediation: what is served is decided again at that moment (spec 3.5, 4.3).
#include "node/core/older_version.h"
#include "node/core/record.h"
#include "node/core/release.h"
#include "node/core/release_entry.h"

// What a partner is about to be served.
struct serving {
    struct tick *t;
    size_t partner;
    struct uuid id;
    const struct holding *h;
    struct stored_report *stored; // the copy that the holding names
    struct decision decision;     // about it
};

static bool is_element(enum report_child_kind k)
{
    switch (k) {
    case REPORT_PORTION:
    case REPORT_ATTACHMENT:
        return true;
    case REPORT_REFERENCE:
    case REPORT_WITHHELD:
        return false;
    }
    return true;
}

// The elements (not references, not decoys of our own) that two sets withhold are the same.
static bool same_elements(const struct report *r, const struct withheld_set *a, const struct withheld_set *b)
{
    if (a->overall != b->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++)
        if (is_element(r->children[i].kind) && withheld_has(a, i) != withheld_has(b, i))
            return false;
    return true;
}

// A newer version is there: may the older one be served beside it?
static enum status check_beside_newer(struct serving *s)
{
    struct stored_report *newer;
    struct decision d;
    enum status st = record_load_current(s->t, s->id, &newer);
    if (st != ST_OK)
        return st;
    st = release_decide(s->t, newer->report, &newer->record, s->partner, &d, NULL);
    if (st == ST_OK && !older_version_stays(s->t->core->rules, newer->report, &d, s->stored->report, s->partner,
                                            s->t->now, &s->h->withheld))
        st = ST_DENIED;
    if (d.next_change < s->decision.next_change)
        s->decision.next_change = d.next_change;
    record_free(&newer);
    return st;
}

// Only the current copy is served, or an older version of it that stays while the current one waits.
static enum status check_current(struct serving *s)
{
    struct report_record current;
    TRY(reports_current(s->t->txn, s->id, &current));
    if (current.version != s->h->version)
        return check_beside_newer(s);
    return strcmp(current.source, s->h->source) == 0 ? ST_OK : ST_DENIED;
}

// No reference names a report that the partner is not to know of.
static enum status check_references(const struct serving *s)
{
    struct withheld_set set = s->h->withheld;
    const char *partner = ruleset_partner(s->t->core->rules, s->partner)->id;
    TRY(entry_hide_references(s->t, partner, s->stored->report, s->h, &set));
    return memcmp(set.bits, s->h->withheld.bits, sizeof set.bits) == 0 ? ST_OK : ST_DENIED;
}

// Is what the holding says still permitted?
static enum status check(struct serving *s)
{
    const struct stored_report *stored = s->stored;
    TRY(release_decide(s->t, stored->report, &stored->record, s->partner, &s->decision, NULL));
    if (!decision_permits(&s->decision) || !same_elements(stored->report, &s->decision.withheld, &s->h->withheld))
        return ST_DENIED;
    TRY(check_current(s));
    return check_references(s);
}

static enum status serve(struct serving *s, struct buf *out, struct permit **ret)
{
    const struct stored_report *stored = s->stored;
    TRY(check(s));
    rendition_splice(stored->report, stored->bytes, &s->h->withheld, out);
    TRY(buf_status(out));
    struct digest digest = sha256(buf_bytes(out));
    if (!digest_eq(&digest, &s->h->digest))
        return ST_DENIED;
    return permit_new(s->t->core->rules, s->partner, &s->decision, s->t->now, &s->h->withheld, buf_bytes(out), ret);
}

// What is gone or damaged is not served; release_report finds out what it is and says so.
static enum status load(struct serving *s)
{
    if (s->partner == SIZE_MAX || s->h->kind != ENTRY_RELEASE || s->h->lapsed)
        return ST_DENIED;
    enum status st = record_load(s->t, s->id, s->h->version, s->h->source, &s->stored);
    return st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT ? ST_DENIED : st;
}

enum status release_mediate(struct tick *t, size_t partner, struct uuid id, struct holding *h, struct buf *out,
                            struct permit **ret)
{
    struct serving s = {.t = t, .partner = partner, .id = id, .h = h};
    enum status st = load(&s);
    if (st == ST_OK)
        st = serve(&s, out, ret);
    record_free(&s.stored);
    return st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT ? ST_DENIED : st;
}

static enum status serve_attachment(struct serving *s, const struct digest *digest, uint64_t size, struct permit **ret)
{
    const struct report *r = s->stored->report;
    size_t i = 0;
    while (i < r->child_count &&
           (r->children[i].kind != REPORT_ATTACHMENT || r->children[i].size_bytes != size ||
            !digest_eq(&r->children[i].sha256, digest) || withheld_has(&s->h->withheld, i)))
        i++;
    if (i == r->child_count)
        return ST_NOT_FOUND;
    TRY(check(s));
    return permit_new_attachment(s->t->core->rules, s->partner, &s->decision, s->t->now, &s->h->withheld, r, i, ret);
}

enum status release_mediate_attachment(struct tick *t, size_t partner, struct uuid id, const struct holding *h,
                                       const struct digest *digest, uint64_t size, struct permit **ret)
{
    struct serving s = {.t = t, .partner = partner, .id = id, .h = h};
    enum status st = load(&s);
    if (st == ST_OK)
        st = serve_attachment(&s, digest, size, ret);
    record_free(&s.stored);
    return st == ST_GONE || st == ST_CORRUPT ? ST_DENIED : st;
}
