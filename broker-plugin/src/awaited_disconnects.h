/*
 * Disconnecting on Mosquitto 2.0, where a plugin cannot ask whether a client is connected: its kick "succeeds" for every
 * session. What tells is the disconnect event: for a TCP client it comes during the kick, for a WebSocket client a loop
 * or two later, for an offline session never. So a reply without an event yet waits for it, AWAIT_DISCONNECT_MS long.
 */
#ifndef AWAITED_DISCONNECTS_H
#define AWAITED_DISCONNECTS_H

#include "command.h"

/* Kicks the command's client, with its will, and replies now or later. */
void awaited_disconnects_kick(struct command *command);

/* MOSQ_EVT_DISCONNECT */
int awaited_disconnects_on_disconnect(int event, void *event_data, void *userdata);

/* To be called at every tick: answers `Client not found` to those that have waited long enough. */
void awaited_disconnects_tick(void);

void awaited_disconnects_cleanup(void);

#endif
