// relto tlog: notes, checkpoints and Merkle proofs of any transparency log, checked with nothing but what is given.
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/note.h"
#include "node/io/file.h"
#include "store/merkle.h"
#include "tools/relto/cli.h"

static const char help[] =
    "usage: relto tlog note --key KEY FILE\n"
    "       relto tlog root --leaves FILE [--size S]\n"
    "       relto tlog prove --leaves FILE (--index N | --old N) [--size S]\n"
    "       relto tlog inclusion --index N --size S --root HASH (--leaf FILE | --leaf-hash HASH) [HASH...]\n"
    "       relto tlog consistency --old N --old-root HASH --size S --root HASH [HASH...]\n\n"
    "note verifies a signed note (C2SP signed-note, checkpoints and cosignatures too) and prints who signed it. KEY is a\n"
    "verifier key, or a file with one on each line. The others are about RFC 6962 trees: root and prove compute, from a\n"
    "file with each leaf in hexadecimal on a line of its own (size: the first S leaves); inclusion and consistency check.\n"
    "A HASH is base64 or hexadecimal. Exit code 1 when the answer is no.\n";

enum { KEYS_MAX = 64, LEAVES_BYTES_MAX = 64 * 1024 * 1024 };

struct tlog_options {
    const char *key, *leaves, *leaf, *leaf_hash, *index, *size, *old, *old_root, *root;
};

// ---- what is given

static bool read_hash(const char *text, struct digest *ret)
{
    size_t len;
    struct span s = span_cstr(text);
    if (s.len == 2 * SHA256_LEN)
        return hex_get(s, ret->b, SHA256_LEN) == ST_OK;
    return base64_get(s, ret->b, SHA256_LEN, &len) == ST_OK && len == SHA256_LEN;
}

// A hash or number that an option must give. Returns -1 to go on.
static int need_hash(const char *name, const char *text, struct digest *ret)
{
    return text && read_hash(text, ret) ? -1 : cli_usage("tlog", "--%s: expected a hash, 44 characters of base64 or 64 hexadecimal ones", name);
}

static int need_number(const char *name, const char *text, uint64_t *ret)
{
    return text && decimal_parse(span_cstr(text), UINT64_MAX, ret) ? -1 : cli_usage("tlog", "--%s: expected a whole number", name);
}

static int read_hashes(int argc, char **argv, struct digest *ret, size_t *ret_count)
{
    *ret_count = 0;
    for (int i = 2; i < argc; i++) {
        if (*ret_count > MERKLE_LEVELS || !read_hash(argv[i], &ret[*ret_count]))
            return cli_usage("tlog", "'%s' is no hash, or one too many", argv[i]);
        ++*ret_count;
    }
    return -1;
}

static int answer(enum status st)
{
    puts(st == ST_OK ? "good" : "WRONG");
    return st == ST_OK ? EXIT_DONE : EXIT_NO;
}

// ---- notes

static enum status read_keys(const struct cli *cli, const char *text, struct note_vkey *keys, size_t *ret_count)
{
    struct span bytes = span_cstr(text);
    *ret_count = 0;
    if (note_vkey_parse(bytes, &keys[0]) == ST_OK) {
        *ret_count = 1;
        return ST_OK;
    }
    TRY(file_read(text, MIB, cli->arena, cli->diag, &bytes));
    for (size_t from = 0; from < bytes.len && *ret_count < KEYS_MAX;) {
        const uint8_t *lf = memchr(bytes.ptr + from, '\n', bytes.len - from);
        size_t to = lf ? (size_t)(lf - bytes.ptr) : bytes.len;
        if (to > from && note_vkey_parse(span_sub(bytes, from, to), &keys[(*ret_count)++]) != ST_OK) {
            diag_add(cli->diag, 0, 0, "key", text, "expected verifier keys, name+hex+base64, of Ed25519, one on each line");
            return ST_INVALID;
        }
        from = to + 1;
    }
    return ST_OK;
}

