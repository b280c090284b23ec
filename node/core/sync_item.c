// Reports, recalls and withdrawals from a partner.
#include "node/core/sync_item.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/attachment.h"
#include "node/core/release.h"
#include "policy/label_rules.h"
#include "store/carried.h"
#include "store/erasures.h"
#include "store/key.h"
#include "store/reports.h"
#include "store/sources.h"

// ---- remembered recalls: "we hold nothing of it, but its nation said that it is recalled"

static void recall_claim_key(struct key *k, const char *partner, struct uuid id)
{
    static const char prefix[] = "recall-claim/";
    for (size_t i = 0; i < sizeof prefix - 1; i++)
        key_u8(k, (uint8_t)prefix[i]);
    key_id(k, partner);
    key_uuid(k, id);
}

static enum status recall_claim_put(struct tick *t, const char *partner, struct uuid id)
{
    struct key k = {.len = 0}, at = {.len = 0};
    recall_claim_key(&k, partner, id);
    key_i64(&at, t->now);
    return db_put(t->txn, DB_META, key_span(&k), key_span(&at));
}

static enum status recall_claimed(struct tick *t, const char *partner, struct uuid id, bool *ret)
{
    struct key k = {.len = 0};
    struct span at;
    recall_claim_key(&k, partner, id);
    enum status st = db_get(t->txn, DB_META, key_span(&k), &at);
    *ret = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// ---- who signed

// The peer that is this nation, or NULL.
static struct peer *peer_of_nation(const struct core *c, const char *nation)
{
    for (size_t i = 0; i < c->peer_count; i++)
        if (strcmp(c->peers[i]->card.nation, nation) == 0)
            return c->peers[i];
    return NULL;
}

// Records keep the nation cut to their field.
static bool is_of_nation(const struct report_traces *held, const char *nation)
{
    return strncmp(held->nation, nation, sizeof held->nation - 1) == 0;
}

// NULL when the key may vouch for a report issued then, that comes now; else why not.
static const char *key_objection(const struct peer *originator, size_t i, const struct report *r, utc_ms now)
{
    const struct card_certificate *cert = &originator->card.report_certs[i];
    if (!verifying_key_signs_reports(originator->report_keys[i]))
        return "key-not-for-reports";
    if (!verifying_key_valid_at(originator->report_keys[i], r->issued))
        return "key-not-valid-at-issue";
    // `issued` is what the signer says, so a stolen key could backdate: what comes after the key was compromised
    // is not trusted, whatever its date (spec 4.6: only earlier cosigned positions pass, and this one is new).
    if (cert->has_compromised_from && (r->issued >= cert->compromised_from || now >= cert->compromised_from))
        return "key-compromised";
    return NULL;
}

static const char REASON_UNKNOWN_KEY[] = "unknown-key";

// By the certificates of a partner's card.
static const char *card_objection(const struct peer *originator, const struct report *r, const struct rendition_proof *proof,
                                  utc_ms now, const struct verifying_key **ret_signer)
{
    const char *objection = REASON_UNKNOWN_KEY;
    for (size_t i = 0; i < originator->card.report_cert_count; i++) {
        const struct verifying_key *key = originator->report_keys[i];
        if (!key || !verifying_key_is_named(key, &proof->signature))
            continue;
        objection = key_objection(originator, i, r, now);
        if (!objection)
            objection = rendition_verify(proof, key) == ST_OK ? NULL : "bad-signature";
        if (!objection) {
            *ret_signer = key;
            return NULL;
        }
    }
    return objection;
}

static const struct anchors *anchors_of_nation(const struct core *c, const char *nation)
{
    for (size_t i = 0; i < c->nation_anchor_count; i++)
        if (strcmp(c->nation_anchors[i].nation, nation) == 0)
            return c->nation_anchors[i].anchors;
    return NULL;
}

// By the certificate that came along, which the anchors of its nation must vouch for.
static const char *carried_objection(const struct anchors *anchors, const struct verifying_key *key, const struct report *r,
                                     const struct rendition_proof *proof, utc_ms now)
{
    if (!verifying_key_is_named(key, &proof->signature))
        return REASON_UNKNOWN_KEY;
    if (!verifying_key_signs_reports(key))
        return "key-not-for-reports";
    if (!verifying_key_valid_at(key, r->issued))
        return "key-not-valid-at-issue";
    const char *objection = anchors_objection(anchors, key, r->issued, now);
    if (objection)
        return objection;
    return rendition_verify(proof, key) == ST_OK ? NULL : "bad-signature";
}

// ---- other copies

// What the disk left of a report. Nothing, and what is recorded of it cannot be read: it may have been purged.
static enum status left_of_report(struct tick *t, struct uuid id, struct report_traces *ret)
{
    struct purged_copy p;
    TRY(reports_traces(t->txn, id, ret));
    if (ret->version)
        return ST_OK;
    enum status st = reports_purged(t->txn, id, NULL, &p);
    return st == ST_OK ? ST_NOT_FOUND : st == ST_NOT_FOUND ? ST_OK : st;
}

// What we hold of a report, by its current copy; where the disk damaged that, by what is left beside it. ST_NOT_FOUND, ST_GONE.
static enum status held_report(struct tick *t, struct uuid id, struct report_traces *ret)
{
    struct report_record current;
    enum status st = reports_current(t->txn, id, &current);
    if (st == ST_CORRUPT || (st == ST_OK && current.damaged))
        return left_of_report(t, id, ret);
    if (st != ST_OK)
        return st;
    *ret = (struct report_traces){.version = current.version, .own = current.source[0] == 0};
    memcpy(ret->nation, current.nation, sizeof ret->nation);
    return ST_OK;
}

// What tells one manifest from another: the digest of the SignedInfo, which holds the manifest's. ST_CORRUPT when the copy is
// not what was stored.
static enum status manifest_of(const struct report_record *stored, struct digest *ret)
{
    struct digest is = sha256(stored->bytes);
    if (stored->damaged || !digest_eq(&is, &stored->digest))
        return ST_CORRUPT;
    struct rendition_proof *proof = malloc(sizeof *proof);
    struct arena *a = xml_arena_new(stored->bytes.len);
    const struct report *r;
    enum status st = proof && a ? rendition_read(stored->bytes, a, NULL, &r, proof) : ST_NOMEM;
    if (st == ST_OK)
        *ret = proof->signature.signed_info;
    arena_free(&a);
    free(proof);
    return st == ST_OK || st == ST_NOMEM ? st : ST_CORRUPT;
}

struct comparison {
    struct tick *t;
    struct uuid id;
    uint32_t version;
    const char *from; // the source of the new copy
    struct digest manifest;
    bool differs; // some copy of this version has another manifest
    bool replaces; // the same source gave this version before, in another rendition or under other terms, or …
    bool heals;    // … the disk damaged what it gave
    const struct digest *digest;
    enum onward onward;
};

// A damaged copy proves nothing against anybody.
static enum status compare_copy(struct comparison *c, const char *source)
{
    struct report_record r;
    struct digest manifest;
    enum status st = reports_get(c->t->txn, c->id, c->version, source, &r);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st == ST_OK)
        st = manifest_of(&r, &manifest);
    if (st != ST_OK && st != ST_CORRUPT)
        return st;
    const bool whole = st == ST_OK;
    if (strcmp(source, c->from) == 0) {
        c->heals = !whole;
        c->replaces = !whole || !digest_eq(&r.digest, c->digest) || r.onward != c->onward;
    }
    c->differs |= whole && !digest_eq(&manifest, &c->manifest);
    return ST_OK;
}

