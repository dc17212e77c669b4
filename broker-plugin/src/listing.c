#include "listing.h"

#include <math.h>

#include "client_json.h"
#include "fields.h"
#include "filter.h"
#include "limits.h"
#include "sessions.h"

struct listing {
	struct filter filter;
	int fields;
	int64_t skip;
	int64_t limit;
	size_t max_bytes;
};

static void free_listing(void *state)
{
	filter_free(&((struct listing *)state)->filter);
}

static bool list_one(struct command *command, struct client *client, const struct mosquitto *context)
{
	struct listing *listing = command->state;

	if(listing->filter.is_given && !filter_matches(&listing->filter, client, context)) return true;
	if(listing->skip > 0){
		listing->skip--;
		return true;
	}
	if(listing->limit == 0 || command->data.length >= listing->max_bytes) return false;
	listing->limit--;
	json_open_object(&command->data, NULL);
	client_json_write(&command->data, client, context, listing->fields);
	json_close_object(&command->data);
	return true;
}

static enum outcome list_page(struct command *command)
{
	bool has_more = command_walk(command, list_one) != WALK_ENDED && clients_after(command->after);

	json_close_array(&command->data);
	command_write_cursor(command, has_more ? command->after : 0);
	json_integer(&command->data, "totalCount", clients_count());
	return DONE;
}

static enum outcome list_all(struct command *command)
{
	if(command_walk(command, list_one) == WALK_TURN_IS_OVER) return GOES_ON;
	json_close_array(&command->data);
	json_integer(&command->data, "totalCount", clients_count());
	return DONE;
}

/* "fields": a list of names of the client object. */
static bool read_field_names(struct command *command, int *fields)
{
	const cJSON *list = fields_get(command->json, "fields");
	bool is_valid = !list || cJSON_IsArray(list);
	const cJSON *item;

	if(list) *fields = FIELD_CLIENTID | FIELD_NULLS;
	cJSON_ArrayForEach(item, list){
		const char *name = cJSON_GetStringValue(item);
		int field = name ? client_field_of(name) : 0;

		is_valid = is_valid && field;
		*fields |= field;
	}
	if(!is_valid) command_refuse_field(command, "fields", "Invalid fields");
	return is_valid;
}

enum outcome list_clients(struct command *command)
{
	struct listing *listing = command_new_state(command, sizeof(struct listing), NULL, free_listing);
	bool verbose = false;

	if(!listing) return FAILED_INTERNAL;
	if(!command_read_bool(command, "verbose", &verbose)) return ANSWERED;
	listing->fields = verbose ? FIELDS_VERBOSE : FIELDS_SUMMARY;
	listing->max_bytes = MAX_PAGE_BYTES;
	if(!filter_read(command, "filter", FILTER_FIELDS, &listing->filter) || !read_field_names(command, &listing->fields)
			|| !command_read_limit(command, &listing->limit) || !command_read_cursor(command, &command->after)){
		return ANSWERED;
	}
	json_open_array(&command->data, "clients");
	return list_page(command);
}

/* A whole number, however large; the fallback when the field is missing or null. */
static bool read_any_whole(struct command *command, const char *field, int64_t fallback, int64_t *value, const char *text)
{
	const cJSON *json = fields_get(command->json, field);
	double number = json ? cJSON_GetNumberValue(json) : (double)fallback;

	if(!isfinite(number) || floor(number) != number || number < -1 || (number < 0 && fallback >= 0)){
		command_refuse_field(command, field, text);
		return false;
	}
	*value = number > (double)MAX_SAFE_INTEGER ? MAX_SAFE_INTEGER : (int64_t)number;
	return true;
}

enum outcome pro_list_clients(struct command *command)
{
	struct listing *listing = command_new_state(command, sizeof(struct listing), list_all, free_listing);
	bool verbose = false;

	if(!listing) return FAILED_INTERNAL;
	if(!command_read_bool(command, "verbose", &verbose)
			|| !read_any_whole(command, "offset", 0, &listing->skip, "Invalid offset")
			|| !read_any_whole(command, "count", -1, &listing->limit, "Invalid count")){
		return ANSWERED;
	}
	if(listing->limit == -1 || listing->limit > MAX_CLIENTS_LISTED) listing->limit = MAX_CLIENTS_LISTED;
	listing->fields = verbose ? FIELDS_PRO_VERBOSE : FIELDS_PRO_SUMMARY;
	listing->max_bytes = MAX_PRO_PAGE_BYTES;
	json_open_array(&command->data, "clients");
	return list_all(command);
}

enum outcome get_client(struct command *command)
{
	const struct mosquitto *context;

	if(!command_read_clientid(command)) return ANSWERED;
	struct client *client = sessions_find(command->clientid, &context);
	if(!client) return FAILED_CLIENT_NOT_FOUND;
	client_json_write(&command->data, client, context, command_is_own(command) ? FIELDS_ALL : FIELDS_PRO_VERBOSE);
	return DONE;
}
