#pragma once

#include "json_text.h"

/*
 * The responses to one request message, sent as {"responses":[...]} in one MQTT message or, when they grow large, in
 * several: to the client that asked and to nobody else, at QoS 0, not retained.
 */
struct reply {
	const char *clientid;   /* who asked; must outlive the reply. NULL: nobody is there any more, nothing is sent */
	const char *topic;      /* the response topic; must outlive the reply */
	struct json_text text;
};

/*
 * Adds one response. When memory is short the response is dropped and that is logged: the client times out, the broker
 * lives.
 */
void reply_add(struct reply *reply, const struct json_text *response);

/* Sends what has not been sent yet and frees everything. */
void reply_flush(struct reply *reply);

/* Sends one message to one client, and frees the text. */
void reply_send(const char *clientid, const char *topic, struct json_text *text);
