#include "formats/vocabulary.h"

#include "formats/reading.h"

static const char *const none[] = {NULL};
static const char *const id_only[] = {"id", NULL};

static struct vocabulary_term *read_terms(struct reading *r, const struct xml_node *section, const char *name,
                                          size_t *ret_count)
{
    *ret_count = section ? reading_count(section, NS_VOCABULARY, name) : 0;
    struct vocabulary_term *terms = reading_array(r, ret_count, sizeof *terms);
    if (!section)
        return terms;
    size_t i = 0;
    READING_EACH(n, section, NS_VOCABULARY, name) {
        reading_attrs(r, n, id_only);
        if (i == *ret_count)
            break;
        terms[i++] = (struct vocabulary_term){reading_word(r, n, "id"), reading_text(r, n), n->line};
    }
    return terms;
}

static void read_regions(struct reading *r, const struct xml_node *section, struct vocabulary *v)
{
    static const char *const attrs[] = {"id", "areas", NULL};
    v->region_count = section ? reading_count(section, NS_VOCABULARY, "region") : 0;
    v->regions = reading_array(r, &v->region_count, sizeof *v->regions);
    if (!section)
        return;
    size_t i = 0;
    READING_EACH(n, section, NS_VOCABULARY, "region") {
        reading_attrs(r, n, attrs);
        if (i == v->region_count)
            break;
        struct vocabulary_region *g = &v->regions[i++];
        g->line = n->line;
        g->id = reading_word(r, n, "id");
        g->title = reading_text(r, n);
        g->areas = reading_words(r, reading_required(r, n, "areas"), &g->area_count);
    }
}

// Ids of terms, and of regions when there are some, into one sorted list without duplicates.
static struct reading_id *index_ids(struct reading *r, const struct vocabulary_term *terms, size_t count,
                                    const char *what, const struct vocabulary_region *regions, size_t region_count)
{
    size_t total = count + region_count;
    struct reading_id *ids = reading_array(r, &total, sizeof *ids);
    if (!ids)
        return NULL;
    for (size_t i = 0; i < count; i++)
        ids[i] = (struct reading_id){terms[i].id, what, terms[i].line, 0};
    for (size_t i = 0; i < region_count; i++)
        ids[count + i] = (struct reading_id){regions[i].id, "region", regions[i].line, 1};
    reading_unique(r, ids, total, false);
    return ids;
}

static void check_regions(struct reading *r, const struct vocabulary *v, const struct reading_id *ids)
{
    size_t count = ids ? v->area_count + v->region_count : 0;
    for (size_t i = 0; i < v->region_count; i++)
        for (size_t k = 0; k < v->regions[i].area_count && count; k++) {
            const char *area = v->regions[i].areas[k];
            const struct reading_id *found = reading_find(ids, count, false, area);
            if (!found || found->index == 1)
                reading_fault_at(r, v->regions[i].line, v->regions[i].id, "unknown-area", "\"%.60s\" is %s; expected an area",
                                 area, found ? "a region" : "no area of this vocabulary");
        }
}

enum status vocabulary_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                            const struct vocabulary **ret)
{
    static const char *const sections[] = {"types", "topics", "areas", NULL};
    static const char *const children[][3] = {{"type", NULL}, {"topic", NULL}, {"area", "region", NULL}};
    struct reading r = reading_start(a, d, file, "id");
    struct xml_node *root, *section[3];
    TRY(reading_open(&r, bytes, POLICY_BYTES_MAX, NS_VOCABULARY, "vocabulary", &root));
    reading_shape(&r, root, NS_VOCABULARY, sections, none);
    for (size_t i = 0; i < 3; i++) {
        section[i] = reading_only(&r, root, NS_VOCABULARY, sections[i], true);
        if (section[i])
            reading_shape(&r, section[i], NS_VOCABULARY, children[i], none);
    }
    struct vocabulary *v = arena_alloc(a, sizeof *v);
    if (!v)
        return arena_status(a);
    v->types = read_terms(&r, section[0], "type", &v->type_count);
    v->topics = read_terms(&r, section[1], "topic", &v->topic_count);
    v->areas = read_terms(&r, section[2], "area", &v->area_count);
    read_regions(&r, section[2], v);
    index_ids(&r, v->types, v->type_count, "type", NULL, 0);
    index_ids(&r, v->topics, v->topic_count, "topic", NULL, 0);
    check_regions(&r, v, index_ids(&r, v->areas, v->area_count, "area", v->regions, v->region_count));
    TRY(reading_end(&r));
    *ret = v;
    return ST_OK;
}

static bool has(const struct vocabulary_term *terms, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(terms[i].id, id) == 0)
            return true;
    return false;
}

bool vocabulary_has_type(const struct vocabulary *v, const char *id)
{
    return has(v->types, v->type_count, id);
}

bool vocabulary_has_topic(const struct vocabulary *v, const char *id)
{
    return has(v->topics, v->topic_count, id);
}

bool vocabulary_has_area(const struct vocabulary *v, const char *id)
{
    return has(v->areas, v->area_count, id) || vocabulary_region(v, id);
}

const struct vocabulary_region *vocabulary_region(const struct vocabulary *v, const char *id)
{
    for (size_t i = 0; i < v->region_count; i++)
        if (strcmp(v->regions[i].id, id) == 0)
            return &v->regions[i];
    return NULL;
}
