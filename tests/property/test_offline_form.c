// The offline commands as processes (spec 6.2) against the literal oracle: `relto policy explain`, `relto label check` and
// `relto label mark`, in tab-separated form, over random policies, SPIFs, reports and labels, at the instants where something
// changes. Every line and the exit code.
//
// RELTO_PROPERTY_CASES sets the number of worlds, RELTO_PROPERTY_SEED the first. Each starts the program ten times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/decide_pair.h"
#include "tests/support/program.h"

enum { WORLDS_DEFAULT = 8, QUESTIONS_PER_WORLD = 6, REPORTS = 3 };

#define RELTO BINARY_DIR "/tools/relto"

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

// A world as files, and the oracle over the same text.
struct files {
    struct policy_gen gen;
    struct decide_pair pair;
    struct program_dir dir;
    struct arena *arena;
    struct buf text, out, err, expected;
    const struct report *report;
    uint64_t seed;
};

static void write_world(struct files *f, uint64_t seed)
{
    char name[64];
    f->seed = seed;
    policy_gen_init(&f->gen, seed, GEN_MARKINGS);
    assert_true(decide_pair_load_world(&f->pair, &f->gen, NULL));
    program_dir_write(&f->dir, "policy.xml", buf_bytes(&f->gen.policy));
    program_dir_write(&f->dir, "vocabulary.xml", buf_bytes(&f->gen.vocabulary));
    // Only what the policy names stands there.
    char clean[100];
    snprintf(clean, sizeof clean, "rm -rf '%s/spif'", f->dir.path);
    assert_int_equal(system(clean), 0);
    for (size_t i = 0; i < f->gen.spif_count; i++) {
        snprintf(name, sizeof name, "spif/%s", gen_spif_files[i]);
        program_dir_write(&f->dir, name, buf_bytes(&f->gen.spif_text[i]));
    }
}

static void forget_world(struct files *f)
{
    arena_free(&f->arena);
    decide_pair_fini(&f->pair);
    policy_gen_fini(&f->gen);
}

static void write_report(struct files *f, uint64_t seed)
{
    struct decide_record unused;
    arena_free(&f->arena);
    f->arena = arena_new(16 * MIB);
    assert_non_null(f->arena);
    buf_reset(&f->text);
    policy_gen_report(&f->gen, seed, 0, &f->text, &unused);
    assert_int_equal(report_read(buf_bytes(&f->text), "report.xml", f->arena, NULL, &f->report), ST_OK);
    program_dir_write(&f->dir, "report.xml", buf_bytes(&f->text));
}

static int run(struct files *f, const char *const *argv)
{
    return program_run(&f->dir, argv, &f->out, &f->err);
}

static void differ(const struct files *f, const char *const *argv, int code, int expected_code)
{
    fprintf(stderr, "world %llu:", (unsigned long long)f->seed);
    for (size_t i = 0; argv[i]; i++)
        fprintf(stderr, " %s", argv[i]);
    fprintf(stderr, "\nexit code %d, expected %d\n%.*s--- expected\n%.*s--- errors\n%.*s--- input\n%.*s\n", code, expected_code,
            (int)f->out.len, (const char *)f->out.ptr, (int)f->expected.len, (const char *)f->expected.ptr, (int)f->err.len,
            (const char *)f->err.ptr, (int)f->text.len, (const char *)f->text.ptr);
    fail_msg("the command and the oracle differ; run with RELTO_PROPERTY_SEED=%llu", (unsigned long long)f->seed);
}

static void expect(struct files *f, const char *const *argv, int expected_code)
{
    int code = run(f, argv);
    if (code != expected_code || strcmp(buf_cstr(&f->out), buf_cstr(&f->expected)) != 0)
        differ(f, argv, code, expected_code);
}

// ---- policy explain

struct options {
    utc_ms t;
    const char *received; // NULL = left out
    enum onward onward;
    uint32_t approved;
    char approved_text[8];
    char consented[80]; // comma-separated; empty = left out
    uint32_t consented_bits;
};

