// PKCS#11 URIs as relto.conf takes them: which are read, what they come to, and that a refusal never repeats a PIN.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/token_uri.h"

static void files_are_no_uris(void **state)
{
    (void)state;
    assert_false(token_uri_is("keys/tls.key"));
    assert_false(token_uri_is("/pkcs11:token=A"));
    assert_false(token_uri_is(""));
    assert_true(token_uri_is("pkcs11:"));
    assert_true(token_uri_is("PKCS11:token=A;object=b"));
}

static void good_ones_come_apart(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *key, *token, *pin, *module;
    } rows[] = {
        {"pkcs11:token=GBR;object=report", "pkcs11:token=GBR;object=report", "pkcs11:token=GBR", "", ""},
        {"pkcs11:token=GBR:;object=a:", "pkcs11:token=GBR:;object=a:", "pkcs11:token=GBR:", "", ""},
        {"pkcs11:object=a%20b;token=GBR%3b;type=private", "pkcs11:object=a%20b;token=GBR%3b", "pkcs11:token=GBR%3b", "", ""},
        {"pkcs11:serial=0a1;id=%01%02;model=x", "pkcs11:serial=0a1;id=%01%02;model=x", "pkcs11:serial=0a1;model=x", "", ""},
        {"pkcs11:token=G;id=%01?pin-source=/k/pin", "pkcs11:token=G;id=%01", "pkcs11:token=G", "/k/pin", ""},
        {"pkcs11:token=G;id=%01?module-path=/l/m.so&pin-source=file:/k/my%20pin", "pkcs11:token=G;id=%01",
         "pkcs11:token=G", "/k/my pin", "/l/m.so"},
        {"pkcs11:token=G;id=%01?pin-source=file:///k/pin", "pkcs11:token=G;id=%01", "pkcs11:token=G", "/k/pin", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct token_uri u;
        const char *why = "";
        if (token_uri_read(rows[i].uri, &u, &why) != ST_OK)
            fail_msg("%s: %s", rows[i].uri, why);
        assert_string_equal(u.key, rows[i].key);
        assert_string_equal(u.token, rows[i].token);
        assert_string_equal(u.pin_file, rows[i].pin);
        assert_string_equal(u.module, rows[i].module);
    }
}

static void bad_ones_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *words;
    } rows[] = {
        {"keys/tls.key", "pkcs11:token"},
        {"pkcs11:", "which token"},
        {"pkcs11:object=x", "which token"},
        {"pkcs11:model=x;object=x", "which token"},
        {"pkcs11:token=x", "which key"},
        {"pkcs11:token=x;object=y;type=public", "private"},
        {"pkcs11:token=x;object=y;slot-id=1", "only token"},
        {"pkcs11:token=x;object=y;token=z", "twice"},
        {"pkcs11:token=x;object=", "empty"},
        {"pkcs11:token=x;;object=y", "name=value"},
        {"pkcs11:token=x;object", "name=value"},
        {"pkcs11:token=x;object=a b", "%20"},
        {"pkcs11:token=x;object=%0", "%20"},
        {"pkcs11:token=x;object=%00", "%20"},
        {"pkcs11:token=x;object=%zz", "%20"},
        {"pkcs11:token=x;object=\xc3\xa9", "%20"},
        {"pkcs11:token=x;object=y;pin-source=/k", "behind a '?'"},
        {"pkcs11:token=x;object=y?pin-source=pin", "absolute"},
        {"pkcs11:token=x;object=y?pin-source=|/bin/pin", "%20"},
        {"pkcs11:token=x;object=y?pin-source=file:pin", "absolute"},
        {"pkcs11:token=x;object=y?module-path=m.so", "absolute"},
        {"pkcs11:token=x;object=y?module-name=m", "module-path"},
        {"pkcs11:token=x;object=y?pin-source=/a&pin-source=/b", "twice"},
        {"pkcs11:token=x;object=y?pin-value=43214321", "must not stand here"},
        {"pkcs11:token=x;object=y;pin-value=43214321", "must not stand here"},
        {"pkcs11:token=x;object=y?pin-source=/a&pin-value=43214321", "must not stand here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct token_uri u;
        const char *why = "";
        assert_int_equal(token_uri_read(rows[i].uri, &u, &why), ST_INVALID);
        if (!strstr(why, rows[i].words))
            fail_msg("%s: %s", rows[i].uri, why);
        assert_null(strstr(why, "4321"));
    }
}

static void long_ones_stay_within_bounds(void **state)
{
    (void)state;
    static char text[2 * TOKEN_URI_MAX];
    struct token_uri u;
    const char *why;
    for (size_t n = TOKEN_URI_MAX - 60; n < TOKEN_URI_MAX + 20; n++) {
        size_t head = (size_t)snprintf(text, sizeof text, "pkcs11:token=A;object=");
        memset(text + head, 'x', n - head);
        text[n] = 0;
        assert_int_equal(token_uri_read(text, &u, &why), n < TOKEN_URI_MAX ? ST_OK : ST_INVALID);
        if (n < TOKEN_URI_MAX)
            assert_string_equal(u.key, text);
    }
    for (size_t n = TOKEN_PATH_MAX - 5; n < TOKEN_PATH_MAX + 5; n++) {
        size_t head = (size_t)snprintf(text, sizeof text, "pkcs11:token=A;object=b?pin-source=");
        memset(text + head, '/', 1);
        memset(text + head + 1, 'x', n - 1);
        text[head + n] = 0;
        assert_int_equal(token_uri_read(text, &u, &why), n < TOKEN_PATH_MAX - 1 ? ST_OK : ST_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_no_uris),
        cmocka_unit_test(good_ones_come_apart),
        cmocka_unit_test(bad_ones_are_explained),
        cmocka_unit_test(long_ones_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
