// The manuals say what the program does: every command, key, path, problem type, log line, metric, word and limit
// of the sources stands in them.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/audit_event.h"
#include "formats/feed.h"
#include "formats/import.h"
#include "formats/partner_card.h"
#include "formats/policy_bundle.h"
#include "node/core/feed_flow.h"
#include "node/core/http_msg.h"
#include "node/core/search_flow.h"
#include "node/io/metrics.h"
#include "policy/decide.h"
#include "store/export.h"
#include "store/sources.h"
#include "tests/support/import_support.h"
#include "tests/support/two_nodes.h"

struct texts {
    struct arena *a;
    const char *relto, *reltod, *conf; // the manuals
};

static const char *source(struct texts *x, const char *path)
{
    return (const char *)import_test_file(x->a, arena_printf(x->a, SOURCE_DIR "/%s", path)).ptr;
}

static int load(void **state)
{
    struct texts *x = calloc(1, sizeof *x);
    x->a = arena_new(64 * MIB);
    x->relto = source(x, "tools/relto/relto.1");
    x->reltod = source(x, "node/reltod.8");
    x->conf = source(x, "conf/relto.conf.5");
    *state = x;
    return 0;
}

static int unload(void **state)
{
    struct texts *x = *state;
    arena_free(&x->a);
    free(x);
    return 0;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Does the word stand in the text, not as a part of another one?
static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        if ((at == text || !is_word(at[-1])) && !is_word(at[n]))
            return true;
    return false;
}

static void must_have(const char *manual, const char *what, const char *word)
{
    if (!has_word(manual, word))
        fail_msg("the manual lacks the %s \"%s\"", what, word);
}

// Call back for each file of a source folder whose name ends so.
static void each_file(struct texts *x, const char *folder, const char *end, void (*each)(struct texts *x, const char *text))
{
    DIR *dir = opendir(arena_printf(x->a, SOURCE_DIR "/%s", folder));
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t n = strlen(e->d_name), m = strlen(end);
        if (n > m && strcmp(e->d_name + n - m, end) == 0)
            each(x, source(x, arena_printf(x->a, "%s/%s", folder, e->d_name)));
    }
    closedir(dir);
}

// The text between the next pair of quotes from `at` on, which must come within `reach` bytes; NULL when not.
static const char *quoted(struct texts *x, const char *at, size_t reach)
{
    const char *from = memchr(at, '"', strnlen(at, reach));
    const char *to = from ? strchr(from + 1, '"') : NULL;
    return to ? arena_str(x->a, span_of((const uint8_t *)from + 1, (size_t)(to - from) - 1)) : NULL;
}

static size_t found; // by the scanners below, to see that they still find anything

// ---- relto(1)

static void commands(void **state)
{
    struct texts *x = *state;
    const char *table = strstr(source(x, "tools/relto/main.c"), "commands[] = {");
    assert_non_null(table);
    size_t count = 0;
    for (const char *at = strstr(table, "\n    {\""); at; at = strstr(at + 1, "\n    {\""), count++) {
        const char *name = quoted(x, at, 10);
        if (!strstr(x->relto, arena_printf(x->a, ".It Cm %s", name)) &&
            !strstr(x->relto, arena_printf(x->a, ".It Xo Cm %s", name)))
            fail_msg("relto(1) lacks the command \"%s\"", name);
    }
    assert_true(count >= 10);
}

static void check_options(struct texts *x, const char *text)
{
    const char *list = strstr(text, "struct cli_option options[] = {");
    const char *end = list ? strstr(list, "};") : NULL;
    for (const char *at = list ? strchr(list, '{') + 1 : NULL; at && (at = strchr(at, '{')) && at < end; at++, found++)
        must_have(x->relto, "option", arena_printf(x->a, "Fl -%s", quoted(x, at, 3)));
}

static void options(void **state)
{
    found = 0;
    each_file(*state, "tools/relto", ".c", check_options);
    assert_true(found > 20);
}

static void outcomes_reasons_and_kinds(void **state)
{
    struct texts *x = *state;
    for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++)
        must_have(x->relto, "outcome", arena_printf(x->a, "Cm %s", outcome_text(o)));
    for (enum reason r = REASON_NONE + 1; r <= REASON_APPROVAL; r++)
        must_have(x->relto, "reason", arena_printf(x->a, "Cm %s", reason_text(r)));
    for (int k = 0; k < AUDIT_KIND_COUNT; k++)
        must_have(x->relto, "kind of event", audit_kind_text((enum audit_kind)k));
}

// ---- relto.conf(5)

