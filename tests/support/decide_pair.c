#include "tests/support/decide_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/bug.h"

enum { PAIR_ARENA_MAX = 32 * 1024 * 1024 };

static bool load_oracle(struct decide_pair *p, const struct buf *docs, size_t spif_count, struct diag *d)
{
    struct oracle *o = &p->oracle;
    p->arena = arena_new(PAIR_ARENA_MAX);
    BUG_IF(!p->arena);
    if (policy_document_read(buf_bytes(&docs[PAIR_POLICY]), "policy.xml", p->arena, d, &o->doc) != ST_OK
        || vocabulary_read(buf_bytes(&docs[PAIR_VOCABULARY]), "vocabulary.xml", p->arena, d, &o->vocabulary) != ST_OK)
        return false;
    if (o->doc->security_count > ORACLE_SPIFS_MAX)
        return false;
    for (size_t i = 0; i < o->doc->security_count; i++) {
        size_t k = 0;
        while (k < spif_count && strcmp(gen_spif_files[k], bundle_file_name(o->doc->securities[i].spif)) != 0)
            k++;
        if (k == spif_count
            || spif_read(buf_bytes(&docs[PAIR_SPIFS + k]), gen_spif_files[k], p->arena, d, &o->spifs[i]) != ST_OK)
            return false;
    }
    return true;
}

static bool load_kernel(struct decide_pair *p, const struct buf *docs, struct diag *d)
{
    struct policy_bundle b = {.policy = {"policy.xml", buf_bytes(&docs[PAIR_POLICY])},
                              .vocabulary = {"vocabulary.xml", buf_bytes(&docs[PAIR_VOCABULARY])}};
    for (size_t i = 0; i < p->oracle.doc->security_count; i++) {
        size_t k = 0;
        while (strcmp(gen_spif_files[k], bundle_file_name(p->oracle.doc->securities[i].spif)) != 0)
            k++;
        b.spifs[b.spif_count++] = (struct bundle_file){gen_spif_files[k], buf_bytes(&docs[PAIR_SPIFS + k])};
    }
    return ruleset_load(&b, d, &p->ruleset) == ST_OK;
}

bool decide_pair_load(struct decide_pair *p, const struct buf *docs, size_t spif_count, struct diag *d)
{
    memset(p, 0, sizeof *p);
    if (load_oracle(p, docs, spif_count, d) && load_kernel(p, docs, d))
        return true;
    decide_pair_fini(p);
    return false;
}

bool decide_pair_load_world(struct decide_pair *p, const struct policy_gen *g, struct diag *d)
{
    struct buf docs[PAIR_SPIFS + GEN_SPIFS_MAX] = {g->policy, g->vocabulary};
    for (size_t i = 0; i < g->spif_count; i++)
        docs[PAIR_SPIFS + i] = g->spif_text[i];
    return decide_pair_load(p, docs, g->spif_count, d);
}

