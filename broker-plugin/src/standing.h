/*
 * Standing subscriptions: made for every client that they select, now and whenever one connects, and kept in a file.
 * Who may command is left alone. Mosquitto 2.1 only.
 */
#pragma once

#include "command.h"

/* Reads the stored ones. False, and logged, if they cannot be read. */
bool standing_load(const char *dir);

void standing_cleanup(void);

/* Gives a client all that it is to have. */
void standing_apply(struct client *client);

/* The same for all clients, a few at each standing_tick(). */
void standing_apply_to_all(void);

/* To be called at every tick; returns whether work is left. */
bool standing_tick(void);

/* A subscription that this one (may be NULL) made has come or gone. */
void standing_count_subscription(struct standing *standing, int change);

/*
 * setStandingSubscription: name, select { clientid, username }, topic, qos (0), options, by.
 * deleteStandingSubscription: name, unsubscribe (false). getStandingSubscription: name.
 * listStandingSubscriptions: limit (100), cursor.
 */
enum outcome set_standing(struct command *command);
enum outcome get_standing(struct command *command);
enum outcome delete_standing(struct command *command);
enum outcome list_standing(struct command *command);
