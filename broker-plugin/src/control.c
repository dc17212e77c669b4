#include "control.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "fields.h"
#include "limits.h"
#include "request_text.h"
#include "sessions.h"
#include "warnings.h"

#define UNKNOWN_COMMAND "Unknown command"
#define NOT_AUTHORIZED "{\"responses\":[{\"command\":\"" UNKNOWN_COMMAND "\",\"error\":\"Not authorized\"," \
	"\"code\":\"NOT_AUTHORIZED\"}]}"

/* The messages that are not done yet, in the order they came. Those of one sender are worked on in that order. */
static struct request *oldest;
static struct request *in_work;  /* one of them, or NULL; the senders take turns */
static int requests_waiting;
static size_t bytes_waiting;

/* Without ticks (2.0 with per_listener_settings has none) there is one turn only, that never ends. */
static bool has_ticks;
static int64_t turn_used_us;
static int64_t working_since_us;

bool command_turn_is_over(void)
{
	return has_ticks && turn_used_us + clock_monotonic_us() - working_since_us >= TURN_US;
}

bool command_has_turns(void)
{
	return has_ticks;
}

static const struct command_handler *find_handler(const struct control_api *api, const char *name)
{
	for(const struct command_handler *handler=api->handlers; handler->name; handler++){
		if(!strcmp(handler->name, name)) return handler;
	}
	return NULL;
}

/* Reads the correlation data of a command; false if it has some that cannot be echoed. */
static bool read_correlation_data(struct command *command)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, "correlationData");

	if(!json) return true;
	command->correlation_data = cJSON_GetStringValue(json);
	if(command->correlation_data && request_text_has_nul(command->correlation_data)){
		command->correlation_data = NULL;
	}
	return command->correlation_data != NULL;
}

/* A field that the command should not have, NULL if there is none. */
static const char *find_unknown_field(const struct command *command, const char *fields)
{
	for(const cJSON *field=command->json->child; fields && field; field=field->next){
		const char *name = field->string;

		if(!fields_is_listed("command correlationData", name) && !fields_is_listed(fields, name)) return name;
	}
	return NULL;
}

bool control_offers(const struct options *options, enum need need)
{
	switch(need){
		case NEEDS_NOTHING:
			return true;
		case NEEDS_CLIENTS:
			return options->track_clients;
		case NEEDS_BANS:
			return options->track_clients && options->state_dir;
		case NEEDS_2_1:
			return BUILT_FOR_2_1;
		case NEEDS_STANDING:
			return BUILT_FOR_2_1 && options->state_dir;
		case NEEDS_RETAINED:
			return BUILT_FOR_2_1 && options->deliver_retained;
	}
	return false;
}

static enum outcome begin_command(struct command *command)
{
	const char *name = cJSON_IsObject(command->json) ? command_given_name(command->json) : NULL;

	if(!cJSON_IsObject(command->json)) return command_refuse_field(command, "commands", "Command not an object");
	if(name) command->name = name;
	if(!read_correlation_data(command)){
		return command_refuse_field(command, "correlationData", "Invalid correlationData data type.");
	}
	if(!name) return command_refuse_field(command, "command", "Missing command");
	const struct command_handler *handler = find_handler(command->request->api, name);
	if(!handler) return FAILED_UNKNOWN_COMMAND;
	command->log_level = handler->log_level;
	if(!control_offers(command->request->options, handler->need)) return command_refuse_feature(command, handler->feature);
	const char *unknown = find_unknown_field(command, handler->fields);
	return unknown ? command_refuse_field(command, unknown, "Unknown field") : handler->run(command);
}

static void free_command(struct command *command)
{
	if(command->free_state) command->free_state(command->state);
	mosquitto_free(command->state);
	json_free(&command->data);
	memset(command, 0, sizeof(*command));
}

