#include "tests/support/export_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "formats/base/encode.h"
#include "formats/base/limits.h"

static enum status begin(void *ctx, const char *path)
{
    struct export_files *f = ctx;
    assert_true(f->count < sizeof f->files / sizeof *f->files);
    snprintf(f->files[f->count].path, EXPORT_PATH_MAX, "%s", path);
    buf_init(&f->files[f->count++].bytes, 16 * MIB);
    return ST_OK;
}

static enum status put(void *ctx, struct span bytes)
{
    struct export_files *f = ctx;
    buf_span(&f->files[f->count - 1].bytes, bytes);
    return buf_status(&f->files[f->count - 1].bytes);
}

static enum status end(void *ctx, struct digest *ret_digest, uint64_t *ret_len)
{
    struct export_files *f = ctx;
    *ret_digest = sha256(buf_bytes(&f->files[f->count - 1].bytes));
    *ret_len = f->files[f->count - 1].bytes.len;
    return ST_OK;
}

struct export_sink export_files_sink(struct export_files *f)
{
    return (struct export_sink){begin, put, end, f};
}

static enum status get(void *ctx, const char *path, struct span *ret)
{
    struct export_files *f = ctx;
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0) {
            *ret = buf_bytes(&f->files[i].bytes);
            return ST_OK;
        }
    return ST_NOT_FOUND;
}

static enum status each(void *ctx, enum status (*on_file)(void *of, const char *path), void *of)
{
    struct export_files *f = ctx;
    for (size_t i = 0; i < f->count; i++)
        assert_int_equal(on_file(of, f->files[i].path), ST_OK);
    return ST_OK;
}

struct export_source export_files_source(struct export_files *f)
{
    return (struct export_source){get, each, f};
}

void export_files_fini(struct export_files *f)
{
    for (size_t i = 0; i < f->count; i++)
        buf_fini(&f->files[i].bytes);
    f->count = 0;
}

struct buf *export_files_of(struct export_files *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0)
            return &f->files[i].bytes;
    fail_msg("the export has no %s", path);
    return NULL;
}

void export_files_remove(struct export_files *f, const char *path)
{
    buf_fini(export_files_of(f, path));
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0) {
            f->files[i] = f->files[--f->count];
            return;
        }
}

void export_files_sign(struct export_files *f, const char *name, const struct note_key *key, const char *from, const char *to)
{
    struct buf *note = export_files_of(f, "export"), text;
    char *old = strdup(buf_cstr(note)), *files = strstr(old, "\nfile ");
    buf_init(&text, MIB);
    assert_non_null(files);
    files[1] = 0;
    char *at = from ? strstr(old, from) : NULL;
    assert_true(!from || at);
    if (at) {
        buf_put(&text, old, (size_t)(at - old));
        buf_puts(&text, to);
        buf_puts(&text, at + strlen(from));
    } else {
        buf_puts(&text, old);
    }
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->files[i].path, "export") == 0)
            continue;
        struct digest d = sha256(buf_bytes(&f->files[i].bytes));
        buf_puts(&text, "file ");
        hex_put(&text, span_of(d.b, SHA256_LEN));
        buf_printf(&text, " %zu %s\n", f->files[i].bytes.len, f->files[i].path);
    }
    buf_reset(note);
    assert_int_equal(note_sign(buf_bytes(&text), name, key, note), ST_OK);
    buf_fini(&text);
    free(old);
}

static void write_file(const char *folder, const char *path, const struct buf *bytes)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", folder, path);
    for (char *slash = full + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *out = fopen(full, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes->ptr ? (const void *)bytes->ptr : "", 1, bytes->len, out), bytes->len);
    fclose(out);
}

int export_files_script(const struct export_files *f, const char *script, const struct note_vkey *key)
{
    char command[1200], folder[] = "/tmp/relto-export-XXXXXX";
    struct buf text;
    if (system("python3 -c '' 2>/dev/null") != 0)
        return -1;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < f->count; i++)
        write_file(folder, f->files[i].path, &f->files[i].bytes);
    buf_init(&text, NOTE_VKEY_MAX);
    note_vkey(key->name, key->type, key->pub, &text);
    snprintf(command, sizeof command, "python3 '%s' '%s' '%s' >/dev/null 2>&1", script, folder, buf_cstr(&text));
    int code = system(command);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
    buf_fini(&text);
    return WIFEXITED(code) ? WEXITSTATUS(code) : 99;
}
