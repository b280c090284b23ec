#include "tools/relto/show_attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/sha256_stream.h"
#include "store/attachments.h"

static enum status is_here(const struct local *l, const struct stored_report *s, const struct report_child *c, bool *ret)
{
    struct attachment_use u = {.id = s->record.id, .version = s->record.version, .size = c->size_bytes};
    snprintf(u.source, sizeof u.source, "%s", s->record.source);
    snprintf(u.nation, sizeof u.nation, "%s", s->report->nation);
    return attachment_here(l->tick.txn, &c->sha256, &u, ret);
}

bool show_find_attachment(const struct local *l, const struct stored_report *s, const char *element, struct digest *ret,
                          uint64_t *ret_size)
{
    const struct report_child *c = s->report->children, *end = c + s->report->child_count;
    while (c < end && (c->kind != REPORT_ATTACHMENT || (strcmp(c->id, element) != 0 && strcmp(c->name, element) != 0)))
        c++;
    if (c == end) {
        cli_fail(0, element, "the report shows no such attachment; 'relto show' lists them as e<number> with their names");
        return false;
    }
    bool here;
    enum status st = is_here(l, s, c, &here);
    if (st != ST_OK || !here) {
        cli_fail(0, element, "%s", st != ST_OK ? status_text(st) : "its bytes have not come yet; 'relto sync status' says why");
        return false;
    }
    *ret = c->sha256;
    *ret_size = c->size_bytes;
    return true;
}

enum status show_missing(const struct local *l, const struct stored_report *s)
{
    for (size_t i = 0; i < s->report->child_count; i++) {
        const struct report_child *c = &s->report->children[i];
        bool here = true;
        if (c->kind == REPORT_ATTACHMENT)
            TRY(is_here(l, s, c, &here));
        if (!here)
            cli_fail(0, c->id, "the bytes of this attachment have not come yet; 'relto sync status' says why");
    }
    return ST_OK;
}

// ---- writing

static enum status write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_IO;
        bytes += n;
        len -= (size_t)n;
    }
    return ST_OK;
}

static enum status copy(const struct local *l, const struct digest *d, uint64_t size, int fd, uint8_t *chunk)
{
    struct sha256_stream hash;
    struct digest got = sha256(span_of(NULL, 0));
    sha256_stream_init(&hash);
    for (uint64_t at = 0; at < size;) {
        size_t len;
        TRY(attachment_read(l->tick.txn, d, at, chunk, &len));
        TRY(write_all(fd, chunk, len));
        at += len;
        size_t whole = len / SHA256_BLOCK * SHA256_BLOCK; // all but of the last one
        sha256_stream_blocks(&hash, span_of(chunk, whole));
        got = sha256_stream_end(&hash, span_of(chunk + whole, len - whole));
    }
    return digest_eq(&got, d) ? ST_OK : ST_CORRUPT;
}

int show_write_attachment(const struct cli *cli, const struct digest *d, uint64_t size, const char *file)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        code = cli_fail(EXIT_NO, file, "cannot make: %s", errno == EEXIST ? "there is a file of this name" : strerror(errno));
    } else {
        uint8_t *chunk = malloc(ATTACHMENT_CHUNK);
        enum status st = chunk ? copy(&l, d, size, fd, chunk) : ST_NOMEM;
        if (close(fd) != 0 && st == ST_OK)
            st = ST_IO;
        free(chunk);
        code = EXIT_DONE;
        if (st != ST_OK) {
            unlink(file);
            code = cli_fail(cli_code(st), file, "%s", st == ST_NOT_FOUND ? "recalled meanwhile" : status_text(st));
        }
    }
    (void)local_close(&l, false);
    return code;
}