static void draw_options(struct files *f, struct options *x)
{
    static const struct {
        const char *word;
        enum onward onward;
    } terms[] = {{NULL, ONWARD_FORBIDDEN}, {"permitted", ONWARD_PERMITTED}, {"permitted", ONWARD_PERMITTED},
                 {"consent", ONWARD_CONSENT}, {"consent", ONWARD_CONSENT}, {"forbidden", ONWARD_FORBIDDEN}};
    size_t k = gen_below(&f->gen, 6);
    *x = (struct options){.t = gen_boundary(&f->gen), .received = terms[k].word, .onward = terms[k].onward};
    x->approved = (uint32_t)gen_below(&f->gen, 4);
    snprintf(x->approved_text, sizeof x->approved_text, "%u", x->approved);
    for (size_t p = 0; p < f->gen.partner_count; p++)
        if (gen_chance(&f->gen, 50)) {
            x->consented_bits |= 1u << p;
            size_t n = strlen(x->consented);
            snprintf(x->consented + n, sizeof x->consented - n, "%s%s", n ? "," : "", f->gen.partners[p]);
        }
}

// What the command must print; true when something goes to someone.
static bool expect_lines(struct files *f, const struct options *x)
{
    bool goes = false;
    buf_reset(&f->expected);
    for (size_t p = 0; p < f->gen.partner_count; p++) {
        struct decide_record rec = {
            .received = strcmp(f->report->nation, f->pair.oracle.doc->nation) != 0,
            .onward = x->onward,
            .consented = x->consented_bits >> p & 1,
            .approvals = x->approved,
            .any_approvals_count = true,
            .stored_at = UTC_MIN,
        };
        struct decision d;
        oracle_decide(&f->pair.oracle, f->report, p, x->t, &rec, &d);
        oracle_tsv(&f->pair.oracle, f->report, p, &d, &f->expected);
        buf_putc(&f->expected, '\n');
        goes |= d.outcome == OUTCOME_RELEASE || d.outcome == OUTCOME_REDACT;
    }
    return goes;
}

static void ask(struct files *f)
{
    char at[UTC_TEXT_MAX];
    struct options x;
    draw_options(f, &x);
    bool goes = expect_lines(f, &x);
    const char *argv[PROGRAM_ARGS_MAX] = {RELTO, "policy", "explain", "--policy", "policy.xml", "--spif-dir", "spif",
                                          "--vocabulary", "vocabulary.xml", "--format", "tsv", "--at",
                                          x.t % 1000 ? utc_format_ms(x.t, at) : utc_format_s(x.t, at)};
    size_t n = 13;
    if (x.received) {
        argv[n++] = "--received";
        argv[n++] = x.received;
    }
    if (x.approved) {
        argv[n++] = "--approved";
        argv[n++] = x.approved_text;
    }
    if (*x.consented) {
        argv[n++] = "--consented";
        argv[n++] = x.consented;
    }
    argv[n] = "report.xml";
    expect(f, argv, goes ? 0 : 1);
}

// ---- labels of a report, or one by itself

struct found {
    const char *id;
    const struct label *label;
};

static size_t labels_of(const struct report *r, struct found *ret)
{
    size_t n = 0;
    if (r->label)
        ret[n++] = (struct found){r->label_id, r->label};
    if (r->header_label)
        ret[n++] = (struct found){"header", r->header_label};
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].label)
            ret[n++] = (struct found){r->children[i].id, r->children[i].label};
    return n;
}

static bool chain_valid(const struct files *f, const struct label_doc *l)
{
    bool valid = true;
    for (; l; l = l->successor) {
        struct arena *a = arena_new(4 * MIB);
        assert_non_null(a);
        valid = oracle_label_valid(&f->pair.oracle, l, a) && valid;
        arena_free(&a);
    }
    return valid;
}

static bool label_valid(const struct files *f, const struct label *label)
{
    bool valid = chain_valid(f, label->originator);
    for (size_t i = 0; i < label->alternative_count; i++)
        valid = chain_valid(f, label->alternatives[i]) && valid;
    return valid;
}

// One line for a valid element; for an invalid one a line of four fields for each violation.
static const char *expect_verdict(const struct files *f, const char *line, const char *id, bool valid)
{
    char start[80];
    snprintf(start, sizeof start, "%s\t%s\t", id, valid ? "valid" : "invalid");
    size_t n = strlen(start), lines = 0;
    for (; strncmp(line, start, n) == 0; lines++) {
        const char *rule = line + n, *detail = strchr(rule, '\t'), *end = strchr(rule, '\n');
        if (!detail || !end || detail > end || (valid && strncmp(rule, "-\t-\n", 4) != 0)
            || (!valid && (detail == rule || end == detail + 1)))
            fail_msg("world %llu: not a line of four fields: %s", (unsigned long long)f->seed, line);
        line = end + 1;
    }
    if (lines == 0 || (valid && lines > 1))
        fail_msg("world %llu: %s should be %s in:\n%s", (unsigned long long)f->seed, id, valid ? "valid" : "invalid",
                 (const char *)f->out.ptr);
    return line;
}

