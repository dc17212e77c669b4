#pragma once

#include "command.h"

/*
 * subscribeClient of either API: clientid, topic, qos (0), options { no_local (false), retain_as_published (false),
 * send_retain }.
 *
 * Works on connected clients and on persistent sessions that are offline. A subscription that exists takes the new
 * options and keeps its Subscription Identifier. Mosquitto's plugin API offers no check of the client's subscribe ACL
 * and no access to retained messages: each message is checked against the client's read ACL when it is delivered, and
 * retained messages are not sent, whatever `send_retain` says (see retained.h).
 */
enum outcome subscribe_client(struct command *command);

/* unsubscribeClient: clientid, topic. Succeeds as well when there was no such subscription. */
enum outcome unsubscribe_client(struct command *command);

/*
 * Reads `qos` and `options` into MQTT's subscription options, and checks `filter` with them (a valid filter, no `no_local`
 * on a shared one). False: the command is answered.
 */
bool subscription_read_options(struct command *command, const char *filter, uint8_t *options);

/* Writes `qos` and `options` again. */
void subscription_write_options(struct json_text *json, uint8_t options);

/*
 * The options as this client can have them: a QoS above the `max_qos` of its listener would leave messages in the broker's
 * store for ever, so it is lowered as the broker does it in a SUBACK.
 */
uint8_t subscription_options_for(const struct client *client, uint8_t options);

/*
 * Subscribes a client and remembers it. One that exists takes the options; whose it is, stays. MOSQ_ERR_SUCCESS, or why
 * not. `existed` may be NULL.
 */
int subscription_add(struct client *client, const char *filter, uint8_t options, enum subscriber by,
		struct standing *standing, bool *existed);

/* Lowers those that were made for a client that was away to what its listener knows, now that it is there. */
void subscription_lower(struct client *client);

/* Unsubscribes a client and forgets it. */
int subscription_remove(struct client *client, const char *filter);
