#include "disconnect.h"

#include <string.h>

#include "access.h"
#include "fields.h"
#include "filter.h"
#include "limits.h"
#include "sessions.h"

/* Clients in one reply, and in one list. */
#define MAX_DISCONNECTED 1000

struct wish {
	bool with_will;
	bool clean_session;
	int64_t if_connected_since;  /* -1: whatever it is */
};

struct outcome {
	bool done;
	enum failure failure;        /* if not done */
	bool was_connected;
	int64_t connected_since;
	bool session_removed;
};

/* `id` must not be the one in the table: that is gone when its entry is. */
static struct outcome disconnect_one(const char *id, const struct wish *wish)
{
	const struct mosquitto *context;
	struct client *client = sessions_find(id, &context);
	struct outcome outcome = { .failure = FAILED_CLIENT_NOT_FOUND };

	if(!client) return outcome;
	outcome.was_connected = sessions_is_connected(client);
	outcome.connected_since = client->connected_ms;
	if(access_is_control_client(client)){
		outcome.failure = FAILED_CONTROL_CLIENT;
	}else if(wish->if_connected_since >= 0 && outcome.connected_since != wish->if_connected_since){
		outcome.failure = FAILED_CLIENT_RECONNECTED;
	}else if(!outcome.was_connected && !wish->clean_session){
		outcome.failure = FAILED_CLIENT_NOT_CONNECTED;
	}else if(outcome.was_connected && !sessions_kick(client, wish->with_will, LEAVING_KICKED)){
		outcome.failure = FAILED_INTERNAL;
	}else{
		client = clients_find(id);
		if(wish->clean_session && client && !client->context) outcome.session_removed = sessions_purge(client);
		outcome.done = outcome.was_connected || outcome.session_removed;
		outcome.failure = FAILED_INTERNAL;
	}
	return outcome;
}

static void write_outcome(struct json_text *json, const struct outcome *outcome)
{
	json_bool(json, "wasConnected", outcome->was_connected);
	if(outcome->was_connected){
		json_integer(json, "connectedSince", outcome->connected_since);
	}else{
		json_null(json, "connectedSince");
	}
	json_bool(json, "sessionRemoved", outcome->session_removed);
}

static bool read_wish(struct command *command, struct wish *wish)
{
	*wish = (struct wish){
		.with_will = command->request->options->disconnect_with_will,
		.if_connected_since = -1,
	};
	if(!command_read_bool(command, "withWill", &wish->with_will)
			|| !command_read_bool(command, "cleanSession", &wish->clean_session)
			|| !command_read_whole(command, "ifConnectedSince", 0, MAX_SAFE_INTEGER, &wish->if_connected_since)){
		return false;
	}
	if(wish->clean_session && !BUILT_FOR_2_1){
		command_fail_feature(command, "purge");
		return false;
	}
	return true;
}

void disconnect_client(struct command *command)
{
	struct wish wish;
	struct outcome outcome;

	if(!command_read_clientid(command) || !read_wish(command, &wish)) return;
	outcome = disconnect_one(command->clientid, &wish);
	if(outcome.done){
		write_outcome(&command->data, &outcome);
		command_succeed(command);
	}else if(outcome.failure == FAILED_CLIENT_RECONNECTED){
		command_fail_number(command, outcome.failure, "lastConnect", outcome.connected_since);
	}else{
		command_fail(command, outcome.failure);
	}
}

/*
 * Senders that named themselves. The broker is busy with such a client's packet when the command runs, and its reply is sent
 * at the start of the broker's loop. 2.1 ticks after that, 2.0 at the loop's end and so once before.
 */
#define TICKS_UNTIL_REPLIED (BUILT_FOR_2_1 ? 1 : 2)

static bool any_kicks_itself;

void disconnect_tick(void)
{
	struct client *client;

	if(!any_kicks_itself) return;
	any_kicks_itself = false;
	for(uint64_t after=0; (client = clients_after(after));){
		after = client->sequence;
		if(client->ticks_until_kick == 0) continue;
		client->ticks_until_kick--;
		if(client->ticks_until_kick > 0){
			any_kicks_itself = true;
		}else if(sessions_is_connected(client)){ /* it may have gone by itself since it asked */
			sessions_kick(client, client->kick_with_will, LEAVING_KICKED);
		}
	}
}

