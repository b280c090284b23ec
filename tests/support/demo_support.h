// The three demo nodes without nodes: their policies and the drafts of their sample reports.
#ifndef RELTO_TESTS_SUPPORT_DEMO_SUPPORT_H
#define RELTO_TESTS_SUPPORT_DEMO_SUPPORT_H

#include "formats/report.h"
#include "policy/ruleset.h"
#include "tests/support/import_support.h"

enum { DEMO_NODES = 3 };

struct demo_report {
    const char *name;
    const struct report *report;
};

struct demo_node {
    const char *nation;
    struct ruleset *rules;
    size_t report_count;
    struct demo_report reports[KEPT_MAX];
};

struct demo {
    struct arena *a;
    struct demo_node nodes[DEMO_NODES]; // GBR, FRA, MARSEC
};

// Load policies and samples from SOURCE_DIR/conf; aborts, with what was wrong on standard error, when one is no good.
void demo_load(struct demo *demo, const char *source_dir);
void demo_free(struct demo *demo);

#endif
