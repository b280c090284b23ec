#include "formats/base/utctime.h"
#include "formats/position.h"
#include "node/core/render_parts.h"

enum { FACT_BYTES_MAX = 1 << 20 };

void render_mark(const struct rendering *x, const struct label *label, enum marking_place place, struct buf *out)
{
    if (label)
        label_mark(x->rules, label->originator, place, NULL, out);
    else
        buf_puts(out, "OVERALL MARKING WITHHELD");
}

const struct label *render_label(const struct rendering *x, const struct report_child *c)
{
    const struct label *own = c ? c->label : x->report->header_label;
    return own ? own : x->report->label;
}

void render_child_line(const struct report_child *c, struct buf *out)
{
    char urn[UUID_URN_LEN + 1];
    switch (c->kind) {
    case REPORT_WITHHELD: buf_puts(out, "withheld"); return;
    case REPORT_REFERENCE: buf_printf(out, "%s %s", report_relation_text(c->relation), uuid_urn(c->target, urn)); return;
    case REPORT_PORTION: buf_puts(out, "portion"); return;
    case REPORT_ATTACHMENT:
        buf_printf(out, "attachment %s, %s, %llu bytes", c->name, c->media_type, (unsigned long long)c->size_bytes);
        return;
    }
}

// A fact being told: the value is put together in `value`, then handed on.
struct facts {
    render_fact *each;
    void *ctx;
    struct buf value;
};

static void tell(struct facts *f, const char *name)
{
    f->each(f->ctx, name, buf_cstr(&f->value));
    buf_reset(&f->value);
}

static void tell_list(struct facts *f, const char *name, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(&f->value, "%s%s", i ? ", " : "", values[i]);
    if (count)
        tell(f, name);
}

static void tell_position(struct facts *f, const struct report *r)
{
    char chart[POSITION_TEXT_MAX], grid[POSITION_TEXT_MAX];
    buf_printf(&f->value, "%s, MGRS %s (%.7g, %.8g)", position_degrees_minutes(r->lat, r->lon, chart),
               position_mgrs(r->lat, r->lon, grid), r->lat, r->lon);
    if (r->radius_km > 0)
        buf_printf(&f->value, ", within %.6g km", r->radius_km);
    tell(f, "Position");
}

// The words of STANAG 2511.
static void tell_grading(struct facts *f, const struct report *r)
{
    static const char *const reliability[] = {"completely reliable", "usually reliable", "fairly reliable", "not usually reliable",
                                              "unreliable", "reliability cannot be judged"};
    static const char *const credibility[] = {"confirmed", "probably true", "possibly true", "doubtfully true", "improbable",
                                              "truth cannot be judged"};
    bool both = r->reliability && r->credibility;
    if (r->reliability)
        buf_putc(&f->value, r->reliability);
    if (r->credibility)
        buf_putc(&f->value, r->credibility);
    buf_printf(&f->value, " (%s%s%s)", r->reliability ? reliability[r->reliability - 'A'] : "", both ? "; " : "",
               r->credibility ? credibility[r->credibility - '1'] : "");
    tell(f, "Grading");
}

static void tell_origin(struct facts *f, const struct rendering *x)
{
    const struct report *r = x->report;
    char dtg[UTC_TEXT_MAX];
    buf_printf(&f->value, "%s%s%s", r->nation, *r->cell ? " " : "", r->cell);
    tell(f, "Originator");
    buf_puts(&f->value, r->has_issued ? utc_format_dtg(r->issued, dtg) : "not yet");
    tell(f, "Issued");
    buf_puts(&f->value, *x->source ? x->source : "own report");
    tell(f, *x->source ? "Received from" : "Source");
}

void render_facts(const struct rendering *x, render_fact *each, void *ctx)
{
    const struct report *r = x->report;
    struct facts f = {.each = each, .ctx = ctx};
    char from[UTC_TEXT_MAX], to[UTC_TEXT_MAX];
    buf_init(&f.value, FACT_BYTES_MAX);
    tell_list(&f, "EXERCISE EXERCISE EXERCISE", r->exercises, r->exercise_count);
    tell_origin(&f, x);
    tell_list(&f, "Topics", r->topics, r->topic_count);
    tell_list(&f, "Areas", r->areas, r->area_count);
    if (r->has_position)
        tell_position(&f, r);
    if (r->has_period) {
        buf_printf(&f.value, "%s to %s", utc_format_dtg(r->period_from, from), utc_format_dtg(r->period_to, to));
        tell(&f, "Period");
    }
    if (r->reliability || r->credibility)
        tell_grading(&f, r);
    if (x->not_understood) {
        buf_puts(&f.value, "a label is under a security policy that this node does not have");
        tell(&f, "Note");
    }
    buf_fini(&f.value);
}
