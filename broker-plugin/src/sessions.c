#include "sessions.h"

#include <string.h>

#include "access.h"
#include "bans.h"
#include "clock.h"
#include "events.h"
#include "standing.h"
#include "subscription.h"
#include "warnings.h"

/* Sessions expire without a word: this many entries are looked at every so many microseconds. */
#define EXPIRY_CHECKS 200
#define EXPIRY_CHECK_US 100000

static void forget_subscriptions_of_ended_session(struct client *client, const struct mosquitto *context)
{
	if(mosquitto_client_sub_count(context) == 0) clients_forget_subscriptions(client);
}

static struct client *add_connected(const struct mosquitto *context, int64_t now)
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
	forget_subscriptions_of_ended_session(client, context);
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

#if BUILT_FOR_2_1

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
	struct client *client = add_connected(context, clock_now_ms());

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
	forget_subscriptions_of_ended_session(client, context);
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

#else

/*
 * At a reload the broker asks again about everybody, in one go. Without ticks nothing tells when that is over: it is taken to be
 * when nobody was asked about for the first time, or nobody who had logged in for certain for the second.
 */
#define RELOAD_PAUSE_US 5000
#define RELOAD_US 100000

static int64_t reloads_us;  /* since the last one who had logged in for certain, or the beginning; 0: it does not reload */
static int64_t asked_us;    /* since the last one who may have; 0: none yet */

/*
 * The ids of banned clients of which it is not known whether they have logged in at that time, or are sessions that are offline. To
 * refuse one of the latter damages the broker's memory. To kick it with its will does nothing (2.0.11 and before, which alone have no
 * ticks), so that is done with all. By id: of the end of such a session nobody is told.
 */
struct doubtful {
	struct doubtful *next;
	char id[];
};

static struct doubtful *doubtful;

/*
 * Logins of which it is not known yet whether they got in. If not, the broker tells of the client's end: by TCP before
 * anything else, but by WebSocket only when that has been closed. So a WebSocket client is taken for connected when it has
 * subscribed or some time has passed; and then not in the place of one of the same id, with which anybody can fail to log in.
 */
#define WEBSOCKET_SETTLES_MS 250

struct login {
	struct login *next;
	const struct mosquitto *context;
	int64_t ms;
	bool is_banned;   /* since; it is to be kicked once it has got in */
	bool with_will;
};

static struct login *logins;
static struct login *to_kick;  /* the banned ones that got in */

static bool has_settled(const struct login *login)
{
	const char *id = mosquitto_client_id(login->context);
	const struct client *known = id ? clients_find(id) : NULL;

	return mosquitto_client_protocol(login->context) != mp_websockets
			|| mosquitto_client_sub_count(login->context) > 0
			|| (clock_now_ms() - login->ms >= WEBSOCKET_SETTLES_MS && !known);
}

/* Takes it out of the list, and into the table if it got in. */
static void end_login(struct login **link, bool got_in)
{
	struct login *login = *link;

	*link = login->next;
	got_in = got_in && mosquitto_client_id(login->context) && add_connected(login->context, login->ms);
	if(got_in && login->is_banned){
		login->next = to_kick;
		to_kick = login;
	}else{
		mosquitto_free(login);
	}
}

static struct login **find_login(struct login **list, const struct mosquitto *context)
{
	while(*list && (*list)->context != context) list = &(*list)->next;
	return list;
}

static void settle_logins(void)
{
	for(struct login **link=&logins; *link;){
		if(has_settled(*link)){
			end_login(link, true);
		}else{
			link = &(*link)->next;
		}
	}
}

/* Not while a client logs in: the broker is busy with its clients then. */
static void kick_banned(void)
{
	while(to_kick){
		struct login login = *to_kick;
		struct client *client = clients_find(mosquitto_client_id(login.context));

		mosquitto_free(to_kick);
		to_kick = login.next;
		if(client && client->context == login.context && sessions_is_connected(client) && bans_find(login.context)){
			sessions_kick(client, login.with_will, LEAVING_BANNED);
		}
	}
}

void sessions_settle(void)
{
	reloads_us = 0;
	settle_logins();
	kick_banned();
}

void sessions_kick_logins(bool (*is_meant)(const struct mosquitto *context, const void *data), const void *data, bool with_will)
{
	for(struct login *login=logins; login; login=login->next){
		if(!is_meant(login->context, data)) continue;
		login->is_banned = true;
		login->with_will = with_will;
	}
}

