// Deadlines and limits of a server, for tests that cannot wait ten seconds. Programs leave them as they are.
#ifndef RELTO_NODE_IO_SERVER_SETTINGS_H
#define RELTO_NODE_IO_SERVER_SETTINGS_H

#include "node/io/http_conn.h"
#include "node/io/server.h"

// Borrowed until server_free; holds for phases that begin later.
struct conn_settings *server_settings(struct server *s);

#endif
