#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "control.h"
#include "fields.h"
#include "sessions.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000

static const struct {
	const char *code;
	const char *text;
} failures[] = {
	[FAILED_INVALID] = { "INVALID", "Invalid command" },
	[FAILED_UNKNOWN_COMMAND] = { "UNKNOWN_COMMAND", "Unknown command" },
	[FAILED_CLIENT_NOT_FOUND] = { "CLIENT_NOT_FOUND", "Client not found" },
	[FAILED_CLIENT_NOT_CONNECTED] = { "CLIENT_NOT_CONNECTED", "Client not connected" },
	[FAILED_CLIENT_RECONNECTED] = { "CLIENT_RECONNECTED", "Client has connected again" },
	[FAILED_CONTROL_CLIENT] = { "CONTROL_CLIENT", "Client is a control connection" },
	[FAILED_NOT_SUBSCRIBED] = { "NOT_SUBSCRIBED", "Client is not subscribed" },
	[FAILED_NOT_SUPPORTED] = { "NOT_SUPPORTED", "Not supported by this Mosquitto version" },
	[FAILED_BAN_NOT_FOUND] = { "BAN_NOT_FOUND", "Ban not found" },
	[FAILED_BAN_TOO_WIDE] = { "BAN_TOO_WIDE", "The ban would keep out everybody" },
	[FAILED_STANDING_SUBSCRIPTION_NOT_FOUND] =
		{ "STANDING_SUBSCRIPTION_NOT_FOUND", "Standing subscription not found" },
	[FAILED_TOO_MANY] = { "TOO_MANY", "Too many" },
	[FAILED_STORE] = { "STORE_FAILED", "Could not be stored; nothing was changed" },
	[FAILED_INTERNAL] = { "INTERNAL", "Internal error" },
};

const char *outcome_code(enum outcome failure)
{
	return failures[failure].code;
}

const char *command_given_name(const cJSON *json)
{
	return fields_text(fields_get(json, "command"));
}

bool command_is_own(const struct command *command)
{
	return command->request->api->is_own;
}

static void begin_answer(struct command *command, struct json_text *response, const char *outcome)
{
	const struct request *request = command->request;

	mosquitto_log_printf(command->log_level,
			"client-control: %.64s%s%.128s%s%s%.256s%s: %s (user '%.128s', client '%.128s', address %s)",
			command->name,
			command->clientid ? " client '" : "", command->clientid ? command->clientid : "", command->clientid ? "'" : "",
			command->topic ? " topic '" : "", command->topic ? command->topic : "", command->topic ? "'" : "",
			outcome,
			request->sender_username ? request->sender_username : "<anonymous>",
			request->sender_id,
			request->sender_address ? request->sender_address : "unknown");
	json_open_object(response, NULL);
	json_string(response, "command", command->name);
}

static void end_answer(struct command *command, struct json_text *response)
{
	if(command->correlation_data) json_string(response, "correlationData", command->correlation_data);
	json_close_object(response);
	reply_add(&command->request->reply, response);
	json_free(response);
}

/* `key`: of the `info`, with a text or, if that is NULL, a number; NULL: there is none. */
static enum outcome refuse(struct command *command, enum outcome failure, const char *text, const char *key, const char *value,
		int64_t number)
{
	struct json_text response = { 0 };

	begin_answer(command, &response, text);
	json_string(&response, "error", text);
	if(command_is_own(command)) json_string(&response, "code", outcome_code(failure));
	if(command_is_own(command) && key){
		json_open_object(&response, "info");
		if(value){
			json_string(&response, key, value);
		}else{
			json_integer(&response, key, number);
		}
		json_close_object(&response);
	}
	end_answer(command, &response);
	return ANSWERED;
}

void command_answer(struct command *command, enum outcome outcome)
{
	struct json_text response = { 0 };

	if(outcome != DONE){
		refuse(command, outcome, failures[outcome].text, NULL, NULL, 0);
		return;
	}
	begin_answer(command, &response, "done");
	json_close_object(&command->data);
	json_raw(&response, "data", command->data.text, command->data.length);
	response.failed = response.failed || command->data.failed;
	end_answer(command, &response);
}

