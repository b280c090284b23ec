// The list of what is in an export, as text: one fact a line.
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "store/export_parts.h"

// ---- lists

static enum status grow(void **list, size_t count, size_t *cap, size_t size, size_t max)
{
    if (count < *cap)
        return ST_OK;
    if (count == max)
        return ST_LIMIT;
    size_t want = *cap ? 2 * *cap : 16;
    void *more = realloc(*list, want * size);
    if (!more)
        return ST_NOMEM;
    *list = more;
    *cap = want;
    return ST_OK;
}

enum status export_add_party(struct export_manifest *m, const struct export_party *p)
{
    void *list = m->parties;
    TRY(grow(&list, m->party_count, &m->cap[0], sizeof *p, 2 * PARTNERS_MAX));
    m->parties = list;
    m->parties[m->party_count++] = *p;
    return ST_OK;
}

enum status export_add_log(struct export_manifest *m, const struct export_log *l)
{
    void *list = m->logs;
    TRY(grow(&list, m->log_count, &m->cap[1], sizeof *l, PARTNERS_MAX + 1));
    m->logs = list;
    m->logs[m->log_count++] = *l;
    return ST_OK;
}

enum status export_add_file(struct export_manifest *m, const struct export_file *f)
{
    void *list = m->files;
    TRY(grow(&list, m->file_count, &m->cap[2], sizeof *f, EXPORT_FILES_MAX));
    m->files = list;
    m->files[m->file_count++] = *f;
    return ST_OK;
}

void export_manifest_fini(struct export_manifest *m)
{
    free(m->parties);
    free(m->logs);
    free(m->files);
    *m = (struct export_manifest){.party_count = 0};
}

const struct export_log *export_log_of(const struct export_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->log_count; i++)
        if (strcmp(m->logs[i].name, name) == 0)
            return &m->logs[i];
    return NULL;
}

// ---- writing

static void put_bound(struct buf *out, const char *word, bool has, utc_ms at)
{
    char text[UTC_TEXT_MAX];
    buf_printf(out, "%s %s\n", word, has ? utc_format_ms(at, text) : "-");
}

void export_manifest_write(const struct export_manifest *m, struct buf *out)
{
    buf_printf(out, "%s\nnode %s\nnation %s\n", EXPORT_FORMAT, m->node, m->nation);
    put_bound(out, "from", m->has_from, m->from);
    put_bound(out, "until", m->has_until, m->until);
    buf_printf(out, "size %llu\nledger-key ", (unsigned long long)m->size);
    base64_put(out, span_of(m->ledger_key, ED25519_LEN));
    buf_putc(out, '\n');
    for (size_t i = 0; i < m->party_count; i++) {
        const struct export_party *p = &m->parties[i];
        buf_printf(out, "cosigner %s ", p->partner);
        note_vkey(p->key.name, p->key.type, p->key.pub, out);
        buf_putc(out, '\n');
    }
    for (size_t i = 0; i < m->log_count; i++)
        buf_printf(out, "log %s %llu %llu\n", m->logs[i].name, (unsigned long long)m->logs[i].first,
                   (unsigned long long)m->logs[i].end);
    for (size_t i = 0; i < m->file_count; i++) {
        buf_puts(out, "file ");
        hex_put(out, span_of(m->files[i].digest.b, SHA256_LEN));
        buf_printf(out, " %llu %s\n", (unsigned long long)m->files[i].len, m->files[i].path);
    }
}

// ---- reading

// Names in exports become parts of paths: letters, digits, '.', '_', '-', and no '.' at the beginning.
static bool path_is_safe(struct span path)
{
    bool begins = true;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (c == '/' ? begins : !word && (c != '.' || begins))
            return false;
        begins = c == '/';
    }
    return path.len > 0 && !begins;
}

static bool copy_text(struct span text, char *out, size_t cap)
{
    if (text.len == 0 || text.len >= cap || memchr(text.ptr, 0, text.len))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return true;
}

static bool copy_path(struct span text, char *out, size_t cap)
{
    return path_is_safe(text) && copy_text(text, out, cap);
}

