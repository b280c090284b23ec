// A free TCP port on loopback, for directories that choose their own (tests, demos).
#ifndef RELTO_NODE_IO_FREE_PORT_H
#define RELTO_NODE_IO_FREE_PORT_H

// A port that nothing listens on at this moment, or 0 when the system gives none.
unsigned free_port(void);

#endif
