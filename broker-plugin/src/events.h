/*
 * Tells those who ask when clients come and go: batched, bounded, and to the asking connection alone. Every event has a
 * number, so that whoever listens can see what it missed.
 */
#pragma once

#include "command.h"

/* What becomes of the session of a client that has gone. */
enum event_session { EVENT_SESSION_UNKNOWN, EVENT_SESSION_STAYS, EVENT_SESSION_ENDS };

/* To be called while the client's context is there. `reason` is the broker's. */
void events_connected(const struct client *client);
void events_disconnected(const struct client *client, int reason, enum event_session session);

/* To be called at every tick; returns whether events wait. */
bool events_tick(void);

void events_cleanup(void);

/* watchEvents: seconds (60). unwatchEvents. */
enum outcome watch_events(struct command *command);
enum outcome unwatch_events(struct command *command);
