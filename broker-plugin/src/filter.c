#include "filter.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "glob.h"
#include "sessions.h"

/* A glob as a copy; false if it is none. */
static bool read_glob(char **glob, const cJSON *json)
{
	const char *pattern = fields_text(json);

	if(!pattern || !glob_is_valid(pattern)) return false;
	*glob = mosquitto_strdup(pattern);
	return *glob != NULL;
}

static bool read_version(int *version, const cJSON *json)
{
	const char *name = cJSON_GetStringValue(json);

	*version = !name ? 0 : !strcmp(name, "v3.1") ? 3 : !strcmp(name, "v3.1.1") ? 4 : !strcmp(name, "v5") ? 5 : 0;
	return *version != 0;
}

/* False if it is no field of a filter or not what it should be. */
static bool read_field(struct filter *filter, const cJSON *json)
{
	const char *name = json->string;
	const char *text = cJSON_GetStringValue(json);

	if(!strcmp(name, "clientid")) return !filter->clientid && read_glob(&filter->clientid, json);
	if(!strcmp(name, "username")) return !filter->username && read_glob(&filter->username, json);
	if(!strcmp(name, "address")){
		filter->has_network = text && network_read(&filter->network, text);
		return filter->has_network;
	}
	if(!strcmp(name, "connected")){
		filter->has_connected = cJSON_IsBool(json);
		filter->connected = cJSON_IsTrue(json);
		return filter->has_connected;
	}
	if(!strcmp(name, "protocolVersion")) return read_version(&filter->protocol_version, json);
	if(!strcmp(name, "connectedBefore")) return fields_whole_number(json, 1, MAX_SAFE_INTEGER, &filter->connected_before);
	if(!strcmp(name, "connectedAfter")) return fields_whole_number(json, 0, MAX_SAFE_INTEGER, &filter->connected_after);
	return false;
}

bool filter_read(struct command *command, const char *field, const char *allowed, struct filter *filter)
{
	const cJSON *json = fields_get(command->json, field);
	char wrong[64];

	memset(filter, 0, sizeof(*filter));
	filter->connected_after = -1;
	filter->is_given = json != NULL;
	if(json && (!cJSON_IsObject(json) || !json->child)){
		command_refuse_field(command, field, "Invalid filter");
		return false;
	}
	for(const cJSON *one=json ? json->child : NULL; one; one=one->next){
		bool is_known = fields_is_listed(allowed, one->string);

		if(is_known && read_field(filter, one)) continue;
		(void)snprintf(wrong, sizeof(wrong), "%s%s%s", field, is_known ? "." : "", is_known ? one->string : "");
		command_refuse_field(command, wrong, "Invalid filter");
		return false;
	}
	return true;
}

static bool time_matches(const struct filter *filter, const struct client *client)
{
	if(filter->connected_before == 0 && filter->connected_after < 0) return true;
	return client->context
			&& (filter->connected_before == 0 || client->connected_ms < filter->connected_before)
			&& client->connected_ms > filter->connected_after;
}

static bool address_matches(const struct filter *filter, const char *text)
{
	struct network address;

	return !filter->has_network || (text && network_read(&address, text) && network_holds(&filter->network, &address));
}

bool filter_matches_within(const struct filter *filter, const struct client *client, const struct mosquitto *context,
		size_t *steps)
{
	if((filter->has_connected && filter->connected != sessions_is_connected(client))
			|| !time_matches(filter, client)
			|| (filter->clientid && !glob_matches_within(filter->clientid, client->id, steps))
			|| (filter->protocol_version && filter->protocol_version != mosquitto_client_protocol_version(context))
			|| !address_matches(filter, mosquitto_client_address(context))){
		return false;
	}
	const char *username = mosquitto_client_username(context);
	return !filter->username || glob_matches_within(filter->username, username ? username : ANONYMOUS, steps);
}

bool filter_matches(const struct filter *filter, const struct client *client, const struct mosquitto *context)
{
	size_t steps = SIZE_MAX;

	return filter_matches_within(filter, client, context, &steps);
}

void filter_free(struct filter *filter)
{
	mosquitto_free(filter->clientid);
	mosquitto_free(filter->username);
	memset(filter, 0, sizeof(*filter));
}
