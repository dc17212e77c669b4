/* listClients and getClient of both APIs. */
#ifndef LISTING_H
#define LISTING_H

#include "command.h"

/* Our own: filter, fields, verbose, limit, cursor. A client that stays is neither skipped nor repeated. */
void list_clients(struct command *command);
void get_client(struct command *command);

/*
 * The inspect API's: verbose (false), offset (0), count (-1: all). At most MAX_CLIENTS_LISTED in one reply; `totalCount`
 * tells how many there are. Persistent sessions that are offline are listed, with connected false.
 */
void pro_list_clients(struct command *command);
void pro_get_client(struct command *command);

#endif
