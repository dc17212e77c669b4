/* The API $CONTROL/cedalo/inspect/v1. Mosquitto 2.0 lets a plugin see no client but the sender: not supported there. */
#include "control.h"

#if BUILT_FOR_2_1

#include <math.h>

#include "connected_clients.h"
#include "limits.h"

static const char *protocol_name(const struct mosquitto *client)
{
	switch(mosquitto_client_protocol(client)){
		case mp_mqttsn:
			return "MQTT-SN";
		case mp_websockets:
			return "MQTT-WS";
		default:
			return "MQTT";
	}
}


/* NULL for a session read from disk whose client has not been back since. */
static const char *protocol_version_name(const struct mosquitto *client)
{
	switch(mosquitto_client_protocol_version(client)){
		case 3:
			return "v3.1";
		case 4:
			return "v3.1.1";
		case 5:
			return "v5";
		default:
			return NULL;
	}
}


/* The optional string is left out when NULL. */
static bool add_string(cJSON *json, const char *field, const char *value)
{
	return value == NULL || cJSON_AddStringToObject(json, field, value) != NULL;
}


static bool add_summary(cJSON *json, const struct mosquitto *client)
{
	const char *username = mosquitto_client_username(client);
	int64_t since_ms;
	bool connected = connected_clients_find(client, &since_ms);

	return add_string(json, "clientid", mosquitto_client_id(client))
			&& add_string(json, "username", username ? username : "<anonymous>")
			&& add_string(json, "address", mosquitto_client_address(client))
			&& add_string(json, "protocol", protocol_name(client))
			&& add_string(json, "protocolVersion", protocol_version_name(client))
			&& cJSON_AddBoolToObject(json, "connected", connected)
			&& (!connected || cJSON_AddNumberToObject(json, "lastConnect", (double)since_ms));
}


static bool add_details(cJSON *json, const struct mosquitto *client)
{
	int port = mosquitto_client_port(client);
	cJSON *listener = port ? cJSON_AddObjectToObject(json, "listener") : NULL;

	return (port == 0 || (listener && cJSON_AddNumberToObject(listener, "port", port)))
			&& cJSON_AddNumberToObject(json, "numSubscriptions", mosquitto_client_sub_count(client))
			&& cJSON_AddNumberToObject(json, "keepalive", mosquitto_client_keepalive(client))
			&& cJSON_AddBoolToObject(json, "cleanSession", mosquitto_client_clean_session(client));
}


/* One client as JSON, NULL when memory is short. */
static cJSON *describe(const struct mosquitto *client, bool verbose)
{
	cJSON *json = cJSON_CreateObject();

	if(json && (!add_summary(json, client) || (verbose && !add_details(json, client)))){
		cJSON_Delete(json);
		return NULL;
	}
	return json;
}


struct listing {
	double offset;
	double count;
	bool verbose;
	int total;
	int listed;
	cJSON *clients;
};

static int list_one(const struct mosquitto *client, void *userdata)
{
	struct listing *listing = userdata;
	int index = listing->total++;
	cJSON *json;

	if(index < listing->offset || listing->listed >= listing->count){
		return MOSQ_ERR_SUCCESS;
	}
	json = describe(client, listing->verbose);
	if(!json || !cJSON_AddItemToArray(listing->clients, json)){
		cJSON_Delete(json);
		return MOSQ_ERR_NOMEM;
	}
	listing->listed++;
	return MOSQ_ERR_SUCCESS;
}


/* A whole number; the fallback when the field is missing or null. */
static bool read_whole_number(struct command *command, const char *field, double fallback, double *value)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, field);

	*value = json == NULL || cJSON_IsNull(json) ? fallback : cJSON_GetNumberValue(json);
	return isfinite(*value) && floor(*value) == *value;
}


static bool read_listing(struct command *command, struct listing *listing)
{
	const cJSON *verbose = cJSON_GetObjectItemCaseSensitive(command->json, "verbose");

	listing->verbose = cJSON_IsTrue(verbose);
	if(verbose && !cJSON_IsBool(verbose) && !cJSON_IsNull(verbose)){
		command_fail(command, "Invalid verbose");
		return false;
	}
	if(!read_whole_number(command, "offset", 0, &listing->offset) || listing->offset < 0){
		command_fail(command, "Invalid offset");
		return false;
	}
	if(!read_whole_number(command, "count", -1, &listing->count) || listing->count < -1){
		command_fail(command, "Invalid count");
		return false;
	}
	if(listing->count == -1 || listing->count > MAX_CLIENTS_LISTED){
		listing->count = MAX_CLIENTS_LISTED;
	}
	return true;
}


/*
 * listClients: verbose (false), offset (0), count (-1: all). At most MAX_CLIENTS_LISTED in one reply; `totalCount` tells
 * how many there are. Persistent sessions that are offline are listed, with connected false.
 */
static void list_clients(struct command *command)
{
	struct listing listing = { 0 };
	cJSON *data;
	int rc;

	if(!read_listing(command, &listing)){
		return;
	}
	if(command->request->clients_scanned >= MAX_CLIENTS_SCANNED){
		command_fail(command, "Too many listClients commands in one message");
		return;
	}
	data = cJSON_CreateObject();
	listing.clients = cJSON_AddArrayToObject(data, "clients");
	rc = listing.clients ? mosquitto_apply_on_all_clients(list_one, &listing) : MOSQ_ERR_NOMEM;
	command->request->clients_scanned += listing.total;
	if(rc || !cJSON_AddNumberToObject(data, "totalCount", listing.total)){
		cJSON_Delete(data);
		command_fail(command, ERROR_INTERNAL);
		return;
	}
	command_succeed(command, data);
}


/* getClient: clientid. The client's fields are the data. */
static void get_client(struct command *command)
{
	const struct mosquitto *client;
	cJSON *data;

	if(!command_read_clientid(command)){
		return;
	}
	client = mosquitto_client(command->clientid);
	if(!client){
		command_fail(command, ERROR_CLIENT_NOT_FOUND);
		return;
	}
	data = describe(client, true);
	if(data){
		command_succeed(command, data);
	}else{
		command_fail(command, ERROR_INTERNAL);
	}
}

#else

static void list_clients(struct command *command)
{
	command_fail(command, ERROR_NOT_SUPPORTED);
}


static void get_client(struct command *command)
{
	command_fail(command, ERROR_NOT_SUPPORTED);
}

#endif

static const struct command_handler handlers[] = {
	{ "listClients", list_clients },
	{ "getClient", get_client },
	{ NULL, NULL },
};

const struct control_api inspect_api = {
	.topic = "$CONTROL/cedalo/inspect/v1",
	.response_topic = "$CONTROL/cedalo/inspect/v1/response",
	.handlers = handlers,
};