/* Begins the next command of a request or takes the one that runs further; false if then there is none left. */
static bool advance(struct request *request)
{
	struct command *command = &request->command;
	enum outcome outcome;

	if(command->request){
		outcome = command->step(command);
	}else if(request->next_command){
		*command = (struct command){ .request = request, .json = request->next_command, .name = UNKNOWN_COMMAND,
			.log_level = MOSQ_LOG_NOTICE };
		json_open_object(&command->data, NULL);
		request->next_command = request->next_command->next;
		outcome = begin_command(command);
	}else{
		return false;
	}
	if(outcome == GOES_ON) return true;
	if(outcome != ANSWERED) command_answer(command, outcome);
	free_command(command);
	return request->next_command != NULL;
}

static void free_request(struct request *request)
{
	if(request->command.request) free_command(&request->command);
	reply_flush(&request->reply);
	cJSON_Delete(request->message);
	mosquitto_free(request->sender_id);
	mosquitto_free(request->sender_username);
	mosquitto_free(request->sender_address);
	mosquitto_free(request);
}

static void add_request(struct request *request)
{
	struct request **link = &oldest;

	while(*link) link = &(*link)->next;
	*link = request;
	requests_waiting++;
	bytes_waiting += request->bytes;
}

static void remove_request(struct request *request)
{
	struct request **link = &oldest;

	while(*link != request) link = &(*link)->next;
	*link = request->next;
	requests_waiting--;
	bytes_waiting -= request->bytes;
	free_request(request);
}

/* Whether another message of its sender comes before it. */
static bool has_to_wait(const struct request *request)
{
	for(const struct request *before=oldest; before != request; before=before->next){
		if(!strcmp(before->sender_id, request->sender_id)) return true;
	}
	return false;
}

/* The turn of the next sender. There is always one: the oldest message has to wait for nobody. */
static struct request *next_in_turn(struct request *request)
{
	do{
		request = request && request->next ? request->next : oldest;
	}while(request && has_to_wait(request));
	return request;
}

/* Whoever asked may have gone: what has begun is brought to its end, but nothing new is begun for nobody. */
static void drop_if_abandoned(struct request *request)
{
	if(request->sender_since_ms == 0 || !request->reply.clientid) return;
	const struct client *sender = clients_find(request->sender_id);
	if(!sender || sender->context != request->sender || sender->connected_ms != request->sender_since_ms){
		request->reply.clientid = NULL;
		request->next_command = NULL;
	}
}

static void work(void)
{
	int waiting = 0; /* commands, one after another, that wait for something */

	if(turn_used_us >= TURN_US) return;
	working_since_us = clock_monotonic_us();
	int64_t share_ends_us = working_since_us + SHARE_US;
	while(oldest && waiting <= requests_waiting && !command_turn_is_over()){
		if(!in_work || in_work->command.waits || clock_monotonic_us() >= share_ends_us){
			in_work = next_in_turn(in_work);
			share_ends_us = clock_monotonic_us() + SHARE_US;
		}
		drop_if_abandoned(in_work);
		if(!advance(in_work)){
			struct request *done = in_work;

			in_work = NULL;
			remove_request(done);
		}
		waiting = in_work && in_work->command.waits ? waiting+1 : 0;
	}
	turn_used_us = has_ticks ? turn_used_us + clock_monotonic_us() - working_since_us : 0;
}

bool control_is_busy(void)
{
	return oldest != NULL;
}

bool control_tick(void)
{
	has_ticks = true;
	turn_used_us = 0;
	work();
	return oldest != NULL;
}

/* True while the sender may still get an answer that it is not authorized, which costs the broker memory if not read. */
static bool spend_refusal(struct client *sender)
{
	static struct client everybody_else; /* not in the table: they share */
	struct client *client = sender ? sender : &everybody_else;
	int64_t now = clock_monotonic_us();

	if(client->refusals == 0 || now - client->refusals_since_us >= REFUSAL_REFILL_SECONDS * INT64_C(1000000)){
		client->refusals_since_us = now;
		client->refusals -= client->refusals > 0;
	}
	if(client->refusals >= REFUSALS_AT_ONCE) return false;
	client->refusals++;
	return true;
}

static void refuse_sender(const struct mosquitto *context, struct client *sender, const struct control_api *api)
{
	struct json_text text = { 0 };

	warnings_raise(WARNING_NOT_ALLOWED, context);
	if(spend_refusal(sender)){
		json_append(&text, NOT_AUTHORIZED, strlen(NOT_AUTHORIZED));
		reply_send(mosquitto_client_id(context), api->response_topic, &text);
	}
}

