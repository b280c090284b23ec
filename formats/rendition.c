#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/report_parse.h"

// ---- reading

// Where two texts begin to differ, as line and column.
static void differ_at(struct span got, struct span canonical, uint32_t *ret_line, uint32_t *ret_column)
{
    size_t start = 0, i = 0;
    *ret_line = 1;
    for (; i < got.len && i < canonical.len && got.ptr[i] == canonical.ptr[i]; i++)
        if (got.ptr[i] == '\n') {
            ++*ret_line;
            start = i + 1;
        }
    *ret_column = (uint32_t)(i - start + 1);
}

// The input must be its own exclusive C14N. Sets the byte ranges in the tree.
static enum status check_canonical(struct span bytes, struct xml_node *root, struct diag *d)
{
    struct buf canonical;
    buf_init(&canonical, 8 * RENDITION_BYTES_MAX);
    buf_reserve(&canonical, bytes.len);
    xml_canonical(root, &canonical);
    enum status st = buf_status(&canonical);
    if (st == ST_OK && !span_eq(bytes, buf_bytes(&canonical))) {
        uint32_t line, column;
        differ_at(bytes, buf_bytes(&canonical), &line, &column);
        diag_add(
            d, line, column, "not-canonical", "report",
            "the bytes are not the exclusive canonical form from here on; a rendition is never reformatted");
        st = ST_INVALID;
    }
    buf_fini(&canonical);
    return st;
}

struct listed {
    const char **ids;
    struct digest *digests;
    size_t count; // label, header, children
};

static enum status list_children(const struct report *r, struct arena *a, struct listed *ret)
{
    ret->count = r->child_count + 2;
    ret->ids = arena_array(a, ret->count, sizeof *ret->ids);
    ret->digests = arena_array(a, ret->count, sizeof *ret->digests);
    if (!ret->ids || !ret->digests)
        return arena_status(a);
    ret->ids[0] = r->label_id;
    ret->ids[1] = REPORT_HEADER_ID;
    for (size_t i = 0; i < r->child_count; i++)
        ret->ids[i + 2] = r->children[i].id;
    return ST_OK;
}

static enum status check_digest(struct span child, const char *id, uint32_t line,
                                const struct digest *signed_digest, struct diag *d)
{
    struct digest got = element_digest(child, NS_REPORT_DECLARATION);
    if (digest_eq(&got, signed_digest))
        return ST_OK;
    diag_add(d, line, 0, "digest", id,
             "this part was altered after signing: its digest differs from the signed one");
    return ST_BAD_SIGNATURE;
}

// Every child that is present against the manifest; all differences are reported.
static enum status check_digests(const struct report_reading *x, struct span bytes, const struct listed *l)
{
    const struct report *r = x->r;
    enum status st = ST_OK, one;
    if (!r->overall_withheld)
        st = check_digest(span_sub(bytes, r->label_from, r->label_to), l->ids[0], 0, &l->digests[0], x->d);
    one = check_digest(span_sub(bytes, x->header_from, x->header_to), l->ids[1], 0, &l->digests[1], x->d);
    st = one == ST_OK ? st : one;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (c->kind == REPORT_WITHHELD)
            continue;
        one = check_digest(span_sub(bytes, c->from, c->to), c->id, c->line, &l->digests[i + 2], x->d);
        st = one == ST_OK ? st : one;
    }
    return st;
}

enum status rendition_read_whole(struct span bytes, struct arena *a, struct diag *d, const struct report **ret,
                                 struct rendition_proof *ret_proof)
{
    struct xml_node *root;
    struct report_reading x = {.a = a, .d = d, .exact = true};
    struct listed l;
    struct rendition_proof proof;
    TRY(xml_read(bytes, XML_UNTRUSTED, a, d, &root));
    TRY(check_canonical(bytes, root, d));
    TRY(report_parse(&x, root));
    if (!x.signature) {
        xml_fault(root, d, "missing-element",
                  "a rendition ends with the originator's ds:Signature, got none");
        return ST_INVALID;
    }
    TRY(list_children(x.r, a, &l));
    TRY(signature_read(x.signature, span_sub(bytes, x.signature->from, x.signature->to), REPORT_MANIFEST_ID,
                       l.ids, l.count, d, l.digests, &proof.signature));
    TRY(check_digests(&x, bytes, &l));
    *ret_proof = proof;
    *ret = x.r;
    return ST_OK;
}

