#pragma once

#include "broker_api.h"

/* "max_qos 1" for all, or "max_qos 1 1884" for the clients of the listener of a port. */
struct qos_limit {
	int port;      /* 0: all */
	uint8_t qos;
};

/* The plugin_opt_* lines of mosquitto.conf. */
struct options {
	char **allowed_usernames;      /* allow_username, repeatable: who may send commands */
	int allowed_username_count;
	int *allowed_ports;            /* allow_listener, repeatable: on which listeners' ports; none: on all. 2.1 only */
	int allowed_port_count;
	bool allow_anonymous_control;  /* also clients without a username; default false */
	bool disconnect_with_will;     /* publish the will of a client that is disconnected; default true */
	bool track_clients;            /* 2.0: see logins, to know who is connected; default false. Always true for 2.1 */
	bool deliver_retained;         /* let deliverRetained send messages with the retain flag; default false. 2.1 only */
	struct qos_limit *qos_limits;  /* max_qos, repeatable: no subscription is made with more; none: 2 */
	int qos_limit_count;
	char *state_dir;               /* where bans and standing subscriptions are kept; NULL: nowhere */
};

/*
 * Reads the options. Unknown options, empty names, values that are not understood and options of another Mosquitto are
 * errors, as is a configuration that lets nobody in: each is logged. Without state_dir the broker's persistence_location
 * is taken, if it has one.
 * Returns MOSQ_ERR_SUCCESS, MOSQ_ERR_INVAL or MOSQ_ERR_NOMEM; in every case options_cleanup() must follow some day.
 */
int options_read(struct options *options, const struct mosquitto_opt *opts, int opt_count);

void options_cleanup(struct options *options);

/* Whether this is one of the usernames of allow_username; NULL is none. */
bool options_name_username(const struct options *options, const char *username);

/* Whether a client of this username (NULL: none) may send commands at a listener of this port (0: not known). */
bool options_allow(const struct options *options, const char *username, int port);

/* The highest QoS of a subscription made for a client of a listener of this port (0: not known). */
uint8_t options_max_qos(const struct options *options, int port);
