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

/* What was done to a client. */
struct done {
	bool was_connected;
	int64_t connected_since;
	bool session_removed;
};

/* `id` must not be the one in the table: that is gone when its entry is. */
static enum outcome disconnect_one(const char *id, const struct wish *wish, struct done *done)
{
	const struct mosquitto *context;
	struct client *client = sessions_find(id, &context);

	*done = (struct done){ .was_connected = client && sessions_is_connected(client) };
	if(!client) return FAILED_CLIENT_NOT_FOUND;
	if(access_is_control_client(client)) return FAILED_CONTROL_CLIENT;
	done->connected_since = client->connected_ms;
	if(wish->if_connected_since >= 0 && done->connected_since != wish->if_connected_since) return FAILED_CLIENT_RECONNECTED;
	if(!done->was_connected && !wish->clean_session) return FAILED_CLIENT_NOT_CONNECTED;
	if(done->was_connected && !sessions_kick(client, wish->with_will, LEAVING_KICKED)) return FAILED_INTERNAL;
	client = clients_find(id);
	if(wish->clean_session && client && !client->context) done->session_removed = sessions_purge(client);
	return done->was_connected || done->session_removed ? DONE : FAILED_INTERNAL;
}

static void write_done(struct json_text *json, const struct done *done)
{
	json_bool(json, "wasConnected", done->was_connected);
	json_time(json, "connectedSince", done->was_connected ? done->connected_since : 0);
	json_bool(json, "sessionRemoved", done->session_removed);
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
		command_refuse_feature(command, "purge");
		return false;
	}
	return true;
}

enum outcome disconnect_client(struct command *command)
{
	struct wish wish;
	struct done done;

	if(!command_read_clientid(command) || !read_wish(command, &wish)) return ANSWERED;
	enum outcome outcome = disconnect_one(command->clientid, &wish, &done);
	if(outcome == FAILED_CLIENT_RECONNECTED){
		return command_refuse_number(command, outcome, "lastConnect", done.connected_since);
	}
	write_done(&command->data, &done);
	return outcome;
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

enum outcome pro_disconnect_client(struct command *command)
{
	bool with_will = command->request->options->disconnect_with_will;
	const struct mosquitto *context;

	if(!command_read_clientid(command)) return ANSWERED;
	struct client *client = sessions_find(command->clientid, &context);
	if(!client || !sessions_is_connected(client)) return FAILED_CLIENT_NOT_FOUND;
	if(strcmp(command->clientid, command->request->sender_id)){
		return sessions_kick(client, with_will, LEAVING_KICKED) ? DONE : FAILED_INTERNAL;
	}
	client->ticks_until_kick = TICKS_UNTIL_REPLIED;
	client->kick_with_will = with_will;
	any_kicks_itself = true;
	return DONE;
}

/* disconnectClients: a list of ids, or a filter. */
struct many {
	struct wish wish;
	const cJSON *next_id;   /* of the list */
	struct filter filter;
	int count;              /* of those that were worked on */
};

static void free_many(void *state)
{
	filter_free(&((struct many *)state)->filter);
}

static void disconnect_of_many(struct command *command, const char *id)
{
	struct many *many = command->state;
	struct done done;
	enum outcome outcome = disconnect_one(id, &many->wish, &done);

	json_open_object(&command->data, NULL);
	json_string(&command->data, "clientid", id);
	json_string(&command->data, "outcome", outcome == DONE ? "done" : outcome_code(outcome));
	if(outcome == DONE) write_done(&command->data, &done);
	json_close_object(&command->data);
	many->count++;
}

static enum outcome end_many(struct command *command, bool more)
{
	json_close_array(&command->data);
	json_bool(&command->data, "more", more);
	return DONE;
}

static enum outcome disconnect_listed(struct command *command)
{
	struct many *many = command->state;

	while(many->next_id){
		disconnect_of_many(command, many->next_id->valuestring);
		many->next_id = many->next_id->next;
		if(many->next_id && command_turn_is_over()) return GOES_ON;
	}
	return end_many(command, false);
}

/* Control clients are not what the filter of an action is about. */
static bool disconnect_if_matching(struct command *command, struct client *client, const struct mosquitto *context)
{
	struct many *many = command->state;

	if((!sessions_is_connected(client) && !many->wish.clean_session) || access_is_control_client(client)
			|| !filter_matches(&many->filter, client, context)){
		return true;
	}
	if(many->count >= MAX_DISCONNECTED || command->data.length >= MAX_PAGE_BYTES) return false;
	char *id = mosquitto_strdup(client->id);
	if(id) disconnect_of_many(command, id);
	mosquitto_free(id);
	return true;
}

static enum outcome disconnect_filtered(struct command *command)
{
	enum walk walk = command_walk(command, disconnect_if_matching);

	return walk == WALK_TURN_IS_OVER ? GOES_ON : end_many(command, walk == WALK_STOPPED);
}

static bool read_clientids(struct command *command, const cJSON *list)
{
	int count = cJSON_GetArraySize(list);
	bool is_valid = cJSON_IsArray(list) && count >= 1;
	const cJSON *item;

	if(is_valid && count > MAX_DISCONNECTED){
		command_refuse_number(command, FAILED_TOO_MANY, "limit", MAX_DISCONNECTED);
		return false;
	}
	cJSON_ArrayForEach(item, list){
		is_valid = is_valid && fields_text(item) != NULL;
	}
	if(!is_valid) command_refuse_field(command, "clientids", "Invalid/missing clientids");
	return is_valid;
}

enum outcome disconnect_clients(struct command *command)
{
	struct many *many = command_new_state(command, sizeof(struct many), disconnect_listed, free_many);
	const cJSON *list = fields_get(command->json, "clientids");

	if(!many) return FAILED_INTERNAL;
	if(!read_wish(command, &many->wish) || !filter_read(command, "filter", FILTER_FIELDS, &many->filter)) return ANSWERED;
	if(many->filter.is_given && list) return command_refuse_field(command, "filter", "Either clientids or filter");
	if(many->filter.is_given){
		command->step = disconnect_filtered;
	}else{
		if(!read_clientids(command, list)) return ANSWERED;
		many->next_id = list->child;
	}
	json_open_array(&command->data, "clients");
	return command->step(command);
}
