/*
 * mosquitto-client-control: disconnect, subscribe, unsubscribe and inspect clients through control topics.
 * This file: what the broker calls when it loads and unloads the library.
 */
#include "broker_api.h"

#include <unistd.h>

#include "access.h"
#include "bans.h"
#include "broker_version.h"
#include "control.h"
#include "disconnect.h"
#include "events.h"
#include "retained.h"
#include "retained_mark.h"
#include "sessions.h"
#include "standing.h"
#include "store.h"
#include "warnings.h"

#define PLUGIN_NAME "client-control"

#if BUILT_FOR_2_1
MOSQUITTO_PLUGIN_DECLARE_VERSION(5);
#else
int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for(int i=0; i<supported_version_count; i++){
		if(supported_versions[i] == 5) return 5;
	}
	return -1;
}
#endif

/* One load of the library; Mosquitto 2.0 has one per listener with per_listener_settings. */
struct plugin {
	mosquitto_plugin_id_t *identifier;
	struct options options;
	struct control_endpoint endpoints[3];
};

/* How many there are: all but the options is shared by them, and goes with the last one. */
static int loaded;

/* Milliseconds until the next turn while there is work, and while events wait for others to go with them. */
#define BUSY_MS 1
#define WAITING_MS 10

static int tick_callback(int event, void *event_data, void *userdata)
{
	bool is_busy;

	sessions_settle();
#if BUILT_FOR_2_1
	sessions_tick();
#endif
	if(!control_is_busy()) disconnect_tick(); /* a sender that named itself has had its reply */
	is_busy = control_tick();
	is_busy = standing_tick() || is_busy;
#if BUILT_FOR_2_1
	/* Without a wish, the broker calls at every turn of its loop, but does not hurry to the next one. */
	if(events_tick() || is_busy){
		((struct mosquitto_evt_tick *)event_data)->next_ms = is_busy ? BUSY_MS : WAITING_MS;
	}
#endif
	return MOSQ_ERR_SUCCESS;
}

/* An event this plugin listens to. */
struct registration {
	int event;
	MOSQ_FUNC_generic_callback callback;
	const char *topic;
	void *userdata;
};

#define MAX_REGISTRATIONS 16

/* Lists them and gives their number. */
static int list_registrations(struct plugin *plugin, struct registration list[MAX_REGISTRATIONS])
{
	int count = 0;

	for(int i=0; i<3; i++){
		struct control_endpoint *endpoint = &plugin->endpoints[i];

		list[count++] = (struct registration){ MOSQ_EVT_CONTROL, control_callback, endpoint->api->topic, endpoint };
	}
	list[count++] = (struct registration){ MOSQ_EVT_TICK, tick_callback, NULL, NULL };
	if(plugin->options.track_clients){
		list[count++] = (struct registration){ MOSQ_EVT_BASIC_AUTH, access_on_basic_auth, NULL, NULL };
		list[count++] = (struct registration){ MOSQ_EVT_DISCONNECT, sessions_on_disconnect, NULL, NULL };
	}
#if !BUILT_FOR_2_1
	if(plugin->options.track_clients){
		list[count++] = (struct registration){ MOSQ_EVT_RELOAD, sessions_on_reload, NULL, NULL };
	}
#else
	list[count++] = (struct registration){ MOSQ_EVT_EXT_AUTH_START, access_on_extended_auth, NULL, NULL };
	list[count++] = (struct registration){ MOSQ_EVT_CONNECT, sessions_on_connect, NULL, NULL };
	list[count++] = (struct registration){ MOSQ_EVT_CLIENT_OFFLINE, sessions_on_offline, NULL, NULL };
	list[count++] = (struct registration){ MOSQ_EVT_SUBSCRIBE, sessions_on_subscribe, NULL, NULL };
	list[count++] = (struct registration){ MOSQ_EVT_UNSUBSCRIBE, sessions_on_unsubscribe, NULL, NULL };
	if(plugin->options.deliver_retained){
		list[count++] = (struct registration){ MOSQ_EVT_MESSAGE_OUT, retained_on_message_out, NULL, NULL };
	}
#endif
	return count;
}

