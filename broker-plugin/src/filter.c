#include "filter.h"

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

/* What is wrong, or NULL. */
static const char *read_field(struct filter *filter, const cJSON *json)
{
	const char *name = json->string;

	if(!strcmp(name, "clientid")){
		return filter->clientid || !read_glob(&filter->clientid, json) ? "filter.clientid" : NULL;
	}else if(!strcmp(name, "username")){
		return filter->username || !read_glob(&filter->username, json) ? "filter.username" : NULL;
	}else if(!strcmp(name, "address")){
		const char *text = cJSON_GetStringValue(json);

		filter->has_network = text && network_read(&filter->network, text);
		return filter->has_network ? NULL : "filter.address";
	}else if(!strcmp(name, "connected")){
		filter->has_connected = cJSON_IsBool(json);
		filter->connected = cJSON_IsTrue(json);
		return filter->has_connected ? NULL : "filter.connected";
	}else if(!strcmp(name, "protocolVersion")){
		return read_version(&filter->protocol_version, json) ? NULL : "filter.protocolVersion";
	}else if(!strcmp(name, "connectedBefore")){
		return fields_whole_number(json, 1, MAX_SAFE_INTEGER, &filter->connected_before) ? NULL : "filter.connectedBefore";
	}else if(!strcmp(name, "connectedAfter")){
		return fields_whole_number(json, 0, MAX_SAFE_INTEGER, &filter->connected_after) ? NULL : "filter.connectedAfter";
	}
	return "filter";
}

const char *filter_read(struct filter *filter, const cJSON *json)
{
	const cJSON *field;
	const char *wrong = NULL;

	memset(filter, 0, sizeof(*filter));
	filter->connected_after = -1;
	if(!cJSON_IsObject(json) || !json->child) return "filter";
	for(field=json->child; field && !wrong; field=field->next) wrong = read_field(filter, field);
	return wrong;
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

bool filter_matches(const struct filter *filter, const struct client *client, const struct mosquitto *context)
{
	const char *username;

	if((filter->has_connected && filter->connected != sessions_is_connected(client))
			|| !time_matches(filter, client)
			|| (filter->clientid && !glob_matches(filter->clientid, client->id))
			|| (filter->protocol_version && filter->protocol_version != mosquitto_client_protocol_version(context))
			|| !address_matches(filter, mosquitto_client_address(context))){
		return false;
	}
	username = mosquitto_client_username(context);
	return !filter->username || glob_matches(filter->username, username ? username : ANONYMOUS);
}

void filter_free(struct filter *filter)
{
	mosquitto_free(filter->clientid);
	mosquitto_free(filter->username);
	memset(filter, 0, sizeof(*filter));
}
