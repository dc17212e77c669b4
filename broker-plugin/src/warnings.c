#include "warnings.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

static const char *const texts[WARNING_COUNT] = {
	[WARNING_NOT_ALLOWED] = "is not allowed to send commands",
#if BUILT_FOR_2_1
	[WARNING_OTHER_LISTENER] = "Clients of a listener that this plugin is not loaded for cannot be controlled and cannot "
		"command: with per_listener_settings load it with global_plugin",
#else
	[WARNING_OTHER_LISTENER] = "Clients that another plugin lets in before this one is asked, or of a listener that it is "
		"not loaded for, cannot be controlled and cannot command: load it before the others, and for every listener",
#endif
	[WARNING_BANNED_GOT_IN] = "A banned client got past the login and was disconnected right after it: it logs in with a "
		"certificate, or another plugin answers logins before this one. Load client-control before the others",
	[WARNING_NO_STATE_DIR] = "Bans and standing subscriptions have no place to be stored: set plugin_opt_state_dir",
	[WARNING_STATE_DIR_NOT_WRITABLE] = "The folder for bans and standing subscriptions cannot be written to by the broker's "
		"user: none can be set or deleted",
	[WARNING_NOT_TRACKING] = "No client can be controlled, as Mosquitto 2.0 does not tell a plugin who is connected: set "
		"plugin_opt_track_clients true, see the documentation for what that changes",
	[WARNING_ANONYMOUS_CONTROL] = "Any client without a username controls all others: not for production",
};

static struct {
	bool raised;
	int64_t logged_us;  /* 0: never */
	unsigned unlogged;  /* since then */
} state[WARNING_COUNT];

void warnings_note(enum warning warning)
{
	state[warning].raised = true;
	mosquitto_log_printf(MOSQ_LOG_WARNING, "Warning: client-control: %s.", texts[warning]);
}

void warnings_raise(enum warning warning, const struct mosquitto *client)
{
	int64_t now = clock_monotonic_us();
	const char *id = mosquitto_client_id(client);
	const char *username = mosquitto_client_username(client);
	const char *address = mosquitto_client_address(client);
	char more[40] = "";

	state[warning].raised = true;
	if(state[warning].logged_us != 0 && now - state[warning].logged_us < 1000000){
		state[warning].unlogged++;
		return;
	}
	if(state[warning].unlogged){
		(void)snprintf(more, sizeof(more), " (%u like it before)", state[warning].unlogged);
	}
	mosquitto_log_printf(MOSQ_LOG_WARNING, "Warning: client-control: user '%.128s' (client '%.128s', address %s) %s.%s",
			username ? username : "<anonymous>", id ? id : "", address ? address : "unknown", texts[warning], more);
	state[warning].logged_us = now;
	state[warning].unlogged = 0;
}

void warnings_write(struct json_text *json, const char *key)
{
	json_open_array(json, key);
	for(int i=0; i<WARNING_COUNT; i++){
		if(state[i].raised && i != WARNING_NOT_ALLOWED) json_string(json, NULL, texts[i]);
	}
	json_close_array(json);
}

void warnings_cleanup(void)
{
	memset(state, 0, sizeof(state));
}