static int check_note(const struct cli *cli, const struct tlog_options *o, const char *file)
{
    struct note_vkey *keys = arena_array(cli->arena, KEYS_MAX, sizeof *keys);
    bool good[KEYS_MAX];
    utc_ms at[KEYS_MAX];
    size_t count;
    struct span note, text;
    char time[UTC_TEXT_MAX];
    if (!o->key)
        return cli_usage("tlog", "note: give --key KEY");
    diag_init(cli->diag, NULL);
    enum status st = keys ? read_keys(cli, o->key, keys, &count) : ST_NOMEM;
    if (st == ST_OK)
        st = file_read(file, 16 * MIB, cli->arena, cli->diag, &note);
    if (st == ST_OK)
        st = note_open(note, keys, count, &text, good, at);
    if (st != ST_OK)
        return cli_fail_status(cli, file, st);
    for (size_t i = 0; i < count; i++)
        if (good[i])
            printf("%s %s%s%s\n", keys[i].type == NOTE_COSIGNATURE ? "cosigned" : "signed", keys[i].name,
                   keys[i].type == NOTE_COSIGNATURE ? " " : "", keys[i].type == NOTE_COSIGNATURE ? utc_format_s(at[i], time) : "");
    return EXIT_DONE;
}

// ---- trees computed from leaves

struct leaves {
    struct digest *hashes;
    uint64_t count;
};

static enum status node_of(void *ctx, unsigned level, uint64_t index, struct digest *ret)
{
    const struct leaves *l = ctx;
    struct digest left, right;
    if (level == 0) {
        *ret = l->hashes[index];
        return ST_OK;
    }
    TRY(node_of(ctx, level - 1, 2 * index, &left));
    TRY(node_of(ctx, level - 1, 2 * index + 1, &right));
    *ret = merkle_parent(&left, &right);
    return ST_OK;
}

static enum status add_leaf(struct leaves *l, struct span hex, uint8_t *bytes)
{
    if (hex.len % 2 || hex_get(hex, bytes, hex.len / 2) != ST_OK)
        return ST_INVALID;
    l->hashes[l->count++] = merkle_leaf(span_of(bytes, hex.len / 2));
    return ST_OK;
}

static enum status read_leaves(const struct cli *cli, const char *file, struct leaves *ret)
{
    struct span bytes;
    TRY(file_read(file, LEAVES_BYTES_MAX, cli->arena, cli->diag, &bytes));
    size_t lines = 1;
    for (size_t i = 0; i < bytes.len; i++)
        lines += bytes.ptr[i] == '\n';
    uint8_t *leaf = malloc(bytes.len / 2 + 1);
    ret->hashes = calloc(lines, sizeof *ret->hashes);
    enum status st = leaf && ret->hashes ? ST_OK : ST_NOMEM;
    for (size_t from = 0; st == ST_OK && from < bytes.len;) {
        const uint8_t *lf = memchr(bytes.ptr + from, '\n', bytes.len - from);
        size_t to = lf ? (size_t)(lf - bytes.ptr) : bytes.len;
        st = add_leaf(ret, span_sub(bytes, from, to), leaf);
        from = to + 1;
    }
    if (st == ST_INVALID)
        diag_add(cli->diag, (uint32_t)ret->count + 1, 0, "leaves", file, "expected a leaf in lower-case hexadecimal on each line");
    free(leaf);
    return st;
}

static void print_hash(const struct digest *h)
{
    struct buf b;
    buf_init(&b, 200);
    base64_put(&b, span_of(h->b, SHA256_LEN));
    buf_putc(&b, '\t');
    hex_put(&b, span_of(h->b, SHA256_LEN));
    puts(buf_cstr(&b));
    buf_fini(&b);
}

static int compute(const struct tlog_options *o, struct leaves *l, bool root)
{
    const struct merkle_nodes nodes = {node_of, l};
    struct digest hashes[MERKLE_LEVELS + 1];
    uint64_t size = l->count, n = 0;
    size_t count = 1;
    enum status st;
    int code = o->size ? need_number("size", o->size, &size) : -1;
    if (code < 0 && !root)
        code = need_number(o->index ? "index" : "old", o->index ? o->index : o->old, &n);
    if (code >= 0)
        return code;
    if (size > l->count)
        return cli_fail(EXIT_NO, "--size", "the file has %llu leaves", (unsigned long long)l->count);
    if (root)
        st = merkle_root(&nodes, size, &hashes[0]);
    else
        st = o->index ? merkle_inclusion(&nodes, n, size, hashes, &count) : merkle_consistency(&nodes, n, size, hashes, &count);
    if (st != ST_OK)
        return cli_fail(EXIT_NO, "tlog prove", "leaf or tree %llu is not in a tree of %llu", (unsigned long long)n, (unsigned long long)size);
    for (size_t i = 0; i < count; i++)
        print_hash(&hashes[i]);
    return EXIT_DONE;
}

