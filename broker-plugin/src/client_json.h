/* A client as JSON. */
#pragma once

#include "clients.h"
#include "json_text.h"

enum client_field {
	FIELD_CLIENTID = 1 << 0,
	FIELD_USERNAME = 1 << 1,
	FIELD_ADDRESS = 1 << 2,
	FIELD_PROTOCOL = 1 << 3,
	FIELD_PROTOCOL_VERSION = 1 << 4,
	FIELD_CONNECTED = 1 << 5,
	FIELD_LAST_CONNECT = 1 << 6,
	FIELD_LAST_DISCONNECT = 1 << 7,
	FIELD_CONTROL = 1 << 8,
	FIELD_KEEPALIVE = 1 << 9,
	FIELD_CLEAN_SESSION = 1 << 10,
	FIELD_LISTENER = 1 << 11,
	FIELD_NUM_SUBSCRIPTIONS = 1 << 12,
	FIELD_WILL = 1 << 13,             /* Mosquitto tells a plugin nothing about it: always left out */
	FIELD_SUBSCRIPTIONS = 1 << 14,
	FIELD_SUBSCRIPTIONS_KNOWN = 1 << 15,
	FIELD_NULLS = 1 << 16,            /* no name of the client object: times that do not apply are null, not left out */
};

/* What a listing of our own API shows, with and without `verbose`. */
#define FIELDS_SUMMARY (FIELD_CLIENTID | FIELD_USERNAME | FIELD_ADDRESS | FIELD_PROTOCOL | FIELD_PROTOCOL_VERSION \
	| FIELD_CONNECTED | FIELD_LAST_CONNECT | FIELD_LAST_DISCONNECT | FIELD_CONTROL | FIELD_NULLS)
#define FIELDS_VERBOSE (FIELDS_SUMMARY | FIELD_KEEPALIVE | FIELD_CLEAN_SESSION | FIELD_LISTENER | FIELD_NUM_SUBSCRIPTIONS \
	| FIELD_WILL)
#define FIELDS_ALL (FIELDS_VERBOSE | FIELD_SUBSCRIPTIONS | FIELD_SUBSCRIPTIONS_KNOWN)

/* The same in the inspect API. */
#define FIELDS_PRO_SUMMARY (FIELD_CLIENTID | FIELD_USERNAME | FIELD_ADDRESS | FIELD_PROTOCOL | FIELD_PROTOCOL_VERSION \
	| FIELD_CONNECTED | FIELD_LAST_CONNECT)
#define FIELDS_PRO_VERBOSE (FIELDS_PRO_SUMMARY | FIELD_KEEPALIVE | FIELD_CLEAN_SESSION | FIELD_LISTENER \
	| FIELD_NUM_SUBSCRIPTIONS)

/* The field of this name, 0 if there is none. */
int client_field_of(const char *name);

/* Writes these fields of a client into an object, `context` being the broker's; what is not known is left out. */
void client_json_write(struct json_text *json, const struct client *client, const struct mosquitto *context, int fields);

/* Whether all subscriptions of the client are in the table. */
bool client_subscriptions_are_known(const struct client *client, const struct mosquitto *context);
