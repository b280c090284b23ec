#include "node/core/reason.h"

#include "formats/text_rules.h"
#include "formats/xml.h"

// The one reader of XML says which characters may stand in a document.
static enum status is_text(const char *reason, bool *ret)
{
    struct buf b;
    struct xml_node *root;
    uint32_t c;
    enum text_verdict v = TEXT_CONTROL;
    buf_init(&b, 8 * KIB);
    buf_puts(&b, "<reason>");
    buf_xml_text(&b, span_cstr(reason));
    buf_puts(&b, "</reason>");
    struct arena *a = xml_arena_new(b.len);
    enum status st = a ? buf_status(&b) : ST_NOMEM;
    if (st == ST_OK)
        st = xml_read(buf_bytes(&b), XML_UNTRUSTED, a, NULL, &root);
    bool characters = st == ST_OK;
    if (characters)
        st = text_rules_check(span_cstr(reason), false, &v, &c);
    *ret = characters && (v == TEXT_OK || v == TEXT_NOT_NFC) && reason[strspn(reason, " ")];
    arena_free(&a);
    buf_fini(&b);
    return st == ST_NOMEM ? ST_NOMEM : ST_OK;
}

enum status reason_read(const struct request *rq, char out[REASON_BYTES_MAX], bool *ret_good)
{
    *ret_good = http_query_get(rq->head.query, "reason", out, REASON_BYTES_MAX);
    if (*ret_good)
        TRY(is_text(out, ret_good));
    if (!*ret_good)
        out[0] = 0;
    return ST_OK;
}
