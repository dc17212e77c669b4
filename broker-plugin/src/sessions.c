#include "sessions.h"

#include "events.h"
#include "warnings.h"

void sessions_forget_subscriptions(struct client *client, const struct mosquitto *context)
{
	if(mosquitto_client_sub_count(context) == 0) clients_forget_subscriptions(client);
}

struct client *sessions_add_connected(const struct mosquitto *context, int64_t now)
{
	struct client *client = clients_add(mosquitto_client_id(context));

	if(!client){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: out of memory, client '%s' cannot be controlled.",
				mosquitto_client_id(context));
		return NULL;
	}
	if(client->context){ /* taken over, and the end of the old connection is still to come */
		events_disconnected(client, MOSQ_ERR_SESSION_TAKEN_OVER, EVENT_SESSION_UNKNOWN);
	}
	client->context = context;
	client->connected_ms = now > client->connected_ms ? now : client->connected_ms+1; /* tells connections apart */
	client->leaving = NOT_LEAVING;
	client->refusals = 0;
	client->ticks_until_kick = 0;
	sessions_forget_subscriptions(client, context);
	return client;
}

bool sessions_is_connected(const struct client *client)
{
	return client->context && !client->leaving;
}

bool sessions_kick(struct client *client, bool with_will, enum client_leaving why)
{
	client->leaving = why;
	/* From here on the entry may be gone. */
	return mosquitto_kick_client_by_clientid(client->id, with_will) == MOSQ_ERR_SUCCESS;
}

struct client *sessions_find(const char *id, const struct mosquitto **context)
{
	struct client *client = clients_find(id);

	*context = client ? sessions_context(client) : NULL;
#if BUILT_FOR_2_1
	if(!client && mosquitto_client_port(mosquitto_client(id))){
		warnings_raise(WARNING_OTHER_LISTENER, mosquitto_client(id));
	}
#endif
	return *context ? client : NULL;
}