void pro_disconnect_client(struct command *command)
{
	bool with_will = command->request->options->disconnect_with_will;
	const struct mosquitto *context;
	struct client *client;

	if(!command_read_clientid(command)) return;
	client = sessions_find(command->clientid, &context);
	if(!client || !sessions_is_connected(client)){
		command_fail(command, FAILED_CLIENT_NOT_FOUND);
		return;
	}
	if(!strcmp(command->clientid, command->request->sender_id)){
		client->ticks_until_kick = TICKS_UNTIL_REPLIED;
		client->kick_with_will = with_will;
		any_kicks_itself = true;
	}else if(!sessions_kick(client, with_will, LEAVING_KICKED)){
		command_fail(command, FAILED_INTERNAL);
		return;
	}
	command_succeed(command);
}

/* disconnectClients: a list of ids, or a filter. */
struct many {
	struct wish wish;
	const cJSON *next_id;   /* of the list */
	struct filter filter;
	int outcomes;
};

static void free_many(void *state)
{
	filter_free(&((struct many *)state)->filter);
}

static void add_outcome(struct command *command, const char *id)
{
	struct many *many = command->state;
	struct outcome outcome = disconnect_one(id, &many->wish);

	json_open_object(&command->data, NULL);
	json_string(&command->data, "clientid", id);
	json_string(&command->data, "outcome", outcome.done ? "done" : failure_code(outcome.failure));
	if(outcome.done) write_outcome(&command->data, &outcome);
	json_close_object(&command->data);
	many->outcomes++;
}

static void end_many(struct command *command, bool more)
{
	json_close_array(&command->data);
	json_bool(&command->data, "more", more);
	command_succeed(command);
}

static void disconnect_listed(struct command *command)
{
	struct many *many = command->state;

	while(many->next_id){
		add_outcome(command, many->next_id->valuestring);
		many->next_id = many->next_id->next;
		if(command_turn_is_over()) return;
	}
	end_many(command, false);
}

/* Control clients are not what the filter of an action is about. */
static bool disconnect_if_matching(struct command *command, struct client *client, const struct mosquitto *context)
{
	struct many *many = command->state;
	char *id;

	if((!sessions_is_connected(client) && !many->wish.clean_session) || access_is_control_client(client)
			|| !filter_matches(&many->filter, client, context)){
		return true;
	}
	if(many->outcomes >= MAX_DISCONNECTED || command->data.length >= MAX_PAGE_BYTES) return false;
	id = mosquitto_strdup(client->id);
	if(id) add_outcome(command, id);
	mosquitto_free(id);
	return true;
}

static void disconnect_filtered(struct command *command)
{
	enum walk walk = command_walk(command, disconnect_if_matching);

	if(walk != WALK_TURN_IS_OVER) end_many(command, walk == WALK_STOPPED);
}

static bool read_clientids(struct command *command, const cJSON *list)
{
	int count = cJSON_GetArraySize(list);
	bool is_valid = cJSON_IsArray(list) && count >= 1;
	const cJSON *item;

	if(is_valid && count > MAX_DISCONNECTED){
		command_fail_number(command, FAILED_TOO_MANY, "limit", MAX_DISCONNECTED);
		return false;
	}
	cJSON_ArrayForEach(item, list){
		is_valid = is_valid && fields_text(item) != NULL;
	}
	if(!is_valid) command_fail_field(command, "clientids", "Invalid/missing clientids");
	return is_valid;
}

void disconnect_clients(struct command *command)
{
	struct many *many = command_new_state(command, sizeof(struct many), disconnect_listed, free_many);
	const cJSON *list = fields_get(command->json, "clientids");
	const cJSON *filter = fields_get(command->json, "filter");
	const char *wrong;

	if(!many || !read_wish(command, &many->wish)) return;
	if(filter && list){
		command_fail_field(command, "filter", "Either clientids or filter");
		return;
	}
	if(filter){
		wrong = filter_read(&many->filter, filter);
		if(wrong){
			command_fail_field(command, wrong, "Invalid filter");
			return;
		}
		command->step = disconnect_filtered;
	}else{
		if(!read_clientids(command, list)) return;
		many->next_id = list->child;
	}
	json_open_array(&command->data, "clients");
	command->step(command);
}