// The next word of a line, up to a space or the end.
static struct span word(struct span *line)
{
    const uint8_t *space = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
    size_t n = space ? (size_t)(space - line->ptr) : line->len;
    struct span w = span_sub(*line, 0, n);
    *line = span_sub(*line, space ? n + 1 : n, line->len);
    return w;
}

static bool read_bound(struct span text, bool *ret_has, utc_ms *ret)
{
    *ret_has = !span_eq_cstr(text, "-");
    return !*ret_has || utc_parse(text, UTC_ZONE_Z, ret) == ST_OK;
}

static enum status read_party(struct span rest, struct export_manifest *m)
{
    struct export_party p;
    if (!copy_path(word(&rest), p.partner, sizeof p.partner) || note_vkey_parse(rest, &p.key) != ST_OK ||
        p.key.type != NOTE_COSIGNATURE)
        return ST_MALFORMED;
    return export_add_party(m, &p);
}

static enum status read_log(struct span rest, struct export_manifest *m)
{
    struct export_log l;
    if (!copy_path(word(&rest), l.name, sizeof l.name) || !decimal_parse(word(&rest), UINT64_MAX, &l.first) ||
        !decimal_parse(rest, UINT64_MAX, &l.end) || l.first > l.end || export_log_of(m, l.name) ||
        (strcmp(l.name, EXPORT_AUDIT) == 0) != (m->log_count == 0) ||
        (m->log_count && (!span_starts(span_cstr(l.name), EXPORT_RELEASE) || strchr(l.name + strlen(EXPORT_RELEASE), '/'))))
        return ST_MALFORMED;
    return export_add_log(m, &l);
}

static enum status read_file(struct span rest, struct export_manifest *m)
{
    struct export_file f = {.len = 0};
    if (hex_get(word(&rest), f.digest.b, SHA256_LEN) != ST_OK || !decimal_parse(word(&rest), UINT64_MAX, &f.len) ||
        !copy_path(rest, f.path, sizeof f.path) || strcmp(f.path, EXPORT_MANIFEST) == 0)
        return ST_MALFORMED;
    return export_add_file(m, &f);
}

enum { HEAD_LINES = 7 };

// The first lines have their places; then parties, logs and files.
static bool read_head(size_t at, struct span w, struct span rest, struct export_manifest *m)
{
    size_t len;
    switch (at) {
    case 0:
        return span_eq_cstr(w, EXPORT_FORMAT) && rest.len == 0;
    case 1:
        return span_eq_cstr(w, "node") && copy_text(rest, m->node, sizeof m->node);
    case 2:
        return span_eq_cstr(w, "nation") && copy_text(rest, m->nation, sizeof m->nation);
    case 3:
        return span_eq_cstr(w, "from") && read_bound(rest, &m->has_from, &m->from);
    case 4:
        return span_eq_cstr(w, "until") && read_bound(rest, &m->has_until, &m->until);
    case 5:
        return span_eq_cstr(w, "size") && decimal_parse(rest, UINT64_MAX, &m->size);
    default:
        return span_eq_cstr(w, "ledger-key") && base64_get(rest, m->ledger_key, ED25519_LEN, &len) == ST_OK && len == ED25519_LEN;
    }
}

static enum status read_line(size_t at, struct span line, struct export_manifest *m)
{
    struct span rest = line, w = word(&rest);
    if (at < HEAD_LINES)
        return read_head(at, w, rest, m) ? ST_OK : ST_MALFORMED;
    if (span_eq_cstr(w, "cosigner"))
        return read_party(rest, m);
    if (span_eq_cstr(w, "log"))
        return read_log(rest, m);
    return span_eq_cstr(w, "file") ? read_file(rest, m) : ST_MALFORMED;
}

enum status export_manifest_read(struct span text, struct export_manifest *ret)
{
    size_t at = 0;
    *ret = (struct export_manifest){.party_count = 0};
    for (size_t from = 0; from < text.len; at++) {
        const uint8_t *lf = memchr(text.ptr + from, '\n', text.len - from);
        if (!lf)
            return ST_MALFORMED;
        size_t to = (size_t)(lf - text.ptr);
        TRY(read_line(at, span_sub(text, from, to), ret));
        from = to + 1;
    }
    return at >= HEAD_LINES && ret->log_count ? ST_OK : ST_MALFORMED;
}