enum outcome command_refuse_field(struct command *command, const char *field, const char *text)
{
	return refuse(command, FAILED_INVALID, text, "field", field, 0);
}

enum outcome command_refuse_feature(struct command *command, const char *feature)
{
	return refuse(command, FAILED_NOT_SUPPORTED, failures[FAILED_NOT_SUPPORTED].text, "feature", feature, 0);
}

enum outcome command_refuse_number(struct command *command, enum outcome failure, const char *key, int64_t number)
{
	return refuse(command, failure, failures[failure].text, key, NULL, number);
}

bool command_read_clientid(struct command *command)
{
	command->clientid = fields_text(fields_get(command->json, "clientid"));
	if(!command->clientid) command_refuse_field(command, "clientid", "Invalid/missing clientid");
	return command->clientid != NULL;
}

bool command_read_topic(struct command *command)
{
	command->topic = fields_text(fields_get(command->json, "topic"));
	if(!command->topic) command_refuse_field(command, "topic", "Invalid/missing topic");
	return command->topic != NULL;
}

static bool refuse_named(struct command *command, const char *field)
{
	char text[64] = "Invalid ";

	strncat(text, field, sizeof(text)-strlen(text)-1);
	command_refuse_field(command, field, text);
	return false;
}

bool command_read_bool(struct command *command, const char *field, bool *value)
{
	const cJSON *json = fields_get(command->json, field);

	if(json && !cJSON_IsBool(json)) return refuse_named(command, field);
	if(json) *value = cJSON_IsTrue(json);
	return true;
}

bool command_read_whole(struct command *command, const char *field, int64_t min, int64_t max, int64_t *value)
{
	const cJSON *json = fields_get(command->json, field);

	if(json && !fields_whole_number(json, min, max, value)) return refuse_named(command, field);
	return true;
}

bool command_read_limit(struct command *command, int64_t *limit)
{
	*limit = DEFAULT_LIMIT;
	return command_read_whole(command, "limit", 1, MAX_LIMIT, limit);
}

enum walk command_walk(struct command *command,
		bool (*visit)(struct command *command, struct client *client, const struct mosquitto *context))
{
	struct client *client;

	while((client = clients_after(command->after))){
		uint64_t sequence = client->sequence;
		const struct mosquitto *context = sessions_context(client);

		if(context && !visit(command, client, context)) return WALK_STOPPED;
		command->after = sequence;
		if(command_turn_is_over()) return WALK_TURN_IS_OVER;
	}
	return WALK_ENDED;
}

/* The numbers are forgotten with the process: its cursors carry the time of its first one. */
static uint64_t cursor_epoch(void)
{
	static int64_t epoch;

	if(!epoch) epoch = clock_now_ms();
	return (uint64_t)epoch;
}

void command_write_cursor(struct command *command, uint64_t after)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "%" PRIx64 "-%" PRIu64, cursor_epoch(), after);
	json_string(&command->data, "cursor", after ? text : NULL);
}

bool command_read_cursor(struct command *command, uint64_t *after)
{
	const cJSON *json = fields_get(command->json, "cursor");
	const char *text = cJSON_GetStringValue(json);
	char *end;

	*after = 0;
	if(!json) return true;
	if(text && strtoull(text, &end, 16) == cursor_epoch() && *end == '-' && end[1] >= '0' && end[1] <= '9'){
		*after = strtoull(end+1, &end, 10);
		if(*end == '\0') return true;
	}
	return refuse_named(command, "cursor");
}

void *command_new_state(struct command *command, size_t size, enum outcome (*step)(struct command *command),
		void (*free_state)(void *state))
{
	command->state = mosquitto_calloc(1, size);
	command->step = step;
	command->free_state = command->state ? free_state : NULL;
	return command->state;
}