// The name in `key = value` or `;key = value`; NULL for another line.
static const char *key_of(struct texts *x, const char *line)
{
    line += *line == ';';
    size_t n = 0;
    while (is_word(line[n]))
        n++;
    return n && strncmp(line + n, " = ", 3) == 0 ? arena_str(x->a, span_of((const uint8_t *)line, n)) : NULL;
}

static void keys(void **state)
{
    struct texts *x = *state;
    size_t count = 0;
    for (const char *line = source(x, "conf/relto.conf"); line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *key = key_of(x, line);
        if (!key)
            continue;
        must_have(x->conf, "key", arena_printf(x->a, "Cm %s", key));
        count++;
    }
    assert_true(count > 30);
}

// ---- reltod(8)

static void check_log_lines(struct texts *x, const char *text)
{
    for (const char *at = strstr(text, "log_line(LOG_LEVEL_"); at; at = strstr(at + 1, "log_line(LOG_LEVEL_"), found++)
        must_have(x->reltod, "log line", arena_printf(x->a, "%s", quoted(x, at, 60)));
}

static void log_lines(void **state)
{
    found = 0;
    each_file(*state, "node/io", ".c", check_log_lines);
    each_file(*state, "node", ".c", check_log_lines);
    assert_true(found > 8);
}

// A type of problem stands behind its status: 404, "not-found"
static void check_problems(struct texts *x, const char *text)
{
    for (const char *at = strstr(text, ", \""); at; at = strstr(at + 1, ", \"")) {
        if (at - text < 4 || at[-4] != ' ' || at[-3] < '4' || at[-3] > '5')
            continue;
        const char *type = quoted(x, at, 4);
        if (!strstr(x->reltod, arena_printf(x->a, "\n.It %s Ta ", type)))
            fail_msg("reltod(8) lacks the problem type \"%s\"", type);
        found++;
    }
}

static void problem_types(void **state)
{
    found = 0;
    each_file(*state, "node/core", ".c", check_problems);
    each_file(*state, "node/io", ".c", check_problems);
    assert_true(found > 15);
}

static void paths(void **state)
{
    struct texts *x = *state;
    size_t count = 0;
    const char *text = source(x, "node/core/route.c");
    for (const char *at = strstr(text, "{HTTP_"); at; at = strstr(at + 1, "{HTTP_"), count++) {
        const char *path = quoted(x, at, 20);
        const char *call = arena_printf(x->a, ".It Cm %.*s %s", (int)strcspn(at + 6, ","), at + 6, path);
        if (!path || !strstr(x->reltod, call))
            fail_msg("reltod(8) lacks \"%s\"", call);
    }
    assert_true(count >= 6);
}

static void metrics(void **state)
{
    static const char *const policies[] = {SIM_POLICY("GBR", SIM_PARTNER("FRA"), "FRA", SIM_TERMS("consent", "retain")),
                                           SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("consent", "retain"))};
    struct texts *x = *state;
    struct sim *s = calloc(1, sizeof *s);
    struct certificate_life life = {0};
    struct tls_domains *domains = tls_domains_new();
    struct buf b;
    size_t count = 0;
    assert_non_null(s);
    assert_non_null(domains);
    sim_init(s, 2, policies);
    buf_init(&b, MIB);
    const struct metrics_moment m = {.now = s->now, .life = &life, .domains = domains};
    assert_int_equal(metrics_write(&s->nodes[0].core, &m, &b), ST_OK);
    for (const char *line = buf_cstr(&b); *line; line += strcspn(line, "\n") + 1) {
        if (*line == '#')
            continue;
        must_have(x->reltod, "metric", arena_str(x->a, span_of((const uint8_t *)line, strcspn(line, " {"))));
        count++;
    }
    assert_true(count > 15);
    buf_fini(&b);
    sim_free(&s);
    tls_domains_free(&domains);
}

// "16 MiB", "64 KiB", "1,024"
static const char *shown(struct texts *x, uint64_t n, const char *unit)
{
    if (*unit && n % MIB == 0)
        return arena_printf(x->a, "%llu MiB", (unsigned long long)(n / MIB));
    if (*unit && n % KIB == 0)
        return arena_printf(x->a, "%llu KiB", (unsigned long long)(n / KIB));
    const char *gap = *unit ? " " : "";
    if (n >= 1000000)
        return arena_printf(x->a, "%llu,%03llu,%03llu%s%s", (unsigned long long)(n / 1000000),
                            (unsigned long long)(n / 1000 % 1000), (unsigned long long)(n % 1000), gap, unit);
    if (n >= 1000)
        return arena_printf(x->a, "%llu,%03llu%s%s", (unsigned long long)(n / 1000), (unsigned long long)(n % 1000), gap, unit);
    return arena_printf(x->a, "%llu%s%s", (unsigned long long)n, gap, unit);
}