static void check_labels(struct files *f, const char *file, const struct found *labels, size_t count)
{
    const char *const argv[] = {RELTO, "label", "check", "--spif-dir", "spif", "--format", "tsv", file, NULL};
    bool all = true;
    int code = run(f, argv);
    const char *line = buf_cstr(&f->out);
    for (size_t i = 0; i < count; i++) {
        bool valid = label_valid(f, labels[i].label);
        all = all && valid;
        line = expect_verdict(f, line, labels[i].id, valid);
    }
    if (*line || code != (all ? 0 : 1))
        differ(f, argv, code, all ? 0 : 1);
}

static void mark_labels(struct files *f, const char *file, const struct found *labels, size_t count)
{
    static const char *const langs[] = {"en", "fr", "fr-CA", "de"};
    struct oracle_marking_question q = {.portion = gen_chance(&f->gen, 50),
                                        .lang = gen_chance(&f->gen, 70) ? langs[gen_below(&f->gen, 4)] : NULL};
    const char *argv[PROGRAM_ARGS_MAX] = {RELTO, "label", "mark", "--spif-dir", "spif", "--format", "tsv", "--form",
                                          q.portion ? "portion" : "page", file};
    if (q.lang) {
        argv[10] = "--lang";
        argv[11] = q.lang;
    }
    bool all = true;
    buf_reset(&f->expected);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&f->expected, "%s\t", labels[i].id);
        oracle_marking(&f->pair.oracle, labels[i].label->originator, &q, &f->expected);
        buf_putc(&f->expected, '\n');
        all = label_valid(f, labels[i].label) && all;
    }
    expect(f, argv, all ? 0 : 1);
}

static void ask_about_a_label(struct files *f, uint64_t seed)
{
    struct xml_node *root;
    struct label label = {0};
    buf_reset(&f->text);
    policy_gen_label(&f->gen, seed, &f->text);
    program_dir_write(&f->dir, "label.xml", buf_bytes(&f->text));
    assert_int_equal(xml_read(buf_bytes(&f->text), XML_OPERATOR, f->arena, NULL, &root), ST_OK);
    assert_int_equal(label_doc_read(root, f->arena, NULL, &label.originator), ST_OK);
    const struct found found = {"label", &label};
    check_labels(f, "label.xml", &found, 1);
    mark_labels(f, "label.xml", &found, 1);
}

static void ask_world(struct files *f, uint64_t seed)
{
    static struct found found[REPORT_CHILDREN_MAX + 2];
    write_world(f, seed);
    for (uint64_t k = 0; k < REPORTS; k++) {
        write_report(f, seed * REPORTS + k);
        for (size_t i = 0; i < QUESTIONS_PER_WORLD / REPORTS; i++)
            ask(f);
    }
    size_t count = labels_of(f->report, found);
    check_labels(f, "report.xml", found, count);
    mark_labels(f, "report.xml", found, count);
    ask_about_a_label(f, seed);
    forget_world(f);
}

static void commands_say_what_the_oracle_says(void **state)
{
    (void)state;
    uint64_t worlds = from_environment("RELTO_PROPERTY_CASES", WORLDS_DEFAULT);
    uint64_t first = from_environment("RELTO_PROPERTY_SEED", 1);
    struct files *f = calloc(1, sizeof *f);
    assert_non_null(f);
    buf_init(&f->text, MIB);
    buf_init(&f->out, MIB);
    buf_init(&f->err, MIB);
    buf_init(&f->expected, MIB);
    program_dir_make(&f->dir);
    for (uint64_t seed = first; seed < first + worlds; seed++)
        ask_world(f, seed);
    program_dir_remove(&f->dir);
    buf_fini(&f->text);
    buf_fini(&f->out);
    buf_fini(&f->err);
    buf_fini(&f->expected);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands_say_what_the_oracle_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
