// Every limit of Relto's formats in one place, each with its reason. Operators find them in reltod(8).
#ifndef RELTO_FORMATS_BASE_LIMITS_H
#define RELTO_FORMATS_BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

// Protocol constants (spec 2.1): every receiver accepts renditions up to these.
#define RENDITION_BYTES_MAX (16 * MIB)
#define REPORT_CHILDREN_MAX ((size_t)1024)
#define XML_DEPTH_MAX ((size_t)32)

// The XML reader. Attributes: our widest element has 10; SPIFs in use stay below 20.
#define XML_ATTRS_MAX ((size_t)64)
#define XML_NAME_MAX ((size_t)256)        // bytes in one element or attribute name
#define XML_ATTR_VALUE_MAX (64 * KIB)     // bytes in one attribute value
// Elements, attributes and texts in one document. A report's 1,024 children have room for some 190 each, and reading
// 16 MiB of nothing but tags stays below 64 MiB of memory; operator's documents are trusted with more.
#define XML_NODES_MAX ((size_t)200000)
#define XML_NODES_OPERATOR_MAX ((size_t)1000000)
// Different names, prefixes and namespaces: ours have below 200, and libxml2 takes quadratic time beyond some 10,000.
#define XML_WORDS_MAX ((size_t)4096)
#define XML_NAMESPACES_MAX ((size_t)64)   // declared and in force at one place; each name costs a walk through them
#define XML_ARENA_FACTOR ((size_t)64)     // arena bytes allowed per input byte, plus XML_ARENA_BASE
#define XML_ARENA_BASE (64 * KIB)

// A feed page: 4 MiB of renditions, or one larger rendition alone (spec 4.3), plus the frame of 1,024 entries.
#define FEED_PAGE_BYTES (4 * MIB)
#define FEED_PAGE_ENTRIES_MAX ((size_t)1024)
#define FEED_PAGE_ENTRIES_DEFAULT ((size_t)256)
#define FEED_DOCUMENT_BYTES_MAX (24 * MIB)

// Operator's documents: policy, SPIF, vocabulary. The largest SPIF in public use is below 1 MiB.
#define POLICY_BYTES_MAX (8 * MIB)
#define PARTNERS_MAX ((size_t)256)        // partner bit sets are this wide
#define LABEL_SUCCESSION_MAX ((size_t)16) // successors behind one label
#define LABEL_ALTERNATIVES_MAX ((size_t)16)

#define AUDIT_EVENT_BYTES_MAX ((size_t)65535) // spec 5: entry bundles have 16-bit lengths
#define NOTE_SIGNATURES_MAX ((size_t)16)      // C2SP signed-note: accept at least 16

#endif
