#include "listing.h"

#include <math.h>
#include <string.h>

#include "client_json.h"
#include "cursor.h"
#include "fields.h"
#include "filter.h"
#include "limits.h"
#include "sessions.h"

struct listing {
	struct filter filter;
	bool has_filter;
	bool has_cursor;       /* our own API; the other one skips and counts */
	int fields;
	int64_t skip;
	int64_t limit;
	uint64_t after;        /* the sequence up to which clients are in the page or do not belong there */
	int64_t listed;
	bool begun;
	struct json_text data;
};

static void free_listing(void *state)
{
	struct listing *listing = state;

	filter_free(&listing->filter);
	json_free(&listing->data);
}

static void finish(struct command *command, struct listing *listing, bool more)
{
	struct json_text *data = &listing->data;

	json_close_array(data);
	if(listing->has_cursor){
		cursor_write(data, "cursor", more ? listing->after : 0);
	}
	json_integer(data, "totalCount", clients_count());
	json_close_object(data);
	command_succeed(command, data);
}

/*
 * Our own API ends a page when its turn is over, however few clients are in it: the next request wakes the broker at once,
 * where one that has nothing else to do would go on only after 100 ms. The other API has no such pages, and goes on.
 */
static void list_on(struct command *command)
{
	struct listing *listing = command->state;
	struct client *client;

	if(!listing->begun){
		listing->begun = true;
		json_open_object(&listing->data, NULL);
		json_open_array(&listing->data, "clients");
	}
	while((client = clients_after(listing->after))){
		uint64_t sequence = client->sequence;
		const struct mosquitto *context = sessions_context(client);

		if(context && (!listing->has_filter || filter_matches(&listing->filter, client, context)) && listing->skip-- <= 0){
			if(listing->listed >= listing->limit || listing->data.length >= MAX_PAGE_BYTES*(listing->has_cursor ? 1u : 16u)){
				finish(command, listing, true);
				return;
			}
			client_json_write(&listing->data, NULL, client, context, listing->fields, listing->has_cursor);
			listing->listed++;
		}
		listing->after = sequence;
		if(command_turn_is_over()){
			if(listing->has_cursor){
				finish(command, listing, clients_after(sequence) != NULL);
			}
			return;
		}
	}
	finish(command, listing, false);
}

/* "fields": a list of names of the client object. */
static bool read_field_names(struct command *command, int *fields)
{
	const cJSON *list = fields_get(command->json, "fields");
	const cJSON *item;

	if(!list) return true;
	*fields = FIELD_CLIENTID;
	cJSON_ArrayForEach(item, list){
		const char *name = cJSON_GetStringValue(item);
		int field = name ? client_field_of(name) : 0;

		if(!field){
			command_fail_field(command, "fields", "Invalid fields");
			return false;
		}
		*fields |= field;
	}
	if(!cJSON_IsArray(list)){
		command_fail_field(command, "fields", "Invalid fields");
		return false;
	}
	return true;
}

static bool read_filter(struct command *command, struct listing *listing)
{
	const cJSON *json = fields_get(command->json, "filter");
	const char *wrong = json ? filter_read(&listing->filter, json) : NULL;

	listing->has_filter = json != NULL;
	if(wrong){
		command_fail_field(command, wrong, "Invalid filter");
	}
	return !wrong;
}

void list_clients(struct command *command)
{
	struct listing *listing = command_new_state(command, sizeof(struct listing), list_on, free_listing);
	bool verbose = false;

	if(!listing) return;
	listing->has_cursor = true;
	if(!command_read_bool(command, "verbose", &verbose)) return;
	listing->fields = verbose ? FIELDS_VERBOSE : FIELDS_SUMMARY;
	if(read_filter(command, listing) && read_field_names(command, &listing->fields)
			&& command_read_limit(command, &listing->limit) && cursor_read(command, &listing->after)){
		list_on(command);
	}
}

/* A whole number, however large; the fallback when the field is missing or null. */
static bool read_any_whole(struct command *command, const char *field, int64_t fallback, int64_t *value, const char *text)
{
	const cJSON *json = fields_get(command->json, field);
	double number = json ? cJSON_GetNumberValue(json) : (double)fallback;

	if(!isfinite(number) || floor(number) != number || number < -1 || (number < 0 && fallback >= 0)){
		command_fail_field(command, field, text);
		return false;
	}
	*value = number > (double)MAX_SAFE_INTEGER ? MAX_SAFE_INTEGER : (int64_t)number;
	return true;
}

void pro_list_clients(struct command *command)
{
	struct listing *listing = command_new_state(command, sizeof(struct listing), list_on, free_listing);
	bool verbose = false;

	if(!listing || !command_read_bool(command, "verbose", &verbose)
			|| !read_any_whole(command, "offset", 0, &listing->skip, "Invalid offset")
			|| !read_any_whole(command, "count", -1, &listing->limit, "Invalid count")){
		return;
	}
	if(listing->limit == -1 || listing->limit > MAX_CLIENTS_LISTED){
		listing->limit = MAX_CLIENTS_LISTED;
	}
	listing->fields = verbose ? FIELDS_PRO_VERBOSE : FIELDS_PRO_SUMMARY;
	list_on(command);
}

static void get(struct command *command, int fields, bool nulls)
{
	struct json_text data = { 0 };
	struct client *client;
	const struct mosquitto *context;

	if(!command_read_clientid(command)) return;
	client = sessions_find(command->clientid, &context);
	if(!client){
		command_fail(command, FAILED_CLIENT_NOT_FOUND);
		return;
	}
	client_json_write(&data, NULL, client, context, fields, nulls);
	command_succeed(command, &data);
}

void get_client(struct command *command)
{
	get(command, FIELDS_ALL, true);
}

void pro_get_client(struct command *command)
{
	get(command, FIELDS_PRO_VERBOSE, false);
}