void sessions_doubt(const struct mosquitto *context)
{
	const char *id = mosquitto_client_id(context);
	size_t size = id ? strlen(id)+1 : 0;
	struct doubtful *one;

	for(one=doubtful; id && one; one=one->next){
		if(!strcmp(one->id, id)) return;
	}
	one = id ? mosquitto_calloc(1, sizeof(struct doubtful)+size) : NULL;
	if(one){
		memcpy(one->id, id, size);
		one->next = doubtful;
		doubtful = one;
	}
}

/* Who is in the table by now has logged in since, and the bans were asked. The sender of a message is busy with it: next time. */
static void kick_doubtful(const struct mosquitto *sender)
{
	for(struct doubtful **link=&doubtful; *link;){
		struct doubtful *one = *link;

		if(!strcmp(one->id, mosquitto_client_id(sender))){
			link = &one->next;
			continue;
		}
		*link = one->next;
		if(!command_has_turns() && !clients_find(one->id)) mosquitto_kick_client_by_clientid(one->id, true);
		mosquitto_free(one);
	}
}

void sessions_got_in(const struct mosquitto *context)
{
	struct login **link = find_login(&logins, context);

	if(*link) end_login(link, true);
	kick_doubtful(context);
}

int sessions_on_reload(int event, void *event_data, void *userdata)
{
	reloads_us = clock_monotonic_us();
	asked_us = 0;
	return MOSQ_ERR_PLUGIN_DEFER; /* anything else keeps the reload from other plugins */
}

static bool is_reloading(int64_t now)
{
	if(!reloads_us || command_has_turns()) return reloads_us != 0;
	return now - reloads_us < RELOAD_US && (!asked_us || now - asked_us < RELOAD_PAUSE_US);
}

static bool is_known(const struct mosquitto *context)
{
	const char *id = mosquitto_client_id(context);
	const struct client *client = id ? clients_find(id) : NULL;

	return *find_login(&logins, context) || (client && client->context == context);
}

/* A session with this flag of MQTT 3 is never offline. */
static bool is_clean(const struct mosquitto *context)
{
	return mosquitto_client_protocol_version(context) < 5 && mosquitto_client_clean_session(context);
}

/* Who has logged in by WebSocket and is not connected any more looks as if it had come by TCP. */
bool sessions_has_logged_in(const struct mosquitto *context)
{
	int64_t now = clock_monotonic_us();
	bool is_tcp = mosquitto_client_protocol(context) != mp_websockets;

	if(is_known(context) || (is_tcp && mosquitto_client_sub_count(context) > 0)){ /* who logs in has no subscriptions yet */
		if(reloads_us) asked_us = reloads_us = now;
		return true;
	}
	if(!is_tcp || !is_reloading(now)) return false;
	if(command_has_turns()) return true;
	if(is_clean(context)){
		reloads_us = 0; /* a login: the broker has asked about all */
		return false;
	}
	asked_us = now;
	return true;
}

bool sessions_is_doubtful(const struct mosquitto *context)
{
	return !command_has_turns() && !is_known(context) && mosquitto_client_sub_count(context) == 0;
}

void sessions_login(const struct mosquitto *context)
{
	settle_logins();
	struct login *login = mosquitto_calloc(1, sizeof(struct login));
	if(login){
		login->context = context;
		login->ms = clock_now_ms();
		login->next = logins;
		logins = login;
	}
}

int sessions_on_disconnect(int event, void *event_data, void *userdata)
{
	const struct mosquitto *context = ((const struct mosquitto_evt_disconnect *)event_data)->client;
	const char *id = mosquitto_client_id(context);
	struct client *client = id ? clients_find(id) : NULL;

	if(*find_login(&logins, context)) end_login(find_login(&logins, context), false);
	if(*find_login(&to_kick, context)) end_login(find_login(&to_kick, context), false);
	if(client && client->context == context) clients_remove(client);
	return MOSQ_ERR_SUCCESS;
}

const struct mosquitto *sessions_context(struct client *client)
{
	return client->context;
}

bool sessions_purge(struct client *client)
{
	return false;
}

void sessions_cleanup(void)
{
	while(logins) end_login(&logins, false);
	while(to_kick) end_login(&to_kick, false);
	while(doubtful){
		struct doubtful *one = doubtful;

		doubtful = one->next;
		mosquitto_free(one);
	}
	reloads_us = 0;
}

#endif
