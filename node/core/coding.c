#include "node/core/coding.h"

#include <strings.h>

const char *coding_text(enum coding c)
{
    switch (c) {
    case CODING_NONE:
        return "identity";
    case CODING_GZIP:
        return "gzip";
    case CODING_ZSTD:
        return "zstd";
    }
    return "identity";
}

static bool is_named(struct span s, const char *name)
{
    return s.len == strlen(name) && strncasecmp((const char *)s.ptr, name, s.len) == 0;
}

enum status coding_parse(struct span name, enum coding *ret)
{
    static const enum coding all[] = {CODING_GZIP, CODING_ZSTD};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is_named(name, coding_text(all[i]))) {
            *ret = all[i];
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

// ---- Accept-Encoding

enum { Q_ONE = 1000, UNNAMED = -1 };

struct offers {
    int zstd, gzip, identity, star; // thousandths, or UNNAMED
};

struct reader {
    struct span s;
    size_t at;
};

static bool at_end(const struct reader *r)
{
    return r->at == r->s.len;
}

static bool take_char(struct reader *r, char c)
{
    if (at_end(r) || r->s.ptr[r->at] != (uint8_t)c)
        return false;
    r->at++;
    return true;
}

static void skip_space(struct reader *r)
{
    while (take_char(r, ' ') || take_char(r, '\t'))
        ;
}

static struct span take_token(struct reader *r)
{
    static const char extra[] = "!#$%&'*+-.^_`|~";
    size_t from = r->at;
    for (; !at_end(r); r->at++) {
        uint8_t c = r->s.ptr[r->at];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == 0 || !strchr(extra, c)))
            break;
    }
    return span_sub(r->s, from, r->at);
}

// 0 or 1, with up to three decimals; at most 1.
static bool take_qvalue(struct reader *r, int *ret)
{
    int q = take_char(r, '1') ? Q_ONE : take_char(r, '0') ? 0 : UNNAMED;
    if (q == UNNAMED)
        return false;
    if (take_char(r, '.'))
        for (int unit = 100; unit > 0 && !at_end(r) && r->s.ptr[r->at] >= '0' && r->s.ptr[r->at] <= '9'; unit /= 10)
            q += unit * (r->s.ptr[r->at++] - '0');
    *ret = q;
    return q <= Q_ONE;
}

// `;q=` and its value, or nothing.
static bool take_weight(struct reader *r, int *ret)
{
    *ret = Q_ONE;
    skip_space(r);
    if (!take_char(r, ';'))
        return true;
    skip_space(r);
    return (take_char(r, 'q') || take_char(r, 'Q')) && take_char(r, '=') && take_qvalue(r, ret);
}

static bool note_offer(struct offers *o, struct span name, int q)
{
    int *at = is_named(name, "zstd") ? &o->zstd : is_named(name, "gzip") ? &o->gzip : is_named(name, "identity") ? &o->identity
            : is_named(name, "*") ? &o->star : NULL;
    if (!at)
        return true; // one that we do not have
    if (*at != UNNAMED)
        return false;
    *at = q;
    return true;
}

static bool read_offers(struct span header, struct offers *o)
{
    struct reader r = {.s = header};
    *o = (struct offers){UNNAMED, UNNAMED, UNNAMED, UNNAMED};
    for (;;) {
        int q;
        skip_space(&r);
        struct span name = take_token(&r);
        if (name.len && (!take_weight(&r, &q) || !note_offer(o, name, q)))
            return false;
        skip_space(&r);
        if (at_end(&r))
            return true;
        if (!take_char(&r, ','))
            return false;
    }
}

enum status coding_choose(struct span accept_encoding, enum coding *ret)
{
    struct offers o;
    *ret = CODING_NONE;
    if (!read_offers(accept_encoding, &o))
        return ST_OK;
    int others = o.star == UNNAMED ? 0 : o.star;
    int zstd = o.zstd == UNNAMED ? others : o.zstd, gzip = o.gzip == UNNAMED ? others : o.gzip;
    int none = o.identity != UNNAMED ? o.identity : o.star != 0; // allowed, yet the last choice
    if (zstd > 0 && zstd >= gzip && zstd >= none)
        *ret = CODING_ZSTD;
    else if (gzip > 0 && gzip >= none)
        *ret = CODING_GZIP;
    else if (none == 0)
        return ST_UNSUPPORTED;
    return ST_OK;
}

bool coding_agree(const struct request *rq, struct reply *rp)
{
    reply_header(rp, "Vary", "Accept-Encoding");
    if (coding_choose(http_header_get(&rq->head, "accept-encoding"), &rp->coding) == ST_OK)
        return true;
    reply_problem(rp, 406, "not-acceptable", "Accept-Encoding excludes every form of the answer",
                  "There is zstd, gzip and identity.", NULL);
    return false;
}

// ---- entity tags

bool etag_listed(struct span if_none_match, const char *etag)
{
    struct reader r = {.s = if_none_match};
    if (span_eq_cstr(if_none_match, "*"))
        return true;
    for (;;) {
        skip_space(&r);
        if (take_char(&r, 'W') && !take_char(&r, '/'))
            return false;
        size_t from = r.at;
        if (!take_char(&r, '"'))
            return false;
        while (!at_end(&r) && r.s.ptr[r.at] != '"')
            r.at++;
        if (!take_char(&r, '"'))
            return false;
        if (span_eq_cstr(span_sub(r.s, from, r.at), etag))
            return true;
        skip_space(&r);
        if (!take_char(&r, ','))
            return false;
    }
}
