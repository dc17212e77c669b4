/* listClients and getClient of both APIs. */
#pragma once

#include "command.h"

/*
 * Our own: filter, fields, verbose, limit, cursor. A client that stays is neither skipped nor repeated. A page ends when its
 * turn is over, however few clients are in it: the next request wakes the broker at once, where one that has nothing else to
 * do would go on only after 100 ms.
 */
enum outcome list_clients(struct command *command);

/*
 * The inspect API's: verbose (false), offset (0), count (-1: all). At most MAX_CLIENTS_LISTED in one reply; `totalCount`
 * tells how many there are. Persistent sessions that are offline are listed, with connected false.
 */
enum outcome pro_list_clients(struct command *command);

/* Of either API. */
enum outcome get_client(struct command *command);
