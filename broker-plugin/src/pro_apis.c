/* The two APIs of Mosquitto Pro that this plugin answers, with the Pro's fields and texts. */
#include "control.h"

#include "disconnect.h"
#include "listing.h"
#include "subscription.h"

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
