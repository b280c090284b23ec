// store/search and node/core/search_flow: everything that fits is found, nothing else, and nothing of what is gone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/problem.h"
#include "node/core/search_flow.h"
#include "store/key.h"
#include "tests/support/docs_schema.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define POLICY SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "withdraw"))
#define FRA_POLICY SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))

static struct sim *sim;
static struct reply got;
static struct problem *problem;

static int setup(void **state)
{
    const char *const policies[] = {POLICY, FRA_POLICY};
    (void)state;
    sim = sim_new(2, policies);
    problem = calloc(1, sizeof *problem);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&got);
    sim_free(&sim);
    free(problem);
    return 0;
}

static int ask_at(size_t node, const char *target)
{
    size_t count;
    reply_fini(&got);
    flow_ask(sim, node, ROLE_CELL, "J2", "GET", target, "", span_of(NULL, 0), &got);
    if (got.status >= 400)
        assert_int_equal(problem_read(buf_bytes(&got.body), problem), ST_OK);
    const char *fault = got.status == 200 ? docs_schema_fault_inside(buf_bytes(&got.body), NS_SEARCH, &count) : NULL;
    if (fault)
        fail_msg("%s\n%s", fault, buf_cstr(&got.body));
    return got.status;
}

// The first bytes of the ids found, as "3 1 2": the tests' reports are told apart by them.
static const char *found_at(size_t node, const char *query)
{
    static char text[2048];
    char target[1024];
    size_t used = 0;
    snprintf(target, sizeof target, "/v1/reports%s", query);
    text[0] = 0;
    if (ask_at(node, target) != 200)
        fail_msg("%s: %s", target, buf_cstr(&got.body));
    for (const char *at = buf_cstr(&got.body); (at = strstr(at, "<entry><id>urn:uuid:")); at++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%ld", used ? " " : "",
                                 strtol((const char[]){at[20], at[21], 0}, NULL, 16));
    return text;
}

static const char *found(const char *query)
{
    return found_at(GBR, query);
}

static void publish(uint8_t id, uint32_t version, const char *title, const char *more, const char *text)
{
    char draft[4096];
    snprintf(draft, sizeof draft,
             "<report xmlns='urn:relto:report:1'>" SIM_FOR_ALL "<header type='%s' separable='true'>"
             "<originator nation='GBR' cell='J2'/><title>%s</title>%s</header><portion><text>%s</text></portion>"
             "<portion>" SIM_ONLY("DEU") "<text>onlyfordeu</text></portion></report>",
             id % 2 ? "INTREP" : "INTSUM", title, more, text);
    sim_publish(sim, GBR, id, version, draft);
    sim->now += 1000;
}

static void each_condition_finds_what_fits(void **state)
{
    (void)state;
    char instant[UTC_TEXT_MAX], query[128];
    publish(1, 1, "Boarding of a tanker", "<topic>piracy</topic><area>NGA</area><position lat='4.15' lon='3.2'/>", "Seven men");
    utc_format_s(sim->now, instant);
    publish(2, 1, "Tanker adrift", "<topic>safety</topic><area>BEN</area><position lat='-17.5' lon='179.5'/>", "Caf\xc3\xa9 EXPRESS");
    publish(3, 1, "Nothing", "<topic>piracy</topic><area>SOM</area><exercise>STEADFAST-26</exercise>", "Men again");
    assert_string_equal(found(""), "3 2 1");
    assert_string_equal(found("?text=TANKER"), "2 1");
    assert_string_equal(found("?text=tank"), "");
    assert_string_equal(found("?text=men%20again"), "3");
    assert_string_equal(found("?text=again%2C%20men"), "3");
    assert_string_equal(found("?text=cafe%CC%81"), "2"); // composed or not
    assert_string_equal(found("?text=steadfast"), "3");
    assert_string_equal(found("?text=GBR"), ""); // no word of the text
    assert_string_equal(found("?topic=piracy"), "3 1");
    assert_string_equal(found("?topic=piracy&text=tanker"), "1");
    assert_string_equal(found("?area=BEN"), "2");
    assert_string_equal(found("?type=INTSUM"), "2");
    assert_string_equal(found("?originator=GBR"), "3 2 1");
    assert_string_equal(found("?originator=FRA"), "");
    assert_string_equal(found("?box=0,0,10,10"), "1");
    assert_string_equal(found("?box=-20,170,0,-170"), "2");
    assert_string_equal(found("?box=4.15,3.2,4.15,3.2"), "1");
    assert_string_equal(found("?box=4.16,3.2,4.2,3.2"), "");
    assert_string_equal(found("?box=-90,-180,90,180"), "2 1");
    assert_string_equal(found("?box=-90,-180,90,180&text=adrift"), "2");
    snprintf(query, sizeof query, "?from=%s", instant);
    assert_string_equal(found(query), "3 2");
    snprintf(query, sizeof query, "?until=%s&topic=piracy", instant);
    assert_string_equal(found(query), "1");
    snprintf(query, sizeof query, "?from=%s&until=%s", instant, instant);
    assert_string_equal(found(query), "");
    assert_non_null(strstr(buf_cstr(&got.body), "<link href=\"/v1/reports?from="));
}

