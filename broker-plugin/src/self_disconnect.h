/*
 * Senders that asked to be disconnected themselves. The broker is busy with such a client's packet when the command
 * runs, and its reply is not sent before the next loop; both are over when its turn comes.
 */
#ifndef SELF_DISCONNECT_H
#define SELF_DISCONNECT_H

#include <stdbool.h>

/* Disconnects the client after its reply was sent. False if memory is short. */
bool self_disconnect_schedule(const char *clientid, bool with_will);

/* To be called at every tick. */
void self_disconnect_tick(void);

void self_disconnect_cleanup(void);

#endif
