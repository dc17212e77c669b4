#include "filter.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "glob.h"
#include "sessions.h"

static const unsigned char mapped_prefix[12] = { [10] = 0xFF, [11] = 0xFF }; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

/* 4 or 6, 0 if it is no address. */
static int read_address(unsigned char address[16], const char *text)
{
	if(inet_pton(AF_INET6, text, address) == 1){
		return 6;
	}
	memcpy(address, mapped_prefix, sizeof(mapped_prefix));
	return inet_pton(AF_INET, text, &address[12]) == 1 ? 4 : 0;
}


static bool is_ipv4(const unsigned char address[16])
{
	return !memcmp(address, mapped_prefix, sizeof(mapped_prefix));
}


bool network_read(struct network *network, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash-text) : strlen(text);
	int family;

	if(length >= sizeof(address)){
		return false;
	}
	memcpy(address, text, length);
	address[length] = '\0';
	family = read_address(network->address, address);
	network->prefix_bits = 128;
	if(family && slash){
		const char *prefix = slash+1;
		size_t digits = strspn(prefix, "0123456789");
		int bits = atoi(prefix);

		if(digits == 0 || digits > 3 || prefix[digits] || (prefix[0] == '0' && digits > 1)){
			return false;
		}
		network->prefix_bits = family == 4 ? 96+bits : bits;
		if(network->prefix_bits > 128 || (is_ipv4(network->address) && network->prefix_bits < 96)){
			return false;
		}
	}
	return family != 0;
}


bool network_is_address(const struct network *network)
{
	return network->prefix_bits == 128;
}


bool network_holds(const struct network *network, const struct network *address)
{
	size_t bytes = (size_t)network->prefix_bits/8;
	int bits = network->prefix_bits%8;

	return network_is_address(address)
			&& is_ipv4(address->address) == is_ipv4(network->address)
			&& memcmp(address->address, network->address, bytes) == 0
			&& (bits == 0 || ((address->address[bytes] ^ network->address[bytes]) >> (8-bits)) == 0);
}


bool network_is_everybody(const struct network *network)
{
	return network->prefix_bits == (is_ipv4(network->address) ? 96 : 0);
}


/* A glob as a copy; false if it is none. */
static bool read_glob(char **glob, const cJSON *json)
{
	const char *pattern = fields_text(json);

	if(!pattern || !glob_is_valid(pattern)){
		return false;
	}
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
	if(!cJSON_IsObject(json) || !json->child){
		return "filter";
	}
	for(field=json->child; field && !wrong; field=field->next){
		wrong = read_field(filter, field);
	}
	return wrong;
}


static bool time_matches(const struct filter *filter, const struct client *client)
{
	if(filter->connected_before == 0 && filter->connected_after < 0){
		return true;
	}
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
