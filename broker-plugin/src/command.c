#include "command.h"

#include <string.h>

#define MAX_STRING_BYTES 65535

/* A string field that MQTT could carry, else NULL. Valid ones hold no control characters, so they are safe to log. */
static const char *mqtt_string(const cJSON *json, const char *field)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, field));
	size_t length = value ? strlen(value) : 0;

	if(length == 0 || length > MAX_STRING_BYTES || mosquitto_validate_utf8(value, (int)length)){
		return NULL;
	}
	return value;
}


const char *command_given_name(const cJSON *json)
{
	return mqtt_string(json, "command");
}


bool command_read_clientid(struct command *command)
{
	command->clientid = mqtt_string(command->json, "clientid");
	if(!command->clientid){
		command_fail(command, "Invalid/missing clientid");
		return false;
	}
	return true;
}


bool command_read_topic(struct command *command)
{
	command->topic = mqtt_string(command->json, "topic");
	if(!command->topic){
		command_fail(command, "Invalid/missing topic");
		return false;
	}
	return true;
}


static void log_outcome(const struct command *command, const char *outcome)
{
	const struct request *request = command->request;

	mosquitto_log_printf(MOSQ_LOG_NOTICE,
			"client-control: %.64s%s%.128s%s%s%.256s%s: %s (user '%.128s', client '%.128s', address %s)",
			command->name,
			command->clientid ? " client '" : "", command->clientid ? command->clientid : "", command->clientid ? "'" : "",
			command->topic ? " topic '" : "", command->topic ? command->topic : "", command->topic ? "'" : "",
			outcome,
			request->sender_username ? request->sender_username : "<anonymous>",
			request->sender_id,
			request->sender_address ? request->sender_address : "unknown");
}


void command_succeed(struct command *command, cJSON *data)
{
	log_outcome(command, "done");
	reply_add(&command->request->reply, command->name, command->correlation_data, NULL, data);
}


void command_fail(struct command *command, const char *error)
{
	log_outcome(command, error);
	reply_add(&command->request->reply, command->name, command->correlation_data, error, NULL);
}
