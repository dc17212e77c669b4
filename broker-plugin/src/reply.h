#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/*
 * The responses to one request message, sent as {"responses":[...]} in one MQTT message or, when they grow large, in
 * several: to the client that asked and to nobody else, at QoS 0, not retained.
 */
struct reply {
	const char *clientid;   /* who asked; must outlive the reply */
	const char *topic;      /* the response topic; must outlive the reply */
	char *text;
	size_t length;
	size_t capacity;
};

void reply_begin(struct reply *reply, const char *clientid, const char *topic);

/*
 * Adds one response: an error if there is one, else the data. Takes ownership of `data`; NULL stands for {}.
 * `correlation_data` may be NULL. When memory is short the response is dropped and that is logged: the client times
 * out, the broker lives.
 */
void reply_add(struct reply *reply, const char *command, const char *correlation_data, const char *error, cJSON *data);

/* Sends what has not been sent yet and frees everything. */
void reply_end(struct reply *reply);

#endif
