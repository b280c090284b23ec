// formats/words: what counts as a word, and as the same word.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/words.h"

static enum status append(void *ctx, struct span word)
{
    char *out = ctx;
    size_t used = strlen(out);
    assert_true(word.len > 0 && word.len <= WORD_BYTES_MAX);
    snprintf(out + used, 400 - used, "%s%.*s", used ? "|" : "", (int)word.len, (const char *)word.ptr);
    return ST_OK;
}

static void words_are_runs_of_letters_and_digits_folded(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" - ,.", ""},
        {"One", "one"},
        {"Two skiffs, 6 persons; M/V \"ABC-12\"", "two|skiffs|6|persons|m|v|abc|12"},
        {"a", "a"},
        {"Stra\xc3\x9f" "e STRASSE", "strasse|strasse"},           // full case folding
        {"\xc3\x89t\xc3\xa9 E\xcc\x81te\xcc\x81", "\xc3\xa9t\xc3\xa9|\xc3\xa9t\xc3\xa9"}, // composed and not
        {"\xce\xa3\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xce\xa3", "\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83"},
        {"\xd0\x9c\xd0\x9e\xd0\xa0\xd0\x95-\xe6\xb5\xb7", "\xd0\xbc\xd0\xbe\xd1\x80\xd0\xb5|\xe6\xb5\xb7"},
        {"\xef\xbc\xa1", "\xef\xbd\x81"}, // full-width letters stay such
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[400] = "";
        assert_int_equal(words_each(span_cstr(cases[i][0]), append, out), ST_OK);
        assert_string_equal(out, cases[i][1]);
    }
}

static void long_words_are_cut_between_characters(void **state)
{
    char text[400] = "", out[400] = "";
    (void)state;
    for (int i = 0; i < 30; i++)
        strcat(text, "\xe6\xb5\xb7");
    assert_int_equal(words_each(span_cstr(text), append, out), ST_OK);
    assert_int_equal(strlen(out), 63);
    memset(text, 'x', 300);
    text[300] = 0;
    out[0] = 0;
    assert_int_equal(words_each(span_cstr(text), append, out), ST_OK);
    assert_int_equal(strlen(out), WORD_BYTES_MAX);
}

static enum status stop(void *ctx, struct span word)
{
    (void)word;
    return ++*(int *)ctx == 2 ? ST_GONE : ST_OK;
}

static void the_callback_ends_it(void **state)
{
    int n = 0;
    (void)state;
    assert_int_equal(words_each(span_cstr("a b c d"), stop, &n), ST_GONE);
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_and_digits_folded),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(the_callback_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
