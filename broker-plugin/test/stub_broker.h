/*
 * Stands in for the broker in the C tests: loads the plugin as the broker does, calls what it registers, and offers just
 * enough of the plugin API. It aborts when the plugin breaks a rule (a kick of anybody who is not connected, a
 * subscription that MQTT does not allow, a message to anyone but the sender that is not meant for it, no JSON).
 */
#ifndef STUB_BROKER_H
#define STUB_BROKER_H

#include <cjson/cJSON.h>

#include "control.h"

/*
 * Starts over with an empty state folder, and the clients "online", "other" and the sender "gateway" connected; on 2.1
 * "offline" is a session only.
 */
void stub_broker_start(void);

/* The same with what is in the state folder. False if the plugin refuses to load. */
bool stub_broker_restart(void);

/* Frees everything. */
void stub_broker_stop(void);

/* A client logs in; false if the plugin keeps it out. A client of this id is taken over. */
bool stub_broker_connect(const char *id, const char *username, const char *address);

/* A new connection ends the client's and its session, and is refused after that (max_connections, for one). */
void stub_broker_take_over_and_fail(const char *id);

/* A client with a persistent session logs in, and its connection breaks before that is acknowledged. */
void stub_broker_break_login(const char *id);

/* A client ends its connection, with its session unless that is to stay. */
void stub_broker_disconnect(const char *id, bool session_stays);

/* Publishes a payload to the API as the client "gateway" with this username, and lets some ticks pass. */
void stub_broker_publish(const struct control_api *api, const char *username, const void *payload, size_t length);

/* The same without the ticks, and the ticks alone, until all is answered. */
void stub_broker_send(const struct control_api *api, const char *username, const void *payload, size_t length);
void stub_broker_run(void);

/* All responses since the start, as one array; owned by the stub. */
const cJSON *stub_broker_responses(void);

/* The events that were sent since the start. */
const cJSON *stub_broker_events(void);

/* Lets a time pass in which events are sent. */
void stub_broker_wait(void);

/* Makes what is stored next fail, or not. */
void stub_broker_break_state_dir(bool is_broken);

/* Whether the state folder itself can no longer be synced to the disk. */
void stub_broker_break_folder_sync(bool is_broken);

/* How often a client was kicked, a subscription was added, one was removed, a session was removed. */
struct stub_counts {
	int kicks;
	int subscribes;
	int unsubscribes;
	int purges;
	int delivered;
	int events;           /* that were sent */
	int64_t sequence;     /* of the last message with events */
	int64_t missed;       /* by all of them */
};
struct stub_counts stub_broker_counts(void);

#endif
