// The vocabulary: report types, topics, areas and regions (spec 3.2). Ids are single words, unique within types,
// topics, and areas with regions; a region names areas only. Whether an area is in ISO 3166 is not checked.
#ifndef RELTO_FORMATS_VOCABULARY_H
#define RELTO_FORMATS_VOCABULARY_H

#include "formats/xml.h"

#define NS_VOCABULARY "urn:relto:vocabulary:1"

struct vocabulary_term {
    const char *id, *title;
    uint32_t line;
};

struct vocabulary_region {
    const char *id, *title;
    const char **areas; // ids of areas
    size_t area_count;
    uint32_t line;
};

struct vocabulary {
    struct vocabulary_term *types, *topics, *areas;
    size_t type_count, topic_count, area_count;
    struct vocabulary_region *regions;
    size_t region_count;
};

// Read a vocabulary. Structures live in `a`. ST_INVALID with every fault found, or what xml_read returns.
MUST_USE enum status vocabulary_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                     const struct vocabulary **ret);
bool vocabulary_has_type(const struct vocabulary *v, const char *id);
bool vocabulary_has_topic(const struct vocabulary *v, const char *id);
// An area or a region.
bool vocabulary_has_area(const struct vocabulary *v, const char *id);
// The region with this id, or NULL.
const struct vocabulary_region *vocabulary_region(const struct vocabulary *v, const char *id);

#endif