static enum status compare_copies(struct comparison *c, const char *nation, bool *ret_other_nation)
{
    struct report_traces held;
    const struct core *core = c->t->core;
    *ret_other_nation = false;
    enum status st = held_report(c->t, c->id, &held);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    *ret_other_nation = held.own || (held.nation[0] && !is_of_nation(&held, nation));
    for (size_t i = 0; i < core->peer_count; i++)
        TRY(compare_copy(c, core->peers[i]->id));
    return compare_copy(c, "");
}

// ---- storing

static bool policy_is_known(const struct ruleset *rs, const struct label_doc *doc)
{
    static const char unknown[] = "(policy unknown)"; // what label_mark says, at the end
    struct buf mark;
    buf_init(&mark, 64 * KIB);
    label_mark(rs, doc, MARKING_PORTION, NULL, &mark);
    const char *text = buf_cstr(&mark);
    size_t n = strlen(text), u = strlen(unknown);
    bool known = *text && (n < u || strcmp(text + n - u, unknown) != 0);
    buf_fini(&mark);
    return known;
}

static bool label_understood(const struct ruleset *rs, const struct label *l)
{
    if (!l || (l->originator && policy_is_known(rs, l->originator)))
        return true;
    for (size_t i = 0; i < l->alternative_count; i++)
        if (policy_is_known(rs, l->alternatives[i]))
            return true;
    return false;
}