static void a_result_shows_its_markings(void **state)
{
    (void)state;
    publish(1, 1, "A &lt; B", "<topic>piracy</topic>", "x");
    assert_string_equal(found("?topic=piracy"), "1");
    const char *page = buf_cstr(&got.body);
    assert_non_null(strstr(page, "<rights>ALFA "));
    assert_non_null(strstr(page, ") A &lt; B</title>"));
    assert_non_null(strstr(page, "<category scheme=\"urn:relto:topic\" term=\"piracy\">"));
    assert_null(strstr(page, "onlyfordeu")); // titles, no reports
}

static void pages_follow_each_other(void **state)
{
    char next[512] = "/v1/reports?topic=piracy&limit=2", all[256] = "";
    int pages = 0;
    (void)state;
    for (uint8_t i = 1; i <= 7; i++)
        publish(i, 1, "t", "<topic>piracy</topic>", "x");
    while (*next) {
        assert_true(++pages < 10);
        strcat(strcat(all, *all ? " / " : ""), found(next + strlen("/v1/reports")));
        const char *rel = strstr(buf_cstr(&got.body), "rel=\"next\"");
        const char *href = rel ? rel : "";
        while (rel && strncmp(href, "href=\"", 6) != 0)
            href--;
        snprintf(next, sizeof next, "%.*s", rel ? (int)(strchr(href + 6, '"') - href - 6) : 0, rel ? href + 6 : "");
        for (char *amp; (amp = strstr(next, "&amp;"));)
            memmove(amp + 1, amp + 5, strlen(amp + 5) + 1);
    }
    assert_string_equal(all, "7 6 / 5 4 / 3 2 / 1");
}

static void what_is_not_understood_is_refused(void **state)
{
    static const char *const bad[] = {"?frob=1", "?text=", "?text=%2C", "?text=%ff", "?text=a&text=b", "?topic=", "?from=yesterday",
                                      "?from=2026-11-22", "?box=1,2,3", "?box=1,2,3,4,5", "?box=5,0,1,0", "?box=0,0,91,0", "?box=0x1,0,1,0",
                                      "?box=nan,0,1,0", "?box=,,,", "?limit=0", "?limit=257", "?limit=-1", "?limit=1e2", "?after=x", "?after=1~x",
                                      "?text", "?=x", "?topic=piracy&", "?texttexttexttexttext=1"};
    char target[200];
    (void)state;
    publish(1, 1, "t", "<topic>piracy</topic>", "x");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(target, sizeof target, "/v1/reports%s", bad[i]);
        if (strcmp(bad[i], "?topic=piracy&") == 0)
            assert_int_equal(ask_at(GBR, target), 200); // nothing behind the last separator
        else if (ask_at(GBR, target) != 422)
            fail_msg("%s: %d", target, got.status);
    }
    memset(target, 0, sizeof target);
    char many[512] = "/v1/reports?text=a";
    for (int i = 0; i < 60; i++)
        strcat(many, "%20a");
    assert_int_equal(ask_at(GBR, many), 422);
}

// ---- what is gone

// Entries of the index that name the report.
static size_t entries_of(size_t node, uint8_t id)
{
    struct uuid u = sim_id(id);
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    size_t n = 0;
    struct tick *t = sim_tick(sim, node);
    const enum db_table tables[] = {DB_SEARCH, DB_SEARCHED, DB_SEARCH_QUEUE};
    for (size_t i = 0; i < 3; i++)
        for (bool ok = db_walk_first(t->txn, tables[i], all, all, &w); ok; ok = db_walk_next(&w))
            n += w.key.len >= sizeof u.b && memcmp(w.key.ptr + w.key.len - sizeof u.b, u.b, sizeof u.b) == 0;
    sim_commit(t);
    return n;
}

