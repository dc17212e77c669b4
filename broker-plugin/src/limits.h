/* Bounds that keep one message from occupying the broker, which has a single thread for everything. */
#ifndef LIMITS_H
#define LIMITS_H

/* Bytes of one request message. Parsing takes up to 40 times as much memory for a moment. */
#define MAX_REQUEST_BYTES (2u * 1024 * 1024)

/* Commands in one request message; a message with more is refused as a whole. */
#define MAX_COMMANDS 20000

/* Clients looked at by the listClients commands of one message; a command that comes after that is refused. */
#define MAX_CLIENTS_SCANNED 100000

/* Clients in one listClients reply, whatever `count` says. */
#define MAX_CLIENTS_LISTED 10000

/* Bytes of responses after which a reply message is sent and the next one begun. */
#define REPLY_FLUSH_BYTES (64u * 1024)

/* Mosquitto 2.0: milliseconds that a disconnect may take to show before the client counts as not connected. */
#define AWAIT_DISCONNECT_MS 500

#endif
