#include "command.h"

#include <string.h>

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

const char *failure_code(enum failure failure)
{
	return failures[failure].code;
}

const char *command_given_name(const cJSON *json)
{
	return fields_text(fields_get(json, "command"));
}

static void log_outcome(const struct command *command, const char *outcome)
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
}

bool command_is_own(const struct command *command)
{
	return command->request->api->is_own;
}

static void end(struct command *command, struct json_text *response)
{
	if(command->correlation_data) json_string(response, "correlationData", command->correlation_data);
	json_close_object(response);
	reply_add(&command->request->reply, response);
	json_free(response);
	command->ended = true;
}

void command_succeed(struct command *command)
{
	struct json_text response = { 0 };

	log_outcome(command, "done");
	json_close_object(&command->data);
	json_open_object(&response, NULL);
	json_string(&response, "command", command->name);
	json_raw(&response, "data", command->data.text, command->data.length);
	response.failed = response.failed || command->data.failed;
	end(command, &response);
}

/* `key`: of the `info`, with a text or, if that is NULL, a number; NULL: there is none. */
static void fail(struct command *command, enum failure failure, const char *text, const char *key, const char *value,
		int64_t number)
{
	struct json_text response = { 0 };

	log_outcome(command, text);
	json_open_object(&response, NULL);
	json_string(&response, "command", command->name);
	json_string(&response, "error", text);
	if(command_is_own(command)) json_string(&response, "code", failures[failure].code);
	if(command_is_own(command) && key){
		json_open_object(&response, "info");
		if(value){
			json_string(&response, key, value);
		}else{
			json_integer(&response, key, number);
		}
		json_close_object(&response);
	}
	end(command, &response);
}

void command_fail(struct command *command, enum failure failure)
{
	fail(command, failure, failures[failure].text, NULL, NULL, 0);
}

void command_fail_field(struct command *command, const char *field, const char *text)
{
	fail(command, FAILED_INVALID, text, "field", field, 0);
}

void command_fail_feature(struct command *command, const char *feature)
{
	fail(command, FAILED_NOT_SUPPORTED, failures[FAILED_NOT_SUPPORTED].text, "feature", feature, 0);
}

void command_fail_number(struct command *command, enum failure failure, const char *key, int64_t number)
{
	fail(command, failure, failures[failure].text, key, NULL, number);
}

bool command_read_clientid(struct command *command)
{
	command->clientid = fields_text(fields_get(command->json, "clientid"));
	if(!command->clientid){
		command_fail_field(command, "clientid", "Invalid/missing clientid");
		return false;
	}
	return true;
}

bool command_read_topic(struct command *command)
{
	command->topic = fields_text(fields_get(command->json, "topic"));
	if(!command->topic){
		command_fail_field(command, "topic", "Invalid/missing topic");
		return false;
	}
	return true;
}

static bool fail_named(struct command *command, const char *field)
{
	char text[64] = "Invalid ";

	strncat(text, field, sizeof(text)-strlen(text)-1);
	command_fail_field(command, field, text);
	return false;
}

bool command_read_bool(struct command *command, const char *field, bool *value)
{
	const cJSON *json = fields_get(command->json, field);

	if(json && !cJSON_IsBool(json)) return fail_named(command, field);
	if(json) *value = cJSON_IsTrue(json);
	return true;
}

bool command_read_whole(struct command *command, const char *field, int64_t min, int64_t max, int64_t *value)
{
	const cJSON *json = fields_get(command->json, field);

	if(json && !fields_whole_number(json, min, max, value)) return fail_named(command, field);
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

void *command_new_state(struct command *command, size_t size, void (*step)(struct command *command),
		void (*free_state)(void *state))
{
	command->state = mosquitto_calloc(1, size);
	if(!command->state){
		command_fail(command, FAILED_INTERNAL);
		return NULL;
	}
	command->step = step;
	command->free_state = free_state;
	return command->state;
}