static struct request *new_request(const struct mosquitto *context, const struct client *sender,
		const struct control_endpoint *endpoint, size_t bytes)
{
	struct request *request = mosquitto_calloc(1, sizeof(struct request));

	if(!request) return NULL;
	request->options = endpoint->options;
	request->api = endpoint->api;
	request->sender = context;
	request->sender_since_ms = sender ? sender->connected_ms : 0;
	request->bytes = bytes;
	if(!fields_copy(&request->sender_id, mosquitto_client_id(context))
			|| !fields_copy(&request->sender_username, mosquitto_client_username(context))
			|| !fields_copy(&request->sender_address, mosquitto_client_address(context))){
		free_request(request);
		return NULL;
	}
	request->reply.clientid = request->sender_id;
	request->reply.topic = endpoint->api->response_topic;
	return request;
}

/* What is wrong with a message as a whole; NULL if its commands can be worked on. */
static const char *read_message(struct request *request, const void *payload)
{
	char *text = request->bytes <= MAX_REQUEST_BYTES ? request_text_copy(payload, request->bytes) : NULL;
	const cJSON *commands;

	request->message = text ? cJSON_ParseWithOpts(text, NULL, true) : NULL;
	mosquitto_free(text);
	commands = cJSON_GetObjectItemCaseSensitive(request->message, "commands");
	if(request->bytes > MAX_REQUEST_BYTES) return "Payload too large";
	if(!request->message) return "Payload not valid JSON";
	if(!cJSON_IsArray(commands)) return "Invalid/missing commands";
	if(cJSON_GetArraySize(commands) > MAX_COMMANDS) return "Too many commands in one message";
	request->next_command = commands->child;
	return NULL;
}

/* Takes the request over. */
static void accept_message(struct request *request, const void *payload)
{
	struct command refused = { .request = request, .name = UNKNOWN_COMMAND };
	const char *wrong = NULL;

	if(requests_waiting >= MAX_REQUESTS_WAITING || bytes_waiting + request->bytes > MAX_REQUEST_BYTES_WAITING){
		command_refuse_number(&refused, FAILED_TOO_MANY, "limit", MAX_REQUESTS_WAITING);
		free_request(request);
		return;
	}
	wrong = read_message(request, payload);
	if(wrong){
		command_refuse_field(&refused, "commands", wrong);
		free_request(request);
		return;
	}
	add_request(request);
	work();
}

/* The sender's entry; NULL: nobody vouches for its name, as it is a bridge of this broker or has logged in unseen. */
static struct client *find_sender(const struct mosquitto *context)
{
	struct client *sender;

	sessions_settle();
#if !BUILT_FOR_2_1
	sessions_got_in(context);
#endif
	sender = clients_find(mosquitto_client_id(context));
	if(sender && sender->context == context) return sender;
	if(mosquitto_client_address(context)) warnings_raise(WARNING_OTHER_LISTENER, context);
	return NULL;
}

int control_callback(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_control *control = event_data;
	const struct control_endpoint *endpoint = userdata;
	bool is_tracking = endpoint->options->track_clients;
	const struct mosquitto *context = control->client;
	struct client *sender = NULL;

	if(!mosquitto_client_id(context)) return MOSQ_ERR_SUCCESS;
	if(is_tracking) sender = find_sender(context);
	if((is_tracking && !sender)
			|| !options_allow(endpoint->options, mosquitto_client_username(context), mosquitto_client_port(context))){
		refuse_sender(context, sender, endpoint->api);
		return MOSQ_ERR_SUCCESS;
	}
	struct request *request = new_request(context, sender, endpoint, control->payloadlen);
	if(request) accept_message(request, control->payload);
	return MOSQ_ERR_SUCCESS;
}

void control_cleanup(void)
{
	in_work = NULL;
	while(oldest){
		oldest->reply.clientid = NULL;
		remove_request(oldest);
	}
	has_ticks = false;
	turn_used_us = 0;
}
