#include "tools/relto/import_secret.h"

#include <unistd.h>

#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/base/random.h"
#include "node/io/file.h"
#include "tools/relto/node_files.h"

static enum status make(const struct cli *cli, const char *path)
{
    uint8_t secret[IMPORT_SECRET_BYTES];
    struct random_source random = random_system();
    struct buf text;
    random_fill(&random, secret, sizeof secret);
    buf_init(&text, KIB);
    hex_put(&text, span_of(secret, sizeof secret));
    buf_putc(&text, '\n');
    enum status st = buf_status(&text);
    if (st == ST_OK)
        st = file_write(path, buf_bytes(&text), 0600, cli->diag);
    buf_fini(&text);
    return st;
}

enum status import_secret(const struct cli *cli, const struct config *config, const uint8_t **ret)
{
    const char *path = arena_printf(cli->arena, "%s/%s", config->dir, NODE_IMPORT_KEY);
    uint8_t *secret = arena_alloc(cli->arena, IMPORT_SECRET_BYTES);
    struct span text;
    TRY(arena_status(cli->arena));
    if (access(path, F_OK) != 0)
        TRY(make(cli, path));
    TRY(file_read(path, KIB, cli->arena, cli->diag, &text));
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (hex_get(text, secret, IMPORT_SECRET_BYTES) != ST_OK) {
        diag_init(cli->diag, path);
        diag_add(cli->diag, 1, 0, "import-key", NULL,
                 "expected 64 lower-case hexadecimal digits; bring the file back from a backup, for with another one every import is new");
        return ST_INVALID;
    }
    *ret = secret;
    return ST_OK;
}
