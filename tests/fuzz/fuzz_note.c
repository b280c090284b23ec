// Signed notes, checkpoints, cosignatures, verifier keys. The key is the one of the seeds.
#include "formats/tlog.h"
#include "tests/fuzz/fuzz.h"

// Proofs and requests to witnesses: what is read is written as itself, a line of proof that nobody reads apart.
static void proofs(struct span in)
{
    struct tlog_text x;
    struct buf again;
    buf_init(&again, MIB);
    if (tlog_update_read(in, &x) == ST_OK) {
        tlog_update_write(&x, &again);
        BUG_IF(!span_eq(buf_bytes(&again), in));
    }
    if (tlog_proof_read(in, &x) == ST_OK)
        BUG_IF(x.hash_count > TLOG_HASHES_MAX);
    buf_fini(&again);
}

static void text_forms(struct span in)
{
    struct checkpoint c;
    struct note_vkey k;
    struct span origin;
    struct buf again;
    if (checkpoint_read(in, false, &c) == ST_OK)
        BUG_IF(!*c.origin || !span_starts(in, c.origin) || in.ptr[strlen(c.origin)] != '\n');
    fuzz_any(checkpoint_read(in, true, &c));
    if (checkpoint_origin(in, &origin))
        BUG_IF(origin.len == 0 || origin.ptr < in.ptr || origin.ptr + origin.len > in.ptr + in.len);
    if (note_vkey_parse(in, &k) != ST_OK)
        return;
    buf_init(&again, KIB);
    note_vkey(k.name, k.type, k.pub, &again);
    BUG_IF(!span_eq(buf_bytes(&again), in));
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[ED25519_LEN] = {1};
    struct span in = span_of(data, size), text, line;
    struct note_key key;
    struct note_vkey known[2];
    struct checkpoint c;
    bool good[2];
    utc_ms at[2];
    BUG_IF(note_key_from_seed(seed, &key) != ST_OK);
    BUG_IF(note_vkey_make("log.example", NOTE_ED25519, key.pub, &known[0]) != ST_OK);
    BUG_IF(note_vkey_make("witness.example", NOTE_COSIGNATURE, key.pub, &known[1]) != ST_OK);
    text_forms(in);
    proofs(in);
    if (note_open(in, known, 2, &text, good, at) == ST_OK)
        BUG_IF((!good[0] && !good[1]) || text.len == 0 || text.ptr[text.len - 1] != '\n');
    if (checkpoint_open(in, "log.example", key.pub, &c) == ST_OK)
        BUG_IF(strcmp(c.origin, "log.example") != 0);
    if (cosignature_find(in, "witness.example", key.pub, &line, &at[0]) == ST_OK)
        BUG_IF(cosignature_check(in, line, "witness.example", key.pub, &at[1]) != ST_OK || at[0] != at[1]);
    return 0;
}
