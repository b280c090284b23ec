#include "tools/relto/draft_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/sha256_stream.h"
#include "formats/xml.h"
#include "tools/relto/client.h"

enum { READ_BYTES = 1024 * SHA256_BLOCK, UPLOAD_TRIES = 8 };

// ---- options

int attach_take_options(int *argc, char **argv, struct attach_files *f)
{
    static const char option[] = "--attach";
    int kept = 1;
    bool only_operands = false;
    for (int i = 1; i < *argc; i++) {
        const char *value = NULL;
        only_operands |= strcmp(argv[i], "--") == 0;
        if (!only_operands && strcmp(argv[i], option) == 0 && !(value = argv[++i]))
            return cli_usage(argv[0], "option '%s' needs a value", option);
        if (!only_operands && !value && strncmp(argv[i], "--attach=", sizeof option) == 0)
            value = argv[i] + sizeof option;
        if (!value)
            argv[kept++] = argv[i];
        else if (f->named_count == ATTACH_FILES_MAX)
            return cli_usage(argv[0], "more than %d files with %s", ATTACH_FILES_MAX, option);
        else
            f->named[f->named_count++] = value;
    }
    *argc = kept;
    argv[kept] = NULL;
    return -1;
}

// ---- files

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Read until `cap` bytes are there, or the file ends.
static enum status read_full(int fd, uint8_t *out, size_t cap, size_t *ret_len)
{
    *ret_len = 0;
    while (*ret_len < cap) {
        ssize_t n = read(fd, out + *ret_len, cap - *ret_len);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return ST_IO;
        if (n > 0)
            *ret_len += (size_t)n;
    }
    return ST_OK;
}

static enum status hash_fd(int fd, struct attach_file *f)
{
    struct sha256_stream hash;
    size_t len;
    uint8_t *bytes = malloc(READ_BYTES);
    enum status st = bytes ? ST_OK : ST_NOMEM;
    sha256_stream_init(&hash);
    f->size = 0;
    while (st == ST_OK && (st = read_full(fd, bytes, READ_BYTES, &len)) == ST_OK) {
        f->size += len;
        if (len < READ_BYTES)
            break;
        sha256_stream_blocks(&hash, span_of(bytes, len));
    }
    if (st == ST_OK) {
        size_t whole = len / SHA256_BLOCK * SHA256_BLOCK;
        sha256_stream_blocks(&hash, span_of(bytes, whole));
        f->digest = sha256_stream_end(&hash, span_of(bytes + whole, len - whole));
    }
    free(bytes);
    return st;
}