// Two thirds of a short rendition are its signature, of which each byte follows from the children's Ids and from a few values.
// So the parser need not see it: what remains when it is cut off is read as always, the signature is written again from its
// values and compared. That is the reading of the whole, since
// - the root has no attributes and no prefix, so that the signature's namespace is declared on itself, as in the layout;
// - what remains is well-formed, so that the cut is between two of the root's children, and the root ends behind it;
// - within CUT_BYTES_MAX no limit of the reader can be reached by the signature alone: a node takes four bytes at least,
//   another prefix, with its namespace and element, ninety.
enum { CUT_BYTES_MAX = 256 * 1024 };

#define ROOT_END "</report>"

static enum status read_rest(struct report_reading *x, struct span bytes, struct span signature, struct span rest,
                             struct rendition_proof *ret_proof)
{
    struct xml_node *root;
    struct listed l;
    TRY(xml_read(rest, XML_UNTRUSTED, x->a, NULL, &root));
    TRY(xml_check_canonical(root, rest));
    TRY(report_parse(x, root));
    TRY(list_children(x->r, x->a, &l));
    if (x->signature ||
        !signature_match(signature, REPORT_MANIFEST_ID, l.ids, l.count, l.digests, &ret_proof->signature))
        return ST_INVALID;
    return check_digests(x, bytes, &l);
}

// ST_OK, or anything else: then the whole has to be read, also for what is wrong.
static enum status read_cut(struct span bytes, struct arena *a, const struct report **ret, struct rendition_proof *ret_proof)
{
    static const char begin[] = "<ds:Signature ";
    const size_t end_len = sizeof ROOT_END - 1;
    const uint8_t *at = bytes.len <= CUT_BYTES_MAX ? memmem(bytes.ptr, bytes.len, begin, sizeof begin - 1) : NULL;
    size_t from = at ? (size_t)(at - bytes.ptr) : 0;
    if (!at || bytes.len - from < end_len || !span_eq_cstr(span_sub(bytes, bytes.len - end_len, bytes.len), ROOT_END))
        return ST_INVALID;
    struct buf rest;
    struct report_reading x = {.a = a, .exact = true, .is_signed = true};
    struct rendition_proof proof;
    buf_init(&rest, RENDITION_BYTES_MAX);
    buf_reserve(&rest, from + end_len);
    buf_put(&rest, bytes.ptr, from);
    buf_puts(&rest, ROOT_END);
    enum status st = buf_status(&rest);
    if (st == ST_OK)
        st = read_rest(&x, bytes, span_sub(bytes, from, bytes.len - end_len), buf_bytes(&rest), &proof);
    buf_fini(&rest);
    if (st == ST_OK) {
        *ret_proof = proof;
        *ret = x.r;
    }
    return st;
}

enum status rendition_read(struct span bytes, struct arena *a, struct diag *d, const struct report **ret,
                           struct rendition_proof *ret_proof)
{
    if (bytes.len > RENDITION_BYTES_MAX) {
        diag_add(d, 0, 0, "report-limit", "report", "a rendition is at most %zu bytes, got %zu",
                 RENDITION_BYTES_MAX, bytes.len);
        return ST_LIMIT;
    }
    struct arena_mark before = arena_mark(a);
    if (read_cut(bytes, a, ret, ret_proof) == ST_OK)
        return ST_OK;
    arena_rewind(a, before);
    return rendition_read_whole(bytes, a, d, ret, ret_proof);
}

enum status rendition_verify(const struct rendition_proof *proof, const struct verifying_key *key)
{
    return signature_check(&proof->signature, key);
}

// ---- splicing

