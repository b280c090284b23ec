// How a position is written for people: degrees and minutes as on charts, and the Military Grid Reference System.
#ifndef RELTO_FORMATS_POSITION_H
#define RELTO_FORMATS_POSITION_H

enum { POSITION_TEXT_MAX = 32 };

// `04-09.0N 003-12.0E`: minutes rounded to a tenth. lat within -90..90, lon within -180..180, degrees. Returns out.
const char *position_degrees_minutes(double lat, double lon, char out[POSITION_TEXT_MAX]);

// `31U DQ 48251 11932`: the square of one metre that holds the position, on WGS 84: of the universal transverse Mercator grid
// with its exceptions for Norway and Svalbard from 80 degrees south to below 84 north, of the polar stereographic grid (`Z AH 00000
// 00000`) beyond. Digits are cut, not rounded, as a grid reference names the south-west corner of a square. Ranges as above.
// Returns out. Source: NGA.STND.0037, Krüger's series to the fourth power (below a millimetre within a zone).
const char *position_mgrs(double lat, double lon, char out[POSITION_TEXT_MAX]);

#endif