static void a_recall_takes_every_word_along(void **state)
{
    (void)state;
    publish(1, 1, "t", "<topic>piracy</topic>", "rosebud");
    publish(2, 1, "t", "<topic>piracy</topic>", "rosebud");
    assert_string_equal(found("?text=rosebud"), "2 1");
    assert_true(entries_of(GBR, 1) > 5);
    sim_recall(sim, GBR, 1);
    assert_int_equal(entries_of(GBR, 1), 0);
    assert_string_equal(found("?text=rosebud"), "2");
    publish(3, 1, "t", "", "never indexed");
    sim_recall(sim, GBR, 3);
    assert_int_equal(entries_of(GBR, 3), 0);
    assert_string_equal(found(""), "2");
}

static void a_new_version_takes_the_place_of_the_older_one(void **state)
{
    (void)state;
    publish(1, 1, "t", "<topic>piracy</topic>", "rosebud");
    assert_string_equal(found("?text=rosebud"), "1");
    publish(1, 2, "t", "<topic>safety</topic>", "sledge");
    assert_string_equal(found("?text=rosebud"), "");
    assert_string_equal(found("?topic=piracy"), "");
    assert_string_equal(found("?text=sledge&topic=safety"), "1");
}

static void partners_find_what_they_were_given(void **state)
{
    (void)state;
    publish(1, 1, "t", "<topic>piracy</topic>", "rosebud");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_string_equal(found_at(FRA, "?text=rosebud&originator=GBR"), "1");
    assert_non_null(strstr(buf_cstr(&got.body), "source=\"GBR\""));
    assert_string_equal(found_at(FRA, "?text=onlyfordeu"), "");
    assert_string_equal(found_at(GBR, "?text=onlyfordeu"), "1");
    sim_policy(sim, GBR, SIM_POLICY("GBR", PARTNERS, "DEU", SIM_TERMS("permitted", "withdraw")));
    sim_redecide(sim, GBR, 1);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_string_equal(found_at(FRA, ""), "");
    assert_int_equal(entries_of(FRA, 1), 0);
}

// A damaged index does not keep a recall from its effect.
static void a_damaged_index_forgets_all_the_same(void **state)
{
    (void)state;
    struct key k = {.len = 0};
    publish(1, 1, "t", "<topic>piracy</topic>", "rosebud");
    publish(2, 1, "t", "", "rosebud");
    assert_string_equal(found("?text=rosebud"), "2 1");
    struct tick *t = sim_tick(sim, GBR);
    key_uuid(&k, sim_id(1));
    assert_int_equal(db_put(t->txn, DB_SEARCHED, key_span(&k), span_cstr("damaged")), ST_OK);
    sim_commit(t);
    sim_recall(sim, GBR, 1);
    assert_int_equal(entries_of(GBR, 1), 0);
    assert_string_equal(found("?text=rosebud"), "2");
}

// A store that was made before there was an index takes in all it has.
static void an_older_store_gets_its_index(void **state)
{
    (void)state;
    publish(1, 1, "t", "", "rosebud");
    publish(2, 1, "t", "", "rosebud");
    struct tick *t = sim_tick(sim, GBR);
    struct key k = {.len = 0};
    for (uint8_t i = 1; i <= 2; i++, k.len = 0) {
        key_uuid(&k, sim_id(i));
        assert_int_equal(db_del(t->txn, DB_SEARCH_QUEUE, key_span(&k)), ST_OK);
    }
    sim_commit(t);
    assert_string_equal(found(""), "2 1");
}

// ---- against a literal look at every report

struct plain {
    uint8_t id;
    int word[3], topic, area, has_position;
    double lat, lon;
    utc_ms issued;
};

enum { REPORTS = 60, QUERIES = 250 };

static const char *const words[] = {"alpha", "beta", "gamma", "delta", "epsilon"};
static const char *const topics[] = {"piracy", "safety", "cyber"};
static const char *const areas[] = {"NGA", "BEN", "SOM", "FRA"};

