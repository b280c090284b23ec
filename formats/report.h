// Reports (spec 2): a draft becomes a signed report; a report becomes renditions by splicing; a rendition
// verifies byte for byte. Namespace urn:relto:report:1.
#ifndef RELTO_FORMATS_REPORT_H
#define RELTO_FORMATS_REPORT_H

#include "formats/base/encode.h"
#include "formats/base/random.h"
#include "formats/base/sha256.h"
#include "formats/label.h"
#include "formats/signature.h"

#define NS_REPORT "urn:relto:report:1"

enum report_child_kind { REPORT_REFERENCE, REPORT_PORTION, REPORT_ATTACHMENT, REPORT_WITHHELD };
enum report_relation { REPORT_SUPERSEDES, REPORT_RELATED, REPORT_IN_REPLY_TO };

// A child of <report> after label and header, in document order.
struct report_child {
    enum report_child_kind kind;
    const char *id; // its Id, or the ref of a withheld one; in drafts without Ids "e<position>", from 1
    const struct label *label; // portion, attachment; NULL = the overall label governs
    enum report_relation relation; // reference
    struct uuid target;            // reference
    const char *text;              // portion
    const char *name, *media_type; // attachment
    uint64_t size_bytes;           // attachment
    struct digest sha256;          // attachment
    size_t from, to;               // byte range in the canonical form; 0,0 in drafts
    uint32_t line, column;
};

struct report {
    bool has_id, has_version, has_issued; // always true but in drafts
    struct uuid id;
    uint32_t version; // >= 1; 1 where left out
    utc_ms issued;
    const char *type;
    bool separable;
    const char *lang; // "" = not stated
    bool overall_withheld; // then `label` is NULL
    const struct label *label;
    const char *label_id;             // "label" unless the draft names it otherwise
    const struct label *header_label; // NULL = the overall label governs the header
    const char *nation, *cell, *title;
    const char **topics, **areas, **exercises;
    size_t topic_count, area_count, exercise_count;
    bool has_position;
    double lat, lon, radius_km; // degrees, degrees, kilometres (0 = not stated)
    bool has_period;
    utc_ms period_from, period_to;
    char reliability, credibility; // 'A'..'F', '1'..'6', 0 = not graded
    struct report_child *children;
    size_t child_count;
    size_t label_from, label_to; // byte range of the overall label (or its withheld)
    uint32_t header_line, header_column; // where the header's start tag ends, for messages
    bool is_signed;
    bool has_salts; // a draft that states salts is not publishable
};

// Forms of values, in every report: types, topics, areas, exercises, nation and cell are names of 1 to 64 ASCII
// letters, digits and "._-/" (what they mean is policy's business); `cell` may be left out (""). position has lat
// and lon, grading at least one of its two. Attachment: name without path, media type without parameters, sha256
// as 64 lower-case hexadecimal digits. Ids are ASCII names of at most 64 characters.

// Read any report form: draft (pretty-printed, Ids and signature optional) or rendition. Structure and
// value forms are checked, the signature is not. Everything lives in `a`. ST_INVALID with every fault found;
// or what xml_read returns. `d` must be initialised; `file` (may be NULL) names the input in it.
MUST_USE enum status report_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                 const struct report **ret);

// What the node adds when a draft is published.
struct report_finish {
    struct uuid id;
    uint32_t version;
    utc_ms issued;
    uint32_t pad; // decoys up to the next multiple of this; 0 = none
    const struct random_source *random;
    const struct signing_key *key;
};
// Make the canonical, salted, signed bytes of a draft. The result is appended to `out`. Refuses a draft with
// salts or withheld children (ST_INVALID) and results beyond the protocol's limits (ST_LIMIT); then `out` is as it
// was. Decoys never bring the children above REPORT_CHILDREN_MAX. `issued` is written in whole seconds.
MUST_USE enum status report_finish(const struct report *draft, const struct report_finish *with, struct buf *out,
                                   struct diag *d);

// Accept at publication a document that stock tools signed to this profile: its serialization (XML declaration,
// <a/> for <a></a>, character references, quotes) and the line breaks that such tools put into SignatureValue and
// KeyInfo are normalised, nothing else; the result, appended to `out`, reads as a rendition (rendition_read), digests included. Whose signature
// it is remains to be checked. `a` holds working memory. Failures as rendition_read; then `out` is as it was.
MUST_USE enum status report_accept_signed(struct span bytes, struct arena *a, struct diag *d, struct buf *out);

// Read a rendition that must already be canonical bytes of the profile, with byte ranges, checking everything
// that needs no key: canonical form, structure, Ids, digests of present children against the manifest.
// ST_INVALID (form), ST_BAD_SIGNATURE (a digest differs) with faults.
struct rendition_proof {
    struct signature_facts signature; // who signed, over what; see signature.h
};
MUST_USE enum status rendition_read(struct span bytes, struct arena *a, struct diag *d, const struct report **ret,
                                    struct rendition_proof *ret_proof);
// Does this public key's signature cover the rendition? ST_OK or ST_BAD_SIGNATURE.
MUST_USE enum status rendition_verify(const struct rendition_proof *proof, const struct verifying_key *key);

// The children to withhold, by index into report.children.
struct withheld_set {
    bool overall;
    uint64_t bits[16]; // REPORT_CHILDREN_MAX bits
};
static inline bool withheld_has(const struct withheld_set *w, size_t i)
{
    return w->bits[i / 64] >> (i % 64) & 1;
}
static inline void withheld_add(struct withheld_set *w, size_t i)
{
    w->bits[i / 64] |= (uint64_t)1 << (i % 64);
}

// Append the rendition of canonical report bytes: each withheld child replaced by <withheld ref="…"></withheld>,
// no other byte changed. `r` must carry the byte ranges of `stored` (from rendition_read).
void rendition_splice(const struct report *r, struct span stored, const struct withheld_set *w, struct buf *out);

// "INTREP e3 portion" style words for messages. Static.
const char *report_relation_text(enum report_relation rel);

#endif
