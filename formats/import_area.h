// Where a report is about, coarsely: areas of the vocabulary from place names and from coordinates.
#ifndef RELTO_FORMATS_IMPORT_AREA_H
#define RELTO_FORMATS_IMPORT_AREA_H

#include "formats/base/span.h"

enum { IMPORT_AREAS_MAX = 8 };

struct import_areas {
    const char *ids[IMPORT_AREAS_MAX]; // static strings, no duplicates
    size_t count;
};

// Add the areas whose names (of countries, states, islands, seas) stand as words in the text, in order, the longest
// name first where one holds another ("GULF OF GUINEA" is not Guinea). Upper and lower case alike.
void import_area_from_text(struct span text, struct import_areas *areas);
// The area of a position: the first box of a fixed table of coastal waters that holds it, else the high seas
// (XAA …) of its ocean. Coarse by design: it feeds the scope of example policies, it settles no border. Never NULL.
const char *import_area_from_position(double lat, double lon);

#endif