static void limits(void **state)
{
    static const struct {
        uint64_t n;
        const char *unit, *what; // what the item in LIMITS begins with
    } all[] = {
        {RENDITION_BYTES_MAX, "bytes", "a report or rendition"},
        {REPORT_CHILDREN_MAX, "", "children of a report"},
        {LABEL_ALTERNATIVES_MAX, "", "alternative labels"},
        {DIAG_FAULTS_MAX, "", "faults shown"},
        {IMPORT_BYTES_MAX, "bytes", "a file for"},
        {XML_DEPTH_MAX, "", "levels of elements"},
        {XML_ATTRS_MAX, "", "attributes of one element"},
        {XML_NAME_MAX, "bytes", "an element's or attribute's name"},
        {XML_ATTR_VALUE_MAX, "bytes", "an attribute's value"},
        {XML_NODES_MAX, "", "elements, attributes and texts"},
        {XML_ARENA_FACTOR, "", "bytes of memory"},
        {POLICY_BYTES_MAX, "bytes", "each of policy"},
        {PARTNERS_MAX, "", "partners; 64 security policies"},
        {FEED_PAGE_BYTES, "bytes", "of renditions in one page"},
        {FEED_PAGE_ENTRIES_MAX, "", "entries in one page, 256 unless"},
        {FEED_DOCUMENT_BYTES_MAX, "bytes", "a page, whole"},
        {FEED_WAIT_MAX_S, "s", "the longest poll"},
        {FEED_RECEIPT_BYTES_MAX, "bytes", "a receipt; 1,024 quarantined"},
        {FEED_CURSOR_MAX, "bytes", "a cursor; 128 KiB"},
        {FEED_TITLE_MAX, "bytes", "an Atom title"},
        {CARD_BYTES_MAX, "bytes", "a partner card; 32 report-signing"},
        {PEERS_MAX, "", "partner nodes"},
        {HTTP_HEAD_BYTES_MAX, "bytes", "request line and headers; 48 headers; 2 KiB"},
        {AUDIT_EVENT_BYTES_MAX, "bytes", "an audit event"},
        {EXPORT_FILES_MAX, "", "files in an export"},
        {SEARCH_WORDS_MAX, "", "words and names of one report"},
        {SEARCH_TEXT_MAX, "bytes", "the text of a search; 32 words"},
    };
    struct texts *x = *state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *unit = strcmp(all[i].unit, "s") == 0 ? "" : all[i].unit;
        const char *item = arena_printf(x->a, "\n.It %s%s\n%s", shown(x, all[i].n, unit), *unit || !*all[i].unit ? "" : " s",
                                        all[i].what);
        if (!strstr(x->reltod, item))
            fail_msg("reltod(8) lacks the limit \"%s\"", item + 1);
    }
    // Those that stand inside the items above.
    assert_int_equal(XML_NODES_OPERATOR_MAX, 1000000);
    assert_int_equal(LABEL_SUCCESSION_MAX, 16);
    assert_int_equal(SEARCH_QUERY_WORDS_MAX, 32);
    assert_int_equal(NOTE_SIGNATURES_MAX, 16);
    assert_int_equal(NOTE_BYTES_MAX, 128 * KIB);
    assert_int_equal(SOURCE_NOTE_MAX, 2 * KIB);
    assert_int_equal(FEED_RECEIPT_POSITIONS_MAX, 1024);
    assert_int_equal(FEED_PAGE_ENTRIES_DEFAULT, 256);
    assert_int_equal(BUNDLE_SPIFS_MAX, 64);
    assert_int_equal(POLICY_BUNDLE_BYTES_MAX, 64 * MIB);
    assert_int_equal(CARD_CERTS_MAX, 32);
    assert_int_equal(EXPORT_MANIFEST_MAX, MIB);
    assert_int_equal(HTTP_HEADERS_MAX, 48);
    assert_int_equal(HTTP_TARGET_MAX, 2 * KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands), cmocka_unit_test(options),       cmocka_unit_test(outcomes_reasons_and_kinds),
        cmocka_unit_test(keys),     cmocka_unit_test(log_lines),     cmocka_unit_test(problem_types),
        cmocka_unit_test(paths),    cmocka_unit_test(metrics),       cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
