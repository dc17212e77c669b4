/* The API $CONTROL/cedalo/client-control/v1. */
#include "control.h"

#include "disconnect.h"
#include "subscription.h"

static const struct command_handler handlers[] = {
	{ "disconnectClient", disconnect_client },
	{ "subscribeClient", subscribe_client },
	{ "unsubscribeClient", unsubscribe_client },
	{ NULL, NULL },
};

const struct control_api client_control_api = {
	.topic = "$CONTROL/cedalo/client-control/v1",
	.response_topic = "$CONTROL/cedalo/client-control/v1/response",
	.handlers = handlers,
};