static void put_withheld(struct buf *out, const char *ref)
{
    buf_puts(out, "<withheld ref=\"");
    buf_puts(out, ref);
    buf_puts(out, "\"></withheld>");
}

// Copy up to `from`, write the placeholder, go on behind `to`.
static size_t replace(struct span stored, size_t at, size_t from, size_t to, const char *ref, struct buf *out)
{
    BUG_IF(from < at || to <= from || to > stored.len);
    buf_span(out, span_sub(stored, at, from));
    put_withheld(out, ref);
    return to;
}

void rendition_splice(const struct report *r, struct span stored, const struct withheld_set *w,
                      struct buf *out)
{
    size_t at = 0;
    if (w->overall && !r->overall_withheld)
        at = replace(stored, at, r->label_from, r->label_to, r->label_id, out);
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (withheld_has(w, i) && c->kind != REPORT_WITHHELD)
            at = replace(stored, at, c->from, c->to, c->id, out);
    }
    buf_span(out, span_sub(stored, at, stored.len));
}

// ---- documents signed by stock tools

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The text of a base64 element without white space.
static enum status join_text(struct xml_node *element, struct arena *a)
{
    struct xml_node *text = element->first;
    if (!text || text->name)
        return ST_OK; // what is missing is said by whoever reads the result
    char *joined = arena_alloc(a, text->text.len + 1);
    if (!joined)
        return arena_status(a);
    size_t n = 0;
    for (size_t i = 0; i < text->text.len; i++)
        if (!is_white((char)text->text.ptr[i]))
            joined[n++] = (char)text->text.ptr[i];
    text->text = span_of(joined, n);
    text->plain = false;
    return ST_OK;
}

static bool is_blank(const struct xml_node *n)
{
    bool blank = n->name == NULL;
    for (size_t i = 0; blank && i < n->text.len; i++)
        blank = is_white((char)n->text.ptr[i]);
    return blank;
}

// Take out the line breaks between the elements of KeyInfo (which is not signed) and in its key identifier.
static enum status tidy_key_info(struct xml_node *n, struct arena *a)
{
    if (xml_is(n, NS_DSIG, "X509SKI"))
        return join_text(n, a);
    bool between = xml_first(n) != NULL;
    for (struct xml_node **at = &n->first; *at;) {
        struct xml_node *c = *at;
        if (between && is_blank(c)) {
            *at = c->next;
            continue;
        }
        if (c->name)
            TRY(tidy_key_info(c, a));
        at = &c->next;
    }
    return ST_OK;
}

static enum status tidy_signature(struct xml_node *root, struct arena *a)
{
    struct xml_node *signature = xml_child(root, NS_DSIG, "Signature");
    struct xml_node *value = signature ? xml_child(signature, NS_DSIG, "SignatureValue") : NULL;
    struct xml_node *info = signature ? xml_child(signature, NS_DSIG, "KeyInfo") : NULL;
    if (value)
        TRY(join_text(value, a));
    return info ? tidy_key_info(info, a) : ST_OK;
}

static enum status check_exact(struct span bytes, struct diag *d)
{
    struct arena *a = xml_arena_new(bytes.len);
    const struct report *r;
    struct rendition_proof proof;
    enum status st = a ? rendition_read(bytes, a, d, &r, &proof) : ST_NOMEM;
    arena_free(&a);
    return st;
}

enum status report_accept_signed(struct span bytes, struct arena *a, struct diag *d, struct buf *out)
{
    struct xml_node *root;
    size_t start = out->len;
    if (bytes.len > RENDITION_BYTES_MAX) {
        diag_add(d, 0, 0, "report-limit", "report", "a report is at most %zu bytes, got %zu",
                 RENDITION_BYTES_MAX, bytes.len);
        return ST_LIMIT;
    }
    TRY(xml_read(bytes, XML_UNTRUSTED, a, d, &root));
    TRY(tidy_signature(root, a));
    xml_canonical(root, out);
    enum status st = buf_status(out);
    if (st == ST_OK)
        st = check_exact(span_sub(buf_bytes(out), start, out->len), d);
    if (st != ST_OK)
        out->len = start;
    return st;
}
