#include "tests/support/labels_input.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"

struct labels_input labels_input_new(const char *file)
{
    struct labels_input in = {.a = arena_new(64 * MIB), .d = malloc(sizeof(struct diag))};
    BUG_IF(!in.a || !in.d);
    diag_init(in.d, file);
    return in;
}

void labels_input_free(struct labels_input *in)
{
    arena_free(&in->a);
    free(in->d);
    in->d = NULL;
}

struct xml_node *labels_input_xml(struct labels_input *in, const char *text)
{
    struct xml_node *root = NULL;
    if (xml_read(span_cstr(text), XML_OPERATOR, in->a, in->d, &root) != ST_OK)
        labels_input_show(in);
    BUG_IF(!root);
    return root;
}

bool labels_input_has(const struct labels_input *in, const char *rule, const char *words)
{
    for (uint32_t i = 0; i < in->d->count; i++) {
        const struct fault *f = &in->d->faults[i];
        if (strcmp(f->rule, rule) == 0 && (strstr(f->element, words) || strstr(f->message, words)))
            return true;
    }
    return false;
}

void labels_input_show(const struct labels_input *in)
{
    struct buf b;
    buf_init(&b, MIB);
    diag_print(in->d, &b);
    fprintf(stderr, "%s", buf_cstr(&b));
    buf_fini(&b);
}

char *labels_replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    BUG_IF(!at);
    size_t head = (size_t)(at - text), size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);
    BUG_IF(!out);
    snprintf(out, size, "%.*s%s%s", (int)head, text, to, at + strlen(from));
    return out;
}
