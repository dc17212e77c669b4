#ifndef DISCONNECT_H
#define DISCONNECT_H

#include "command.h"

/*
 * disconnectClient: clientid. Closes the client's connection (MQTT 5: with DISCONNECT reason 0x98); a persistent session
 * stays. `Client not found` for a client that is not connected, session or not.
 *
 * A sender that names itself gets its reply first and is disconnected then.
 */
void disconnect_client(struct command *command);

#endif
