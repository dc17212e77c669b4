#include "access.h"

#include "bans.h"
#include "sessions.h"

static const struct options *options;

void access_use(const struct options *used)
{
	options = used;
}

bool access_may_command(const struct mosquitto *context)
{
	return options_allow(options, mosquitto_client_username(context), mosquitto_client_port(context));
}

bool access_is_control_client(const struct client *client)
{
	return client->context && access_may_command(client->context);
}

uint8_t access_max_qos(const struct client *client)
{
	return options_max_qos(options, client->context ? mosquitto_client_port(client->context) : 0);
}

/*
 * Whether a ban keeps it out, if it has not logged in yet. Not who has logged in before: the ban has decided itself whether that stays. And a session that is
 * offline must not be refused, because 2.0 damages its memory when it disconnects one.
 */
static bool is_banned(const struct mosquitto *context)
{
	return !access_may_command(context) && bans_find(context);
}

#if BUILT_FOR_2_1

static bool is_kept_out(const struct mosquitto *context)
{
	return !sessions_has_logged_in(context) && is_banned(context);
}

int access_on_basic_auth(int event, void *event_data, void *userdata)
{
	const struct mosquitto *context = ((const struct mosquitto_evt_basic_auth *)event_data)->client;

	if(options_name_username(options, mosquitto_client_username(context))){
		return MOSQ_ERR_PLUGIN_DEFER; /* whether it is banned after all, where it may not command: sessions.c */
	}
	return is_kept_out(context) ? MOSQ_ERR_BANNED : MOSQ_ERR_PLUGIN_IGNORE;
}

int access_on_extended_auth(int event, void *event_data, void *userdata)
{
	const struct mosquitto *context = ((const struct mosquitto_evt_extended_auth *)event_data)->client;

	return is_kept_out(context) ? MOSQ_ERR_AUTH : MOSQ_ERR_PLUGIN_IGNORE;
}

#else

/* 2.0 takes everything but DEFER for an answer, and knows no CONNACK for the banned. */
int access_on_basic_auth(int event, void *event_data, void *userdata)
{
	const struct mosquitto *context = ((const struct mosquitto_evt_basic_auth *)event_data)->client;

	if(sessions_has_logged_in(context)){
		if(sessions_is_doubtful(context) && is_banned(context)) sessions_doubt(context);
	}else{
		if(is_banned(context)) return MOSQ_ERR_AUTH;
		sessions_login(context);
	}
	return MOSQ_ERR_PLUGIN_DEFER;
}

#endif
