/*
 * Stands in for the broker in the C tests: just enough of its plugin API, and it aborts when the plugin breaks a rule
 * (a kick without a client id, a reply to anyone but the sender, a reply that is not JSON).
 */
#ifndef STUB_BROKER_H
#define STUB_BROKER_H

#include <cjson/cJSON.h>

#include "control.h"

/* Starts over with the clients "online", "other" and the sender "gateway" connected, and "offline" a session only. */
void stub_broker_start(void);

/* Frees everything. */
void stub_broker_stop(void);

/* Publishes a payload to the API as the client "gateway" with this username, and lets two ticks pass. */
void stub_broker_publish(const struct control_api *api, const char *username, const void *payload, size_t length);

/* All responses since the start, as one array; owned by the stub. */
const cJSON *stub_broker_responses(void);

/* How often a client was kicked, a subscription was added, one was removed. */
struct stub_counts {
	int kicks;
	int subscribes;
	int unsubscribes;
};
struct stub_counts stub_broker_counts(void);

#endif
