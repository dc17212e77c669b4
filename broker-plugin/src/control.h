#ifndef CONTROL_H
#define CONTROL_H

#include "command.h"

/* A command of an API and what runs it. */
struct command_handler {
	const char *name;
	void (*run)(struct command *command);
};

/* A control API: the topic it listens on and its commands, ended by a NULL name. */
struct control_api {
	const char *topic;
	const char *response_topic;
	const struct command_handler *handlers;
};

/* $CONTROL/cedalo/client-control/v1, client_control.c */
extern const struct control_api client_control_api;

/* $CONTROL/cedalo/inspect/v1, inspect.c */
extern const struct control_api inspect_api;

/* An API as offered to the broker: the userdata of control_callback(). */
struct control_endpoint {
	const struct control_api *api;
	const struct options *options;
};

/*
 * MOSQ_EVT_CONTROL: runs the commands of one message in order and replies to its sender.
 *
 * Every command is answered, a malformed one with its own error, and the others run. A sender who is not allowed gets
 * `Not authorized` for each of them. Always MOSQ_ERR_SUCCESS: the broker would disconnect the sender for anything else.
 */
int control_callback(int event, void *event_data, void *userdata);

#endif
