/* How sessions come and go on Mosquitto 2.1, which tells of each step. */
#include "sessions.h"

#include "access.h"
#include "bans.h"
#include "clock.h"
#include "events.h"
#include "standing.h"
#include "subscription.h"
#include "warnings.h"

#if BUILT_FOR_2_1

/* Sessions expire without a word: this many entries are looked at every so many microseconds. */
#define EXPIRY_CHECKS 200
#define EXPIRY_CHECK_US 100000

static void set_offline(struct client *client)
{
	client->context = NULL;
	client->leaving = NOT_LEAVING;
	client->disconnected_ms = clock_now_ms();
}

/*
 * A client whose connection or session was taken over. The broker tells of the end of the old one before the beginning
 * of the new one, or that this is offline already, in one go; if anything else comes first, there is no new one.
 */
static struct client *taken_over;

void sessions_settle(void)
{
	if(taken_over){
		clients_remove(taken_over);
		taken_over = NULL;
	}
}

bool sessions_has_logged_in(const struct mosquitto *context)
{
	return mosquitto_client(mosquitto_client_id(context)) == context;
}

int sessions_on_connect(int event, void *event_data, void *userdata)
{
	const struct mosquitto *context = ((const struct mosquitto_evt_connect *)event_data)->client;
	struct client *client = sessions_add_connected(context, clock_now_ms());

	if(client == taken_over) taken_over = NULL;
	sessions_settle();
	if(!client) return MOSQ_ERR_SUCCESS;
	events_connected(client);
	if(access_may_command(context)) return MOSQ_ERR_SUCCESS;
	if(bans_find(context)){
		warnings_raise(WARNING_BANNED_GOT_IN, context);
		sessions_kick(client, false, LEAVING_BANNED);
		return MOSQ_ERR_SUCCESS;
	}
	subscription_lower(client);
	standing_apply(client);
	return MOSQ_ERR_SUCCESS;
}

/*
 * A login whose connection ends before the broker has acknowledged it, so that CONNECT never comes for it. The session is there
 * nonetheless: the one that it took over, or a new one. Not so that of a refused login, and a bridge is no client.
 */
static void keep_session_of_broken_login(const struct mosquitto *context)
{
	if(mosquitto_client(mosquitto_client_id(context)) != context || mosquitto_client_port(context) == 0) return;
	struct client *client = clients_add(mosquitto_client_id(context));
	if(!client) return;
	if(client == taken_over) taken_over = NULL;
	set_offline(client);
	sessions_forget_subscriptions(client, context);
}

int sessions_on_offline(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_client_offline *offline = event_data;
	struct client *client = clients_find(mosquitto_client_id(offline->client));

	if(client && client->context == offline->client){
		events_disconnected(client, offline->reason, EVENT_SESSION_STAYS);
		set_offline(client);
	}else if(!client || !client->context){
		keep_session_of_broken_login(offline->client);
	}
	sessions_settle();
	return MOSQ_ERR_SUCCESS;
}

/* Also comes for refused logins, and once more for a session that was offline: only what the table knows counts. */
int sessions_on_disconnect(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_disconnect *disconnect = event_data;
	bool is_takeover = disconnect->reason == MOSQ_ERR_SESSION_TAKEN_OVER;

	sessions_settle();
	struct client *client = clients_find(mosquitto_client_id(disconnect->client));
	if(!client || (client->context && client->context != disconnect->client)
			|| (!client->context && mosquitto_client(client->id) != disconnect->client)){
		return MOSQ_ERR_SUCCESS;
	}
	if(client->context){
		events_disconnected(client, disconnect->reason, is_takeover ? EVENT_SESSION_UNKNOWN : EVENT_SESSION_ENDS);
		set_offline(client);
	}
	if(is_takeover){
		taken_over = client;
	}else{
		clients_remove(client);
	}
	return MOSQ_ERR_SUCCESS;
}

int sessions_on_subscribe(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_subscribe *subscribe = event_data;
	struct client *client = clients_find(mosquitto_client_id(subscribe->client));

	if(client){
		clients_set_subscription(client, subscribe->data.topic_filter, subscribe->data.options,
				subscribe->data.identifier, BY_CLIENT, NULL);
	}
	return MOSQ_ERR_SUCCESS;
}

int sessions_on_unsubscribe(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_unsubscribe *unsubscribe = event_data;
	struct client *client = clients_find(mosquitto_client_id(unsubscribe->client));

	if(client) clients_forget_subscription(client, unsubscribe->data.topic_filter);
	return MOSQ_ERR_SUCCESS;
}

/* A session read from disk has no protocol version until its client is back; the broker's own bridges have one. */
static int take_in_session(const struct mosquitto *context, void *userdata)
{
	if(mosquitto_client_protocol_version(context) == 0 && !clients_add(mosquitto_client_id(context))){
		return MOSQ_ERR_NOMEM;
	}
	return MOSQ_ERR_SUCCESS;
}

const struct mosquitto *sessions_context(struct client *client)
{
	const struct mosquitto *context = client->context;

	if(!context){
		context = mosquitto_client(client->id);
		if(!context) clients_remove(client);
	}
	return context;
}

static bool taken_in;
static uint64_t checked;    /* up to this sequence */
static int64_t checked_us;

void sessions_tick(void)
{
	int64_t now = clock_monotonic_us();

	if(!taken_in){
		taken_in = true;
		mosquitto_apply_on_all_clients(take_in_session, NULL);
		standing_apply_to_all();
	}
	if(now - checked_us < EXPIRY_CHECK_US) return;
	checked_us = now;
	for(int i=0; i<EXPIRY_CHECKS; i++){
		struct client *client = clients_after(checked);

		checked = client ? client->sequence : 0;
		if(!client) break;
		sessions_context(client);
	}
}

/* A client is in the table as soon as it has logged in. */
void sessions_kick_logins(bool (*is_meant)(const struct mosquitto *context, const void *data), const void *data, bool with_will)
{
}

bool sessions_purge(struct client *client)
{
	return mosquitto_persist_client_delete(client->id) == MOSQ_ERR_SUCCESS;
}

void sessions_cleanup(void)
{
	taken_over = NULL;
	taken_in = false;
	checked = 0;
}

#endif
