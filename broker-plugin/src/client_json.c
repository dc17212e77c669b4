#include "client_json.h"

#include <string.h>

#include "access.h"
#include "filter.h"
#include "sessions.h"

static const char *const names[] = {
	"clientid", "username", "address", "protocol", "protocolVersion", "connected", "lastConnect", "lastDisconnect",
	"control", "keepalive", "cleanSession", "listener", "numSubscriptions", "will", "subscriptions", "subscriptionsKnown",
};

int client_field_of(const char *name)
{
	for(size_t i=0; i<sizeof(names)/sizeof(names[0]); i++){
		if(!strcmp(names[i], name)) return 1 << i;
	}
	return 0;
}

/* NULL for a session read from disk whose client has not been back since. */
static const char *version_name(const struct mosquitto *context)
{
	switch(mosquitto_client_protocol_version(context)){
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

bool client_subscriptions_are_known(const struct client *client, const struct mosquitto *context)
{
	return client->subscription_count == mosquitto_client_sub_count(context);
}

static void write_subscription(struct json_text *json, const struct subscription *subscription)
{
	static const char *const by[] = { "client", "control", "standing" };

	json_open_object(json, NULL);
	json_string(json, "topic", subscription->filter);
	json_integer(json, "qos", subscription->options & 0x03);
	json_open_object(json, "options");
	json_bool(json, "no_local", subscription->options & MQTT_SUB_OPT_NO_LOCAL);
	json_bool(json, "retain_as_published", subscription->options & MQTT_SUB_OPT_RETAIN_AS_PUBLISHED);
	json_integer(json, "retain_handling", (subscription->options & 0x30) >> 4);
	json_close_object(json);
	if(subscription->identifier) json_integer(json, "identifier", subscription->identifier);
	json_string(json, "by", by[subscription->by]);
	json_close_object(json);
}

static void write_subscriptions(struct json_text *json, const struct client *client, const struct mosquitto *context,
		int fields)
{
	if(fields & FIELD_SUBSCRIPTIONS){
		json_open_array(json, "subscriptions");
		for(const struct subscription *one=client->subscriptions; one; one=one->next) write_subscription(json, one);
		json_close_array(json);
	}
	if(fields & FIELD_SUBSCRIPTIONS_KNOWN){
		json_string(json, "subscriptionsKnown", client_subscriptions_are_known(client, context) ? "all" : "since-load");
	}
}

void client_json_write(struct json_text *json, const struct client *client, const struct mosquitto *context, int fields)
{
	const char *username = mosquitto_client_username(context);
	int port = mosquitto_client_port(context);

	json_string(json, "clientid", client->id);
	if(fields & FIELD_USERNAME) json_string(json, "username", username ? username : ANONYMOUS);
	if(fields & FIELD_ADDRESS) json_string_if_known(json, "address", mosquitto_client_address(context));
	if(fields & FIELD_PROTOCOL) {
		json_string(json, "protocol", mosquitto_client_protocol(context) == mp_websockets ? "MQTT-WS" : "MQTT");
	}
	if(fields & FIELD_PROTOCOL_VERSION) json_string_if_known(json, "protocolVersion", version_name(context));
	if(fields & FIELD_CONNECTED) json_bool(json, "connected", sessions_is_connected(client));
	if((fields & FIELD_LAST_CONNECT) && ((fields & FIELD_NULLS) || client->context)){
		json_time(json, "lastConnect", client->connected_ms);
	}
	if(fields & FIELD_LAST_DISCONNECT) json_time(json, "lastDisconnect", client->disconnected_ms);
	if((fields & FIELD_CONTROL) && access_is_control_client(client)) json_bool(json, "control", true);
	if(fields & FIELD_KEEPALIVE) json_integer(json, "keepalive", mosquitto_client_keepalive(context));
	if(fields & FIELD_CLEAN_SESSION) json_bool(json, "cleanSession", mosquitto_client_clean_session(context));
	if((fields & FIELD_LISTENER) && port){
		json_open_object(json, "listener");
		json_integer(json, "port", port);
		json_close_object(json);
	}
	if(fields & FIELD_NUM_SUBSCRIPTIONS) json_integer(json, "numSubscriptions", mosquitto_client_sub_count(context));
	if(BUILT_FOR_2_1) write_subscriptions(json, client, context, fields);
}
