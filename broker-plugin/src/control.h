#pragma once

#include "command.h"

/* What a command needs of the broker and the options. */
enum need {
	NEEDS_NOTHING,
	NEEDS_CLIENTS,    /* the table of clients */
	NEEDS_BANS,       /* and a place to keep bans */
	NEEDS_2_1,        /* the table, and what only 2.1 offers */
	NEEDS_STANDING,   /* and a place to keep standing subscriptions */
	NEEDS_RETAINED,   /* and the option deliver_retained */
};

/* Whether this plugin can do what needs this. */
bool control_offers(const struct options *options, enum need need);

/* A command of an API and what runs it. */
struct command_handler {
	const char *name;
	enum outcome (*run)(struct command *command);
	int log_level;        /* of its outcome */
	enum need need;
	const char *feature;  /* as `describe` calls what is missing if the need is not met */
	/* The fields it has besides `command` and `correlationData`, separated by blanks; others are refused. NULL: any. */
	const char *fields;
};

/* A control API: the topic it listens on and its commands, ended by a NULL name. */
struct control_api {
	const char *topic;
	const char *response_topic;
	bool is_own;      /* not of Mosquitto Pro: failures carry a code, and who may command is left alone */
	const struct command_handler *handlers;
};

/* $CONTROL/cedalo/client-control/v1, $CONTROL/cedalo/inspect/v1 and $CONTROL/mqtt-client-control/v1: apis.c */
extern const struct control_api client_control_api;
extern const struct control_api inspect_api;
extern const struct control_api own_api;

/* An API as offered to the broker: the userdata of control_callback(). */
struct control_endpoint {
	const struct control_api *api;
	const struct options *options;
};

/*
 * MOSQ_EVT_CONTROL: runs the commands of one message in order and replies to its sender.
 *
 * A sender who may not command gets one short `Not authorized`, before anything is looked at, and none if it asks for
 * many. Otherwise every command is answered, a malformed one with its own error, and the others run. What takes longer
 * than a turn of the broker's loop goes on at the next ticks; messages that come in the meantime wait their turn.
 * Always MOSQ_ERR_SUCCESS: the broker would disconnect the sender for anything else.
 */
int control_callback(int event, void *event_data, void *userdata);

/* To be called at every tick: begins a new turn. Returns whether work is left for the next. */
bool control_tick(void);

/* Whether a message has not been answered in full yet. */
bool control_is_busy(void);

void control_cleanup(void);
