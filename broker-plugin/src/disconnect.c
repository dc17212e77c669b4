#include "disconnect.h"

#include <string.h>

#include "access.h"
#include "fields.h"
#include "filter.h"
#include "limits.h"
#include "self_disconnect.h"
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

static struct outcome failed(enum failure failure)
{
	return (struct outcome){ .failure = failure };
}

/* `id` must not be the one in the table: that is gone when its entry is. */
static struct outcome disconnect_one(const char *id, const struct wish *wish)
{
	const struct mosquitto *context;
	struct client *client = sessions_find(id, &context);
	struct outcome outcome = { .done = true };

	if(!client) return failed(FAILED_CLIENT_NOT_FOUND);
	if(access_is_control_client(client)) return failed(FAILED_CONTROL_CLIENT);
	outcome.was_connected = sessions_is_connected(client);
	outcome.connected_since = client->connected_ms;
	if(wish->if_connected_since >= 0 && outcome.connected_since != wish->if_connected_since){
		return failed(FAILED_CLIENT_RECONNECTED);
	}
	if(outcome.was_connected){
		if(!sessions_kick(client, wish->with_will, LEAVING_KICKED)) return failed(FAILED_INTERNAL);
		client = clients_find(id);
	}else if(!wish->clean_session){
		return failed(FAILED_CLIENT_NOT_CONNECTED);
	}
	if(wish->clean_session && client && !client->context){
		outcome.session_removed = sessions_purge(client);
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
	struct json_text data = { 0 };
	struct wish wish;
	struct outcome outcome;

	if(!command_read_clientid(command) || !read_wish(command, &wish)) return;
	outcome = disconnect_one(command->clientid, &wish);
	if(!outcome.done && outcome.failure == FAILED_CLIENT_RECONNECTED){
		const struct client *client = clients_find(command->clientid);

		command_fail_number(command, outcome.failure, "lastConnect", client->connected_ms);
		return;
	}
	if(!outcome.done){
		command_fail(command, outcome.failure);
		return;
	}
	json_open_object(&data, NULL);
	write_outcome(&data, &outcome);
	json_close_object(&data);
	command_succeed(command, &data);
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
	}else if(!strcmp(command->clientid, command->request->sender_id)){
		if(self_disconnect_schedule(command->clientid, with_will)){
			command_succeed(command, NULL);
		}else{
			command_fail(command, FAILED_INTERNAL);
		}
	}else if(sessions_kick(client, with_will, LEAVING_KICKED)){
		command_succeed(command, NULL);
	}else{
		command_fail(command, FAILED_INTERNAL);
	}
}

/* disconnectClients: a list of ids, or a filter. */
struct many {
	struct wish wish;
	const cJSON *next_id;   /* of the list */
	bool has_filter;
	struct filter filter;
	uint64_t after;         /* the sequence up to which clients have been looked at */
	int outcomes;
	bool more;
	struct json_text data;
};

static void free_many(void *state)
{
	struct many *many = state;

	filter_free(&many->filter);
	json_free(&many->data);
}

static void add_outcome(struct many *many, const char *id)
{
	struct outcome outcome = disconnect_one(id, &many->wish);

	json_open_object(&many->data, NULL);
	json_string(&many->data, "clientid", id);
	json_string(&many->data, "outcome", outcome.done ? "done" : failure_code(outcome.failure));
	if(outcome.done){
		write_outcome(&many->data, &outcome);
	}
	json_close_object(&many->data);
	many->outcomes++;
}

/* The next client that the filter of an action is about, NULL if there is none; looks at one only. */
static struct client *look_at_next(struct many *many, bool *at_end)
{
	struct client *client = clients_after(many->after);
	const struct mosquitto *context;

	*at_end = client == NULL;
	if(!client) return NULL;
	many->after = client->sequence;
	if(!sessions_is_connected(client) && !many->wish.clean_session) return NULL;
	context = sessions_context(client);
	return context && !access_is_control_client(client) && filter_matches(&many->filter, client, context) ? client : NULL;
}

/* Works on one client; false at the end. */
static bool disconnect_next(struct many *many)
{
	struct client *client;
	bool at_end;
	char *id;

	if(!many->has_filter){
		if(many->next_id){
			add_outcome(many, many->next_id->valuestring);
			many->next_id = many->next_id->next;
		}
		return many->next_id != NULL;
	}
	client = look_at_next(many, &at_end);
	if(client && (many->outcomes >= MAX_DISCONNECTED || many->data.length >= MAX_PAGE_BYTES)){
		many->more = true;
		return false;
	}
	id = client ? mosquitto_strdup(client->id) : NULL;
	if(id){
		add_outcome(many, id);
		mosquitto_free(id);
	}
	return !at_end;
}

static void disconnect_on(struct command *command)
{
	struct many *many = command->state;

	while(disconnect_next(many)){
		if(command_turn_is_over()) return;
	}
	json_close_array(&many->data);
	json_bool(&many->data, "more", many->more);
	json_close_object(&many->data);
	command_succeed(command, &many->data);
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
	if(!is_valid){
		command_fail_field(command, "clientids", "Invalid/missing clientids");
	}
	return is_valid;
}

void disconnect_clients(struct command *command)
{
	struct many *many = command_new_state(command, sizeof(struct many), disconnect_on, free_many);
	const cJSON *list = fields_get(command->json, "clientids");
	const cJSON *filter = fields_get(command->json, "filter");
	const char *wrong;

	if(!many || !read_wish(command, &many->wish)) return;
	many->has_filter = filter != NULL;
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
	}else if(!read_clientids(command, list)){
		return;
	}
	many->next_id = filter ? NULL : list->child;
	json_open_object(&many->data, NULL);
	json_open_array(&many->data, "clients");
	disconnect_on(command);
}