static enum status hash_file(struct diag *d, struct attach_file *f)
{
    struct stat sb;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    enum status st = fd >= 0 && fstat(fd, &sb) == 0 ? ST_OK : errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    if (st == ST_OK && !S_ISREG(sb.st_mode)) {
        errno = EINVAL;
        st = ST_INVALID;
    }
    if (st == ST_OK)
        st = hash_fd(fd, f);
    if (st != ST_OK)
        diag_add(d, 0, 0, "attachment-file", f->path, "cannot read: %s", st == ST_INVALID ? "not a file" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return st;
}

// ---- the draft

struct filling {
    const struct cli *cli;
    const char *draft_file;
    struct attach_files *files;
    bool used[ATTACH_FILES_MAX]; // of those named
    bool changed;
};

static const char *media_type(const char *name)
{
    static const char *const types[][2] = {
        {"jpg", "image/jpeg"},      {"jpeg", "image/jpeg"},     {"png", "image/png"},        {"gif", "image/gif"},
        {"tif", "image/tiff"},      {"tiff", "image/tiff"},     {"svg", "image/svg+xml"},    {"webp", "image/webp"},
        {"pdf", "application/pdf"}, {"txt", "text/plain"},      {"csv", "text/csv"},         {"html", "text/html"},
        {"xml", "application/xml"}, {"json", "application/json"}, {"geojson", "application/geo+json"},
        {"kml", "application/vnd.google-earth.kml+xml"},        {"zip", "application/zip"},  {"gz", "application/gzip"},
        {"mp4", "video/mp4"},       {"mpeg", "video/mpeg"},     {"wav", "audio/wav"},        {"mp3", "audio/mpeg"},
        {"odt", "application/vnd.oasis.opendocument.text"},
        {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(dot + 1, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static enum status add_attr(struct filling *x, struct xml_node *n, const char *name, const char *value)
{
    struct xml_attr *a = arena_alloc(x->cli->arena, sizeof *a);
    if (!a || !value)
        return arena_status(x->cli->arena);
    *a = (struct xml_attr){.next = n->attrs, .ns = "", .prefix = "", .name = name, .value = value};
    n->attrs = a;
    x->changed = true;
    return ST_OK;
}

// What the draft says must be so; what it leaves out is filled in.
static enum status fill_attr(struct filling *x, struct xml_node *n, const char *name, const char *value, bool compare)
{
    const char *said = xml_attr(n, name);
    if (!said)
        return add_attr(x, n, name, value);
    if (!compare || strcmp(said, value) == 0)
        return ST_OK;
    xml_fault(n, x->cli->diag, "attachment-file", "the draft says %s=\"%s\", the file has %s", name, said, value);
    return ST_INVALID;
}

static enum status describe(struct filling *x, struct xml_node *n, const struct attach_file *f)
{
    char digest[DIGEST_TEXT_LEN + 1];
    struct arena *a = x->cli->arena;
    const char *size = arena_printf(a, "%llu", (unsigned long long)f->size);
    const char *hex = arena_cstr(a, digest_text(&f->digest, digest) + strlen("sha256:"));
    const char *type = arena_cstr(a, media_type(base_name(f->path)));
    if (!size || !hex || !type)
        return arena_status(a);
    TRY(fill_attr(x, n, "media-type", type, false));
    TRY(fill_attr(x, n, "size", size, true));
    return fill_attr(x, n, "sha256", hex, true);
}

// The file for this name: named, or beside the draft; NULL when there is none.
static const char *find_file(struct filling *x, const char *name)
{
    for (size_t i = 0; i < x->files->named_count; i++)
        if (strcmp(base_name(x->files->named[i]), name) == 0) {
            x->used[i] = true;
            return x->files->named[i];
        }
    if (strchr(name, '/') || !*name)
        return NULL;
    size_t folder = (size_t)(base_name(x->draft_file) - x->draft_file);
    const char *path = arena_printf(x->cli->arena, "%.*s%s", (int)folder, x->draft_file, name);
    return path && access(path, F_OK) == 0 ? path : NULL;
}

static enum status add_found(struct filling *x, const char *path, struct attach_file **ret)
{
    struct attach_files *f = x->files;
    if (f->found_count == ATTACH_FILES_MAX) {
        diag_add(x->cli->diag, 0, 0, "attachment-file", path, "more than %d attachments", ATTACH_FILES_MAX);
        return ST_LIMIT;
    }
    *ret = &f->found[f->found_count];
    **ret = (struct attach_file){.path = path};
    TRY(hash_file(x->cli->diag, *ret));
    f->found_count++;
    return ST_OK;
}

static enum status fill_element(struct filling *x, struct xml_node *n)
{
    struct attach_file *f;
    const char *name = xml_attr(n, "name");
    const char *path = name ? find_file(x, name) : NULL;
    if (!name || (!path && xml_attr(n, "size") && xml_attr(n, "sha256")))
        return ST_OK; // nothing to go by, or the bytes were brought before
    if (!path) {
        xml_fault(n, x->cli->diag, "attachment-file",
                  "there is no file \"%s\" beside the draft; put it there, or name it with --attach", name);
        return ST_INVALID;
    }
    TRY(add_found(x, path, &f));
    return describe(x, n, f);
}

// An element of its own, behind all others: under the overall label.
static enum status add_element(struct filling *x, struct xml_node *root, const char *path)
{
    struct attach_file *f;
    struct xml_node *n = arena_alloc(x->cli->arena, sizeof *n);
    if (!n)
        return arena_status(x->cli->arena);
    *n = (struct xml_node){.parent = root, .name = "attachment", .ns = root->ns, .prefix = root->prefix};
    TRY(add_found(x, path, &f));
    TRY(add_attr(x, n, "name", arena_cstr(x->cli->arena, base_name(path))));
    TRY(describe(x, n, f));
    root->last->next = n; // a draft has children
    root->last = n;
    return ST_OK;
}

static enum status fill(struct filling *x, struct xml_node *root)
{
    enum status worst = ST_OK;
    for (struct xml_node *n = xml_first(root); n; n = xml_next(n)) {
        enum status st = xml_is(n, NS_REPORT, "attachment") ? fill_element(x, n) : ST_OK;
        worst = worst == ST_OK ? st : worst;
    }
    for (size_t i = 0; i < x->files->named_count && worst == ST_OK; i++)
        if (!x->used[i])
            worst = add_element(x, root, x->files->named[i]);
    return worst;
}

static enum status write_draft(const struct cli *cli, struct xml_node *root, struct span *ret)
{
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    xml_canonical(root, &out);
    enum status st = buf_status(&out);
    const char *copy = st == ST_OK ? arena_str(cli->arena, buf_bytes(&out)) : NULL;
    if (copy)
        *ret = span_of(copy, out.len);
    else if (st == ST_OK)
        st = arena_status(cli->arena);
    buf_fini(&out);
    return st;
}

enum status attach_fill(const struct cli *cli, const char *draft_file, struct span bytes, struct attach_files *f,
                        struct span *ret)
{
    struct xml_node *root;
    struct filling *x = arena_alloc(cli->arena, sizeof *x);
    if (!x)
        return arena_status(cli->arena);
    *x = (struct filling){.cli = cli, .draft_file = draft_file, .files = f};
    f->found_count = 0;
    diag_init(cli->diag, draft_file);
    *ret = bytes;
    // What is wrong with the draft is told by the reader of reports, all of it.
    if (xml_read(bytes, XML_UNTRUSTED, cli->arena, NULL, &root) != ST_OK || !xml_is(root, NS_REPORT, "report") || !root->last)
        return arena_status(cli->arena);
    TRY(fill(x, root));
    return x->changed ? write_draft(cli, root, ret) : ST_OK;
}

// ---- uploading

static int upload(const struct cli *cli, const struct attach_file *f, const char *who)
{
    char digest[DIGEST_TEXT_LEN + 1];
    struct client_answer answer = {0};
    struct client_call call = {.method = "PUT", .file = f->path, .who = who};
    digest_text(&f->digest, digest);
    for (int i = 0; i < UPLOAD_TRIES; i++) {
        call.path = arena_printf(cli->arena, "/v1/attachments/%s?offset=%llu", digest + strlen("sha256:"),
                                 (unsigned long long)call.file_from);
        diag_init(cli->diag, NULL);
        enum status st = call.path ? client_call(cli, &call, &answer) : arena_status(cli->arena);
        if (st == ST_UNREACHABLE)
            diag_add(cli->diag, 0, 0, "upload", f->path, "the same command goes on where it was broken off");
        if (st != ST_OK)
            return cli_fail_status(cli, f->path, st);
        if (answer.status / 100 == 2)
            return -1;
        if (answer.status != 409 || answer.upload_offset > f->size)
            break;
        call.file_from = answer.upload_offset; // an earlier upload came so far
    }
    return client_fail(cli, f->path, &answer);
}

int attach_upload(const struct cli *cli, const struct attach_files *f, const char *who)
{
    int code = -1;
    for (size_t i = 0; i < f->found_count && code < 0; i++) {
        if (cli_is_terminal(STDERR_FILENO))
            fprintf(stderr, "bringing %s, %llu bytes\n", f->found[i].path, (unsigned long long)f->found[i].size);
        code = upload(cli, &f->found[i], who);
    }
    return code;
}
