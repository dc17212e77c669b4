/*
 * What the broker tells about clients that come, go and subscribe: keeps the table of clients by it, throws out who is
 * banned, gives who is new its standing subscriptions, and passes the news on to those who watch.
 */
#pragma once

#include "clients.h"

#if BUILT_FOR_2_1
int sessions_on_connect(int event, void *event_data, void *userdata);       /* MOSQ_EVT_CONNECT */
int sessions_on_offline(int event, void *event_data, void *userdata);       /* MOSQ_EVT_CLIENT_OFFLINE: the session stays */
int sessions_on_subscribe(int event, void *event_data, void *userdata);     /* MOSQ_EVT_SUBSCRIBE */
int sessions_on_unsubscribe(int event, void *event_data, void *userdata);   /* MOSQ_EVT_UNSUBSCRIBE */

/* Takes in the sessions that the broker read from disk, once; and forgets sessions that have expired, a few at a time. */
void sessions_tick(void);
#else
int sessions_on_reload(int event, void *event_data, void *userdata);        /* MOSQ_EVT_RELOAD */

/* A client is logging in; whether it gets in is not known yet. */
void sessions_login(const struct mosquitto *context);

/* Whether one of whom it is said that it has logged in may be about to, as it is not known when a reload is over. */
bool sessions_is_doubtful(const struct mosquitto *context);

/* Such a one is banned: if it logs in, it is disconnected at the next message of another client. */
void sessions_doubt(const struct mosquitto *context);

/* A client has: it sends messages. */
void sessions_got_in(const struct mosquitto *context);
#endif

/*
 * Whether an authentication is not a login. When the broker reads its configuration again it asks again about everybody whom it
 * knows, connected or not, and a client of MQTT 5 may authenticate again (section 4.12.1).
 */
bool sessions_has_logged_in(const struct mosquitto *context);

/* Decides what the last event left open. To be called before the table is looked at. */
void sessions_settle(void);

int sessions_on_disconnect(int event, void *event_data, void *userdata);    /* MOSQ_EVT_DISCONNECT: the session ends */

/*
 * The broker's client of an entry, NULL if its session has expired: the entry is gone then. On 2.0 only for those who
 * are connected.
 */
const struct mosquitto *sessions_context(struct client *client);

/*
 * The entry of this id, with the broker's client, or NULL. Notices when there is a client that the plugin is not told of.
 */
struct client *sessions_find(const char *id, const struct mosquitto **context);

/* Whether the client is connected and not about to be disconnected. */
bool sessions_is_connected(const struct client *client);

/*
 * Disconnects a connected client; the entry may be gone afterwards, and its context is. False if the broker refuses.
 */
bool sessions_kick(struct client *client, bool with_will, enum client_leaving why);

/*
 * Disconnects, as banned, those who are meant and have logged in, but are not in the table yet as it is not known whether they got
 * in (2.0): as soon as that is known, if then there still is a ban.
 */
void sessions_kick_logins(bool (*is_meant)(const struct mosquitto *context, const void *data), const void *data, bool with_will);

/* Removes the session of a client that is not connected, and the entry. False where that is not possible. */
bool sessions_purge(struct client *client);

void sessions_cleanup(void);

/* For `sessions_2_0.c` and `sessions_2_1.c` only. */

/* The entry of a client that has just connected, in the place of what was known of its id; NULL without memory, which is logged. */
struct client *sessions_add_connected(const struct mosquitto *context, int64_t now);

/* What is remembered of an entry's subscriptions, where the broker has begun a new session. */
void sessions_forget_subscriptions(struct client *client, const struct mosquitto *context);
