#include "control.h"

#include <string.h>

#include "limits.h"
#include "request_text.h"

#define UNKNOWN_COMMAND "Unknown command"

static const struct command_handler *find_handler(const struct control_api *api, const char *name)
{
	for(const struct command_handler *handler=api->handlers; handler->name; handler++){
		if(!strcmp(handler->name, name)){
			return handler;
		}
	}
	return NULL;
}


/* Reads the correlation data of a command; false if it has some that cannot be echoed. */
static bool read_correlation_data(struct command *command)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, "correlationData");

	if(!json){
		return true;
	}
	command->correlation_data = cJSON_GetStringValue(json);
	if(command->correlation_data && request_text_has_nul(command->correlation_data)){
		command->correlation_data = NULL;
	}
	return command->correlation_data != NULL;
}


static void run_command(struct request *request, const struct control_api *api, const cJSON *json, bool allowed)
{
	const struct command_handler *handler;
	struct command command = { .request = request, .json = json, .name = UNKNOWN_COMMAND };
	const char *name;

	if(!cJSON_IsObject(json)){
		command_fail(&command, "Command not an object");
		return;
	}
	name = command_given_name(json);
	if(name){
		command.name = name;
	}
	if(!read_correlation_data(&command)){
		command_fail(&command, "Invalid correlationData data type.");
		return;
	}
	if(!name){
		command_fail(&command, "Missing command");
		return;
	}
	if(!allowed){
		reply_add(&request->reply, command.name, command.correlation_data, "Not authorized", NULL);
		return;
	}
	handler = find_handler(api, name);
	if(handler){
		handler->run(&command);
	}else{
		command_fail(&command, UNKNOWN_COMMAND);
	}
}


static void refuse_message(struct request *request, const char *error)
{
	struct command command = { .request = request, .name = UNKNOWN_COMMAND };

	command_fail(&command, error);
}


static void run_commands(struct request *request, const struct control_api *api, const cJSON *commands)
{
	bool allowed = options_allow(request->options, request->sender_username);
	const cJSON *json;

	if(!allowed){
		/* One line for the message: who may not command may not flood the log either. */
		mosquitto_log_printf(MOSQ_LOG_WARNING,
				"Warning: client-control: user '%.128s' (client '%.128s', address %s) is not allowed to send commands.",
				request->sender_username ? request->sender_username : "<anonymous>", request->sender_id,
				request->sender_address ? request->sender_address : "unknown");
	}
	cJSON_ArrayForEach(json, commands){
		run_command(request, api, json, allowed);
	}
}


static void run_message(struct request *request, const struct control_api *api, const void *payload, size_t length)
{
	char *text;
	cJSON *message;
	const cJSON *commands;

	if(length > MAX_REQUEST_BYTES){
		refuse_message(request, "Payload too large");
		return;
	}
	text = request_text_copy(payload, length);
	message = text ? cJSON_ParseWithOpts(text, NULL, true) : NULL;
	mosquitto_free(text);
	commands = cJSON_GetObjectItemCaseSensitive(message, "commands");

	if(!message){
		refuse_message(request, "Payload not valid JSON");
	}else if(!cJSON_IsArray(commands)){
		refuse_message(request, "Invalid/missing commands");
	}else if(cJSON_GetArraySize(commands) > MAX_COMMANDS){
		refuse_message(request, "Too many commands in one message");
	}else{
		run_commands(request, api, commands);
	}
	cJSON_Delete(message);
}


int control_callback(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_control *control = event_data;
	const struct control_endpoint *endpoint = userdata;
	struct request request = {
		.options = endpoint->options,
		.sender = control->client,
		.sender_id = mosquitto_client_id(control->client),
		.sender_username = mosquitto_client_username(control->client),
		.sender_address = mosquitto_client_address(control->client),
	};

	(void)event;
	if(!request.sender_id){
		return MOSQ_ERR_SUCCESS;
	}
	reply_begin(&request.reply, request.sender_id, endpoint->api->response_topic);
	run_message(&request, endpoint->api, control->payload, control->payloadlen);
	reply_end(&request.reply);
	return MOSQ_ERR_SUCCESS;
}
