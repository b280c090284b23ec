// Searching the reports that the node holds (spec 4.5).
//
// Readings chosen where the specification leaves room:
// - People of the own nation (cells, officers) find all that their node holds, own and received: who may read what inside a
//   nation is not Relto's. They get titles under their markings, not reports: opening one is an act of its own, which
//   the audit log records (`relto show`). Searches are not recorded.
// - What a partner withheld from us is not here, so it is not found. Older versions are not found.
// - `from` and `until` are about the time of issue, from <= issued < until. Order: the latest issue first.
// - `area` may be a region of the vocabulary: any of its areas then. `box` is about the stated position, without its radius.
#ifndef RELTO_NODE_CORE_SEARCH_FLOW_H
#define RELTO_NODE_CORE_SEARCH_FLOW_H

#include "node/core/core.h"
#include "store/search.h"

#define NS_SEARCH "urn:relto:search:1"

enum {
    SEARCH_PAGE_DEFAULT = 64,
    SEARCH_PAGE_MAX = 256,
    SEARCH_TEXT_MAX = 256,          // bytes of `text`
    SEARCH_UPDATE_PER_REQUEST = 512, // reports taken into the index before an answer
};

// What is asked, from names and values as they stand in the address or on the command line.
struct search_ask {
    struct search_query query;
    struct search_place after;
    size_t limit;
    char text[SEARCH_TEXT_MAX + 1], topic[65], type[65], nation[65], area[65];
    const char *areas[SEARCH_TERMS_MAX]; // for query.areas
};

// The names: "text", "topic", "area", "type", "originator", "from", "until", "box", "limit", "after"; then NULL.
extern const char *const search_names[];
void search_ask_init(struct search_ask *a);
// Take one of the names. NULL, or what was expected instead of this value; static. `a` is then not to be used.
const char *search_ask_set(struct search_ask *a, const struct ruleset *rules, const char *name, const char *value);

// GET /v1/reports?…: 200 with one page of Atom (formats/schema/search.xsd); 422 `search-form` for a name or value that is
// not understood: no condition is ever left out in silence; 503 `index-behind` while more was stored than could be taken
// into the index for this answer.
MUST_USE enum status search_serve(struct tick *t, const struct request *rq, struct reply *rp);

// Take what was stored into the index, unless the tick has better to do. *ret_more: there is more.
MUST_USE enum status search_work(struct tick *t, size_t reports_max, bool *ret_more);

#endif
