// The words of a text, as a search index knows them.
#ifndef RELTO_FORMATS_WORDS_H
#define RELTO_FORMATS_WORDS_H

#include "formats/base/span.h"
#include "formats/base/status.h"

enum { WORD_BYTES_MAX = 64 };

// Call back for each word of well-formed UTF-8, in order: a longest run of letters, marks and digits, folded so that case and
// composition do not matter (Unicode full case folding, NFC), cut after the last whole character within
// WORD_BYTES_MAX bytes. Scripts that are written without spaces give one long word for each run. The word is valid during
// the call. The callback's ST_OK goes on, anything else stops and is returned. ST_NOMEM. Linear time.
MUST_USE enum status words_each(struct span text, enum status (*each)(void *ctx, struct span word), void *ctx);

#endif