static int register_all(struct plugin *plugin)
{
	struct registration registrations[MAX_REGISTRATIONS];
	int count = list_registrations(plugin, registrations);

	for(int i=0; i<count; i++){
		int rc = mosquitto_callback_register(plugin->identifier, registrations[i].event, registrations[i].callback,
				registrations[i].topic, registrations[i].userdata);
		if(rc == MOSQ_ERR_ALREADY_EXISTS){
			mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the plugin can only be loaded once.");
		}
		if(rc) return rc;
	}
	return MOSQ_ERR_SUCCESS;
}

static void unregister_all(struct plugin *plugin)
{
	struct registration registrations[MAX_REGISTRATIONS];
	int count = list_registrations(plugin, registrations);

	for(int i=0; i<count; i++){
		mosquitto_callback_unregister(plugin->identifier, registrations[i].event, registrations[i].callback,
				registrations[i].topic);
	}
}

static void log_start(const struct options *options)
{
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
			PLUGIN_NAME " " PLUGIN_VERSION " for Mosquitto " BUILT_FOR ": %d username%s may send commands%s; wills are %s;"
			" state is kept in %s.",
			options->allowed_username_count, options->allowed_username_count == 1 ? "" : "s",
			options->allow_anonymous_control ? ", and so may clients without a username" : "",
			options->disconnect_with_will ? "published" : "not published",
			options->state_dir ? options->state_dir : "no folder");
	if(options->allow_anonymous_control) warnings_note(WARNING_ANONYMOUS_CONTROL);
	if(!options->track_clients) warnings_note(WARNING_NOT_TRACKING);
	if(!options->state_dir){
		warnings_note(WARNING_NO_STATE_DIR);
	}else if(access(options->state_dir, W_OK | X_OK)){
		warnings_note(WARNING_STATE_DIR_NOT_WRITABLE);
	}
}

/* Reads what has to be there before the first client comes. */
static int prepare(struct plugin *plugin, struct mosquitto_opt *opts, int opt_count)
{
	int rc = options_read(&plugin->options, opts, opt_count);

	if(rc) return rc;
	access_use(&plugin->options);
	if(control_offers(&plugin->options, NEEDS_BANS) && !bans_load(plugin->options.state_dir)){
		return MOSQ_ERR_INVAL;
	}
	if(control_offers(&plugin->options, NEEDS_STANDING) && !standing_load(plugin->options.state_dir)){
		return MOSQ_ERR_INVAL;
	}
#if BUILT_FOR_2_1
	if(plugin->options.deliver_retained && !retained_mark_load(plugin->options.state_dir)) return MOSQ_ERR_UNKNOWN;
	mosquitto_plugin_set_info(plugin->identifier, PLUGIN_NAME, PLUGIN_VERSION);
#endif
	rc = register_all(plugin);
	if(rc) unregister_all(plugin);
	return rc;
}

static void clean_up(struct plugin *plugin)
{
	if(loaded == 0){
		control_cleanup();
		store_cleanup();
		events_cleanup();
		sessions_cleanup();
		clients_cleanup();
		standing_cleanup();
		bans_cleanup();
		warnings_cleanup();
	}
	options_cleanup(&plugin->options);
	mosquitto_free(plugin);
}

/* The broker does not start when this returns an error. */
int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int option_count)
{
	if(!broker_version_matches_build()) return MOSQ_ERR_NOT_SUPPORTED;
	struct plugin *plugin = mosquitto_calloc(1, sizeof(struct plugin));
	if(!plugin) return MOSQ_ERR_NOMEM;
	plugin->identifier = identifier;
	plugin->endpoints[0] = (struct control_endpoint){ &client_control_api, &plugin->options };
	plugin->endpoints[1] = (struct control_endpoint){ &inspect_api, &plugin->options };
	plugin->endpoints[2] = (struct control_endpoint){ &own_api, &plugin->options };
	int rc = prepare(plugin, options, option_count);
	if(rc){
		clean_up(plugin);
		return rc;
	}
	loaded++;
	*user_data = plugin;
	log_start(&plugin->options);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
	struct plugin *plugin = user_data;

	if(plugin){
		unregister_all(plugin);
		loaded--;
		clean_up(plugin);
	}
	return MOSQ_ERR_SUCCESS;
}