static bool report_understood(const struct ruleset *rs, const struct report *r)
{
    bool ok = label_understood(rs, r->label) && label_understood(rs, r->header_label);
    for (size_t i = 0; i < r->child_count && ok; i++)
        ok = label_understood(rs, r->children[i].label);
    return ok;
}

static void cut_text(char *out, size_t cap, const char *text)
{
    size_t n = strlen(text) < cap - 1 ? strlen(text) : cap - 1;
    while (n > 0 && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    memcpy(out, text, n);
    out[n] = 0;
}

struct taking {
    struct tick *t;
    const struct peer *from;
    const struct item *it;
    bool may_replace;
    struct arena *arena;
    struct rendition_proof *proof;
    const struct report *report;
    const struct verifying_key *signer; // whose key it was, once it verified
    struct verifying_key *carried;      // of the certificate that came along; owned
};

// The certificate stays with the copy, and goes on with it.
static enum status store_carried(const struct taking *k)
{
    struct buf certificate;
    buf_init(&certificate, CERTIFICATE_BYTES_MAX);
    enum status st = verifying_key_der(k->signer, &certificate);
    struct feed_carried with = k->it->with;
    with.certificate = buf_bytes(&certificate);
    if (st == ST_OK)
        st = carried_put(k->t->txn, k->report->id, k->report->version, k->from->id, &with);
    buf_fini(&certificate);
    return st;
}

static enum status store_copy(const struct taking *k, bool replaces)
{
    struct tick *t = k->t;
    const struct peer *from = k->from;
    const struct ledger_entry *e = k->it->entry;
    const struct report *r = k->report;
    struct report_record *rec = calloc(1, sizeof *rec);
    if (!rec)
        return ST_NOMEM;
    *rec = (struct report_record){.id = r->id, .version = r->version, .stored_at = t->now, .issued = r->issued,
                                  .digest = e->digest, .onward = e->onward, .bytes = k->it->content,
                                  .not_understood = !report_understood(t->core->rules, r)};
    cut_text(rec->source, sizeof rec->source, from->id);
    cut_text(rec->nation, sizeof rec->nation, r->nation);
    cut_text(rec->type, sizeof rec->type, r->type);
    cut_text(rec->title, sizeof rec->title, r->title);
    // The other rendition of this version alone goes: older versions from there may still be served.
    struct key old = {.len = 0};
    key_uuid(&old, r->id);
    key_u32(&old, r->version);
    key_id(&old, from->id);
    enum status st = replaces ? db_del(t->txn, DB_REPORTS, key_span(&old)) : ST_OK;
    if (st == ST_OK && replaces)
        st = erasures_note(t->txn); // it may have shown what we are not to have any more
    if (st == ST_OK)
        st = reports_put(t->txn, rec);
    if (st == ST_OK)
        st = attachment_note(t, r, from->id);
    if (st == ST_OK)
        st = store_carried(k);
    free(rec);
    return st;
}

// ---- taking a report

// NULL when the nation's key signed it; else why not in *ret.
static enum status signature_objection(struct taking *k, const char **ret)
{
    const struct core *c = k->t->core;
    const struct report *r = k->report;
    const struct peer *originator = peer_of_nation(c, r->nation);
    const struct anchors *anchors = anchors_of_nation(c, r->nation);
    if (originator || !anchors) {
        *ret = originator ? card_objection(originator, r, k->proof, k->t->now, &k->signer) : "unknown-originator";
        return ST_OK;
    }
    *ret = "certificate-missing";
    if (k->it->with.certificate.len == 0)
        return ST_OK;
    enum status st = verifying_key_load_der(k->it->with.certificate, NULL, &k->carried);
    if (st == ST_NOMEM)
        return st;
    *ret = st == ST_OK ? carried_objection(anchors, k->carried, r, k->proof, k->t->now) : "certificate-untrusted";
    k->signer = k->carried;
    return ST_OK;
}

// What the bytes alone can be refused for, with the certificates held.
static enum status judge(struct taking *k, const char **ret_reason)
{
    enum status st = rendition_read(k->it->content, k->arena, NULL, &k->report, k->proof);
    if (st == ST_NOMEM)
        return st;
    *ret_reason = st == ST_BAD_SIGNATURE ? "digest" : st != ST_OK ? "form" : NULL;
    if (st != ST_OK)
        return ST_OK;
    const struct report *r = k->report;
    if (!uuid_eq(r->id, k->it->entry->report) || r->version != k->it->entry->version)
        *ret_reason = "not-the-entry";
    else if (strcmp(r->nation, k->t->core->nation) == 0)
        *ret_reason = "own-report"; // ours comes from ourselves alone
    else
        TRY(signature_objection(k, ret_reason));
    struct peer *originator = *ret_reason == REASON_UNKNOWN_KEY ? peer_of_nation(k->t->core, r->nation) : NULL;
    if (originator)
        originator->card_wanted = true; // whatever becomes of this tick
    return ST_OK;
}

enum recall_state { NOT_RECALLED = 0, RECALLED, RECALLED_BY_ANOTHER };
static const char REASON_RECALLED_BY_ANOTHER[] = "recalled-by-another";

// Is the id, or this nation's report of this id, recalled? And by whom: a partner could give its own report the id of
// another nation's that it knows, and recall it, so that the true one vanishes here without a word.
static enum status recall_state(struct tick *t, struct uuid id, const char *nation, enum recall_state *ret)
{
    static const char partner[] = "partner:";
    struct recall_record r;
    bool claimed = false;
    enum status st = recalls_get(t->txn, id, &r);
    *ret = RECALLED;
    if (st == ST_OK && strncmp(r.by, partner, sizeof partner - 1) == 0 && strcmp(r.by + sizeof partner - 1, nation) != 0)
        *ret = RECALLED_BY_ANOTHER;
    if (st != ST_NOT_FOUND)
        return st;
    const struct peer *originator = peer_of_nation(t->core, nation);
    if (originator)
        TRY(recall_claimed(t, originator->id, id, &claimed));
    *ret = claimed ? RECALLED : NOT_RECALLED;
    return ST_OK;
}

// ---- the consent that came along

// Does it say that this sender may give us this report?
static bool consent_is_for_us(const struct taking *k, const struct consent *c)
{
    const struct report *r = k->report;
    bool whole = !r->overall_withheld;
    for (size_t i = 0; i < r->child_count; i++)
        whole &= r->children[i].kind != REPORT_WITHHELD;
    return !c->revocation && strcmp(c->nation, r->nation) == 0 && strcmp(c->requester, k->from->card.nation) == 0 &&
           strcmp(c->what.recipient, k->t->core->nation) == 0 && uuid_eq(c->what.report, r->id) && c->what.version == r->version &&
           (!whole || digest_eq(&c->what.rendition, &k->it->entry->digest));
}

// By the anchors of a nation that is no partner.
static enum status foreign_consent_objection(struct taking *k, const struct consent *c, const struct signature_facts *f,
                                             const char **ret)
{
    struct verifying_key *key = NULL;
    const struct anchors *anchors = anchors_of_nation(k->t->core, k->report->nation);
    *ret = "consent-unknown-key";
    if (!anchors)
        return ST_OK;
    enum status st = verifying_key_load_der(k->it->with.consent_certificate, NULL, &key);
    if (st == ST_OK)
        *ret = consent_key_objection(c, f, key);
    if (st == ST_OK && !*ret)
        *ret = anchors_objection(anchors, key, c->at, k->t->now) ? "consent-untrusted" : NULL;
    verifying_key_free(&key);
    return st == ST_NOMEM ? st : ST_OK;
}

static enum status check_consent(struct taking *k, struct signature_facts *f, const char **ret)
{
    struct consent c;
    const struct peer *originator = peer_of_nation(k->t->core, k->report->nation);
    enum status st = consent_read(k->it->with.consent, NULL, &c, f);
    if (st == ST_NOMEM)
        return st;
    *ret = st != ST_OK ? "consent-form" : !consent_is_for_us(k, &c) ? "consent-not-for-this" : NULL;
    if (!*ret && k->it->entry->at >= c.expires)
        *ret = "consent-expired";
    if (*ret)
        return ST_OK;
    if (!originator)
        return foreign_consent_objection(k, &c, f, ret);
    *ret = originator->consent_key ? consent_key_objection(&c, f, originator->consent_key) : "consent-unknown-key";
    return ST_OK;
}

// A consent that does not hold shows that the sender should not have passed the report on.
static enum status consent_objection(struct taking *k, const char **ret)
{
    if (k->it->with.consent.len == 0)
        return ST_OK;
    struct signature_facts *f = malloc(sizeof *f);
    enum status st = f ? check_consent(k, f, ret) : ST_NOMEM;
    free(f);
    return st;
}

// This version was here, or a later one, and its content was purged: it does not come back. (A record of an own report under this
// id stands by the word of a partner alone, after a restore: reports of others do not go by it.)
static enum status is_purged(const struct taking *k, bool *ret)
{
    struct purged_copy p;
    enum status st = reports_purged(k->t->txn, k->report->id, NULL, &p);
    *ret = st == ST_OK && p.source[0] && k->report->version <= p.version;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// Did the source say nothing of this report after this entry? What cannot be read may have been about it.
static enum status is_last_word(const struct taking *k, bool *ret)
{
    struct source_state s;
    *ret = false;
    TRY(source_get(k->t->txn, k->from->id, &s));
    for (uint64_t n = k->it->entry->n + 1; n < s.size; n++) {
        struct ledger_entry e;
        enum status st = source_entry(k->t->txn, k->from->id, n, &e);
        if (st == ST_NOT_FOUND)
            continue;
        if (st != ST_OK || uuid_eq(e.report, k->report->id))
            return st == ST_CORRUPT ? ST_OK : st;
    }
    *ret = true;
    return ST_OK;
}

// May it take the place of what the same source gave before, if that gave any? An earlier entry that is tried again may for a damaged
// copy alone, and only when that cannot have been a later one: it could have shown less, or been under stricter terms.
static enum status may_store(const struct taking *k, const struct comparison *c, bool *ret)
{
    *ret = !c->replaces || k->may_replace;
    return *ret || !c->heals ? ST_OK : is_last_word(k, ret);
}

static enum status take(struct taking *k, enum item_fate *ret_fate, const char **ret_reason)
{
    bool other_nation;
    enum recall_state recalled;
    TRY(judge(k, ret_reason));
    if (!*ret_reason)
        TRY(consent_objection(k, ret_reason));
    TRY(recall_state(k->t, k->it->entry->report, *ret_reason ? k->from->id : k->report->nation, &recalled));
    // What does not verify is nobody's: it is not kept when anybody recalled the id.
    *ret_fate = recalled == RECALLED || (recalled && *ret_reason) ? ITEM_REFUSED : ITEM_QUARANTINED;
    if (recalled == RECALLED_BY_ANOTHER && !*ret_reason)
        *ret_reason = REASON_RECALLED_BY_ANOTHER;
    if (recalled || *ret_reason)
        return ST_OK;
    bool purged;
    TRY(is_purged(k, &purged));
    *ret_fate = ITEM_REFUSED;
    if (purged)
        return ST_OK;
    struct comparison c = {.t = k->t, .id = k->report->id, .version = k->report->version, .from = k->from->id,
                           .manifest = k->proof->signature.signed_info, .digest = &k->it->entry->digest,
                           .onward = k->it->entry->onward};
    TRY(compare_copies(&c, k->report->nation, &other_nation));
    *ret_fate = ITEM_QUARANTINED;
    *ret_reason = "equivocation";
    if (c.differs || other_nation)
        return ST_OK;
    *ret_reason = NULL;
    *ret_fate = ITEM_REFUSED;
    bool may;
    TRY(may_store(k, &c, &may));
    if (!may)
        return ST_OK;
    *ret_fate = ITEM_TAKEN;
    return store_copy(k, c.replaces);
}

enum status item_take(struct tick *t, const struct peer *from, const struct item *it, bool may_replace,
                      enum item_fate *ret_fate, const char **ret_reason)
{
    struct taking k = {.t = t, .from = from, .it = it, .may_replace = may_replace};
    k.arena = xml_arena_new(it->content.len);
    k.proof = malloc(sizeof *k.proof);
    *ret_reason = NULL;
    enum status st = k.arena && k.proof ? take(&k, ret_fate, ret_reason) : ST_NOMEM;
    free(k.proof);
    verifying_key_free(&k.carried);
    arena_free(&k.arena);
    return st;
}

// What came along is kept with the bytes, so that both can be checked again.
static enum status keep(struct tick *t, const struct peer *from, const struct item *it, const char *reason)
{
    struct buf with;
    // It may be the very report that was recalled by another way: told, but not kept.
    bool told_only = strcmp(reason, REASON_RECALLED_BY_ANOTHER) == 0;
    buf_init(&with, FEED_CARRIED_BYTES_MAX);
    if (!told_only)
        carried_write(&it->with, &with);
    enum status st = buf_status(&with);
    if (st == ST_OK)
        st = quarantine_put(t->txn, from->id, it->entry->n, reason, told_only ? span_of("", 0) : it->content,
                            buf_bytes(&with), t->now);
    buf_fini(&with);
    return st;
}

enum status item_quarantine(struct tick *t, const struct peer *from, const struct item *it, const char *reason)
{
    const struct ledger_entry *e = it->entry;
    char actor[80], position[24], digest[DIGEST_TEXT_LEN + 1];
    snprintf(actor, sizeof actor, "partner:%s", from->id);
    snprintf(position, sizeof position, "%llu", (unsigned long long)e->n);
    struct audit_event ev = {.kind = AUDIT_QUARANTINE, .actor = actor, .partner = from->id, .has_report = true,
                             .report = e->report, .version = e->version};
    audit_event_attr(&ev, "position", position);
    audit_event_attr(&ev, "reason", reason);
    audit_event_attr(&ev, "digest", digest_text(&e->digest, digest));
    TRY(tick_log(t, &ev));
    return keep(t, from, it, reason);
}

// ---- recalls and withdrawals

enum { LOOK_MAX = 64 };

// Positions in one partner's quarantine that hold a report.
struct look {
    struct tick *t;
    const char *partner;
    struct uuid id;
    uint64_t n[LOOK_MAX];
    size_t count;
};

static enum status note_position(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    struct look *l = ctx;
    struct ledger_entry e;
    (void)reason, (void)bytes;
    TRY(source_entry(l->t->txn, l->partner, n, &e));
    if (uuid_eq(e.report, l->id) && l->count < LOOK_MAX)
        l->n[l->count++] = n;
    return ST_OK;
}

// Erase what is in quarantine of this report from one partner.
static enum status purge_quarantine(struct tick *t, const char *partner, struct uuid id, size_t *ret_erased)
{
    struct look l = {.t = t, .partner = partner, .id = id};
    *ret_erased = 0;
    do {
        l.count = 0;
        TRY(quarantine_each(t->txn, partner, note_position, &l));
        for (size_t i = 0; i < l.count; i++)
            TRY(quarantine_del(t->txn, partner, l.n[i]));
        *ret_erased += l.count;
    } while (l.count == LOOK_MAX);
    return ST_OK;
}

// Count down for another partner's source, whose quarantine a recall reached into.
static enum status uncount_quarantined(struct tick *t, const char *partner, size_t erased)
{
    struct source_state s;
    uint8_t note[SOURCE_NOTE_MAX];
    TRY(source_get(t->txn, partner, &s));
    if (s.checkpoint.len > sizeof note)
        return ST_CORRUPT;
    if (s.checkpoint.len)
        memcpy(note, s.checkpoint.ptr, s.checkpoint.len);
    s.checkpoint.ptr = note;
    s.quarantined -= s.quarantined < erased ? s.quarantined : erased;
    return source_put(t->txn, partner, &s);
}

// From all but one (NULL = from all).
static enum status purge_others(struct tick *t, const struct peer *from, struct uuid id)
{
    for (size_t i = 0; i < t->core->peer_count; i++) {
        size_t erased;
        if (t->core->peers[i] == from)
            continue;
        TRY(purge_quarantine(t, t->core->peers[i]->id, id, &erased));
        if (erased)
            TRY(uncount_quarantined(t, t->core->peers[i]->id, erased));
    }
    return ST_OK;
}

enum status item_purge(struct tick *t, struct uuid id)
{
    return purge_others(t, NULL, id);
}

static enum status recall_everywhere(struct tick *t, const struct peer *from, struct uuid id)
{
    char by[80];
    snprintf(by, sizeof by, "partner:%s", from->id);
    TRY(purge_others(t, from, id));
    return release_recall(t, id, by, "recalled by its source");
}

// End the copy of one source, which is not the originator's own recall.
static enum status end_copy(struct tick *t, const struct peer *from, const struct ledger_entry *e,
                            const struct peer *originator, bool *ret_redecide)
{
    struct report_record left;
    TRY(reports_erase(t->txn, e->report, from->id));
    enum status st = reports_current(t->txn, e->report, &left);
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT) // a damaged copy is one that is left, too
        return st;
    if (st == ST_NOT_FOUND) {
        struct purged_copy other; // what another source gave was purged: it goes on to be its own
        st = reports_purged(t->txn, e->report, NULL, &other);
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        *ret_redecide = st == ST_OK;
        if (st == ST_OK)
            return ST_OK;
    }
    // The only way by which a recall of it can reach us: those we gave it to get the recall too.
    if (st == ST_NOT_FOUND && e->kind == ENTRY_RECALL && !(originator && (originator->pull || originator->inbox)))
        return recall_everywhere(t, from, e->report);
    *ret_redecide = true;
    return ST_OK;
}

// Nothing of it is here, or no more than that it was purged.
static enum status end_without_content(struct tick *t, const struct peer *from, const struct ledger_entry *e,
                                       bool *ret_redecide)
{
    struct purged_copy p;
    enum status st = reports_purged(t->txn, e->report, NULL, &p);
    if (st == ST_OK && p.source[0] == 0)
        return ST_OK; // our own reports end by us alone
    if (st == ST_OK && e->kind == ENTRY_RECALL && strncmp(p.nation, from->card.nation, sizeof p.nation - 1) == 0)
        return recall_everywhere(t, from, e->report);
    if (st == ST_OK)
        st = reports_purged(t->txn, e->report, from->id, &p);
    if (st == ST_NOT_FOUND) {
        *ret_redecide = true; // a store that was restored may know of it by those alone whom we gave it to
        return e->kind == ENTRY_RECALL ? recall_claim_put(t, from->id, e->report) : ST_OK;
    }
    return st == ST_OK ? end_copy(t, from, e, peer_of_nation(t->core, p.nation), ret_redecide) : st;
}

enum status item_end(struct tick *t, const struct peer *from, const struct ledger_entry *e, size_t *ret_unquarantined,
                     bool *ret_redecide)
{
    struct report_traces held;
    *ret_redecide = false;
    TRY(purge_quarantine(t, from->id, e->report, ret_unquarantined));
    enum status st = held_report(t, e->report, &held);
    if (st == ST_NOT_FOUND)
        return end_without_content(t, from, e, ret_redecide);
    if (st == ST_GONE)
        return ST_OK;
    if (st != ST_OK)
        return st;
    if (held.own)
        return ST_OK; // our own reports end by us alone
    // When nothing that is whole says whose report it is, the recall counts as its nation's: one that is obeyed for nothing costs a
    // copy that nobody can read, one that is not obeyed leaves the report with those who were given it.
    if (e->kind == ENTRY_RECALL && (held.nation[0] == 0 || is_of_nation(&held, from->card.nation)))
        return recall_everywhere(t, from, e->report);
    return end_copy(t, from, e, peer_of_nation(t->core, held.nation), ret_redecide);
}
