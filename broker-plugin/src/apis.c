/* The commands: of the two APIs of Mosquitto Pro, with its fields and texts, and of our own, docs/control-protocol.md. */
#include "bans.h"
#include "control.h"
#include "disconnect.h"
#include "events.h"
#include "listing.h"
#include "retained.h"
#include "standing.h"
#include "subscription.h"
#include "warnings.h"

static const struct command_handler client_control_handlers[] = {
	{ "disconnectClient", pro_disconnect_client, MOSQ_LOG_NOTICE, .need = NEEDS_CLIENTS },
	{ "subscribeClient", subscribe_client, MOSQ_LOG_NOTICE, .need = NEEDS_2_1 },
	{ "unsubscribeClient", unsubscribe_client, MOSQ_LOG_NOTICE, .need = NEEDS_2_1 },
	{ .name = NULL },
};

const struct control_api client_control_api = {
	.topic = "$CONTROL/cedalo/client-control/v1",
	.response_topic = "$CONTROL/cedalo/client-control/v1/response",
	.handlers = client_control_handlers,
};

static const struct command_handler inspect_handlers[] = {
	{ "listClients", pro_list_clients, MOSQ_LOG_INFO, .need = NEEDS_CLIENTS },
	{ "getClient", get_client, MOSQ_LOG_INFO, .need = NEEDS_CLIENTS },
	{ .name = NULL },
};

const struct control_api inspect_api = {
	.topic = "$CONTROL/cedalo/inspect/v1",
	.response_topic = "$CONTROL/cedalo/inspect/v1/response",
	.handlers = inspect_handlers,
};

/* What `describe` tells of, and what it takes. */
static const struct {
	const char *name;
	enum need need;
} features[] = {
	{ "disconnect", NEEDS_CLIENTS },
	{ "purge", NEEDS_2_1 },
	{ "subscribe", NEEDS_2_1 },
	{ "inspect", NEEDS_CLIENTS },
	{ "bans", NEEDS_BANS },
	{ "standingSubscriptions", NEEDS_STANDING },
	{ "events", NEEDS_2_1 },
	{ "retained", NEEDS_RETAINED },
	{ "ifConnectedSince", NEEDS_CLIENTS },
	{ "preventWill", NEEDS_CLIENTS },
};

static enum outcome describe(struct command *command)
{
	const struct request *request = command->request;
	struct json_text *data = &command->data;

	json_integer(data, "protocol", 1);
	json_string(data, "plugin", PLUGIN_VERSION);
	json_string(data, "broker", "mosquitto " BUILT_FOR);
	json_open_object(data, "you");
	json_string(data, "clientid", request->sender_id);
	json_string(data, "username", request->sender_username ? request->sender_username : "<anonymous>");
	json_close_object(data);
	json_open_object(data, "features");
	for(size_t i=0; i<sizeof(features)/sizeof(features[0]); i++){
		json_bool(data, features[i].name, control_offers(request->options, features[i].need));
	}
	json_close_object(data);
	json_string(data, "subscriptionsKnown", control_offers(request->options, NEEDS_2_1) ? "since-load" : "no");
	warnings_write(data, "warnings");
	return DONE;
}

static const struct command_handler handlers[] = {
	{ "describe", describe, MOSQ_LOG_INFO, NEEDS_NOTHING, NULL, "" },
	{ "listClients", list_clients, MOSQ_LOG_INFO, NEEDS_CLIENTS, "inspect", "filter fields verbose limit cursor" },
	{ "getClient", get_client, MOSQ_LOG_INFO, NEEDS_CLIENTS, "inspect", "clientid" },
	{ "disconnectClient", disconnect_client, MOSQ_LOG_NOTICE, NEEDS_CLIENTS, "disconnect",
		"clientid withWill cleanSession ifConnectedSince" },
	{ "disconnectClients", disconnect_clients, MOSQ_LOG_NOTICE, NEEDS_CLIENTS, "disconnect",
		"clientids filter withWill cleanSession" },
	{ "subscribeClient", subscribe_client, MOSQ_LOG_NOTICE, NEEDS_2_1, "subscribe", "clientid topic qos options" },
	{ "unsubscribeClient", unsubscribe_client, MOSQ_LOG_NOTICE, NEEDS_2_1, "subscribe", "clientid topic" },
	{ "deliverRetained", deliver_retained, MOSQ_LOG_DEBUG, NEEDS_RETAINED, "retained",
		"clientid topic qos payload properties subscription" },
	{ "setBan", set_ban, MOSQ_LOG_NOTICE, NEEDS_BANS, "bans", "as who until reason by disconnect" },
	{ "deleteBan", delete_ban, MOSQ_LOG_NOTICE, NEEDS_BANS, "bans", "as who" },
	{ "listBans", list_bans, MOSQ_LOG_INFO, NEEDS_BANS, "bans", "limit cursor" },
	{ "setStandingSubscription", set_standing, MOSQ_LOG_NOTICE, NEEDS_STANDING, "standingSubscriptions",
		"name select topic qos options by" },
	{ "getStandingSubscription", get_standing, MOSQ_LOG_INFO, NEEDS_STANDING, "standingSubscriptions", "name" },
	{ "deleteStandingSubscription", delete_standing, MOSQ_LOG_NOTICE, NEEDS_STANDING, "standingSubscriptions",
		"name unsubscribe" },
	{ "listStandingSubscriptions", list_standing, MOSQ_LOG_INFO, NEEDS_STANDING, "standingSubscriptions",
		"limit cursor" },
	{ "watchEvents", watch_events, MOSQ_LOG_INFO, NEEDS_2_1, "events", "seconds" },
	{ "unwatchEvents", unwatch_events, MOSQ_LOG_INFO, NEEDS_2_1, "events", "" },
	{ .name = NULL },
};

const struct control_api own_api = {
	.topic = "$CONTROL/mqtt-client-control/v1",
	.response_topic = "$CONTROL/mqtt-client-control/v1/response",
	.is_own = true,
	.handlers = handlers,
};