static int with_leaves(const struct cli *cli, const struct tlog_options *o, bool root)
{
    struct leaves l = {.count = 0};
    if (!o->leaves || (!root && !o->index == !o->old))
        return cli_usage("tlog", "expected --leaves FILE%s", root ? "" : ", and one of --index and --old");
    diag_init(cli->diag, NULL);
    enum status st = read_leaves(cli, o->leaves, &l);
    int code = st == ST_OK ? compute(o, &l, root) : cli_fail_status(cli, o->leaves, st);
    free(l.hashes);
    return code;
}

// ---- proofs checked

static int check_inclusion(const struct cli *cli, const struct tlog_options *o, int argc, char **argv)
{
    struct digest proof[MERKLE_LEVELS + 1], leaf, root;
    uint64_t index = 0, size = 0;
    size_t count;
    struct span bytes;
    int code = need_number("index", o->index, &index);
    if (code < 0)
        code = need_number("size", o->size, &size);
    if (code < 0)
        code = need_hash("root", o->root, &root);
    if (code < 0 && !o->leaf)
        code = need_hash("leaf-hash", o->leaf_hash, &leaf);
    if (code < 0)
        code = read_hashes(argc, argv, proof, &count);
    if (code >= 0)
        return code;
    diag_init(cli->diag, NULL);
    if (o->leaf) {
        enum status st = file_read(o->leaf, LEAVES_BYTES_MAX, cli->arena, cli->diag, &bytes);
        if (st != ST_OK)
            return cli_fail_status(cli, o->leaf, st);
        leaf = merkle_leaf(bytes);
    }
    return answer(merkle_check_inclusion(&leaf, index, size, proof, count, &root));
}

static int check_consistency(const struct tlog_options *o, int argc, char **argv)
{
    struct digest proof[MERKLE_LEVELS + 1], old_root, root;
    uint64_t old = 0, size = 0;
    size_t count;
    int code = need_number("old", o->old, &old);
    if (code < 0)
        code = need_number("size", o->size, &size);
    if (code < 0)
        code = need_hash("old-root", o->old_root, &old_root);
    if (code < 0)
        code = need_hash("root", o->root, &root);
    if (code < 0)
        code = read_hashes(argc, argv, proof, &count);
    return code >= 0 ? code : answer(merkle_check_consistency(old, &old_root, size, &root, proof, count));
}

int cmd_tlog(const struct cli *cli, int argc, char **argv)
{
    struct tlog_options o = {0};
    const struct cli_option options[] = {{"key", &o.key, NULL},     {"leaves", &o.leaves, NULL},       {"leaf", &o.leaf, NULL},
                                         {"index", &o.index, NULL}, {"leaf-hash", &o.leaf_hash, NULL}, {"size", &o.size, NULL},
                                         {"old", &o.old, NULL},     {"old-root", &o.old_root, NULL},   {"root", &o.root, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    const char *what = argc > 1 ? argv[1] : "";
    if (argc == 3 && strcmp(what, "note") == 0)
        return check_note(cli, &o, argv[2]);
    if (argc == 2 && (strcmp(what, "root") == 0 || strcmp(what, "prove") == 0))
        return with_leaves(cli, &o, strcmp(what, "root") == 0);
    if (strcmp(what, "inclusion") == 0)
        return check_inclusion(cli, &o, argc, argv);
    if (strcmp(what, "consistency") == 0)
        return check_consistency(&o, argc, argv);
    return cli_usage(argv[0], "expected: tlog note FILE, root, prove, inclusion or consistency");
}
