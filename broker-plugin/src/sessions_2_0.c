/* How connections come and go on Mosquitto 2.0, which asks about logins and tells of ends, and of nothing between. */
#include "sessions.h"

#include <string.h>

#include "bans.h"
#include "clock.h"
#include "command.h"

#if !BUILT_FOR_2_1

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
	got_in = got_in && mosquitto_client_id(login->context) && sessions_add_connected(login->context, login->ms);
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
