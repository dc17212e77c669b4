/*
 * mosquitto-client-control: disconnect, subscribe, unsubscribe and inspect clients through control topics.
 * This file: what the broker calls when it loads and unloads the library.
 */
#include "broker_api.h"

#include "awaited_disconnects.h"
#include "broker_version.h"
#include "connected_clients.h"
#include "control.h"
#include "self_disconnect.h"

#define PLUGIN_NAME "client-control"
#ifndef PLUGIN_VERSION
#  define PLUGIN_VERSION "0"
#endif

#if BUILT_FOR_2_1
MOSQUITTO_PLUGIN_DECLARE_VERSION(5);
#else
int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for(int i=0; i<supported_version_count; i++){
		if(supported_versions[i] == 5){
			return 5;
		}
	}
	return -1;
}
#endif

/* One load of the library; Mosquitto 2.0 has one per listener with per_listener_settings. */
struct plugin {
	mosquitto_plugin_id_t *identifier;
	struct options options;
	struct control_endpoint client_control;
	struct control_endpoint inspect;
};

static int tick_callback(int event, void *event_data, void *userdata)
{
	(void)event;
	(void)event_data;
	(void)userdata;
	self_disconnect_tick();
#if !BUILT_FOR_2_1
	awaited_disconnects_tick();
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

#define REGISTRATION_COUNT (BUILT_FOR_2_1 ? 6 : 4)

static void list_registrations(struct plugin *plugin, struct registration registrations[REGISTRATION_COUNT])
{
	const struct registration list[REGISTRATION_COUNT] = {
		{ MOSQ_EVT_CONTROL, control_callback, client_control_api.topic, &plugin->client_control },
		{ MOSQ_EVT_CONTROL, control_callback, inspect_api.topic, &plugin->inspect },
		{ MOSQ_EVT_TICK, tick_callback, NULL, NULL },
#if BUILT_FOR_2_1
		{ MOSQ_EVT_CONNECT, connected_clients_on_connect, NULL, NULL },
		{ MOSQ_EVT_DISCONNECT, connected_clients_on_gone, NULL, NULL },
		{ MOSQ_EVT_CLIENT_OFFLINE, connected_clients_on_gone, NULL, NULL },
#else
		{ MOSQ_EVT_DISCONNECT, awaited_disconnects_on_disconnect, NULL, NULL },
#endif
	};

	for(int i=0; i<REGISTRATION_COUNT; i++){
		registrations[i] = list[i];
	}
}


static int register_all(struct plugin *plugin)
{
	struct registration registrations[REGISTRATION_COUNT];

	list_registrations(plugin, registrations);
	for(int i=0; i<REGISTRATION_COUNT; i++){
		int rc = mosquitto_callback_register(plugin->identifier, registrations[i].event, registrations[i].callback,
				registrations[i].topic, registrations[i].userdata);
		if(rc == MOSQ_ERR_ALREADY_EXISTS){
			mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the plugin can only be loaded once.");
		}
		if(rc){
			return rc;
		}
	}
	return MOSQ_ERR_SUCCESS;
}


static void unregister_all(struct plugin *plugin)
{
	struct registration registrations[REGISTRATION_COUNT];

	list_registrations(plugin, registrations);
	for(int i=0; i<REGISTRATION_COUNT; i++){
		mosquitto_callback_unregister(plugin->identifier, registrations[i].event, registrations[i].callback,
				registrations[i].topic);
	}
}


static void free_plugin(struct plugin *plugin)
{
	options_cleanup(&plugin->options);
	mosquitto_free(plugin);
}


/* The broker does not start when this returns an error. */
int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int option_count)
{
	struct plugin *plugin;
	int rc;

	if(!broker_version_matches_build()){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	plugin = mosquitto_calloc(1, sizeof(struct plugin));
	if(!plugin){
		return MOSQ_ERR_NOMEM;
	}
	plugin->identifier = identifier;
	plugin->client_control = (struct control_endpoint){ &client_control_api, &plugin->options };
	plugin->inspect = (struct control_endpoint){ &inspect_api, &plugin->options };

	rc = options_read(&plugin->options, options, option_count);
	if(rc == MOSQ_ERR_SUCCESS){
#if BUILT_FOR_2_1
		mosquitto_plugin_set_info(identifier, PLUGIN_NAME, PLUGIN_VERSION);
#endif
		rc = register_all(plugin);
		if(rc){
			unregister_all(plugin);
		}
	}
	if(rc){
		free_plugin(plugin);
		return rc;
	}
	*user_data = plugin;
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
			PLUGIN_NAME " " PLUGIN_VERSION " for Mosquitto " BUILT_FOR ": %d username%s may send commands%s; wills are %s.",
			plugin->options.allowed_username_count, plugin->options.allowed_username_count == 1 ? "" : "s",
			plugin->options.allow_anonymous_control ? ", and so may clients without a username" : "",
			plugin->options.disconnect_with_will ? "published" : "not published");
	if(plugin->options.allow_anonymous_control){
		mosquitto_log_printf(MOSQ_LOG_WARNING,
				"Warning: client-control: any client without a username controls all others. Not for production.");
	}
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
	struct plugin *plugin = user_data;

	(void)options;
	(void)option_count;
	if(!plugin){
		return MOSQ_ERR_SUCCESS;
	}
	unregister_all(plugin);
	self_disconnect_cleanup();
#if BUILT_FOR_2_1
	connected_clients_cleanup();
#else
	awaited_disconnects_cleanup();
#endif
	free_plugin(plugin);
	return MOSQ_ERR_SUCCESS;
}
