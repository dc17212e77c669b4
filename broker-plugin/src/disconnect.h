#pragma once

#include "command.h"

/*
 * Disconnecting clients (MQTT 5: with DISCONNECT reason 0x98). Only who is known to be connected is ever kicked; a
 * persistent session stays unless `cleanSession` says otherwise. Who may command is not touched, but for the Pro API's
 * command that names one client: a sender that names itself there gets its reply first and is disconnected then.
 */
enum outcome disconnect_client(struct command *command);
enum outcome disconnect_clients(struct command *command);
enum outcome pro_disconnect_client(struct command *command);

/* To be called at every tick when all replies are sent. */
void disconnect_tick(void);
