#pragma once

#include <cjson/cJSON.h>

#include "clients.h"
#include "json_text.h"
#include "options.h"
#include "reply.h"

struct control_api;
struct request;

/*
 * What has become of a command; the failures are the codes of our own control protocol, with the texts of the Pro API where it
 * has one.
 */
enum outcome {
	GOES_ON,          /* its `step` is to be called again, possibly in a later turn of the broker's loop */
	DONE,             /* to be answered with what was written to `data` */
	ANSWERED,         /* by one of the command_refuse_* functions */
	FAILED_INVALID,
	FAILED_UNKNOWN_COMMAND,
	FAILED_CLIENT_NOT_FOUND,
	FAILED_CLIENT_NOT_CONNECTED,
	FAILED_CLIENT_RECONNECTED,
	FAILED_CONTROL_CLIENT,
	FAILED_NOT_SUBSCRIBED,
	FAILED_NOT_SUPPORTED,
	FAILED_BAN_NOT_FOUND,
	FAILED_BAN_TOO_WIDE,
	FAILED_STANDING_SUBSCRIPTION_NOT_FOUND,
	FAILED_TOO_MANY,
	FAILED_STORE,
	FAILED_INTERNAL,
};

/*
 * One command of a message. Its `run` brings it to its end, or sets `step`, which is then called again and again until it does.
 * In between, commands of other senders may run.
 */
struct command {
	struct request *request;
	const cJSON *json;
	const char *name;
	const char *correlation_data;     /* NULL if it has none */
	const char *clientid;             /* set by command_read_clientid() */
	const char *topic;                /* set by command_read_topic() */
	int log_level;                    /* of its outcome */
	bool waits;                       /* for something else than its turn: others may go on */
	uint64_t after;                   /* the sequence up to which command_walk() has come */
	struct json_text data;            /* of the answer: an object that is open */
	enum outcome (*step)(struct command *command);
	void (*free_state)(void *state);  /* called at the end, whatever the end is */
	void *state;
};

/* One request message while it is worked on. */
struct request {
	struct request *next;
	const struct options *options;
	const struct control_api *api;
	const struct mosquitto *sender;   /* to be compared only: it may be gone */
	int64_t sender_since_ms;          /* 0 where the table of clients is not kept */
	char *sender_id;
	char *sender_username;            /* NULL if it has none */
	char *sender_address;             /* NULL if it has none */
	size_t bytes;                     /* of the message */
	cJSON *message;
	const cJSON *next_command;
	struct command command;           /* the one that runs, if it has a request */
	struct reply reply;
};

/* The code's name. */
const char *outcome_code(enum outcome failure);

/* Whether it came to our own API, not to one of Mosquitto Pro's. */
bool command_is_own(const struct command *command);

/* Logs the outcome with who asked, and answers; for DONE and the failures. */
void command_answer(struct command *command, enum outcome outcome);

/*
 * Answer with more than the code, and give ANSWERED: FAILED_INVALID with the field that is wrong and a text for people;
 * FAILED_NOT_SUPPORTED with the feature that is missing; a failure with a number.
 */
enum outcome command_refuse_field(struct command *command, const char *field, const char *text);
enum outcome command_refuse_feature(struct command *command, const char *feature);
enum outcome command_refuse_number(struct command *command, enum outcome failure, const char *key, int64_t number);

/* The command's name as given, NULL if it is missing or nothing that could be logged. */
const char *command_given_name(const cJSON *json);

/* Read a field into the command. If it is not what MQTT allows, the command is answered and false is returned. */
bool command_read_clientid(struct command *command);
bool command_read_topic(struct command *command);

/* Read a field that may be missing or null; the value keeps its default then. False: the command is answered. */
bool command_read_bool(struct command *command, const char *field, bool *value);
bool command_read_limit(struct command *command, int64_t *limit); /* of a page: 1 to 1000, 100 where it is missing */
bool command_read_whole(struct command *command, const char *field, int64_t min, int64_t max, int64_t *value);

/* For commands that take several turns: whether this turn's time is used up. */
bool command_turn_is_over(void);

/*
 * Shows the clients that come after `command->after` to `visit`, one by one, until that says false, which leaves the walk
 * before this client, or the turn is over. A client may be gone after its visit.
 */
enum walk { WALK_ENDED, WALK_STOPPED, WALK_TURN_IS_OVER };
enum walk command_walk(struct command *command,
		bool (*visit)(struct command *command, struct client *client, const struct mosquitto *context));

/* Whether there are turns at all: 2.0 with per_listener_settings has none. */
bool command_has_turns(void);

/* A page's cursor: where a list with rising numbers goes on; 0: at its beginning, or there is no more. */
bool command_read_cursor(struct command *command, uint64_t *after);
void command_write_cursor(struct command *command, uint64_t after);

/* Gives the command memory of its own for its steps, zeroed; NULL if memory is short. */
void *command_new_state(struct command *command, size_t size, enum outcome (*step)(struct command *command),
		void (*free_state)(void *state));
