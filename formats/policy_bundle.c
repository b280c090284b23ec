#include "formats/policy_bundle.h"

#include "formats/base/encode.h"
#include "formats/reading.h"

static void write_file(const char *element, const struct bundle_file *f, struct buf *out)
{
    buf_printf(out, "<%s", element);
    buf_xml_attr(out, "name", f->name);
    buf_putc(out, '>');
    base64_put(out, f->bytes);
    buf_printf(out, "</%s>", element);
}

void policy_bundle_write(const struct policy_bundle *b, struct buf *out)
{
    buf_printf(out, "<policy-bundle xmlns=\"" NS_POLICY_BUNDLE "\" pad=\"%u\">", b->pad);
    write_file("policy", &b->policy, out);
    write_file("vocabulary", &b->vocabulary, out);
    for (size_t i = 0; i < b->spif_count; i++)
        write_file("spif", &b->spifs[i], out);
    buf_puts(out, "</policy-bundle>");
}

static void read_file(struct reading *r, const struct xml_node *n, struct bundle_file *f)
{
    static const char *const attrs[] = {"name", NULL};
    *f = (struct bundle_file){.name = ""};
    if (!n)
        return;
    reading_attrs(r, n, attrs);
    f->name = reading_required(r, n, "name");
    if (strchr(f->name, '/'))
        reading_fault(r, n, "bundle-name", "name=\"%.60s\": expected a file name without folders", f->name);
    const char *text = "";
    if (xml_text(n, r->d, &text) != ST_OK)
        r->bad = true;
    size_t cap = strlen(text) / 4 * 3, len = 0;
    uint8_t *bytes = reading_array(r, &cap, 1);
    if (bytes && base64_get(span_cstr(text), bytes, cap, &len) != ST_OK)
        reading_fault(r, n, "bundle-base64", "the contents of \"%.60s\" are not base64 in one line", f->name);
    f->bytes = span_of(bytes, len);
}

static void read_spifs(struct reading *r, const struct xml_node *root, struct policy_bundle *b)
{
    READING_EACH(n, root, NS_POLICY_BUNDLE, "spif") {
        if (b->spif_count == BUNDLE_SPIFS_MAX) {
            reading_fault(r, n, "too-many", "more than %d SPIFs", BUNDLE_SPIFS_MAX);
            return;
        }
        struct bundle_file *f = &b->spifs[b->spif_count++];
        read_file(r, n, f);
        for (size_t i = 0; i + 1 < b->spif_count; i++)
            if (strcmp(b->spifs[i].name, f->name) == 0)
                reading_fault(r, n, "bundle-name", "two SPIFs are named \"%.60s\"", f->name);
    }
}

// One policy has one digest, so that only the bytes that we would write are accepted.
static void check_canonical(struct reading *r, const struct xml_node *root, const struct policy_bundle *b,
                            struct span bytes)
{
    struct buf again;
    buf_init(&again, bytes.len);
    policy_bundle_write(b, &again);
    if (buf_status(&again) == ST_NOMEM || !span_eq(buf_bytes(&again), bytes))
        reading_fault(r, root, "not-canonical", "the bundle is not in its canonical form; make it with relto policy");
    buf_fini(&again);
}

enum status policy_bundle_read(struct span bytes, struct arena *a, struct diag *d, struct policy_bundle *ret)
{
    static const char *const children[] = {"policy", "vocabulary", "spif", NULL};
    static const char *const attrs[] = {"pad", NULL};
    struct reading r = reading_start(a, d, NULL, "name");
    struct xml_node *root;
    TRY(reading_open(&r, bytes, POLICY_BUNDLE_BYTES_MAX, NS_POLICY_BUNDLE, "policy-bundle", &root));
    reading_shape(&r, root, NS_POLICY_BUNDLE, children, attrs);
    struct policy_bundle *b = arena_alloc(a, sizeof *b);
    if (!b)
        return arena_status(a);
    b->pad = (uint32_t)reading_number(&r, root, "pad", 0, UINT32_MAX);
    read_file(&r, reading_only(&r, root, NS_POLICY_BUNDLE, "policy", true), &b->policy);
    read_file(&r, reading_only(&r, root, NS_POLICY_BUNDLE, "vocabulary", true), &b->vocabulary);
    read_spifs(&r, root, b);
    if (!r.bad && arena_status(a) == ST_OK)
        check_canonical(&r, root, b, bytes);
    TRY(reading_end(&r));
    *ret = *b;
    return ST_OK;
}
