// store/merkle: RFC 6962 trees against the published vectors and a literal oracle.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cmocka.h>

#include "formats/base/encode.h"
#include "store/merkle.h"

enum { N = 70 };

// The eight leaves and roots used by the Certificate Transparency projects.
static const char *const ct_leaves[8] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const ct_roots[8] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static struct digest hex(const char *text)
{
    struct digest d;
    assert_int_equal(hex_get(span_cstr(text), d.b, SHA256_LEN), ST_OK);
    return d;
}

static struct digest ct_leaf(size_t i)
{
    uint8_t bytes[16];
    size_t len = strlen(ct_leaves[i]) / 2;
    assert_int_equal(hex_get(span_cstr(ct_leaves[i]), bytes, len), ST_OK);
    return merkle_leaf(span_of(bytes, len));
}

// MTH as the RFC writes it.
static struct digest oracle(const struct digest *leaves, size_t n)
{
    if (n == 0)
        return merkle_empty();
    if (n == 1)
        return leaves[0];
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct digest l = oracle(leaves, k), r = oracle(leaves + k, n - k);
    return merkle_parent(&l, &r);
}

// Complete subtrees straight from the leaves.
static enum status get(void *ctx, unsigned level, uint64_t index, struct digest *ret)
{
    const struct digest *leaves = ctx;
    *ret = oracle(leaves + (index << level), (size_t)1 << level);
    return ST_OK;
}

static void fill(struct digest *leaves)
{
    for (size_t i = 0; i < N; i++)
        leaves[i] = merkle_leaf(span_of(&i, sizeof i));
}

static void published_roots(void **state)
{
    (void)state;
    struct merkle_frontier f = {.size = 0};
    struct digest root = merkle_frontier_root(&f);
    struct digest want = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(digest_eq(&root, &want));
    for (size_t i = 0; i < 8; i++) {
        struct digest leaf = ct_leaf(i);
        merkle_frontier_append(&f, &leaf);
        root = merkle_frontier_root(&f);
        want = hex(ct_roots[i]);
        assert_true(digest_eq(&root, &want));
    }
}

// Audit path and consistency proofs that the Certificate Transparency projects publish for that tree.
static void published_proofs(void **state)
{
    (void)state;
    struct digest leaves[8], proof[MERKLE_LEVELS + 1];
    for (size_t i = 0; i < 8; i++)
        leaves[i] = ct_leaf(i);
    struct merkle_nodes nodes = {get, leaves};
    size_t len = 0;
    static const char *const path[] = {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                       "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
    assert_int_equal(merkle_inclusion(&nodes, 5, 8, proof, &len), ST_OK);
    assert_int_equal(len, 3);
    for (size_t i = 0; i < len; i++) {
        struct digest want = hex(path[i]);
        assert_true(digest_eq(&proof[i], &want));
    }
    static const char *const six_to_eight[] = {
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
    assert_int_equal(merkle_consistency(&nodes, 6, 8, proof, &len), ST_OK);
    assert_int_equal(len, 3);
    for (size_t i = 0; i < len; i++) {
        struct digest want = hex(six_to_eight[i]);
        assert_true(digest_eq(&proof[i], &want));
    }
}

static void all_roots_agree(void **state)
{
    (void)state;
    struct digest leaves[N];
    fill(leaves);
    struct merkle_nodes nodes = {get, leaves};
    struct merkle_frontier f = {.size = 0};
    for (size_t n = 0; n <= N; n++) {
        struct digest want = oracle(leaves, n), root, frontier = merkle_frontier_root(&f);
        assert_int_equal(merkle_root(&nodes, n, &root), ST_OK);
        assert_true(digest_eq(&root, &want));
        assert_true(digest_eq(&frontier, &want));
        if (n < N)
            merkle_frontier_append(&f, &leaves[n]);
    }
}

// Every inclusion proof verifies; with any bit flipped, another place, size or length it does not.
static void inclusion_proofs(void **state)
{
    (void)state;
    struct digest leaves[N], proof[MERKLE_LEVELS + 1];
    fill(leaves);
    struct merkle_nodes nodes = {get, leaves};
    for (size_t n = 1; n <= 20; n++) {
        struct digest root = oracle(leaves, n);
        for (size_t i = 0; i < n; i++) {
            size_t len = 99;
            assert_int_equal(merkle_inclusion(&nodes, i, n, proof, &len), ST_OK);
            assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, proof, len, &root), ST_OK);
            assert_int_equal(merkle_check_inclusion(&leaves[i], i + 1, n, proof, len, &root), ST_BAD_PROOF);
            assert_int_equal(merkle_check_inclusion(&leaves[i + 1], i, n, proof, len, &root), ST_BAD_PROOF);
            assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, proof, len + 1, &root), ST_BAD_PROOF);
            if (len)
                assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, proof, len - 1, &root),
                                 ST_BAD_PROOF);
            for (size_t p = 0; p < len; p++) {
                proof[p].b[p] ^= 4;
                assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, proof, len, &root), ST_BAD_PROOF);
                proof[p].b[p] ^= 4;
            }
        }
    }
    size_t len;
    assert_int_equal(merkle_inclusion(&nodes, 5, 5, proof, &len), ST_INVALID);
}

static void consistency_proofs(void **state)
{
    (void)state;
    struct digest leaves[N], proof[MERKLE_LEVELS + 1];
    fill(leaves);
    struct merkle_nodes nodes = {get, leaves};
    for (size_t n = 0; n <= 33; n++)
        for (size_t m = 0; m <= n; m++) {
            struct digest root = oracle(leaves, n), old = oracle(leaves, m), wrong = oracle(leaves + 1, m);
            size_t len = 99;
            assert_int_equal(merkle_consistency(&nodes, m, n, proof, &len), ST_OK);
            assert_int_equal(merkle_check_consistency(m, &old, n, &root, proof, len), ST_OK);
            if (m > 0)
                assert_int_equal(merkle_check_consistency(m, &wrong, n, &root, proof, len), ST_BAD_PROOF);
            if (m > 0 && m < n)
                assert_int_equal(merkle_check_consistency(m, &old, n, &old, proof, len), ST_BAD_PROOF);
            assert_int_equal(merkle_check_consistency(m, &old, n, &root, proof, len + 1), ST_BAD_PROOF);
            for (size_t p = 0; p < len; p++) {
                proof[p].b[31] ^= 1;
                assert_int_equal(merkle_check_consistency(m, &old, n, &root, proof, len), ST_BAD_PROOF);
                proof[p].b[31] ^= 1;
            }
        }
    size_t len;
    assert_int_equal(merkle_consistency(&nodes, 3, 2, proof, &len), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_roots),    cmocka_unit_test(published_proofs),
        cmocka_unit_test(all_roots_agree),    cmocka_unit_test(inclusion_proofs),
        cmocka_unit_test(consistency_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