void decide_pair_fini(struct decide_pair *p)
{
    ruleset_free(&p->ruleset);
    arena_free(&p->arena);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_terms(const struct policy_terms *a, const struct policy_terms *b)
{
    return a->redaction_permitted == b->redaction_permitted && a->approval == b->approval
        && a->embargo_ms == b->embargo_ms && a->onward == b->onward && a->lapse == b->lapse;
}

static bool shows_parts(enum outcome o)
{
    switch (o) {
    case OUTCOME_RELEASE:
    case OUTCOME_REDACT:
    case OUTCOME_EMBARGO:
    case OUTCOME_HOLD:
        return true;
    case OUTCOME_DENY:
    case OUTCOME_CONSENT:
        return false;
    }
    return false;
}

const char *decisions_differ(const struct decision *a, const struct decision *b)
{
    if (a->outcome != b->outcome)
        return "outcome";
    if (a->reason != b->reason)
        return "reason";
    if (!same_text(a->rule, b->rule))
        return "rule";
    if (a->rule_withdraws != b->rule_withdraws)
        return "rule_withdraws";
    if (!same_text(a->agreement, b->agreement))
        return "agreement";
    if (a->agreement && !same_terms(&a->terms, &b->terms))
        return "terms";
    if (shows_parts(a->outcome)
        && (a->withheld.overall != b->withheld.overall
            || memcmp(a->withheld.bits, b->withheld.bits, sizeof a->withheld.bits) != 0))
        return "withheld";
    if (a->outcome == OUTCOME_EMBARGO && a->until != b->until)
        return "until";
    return NULL;
}

static bool same_tsv(const struct decide_pair *p, const struct report *r, size_t partner, const struct decision *kernel,
                     const struct decision *oracle)
{
    struct buf a, b;
    buf_init(&a, 64 * KIB);
    buf_init(&b, 64 * KIB);
    decision_tsv(p->ruleset, r, partner, kernel, &a);
    oracle_tsv(&p->oracle, r, partner, oracle, &b);
    bool same = buf_status(&a) == ST_OK && strcmp(buf_cstr(&a), buf_cstr(&b)) == 0;
    buf_fini(&a);
    buf_fini(&b);
    return same;
}

const char *decide_pair_differ(const struct decide_pair *p, const struct report *r, const struct question *q,
                               struct decision *ret_kernel, struct decision *ret_oracle)
{
    memset(ret_kernel, 0xA5, sizeof *ret_kernel); // every field must be set
    decide(p->ruleset, r, q->partner, q->t, &q->record, ret_kernel);
    oracle_decide(&p->oracle, r, q->partner, q->t, &q->record, ret_oracle);
    const char *what = decisions_differ(ret_kernel, ret_oracle);
    if (what)
        return what;
    if (ret_kernel->next_change <= q->t)
        return "next_change in the past";
    return same_tsv(p, r, q->partner, ret_kernel, ret_oracle) ? NULL : "tsv";
}

// ---- shrinking

struct shrink_context {
    const char *what, *partner;
    struct question q;
    size_t spif_count;
};

// The report is the last document.
static bool still_differs(void *ctx, const struct buf *docs, size_t count)
{
    struct shrink_context *c = ctx;
    struct decide_pair pair;
    if (!decide_pair_load(&pair, docs, c->spif_count, NULL))
        return false;
    struct decision kernel, oracle;
    const struct report *r;
    struct arena *a = arena_new(PAIR_ARENA_MAX);
    c->q.partner = ruleset_partner_index(pair.ruleset, c->partner);
    bool differs = false;
    if (a && c->q.partner != SIZE_MAX && report_read(buf_bytes(&docs[count - 1]), "report.xml", a, NULL, &r) == ST_OK) {
        const char *what = decide_pair_differ(&pair, r, &c->q, &kernel, &oracle);
        differs = what && strcmp(what, c->what) == 0;
    }
    arena_free(&a);
    decide_pair_fini(&pair);
    return differs;
}

static void copy(struct buf *to, const struct buf *from)
{
    buf_init(to, POLICY_BYTES_MAX);
    buf_span(to, buf_bytes(from));
}

static void print_decision(const char *who, const struct decision *d)
{
    fprintf(stderr, "%s: %s %s rule=%s agreement=%s withheld=%d/%llx until=%lld next=%lld\n", who,
            outcome_text(d->outcome), reason_text(d->reason), d->rule ? d->rule : "-",
            d->agreement ? d->agreement : "-", d->withheld.overall, (unsigned long long)d->withheld.bits[0],
            (long long)d->until, (long long)d->next_change);
}

static void print_question(const struct shrink_context *c)
{
    char t[UTC_TEXT_MAX];
    const struct decide_record *rec = &c->q.record;
    fprintf(stderr,
            "differ in %s: partner %s at %s, received=%d onward=%s consented=%d approvals=%u any=%d refused=%d "
            "stored_at=%lld approved_withheld=%d/%llx\n",
            c->what, c->partner, utc_format_ms(c->q.t, t), rec->received, onward_text(rec->onward), rec->consented,
            rec->approvals, rec->any_approvals_count, rec->refused, (long long)rec->stored_at,
            rec->approved_withheld.overall, (unsigned long long)rec->approved_withheld.bits[0]);
}

static void print_answers(const struct shrink_context *c, const struct buf *docs, size_t count)
{
    struct decide_pair pair;
    const struct report *r;
    struct decision kernel, oracle;
    struct arena *a = arena_new(PAIR_ARENA_MAX);
    if (a && decide_pair_load(&pair, docs, c->spif_count, NULL)) {
        if (report_read(buf_bytes(&docs[count - 1]), "report.xml", a, NULL, &r) == ST_OK) {
            (void)decide_pair_differ(&pair, r, &c->q, &kernel, &oracle);
            print_decision("decide", &kernel);
            print_decision("oracle", &oracle);
        }
        decide_pair_fini(&pair);
    }
    arena_free(&a);
}

void decide_pair_report(const struct policy_gen *g, const struct buf *report, const struct question *q,
                        const char *what)
{
    struct shrink_context c = {.what = what, .partner = g->partners[q->partner], .q = *q, .spif_count = g->spif_count};
    struct xml_shrink s = {.shows = still_differs, .ctx = &c, .tries = 6000};
    copy(&s.docs[s.count++], &g->policy);
    copy(&s.docs[s.count++], &g->vocabulary);
    for (size_t i = 0; i < g->spif_count; i++)
        copy(&s.docs[s.count++], &g->spif_text[i]);
    copy(&s.docs[s.count++], report);
    if (still_differs(&c, s.docs, s.count))
        xml_shrink(&s);
    print_question(&c);
    print_answers(&c, s.docs, s.count);
    for (size_t i = 0; i < s.count; i++) {
        fprintf(stderr, "%s\n", buf_cstr(&s.docs[i]));
        buf_fini(&s.docs[i]);
    }
}
