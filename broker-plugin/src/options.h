#ifndef OPTIONS_H
#define OPTIONS_H

#include "broker_api.h"

/* The plugin_opt_* lines of mosquitto.conf. */
struct options {
	char **allowed_usernames;      /* allow_username, repeatable: who may send commands */
	int allowed_username_count;
	bool allow_anonymous_control;  /* also clients without a username; default false */
	bool disconnect_with_will;     /* publish the will of a client that is disconnected; default true */
};

/*
 * Reads the options. Unknown options, empty names and anything but true/false are errors, as is a configuration that
 * lets nobody in: each is logged.
 * Returns MOSQ_ERR_SUCCESS, MOSQ_ERR_INVAL or MOSQ_ERR_NOMEM; in every case options_cleanup() must follow some day.
 */
int options_read(struct options *options, const struct mosquitto_opt *opts, int opt_count);

void options_cleanup(struct options *options);

/* Whether a client of this username (NULL: none) may send commands. */
bool options_allow(const struct options *options, const char *username);

#endif