static struct plain random_report(uint8_t id)
{
    struct plain p = {.id = id, .topic = rand() % 3, .area = rand() % 4, .has_position = rand() % 2, .issued = sim->now / 1000 * 1000};
    char more[256], position[80] = "", text[64];
    for (int i = 0; i < 3; i++)
        p.word[i] = rand() % 5;
    p.lat = rand() % 181 - 90;
    p.lon = rand() % 361 - 180;
    if (p.has_position)
        snprintf(position, sizeof position, "<position lat='%.0f' lon='%.0f'/>", p.lat, p.lon);
    snprintf(more, sizeof more, "<topic>%s</topic><area>%s</area>%s", topics[p.topic], areas[p.area], position);
    snprintf(text, sizeof text, "%s %s", words[p.word[1]], words[p.word[2]]);
    publish(id, 1, words[p.word[0]], more, text);
    return p;
}

struct question {
    int word[2], topic, area, type, box; // -1 = not asked
    int south, west, north, east;
};

static bool fits(const struct plain *p, const struct question *q)
{
    for (int i = 0; i < 2; i++)
        if (q->word[i] >= 0 && q->word[i] != p->word[0] && q->word[i] != p->word[1] && q->word[i] != p->word[2])
            return false;
    if ((q->topic >= 0 && q->topic != p->topic) || (q->area >= 0 && q->area != p->area))
        return false;
    if (q->type >= 0 && q->type != p->id % 2)
        return false;
    if (q->box < 0)
        return true;
    bool lon = q->west <= q->east ? p->lon >= q->west && p->lon <= q->east : p->lon >= q->west || p->lon <= q->east;
    return p->has_position && lon && p->lat >= q->south && p->lat <= q->north;
}

static int maybe(int n)
{
    return rand() % 3 ? -1 : rand() % n;
}

static void put_question(const struct question *q, char out[256])
{
    size_t n = 0;
    out[0] = 0;
    if (q->word[0] >= 0 || q->word[1] >= 0)
        n += (size_t)snprintf(out + n, 256 - n, "&text=%s%%20%s", q->word[0] >= 0 ? words[q->word[0]] : "",
                              q->word[1] >= 0 ? words[q->word[1]] : "");
    if (q->topic >= 0)
        n += (size_t)snprintf(out + n, 256 - n, "&topic=%s", topics[q->topic]);
    if (q->area >= 0)
        n += (size_t)snprintf(out + n, 256 - n, "&area=%s", areas[q->area]);
    if (q->type >= 0)
        n += (size_t)snprintf(out + n, 256 - n, "&type=%s", q->type ? "INTREP" : "INTSUM");
    if (q->box >= 0)
        snprintf(out + n, 256 - n, "&box=%d,%d,%d,%d", q->south, q->west, q->north, q->east);
}

static void random_questions_are_answered_as_by_looking_at_all(void **state)
{
    struct plain reports[REPORTS];
    size_t hits = 0;
    (void)state;
    srand(4711);
    for (uint8_t i = 0; i < REPORTS; i++)
        reports[i] = random_report((uint8_t)(i + 1));
    for (int n = 0; n < QUERIES; n++) {
        char query[300] = "?limit=100", expected[1024] = "";
        struct question q = {.word = {maybe(5), maybe(5)}, .topic = maybe(3), .area = maybe(4), .type = maybe(2), .box = maybe(1)};
        int a = rand() % 181 - 90, b = rand() % 181 - 90;
        q.south = a < b ? a : b;
        q.north = a < b ? b : a;
        q.west = rand() % 361 - 180;
        q.east = rand() % 361 - 180;
        put_question(&q, query + strlen(query));
        size_t used = 0;
        for (size_t i = REPORTS; i-- > 0;)
            if (fits(&reports[i], &q)) {
                used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%d", used ? " " : "", reports[i].id);
                hits++;
            }
        const char *answer = found(query);
        if (strcmp(answer, expected) != 0)
            fail_msg("%s: found %s, expected %s", query, answer, expected);
    }
    assert_true(hits > QUERIES);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_condition_finds_what_fits),
        T(a_result_shows_its_markings),
        T(pages_follow_each_other),
        T(what_is_not_understood_is_refused),
        T(a_recall_takes_every_word_along),
        T(a_new_version_takes_the_place_of_the_older_one),
        T(partners_find_what_they_were_given),
        T(a_damaged_index_forgets_all_the_same),
        T(an_older_store_gets_its_index),
        T(random_questions_are_answered_as_by_looking_at_all),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
