#include "formats/policy_test.h"

#include "formats/base/limits.h"
#include "formats/reading.h"

enum { APPROVED_MAX = 1000 };

static const char *const none[] = {NULL};

static const char *optional(struct reading *r, const struct xml_node *n, const char *attr)
{
    return xml_attr(n, attr) ? reading_required(r, n, attr) : NULL;
}

static void read_expectation(struct reading *r, const struct xml_node *n, struct policy_expectation *e)
{
    static const char *const attrs[] = {"partner", "outcome", "reason", "agreement", "rule", "withheld", "until", NULL};
    reading_shape(r, n, NS_POLICY_TEST, none, attrs);
    e->line = n->line;
    e->partner = reading_word(r, n, "partner");
    e->outcome = reading_required(r, n, "outcome");
    e->reason = optional(r, n, "reason");
    e->agreement = optional(r, n, "agreement");
    e->rule = optional(r, n, "rule");
    e->withheld = optional(r, n, "withheld");
    e->until = optional(r, n, "until");
}

static void read_record(struct reading *r, const struct xml_node *n, struct policy_case *c)
{
    const char *at = reading_required(r, n, "at"), *received = xml_attr(n, "received");
    c->received = ONWARD_FORBIDDEN;
    if (*at && utc_parse(span_cstr(at), UTC_ZONE_Z, &c->at) != ST_OK)
        reading_fault(r, n, "bad-time", "at=\"%.40s\": expected a time in UTC such as 2027-01-01T00:00:00Z", at);
    if (received && !onward_parse(span_cstr(received), &c->received))
        reading_fault(r, n, "bad-value", "received=\"%.40s\": expected permitted, consent or forbidden", received);
    c->approved = (uint32_t)reading_number(r, n, "approved", 0, APPROVED_MAX);
    c->consented = reading_words(r, xml_attr(n, "consented") ? xml_attr(n, "consented") : "", &c->consented_count);
}

static void check_partners(struct reading *r, const struct policy_case *c)
{
    for (size_t i = 0; i < c->expectation_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->expectations[i].partner, c->expectations[k].partner) == 0)
                reading_fault_at(r, c->expectations[i].line, "expect", "duplicate",
                                 "partner \"%s\" has an expectation in this case already, at line %u",
                                 c->expectations[i].partner, c->expectations[k].line);
}

static void read_case(struct reading *r, const struct xml_node *n, struct policy_case *c)
{
    static const char *const children[] = {"expect", NULL};
    static const char *const attrs[] = {"name", "report", "at", "received", "approved", "consented", NULL};
    size_t i = 0;
    reading_shape(r, n, NS_POLICY_TEST, children, attrs);
    c->line = n->line;
    c->name = reading_required(r, n, "name");
    c->report = reading_required(r, n, "report");
    read_record(r, n, c);
    c->expectation_count = reading_count(n, NS_POLICY_TEST, "expect");
    if (c->expectation_count == 0)
        reading_fault(r, n, "missing", "expected at least one <expect>; a case without tests nothing");
    c->expectations = reading_array(r, &c->expectation_count, sizeof *c->expectations);
    READING_EACH(e, n, NS_POLICY_TEST, "expect")
        if (i < c->expectation_count)
            read_expectation(r, e, &c->expectations[i++]);
    check_partners(r, c);
}

static void check_names(struct reading *r, const struct policy_test_document *doc)
{
    size_t count = doc->case_count;
    struct reading_id *ids = reading_array(r, &count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = (struct reading_id){doc->cases[i].name, "case", doc->cases[i].line, i};
    reading_unique(r, ids, count, false);
}

enum status policy_test_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                             const struct policy_test_document **ret)
{
    static const char *const children[] = {"case", NULL};
    static const char *const attrs[] = {"policy", "spif-dir", "vocabulary", NULL};
    struct reading r = reading_start(a, d, file, "name");
    struct xml_node *root;
    size_t i = 0;
    TRY(reading_open(&r, bytes, POLICY_BYTES_MAX, NS_POLICY_TEST, "policy-test", &root));
    reading_shape(&r, root, NS_POLICY_TEST, children, attrs);
    struct policy_test_document *doc = arena_alloc(a, sizeof *doc);
    if (!doc)
        return arena_status(a);
    doc->policy = optional(&r, root, "policy");
    doc->spif_dir = optional(&r, root, "spif-dir");
    doc->vocabulary = optional(&r, root, "vocabulary");
    doc->case_count = reading_count(root, NS_POLICY_TEST, "case");
    if (doc->case_count == 0)
        reading_fault(&r, root, "missing", "expected at least one <case>");
    doc->cases = reading_array(&r, &doc->case_count, sizeof *doc->cases);
    READING_EACH(n, root, NS_POLICY_TEST, "case")
        if (i < doc->case_count)
            read_case(&r, n, &doc->cases[i++]);
    check_names(&r, doc);
    TRY(reading_end(&r));
    *ret = doc;
    return ST_OK;
}
