#include "tests/support/import_support.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "node/io/file.h"

enum status import_keep(void *ctx, const struct import_draft *draft)
{
    struct kept_drafts *k = ctx;
    BUG_IF(k->count == KEPT_MAX);
    struct kept_draft *to = &k->drafts[k->count++];
    snprintf(to->name, sizeof to->name, "%s", draft->name);
    to->xml = arena_str(k->a, draft->xml);
    to->len = draft->xml.len;
    to->line = draft->line;
    to->version = draft->version;
    to->id = draft->id;
    to->until = draft->until;
    to->cancel_count = draft->cancel_count;
    for (size_t i = 0; i < draft->cancel_count && i < sizeof to->cancels / sizeof *to->cancels; i++)
        to->cancels[i] = draft->cancels[i];
    return to->xml ? ST_OK : ST_NOMEM;
}

const char *import_kept(const struct kept_drafts *k, const char *name)
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->drafts[i].name, name) == 0)
            return k->drafts[i].xml;
    return NULL;
}

struct span import_test_file(struct arena *a, const char *path)
{
    struct span bytes;
    BUG_IF(file_read(path, IMPORT_BYTES_MAX, a, NULL, &bytes) != ST_OK);
    return bytes;
}
