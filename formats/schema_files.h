// The schemas of formats/schema as they stand in the program, so that a node can publish them wherever it runs.
#ifndef RELTO_FORMATS_SCHEMA_FILES_H
#define RELTO_FORMATS_SCHEMA_FILES_H

#include <stddef.h>

struct schema_file {
    const char *name; // e.g. "report.xsd"
    const unsigned char *bytes;
    size_t len;
};

// Every *.xsd and *.rng, by name. Written by formats/embed.cmake when the program is built.
extern const struct schema_file schema_files[];
extern const size_t schema_file_count;

#endif
