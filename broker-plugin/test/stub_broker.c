#include "stub_broker.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awaited_disconnects.h"
#include "connected_clients.h"
#include "self_disconnect.h"

#define SENDER "gateway"

struct mosquitto {
	const char *id;
	const char *username;
	bool connected;
};

static struct mosquitto clients[] = {
	{ .id = "online" }, { .id = "other" }, { .id = "offline" }, { .id = SENDER },
};
#define CLIENT_COUNT (sizeof(clients)/sizeof(clients[0]))

static struct options options;
static struct stub_counts counts;
static cJSON *responses;
static const char *expected_topic;

static struct mosquitto *find_client(const char *id)
{
	for(size_t i=0; i<CLIENT_COUNT; i++){
		if(!strcmp(clients[i].id, id)){
			return &clients[i];
		}
	}
	return NULL;
}


static void set_connected(struct mosquitto *client, bool connected)
{
	if(client->connected == connected){
		return;
	}
	client->connected = connected;
#if BUILT_FOR_2_1
	struct mosquitto_evt_connect connect = { .client = client };
	struct mosquitto_evt_client_offline offline = { .client = client };

	if(connected){
		connected_clients_on_connect(MOSQ_EVT_CONNECT, &connect, NULL);
	}else{
		connected_clients_on_gone(MOSQ_EVT_CLIENT_OFFLINE, &offline, NULL);
	}
#else
	struct mosquitto_evt_disconnect disconnect = { .client = client };

	if(!connected){
		awaited_disconnects_on_disconnect(MOSQ_EVT_DISCONNECT, &disconnect, NULL);
	}
#endif
}


void stub_broker_start(void)
{
	char key[] = "allow_username";
	char username[] = "gateway-user";
	const struct mosquitto_opt allow = { key, username };

	memset(&counts, 0, sizeof(counts));
	responses = cJSON_CreateArray();
	assert(options_read(&options, &allow, 1) == MOSQ_ERR_SUCCESS);
	for(size_t i=0; i<CLIENT_COUNT; i++){
		set_connected(&clients[i], strcmp(clients[i].id, "offline") != 0);
	}
}


void stub_broker_stop(void)
{
	for(size_t i=0; i<CLIENT_COUNT; i++){
		set_connected(&clients[i], false);
	}
	self_disconnect_cleanup();
#if BUILT_FOR_2_1
	connected_clients_cleanup();
#else
	awaited_disconnects_cleanup();
#endif
	options_cleanup(&options);
	cJSON_Delete(responses);
	responses = NULL;
}


void stub_broker_publish(const struct control_api *api, const char *username, const void *payload, size_t length)
{
	struct mosquitto *sender = find_client(SENDER);
	struct control_endpoint endpoint = { api, &options };
	struct mosquitto_evt_control event = {
		.client = sender,
		.topic = api->topic,
		.payload = payload,
		.payloadlen = (uint32_t)length,
	};

	sender->username = username;
	expected_topic = api->response_topic;
	assert(control_callback(MOSQ_EVT_CONTROL, &event, &endpoint) == MOSQ_ERR_SUCCESS);
	self_disconnect_tick();
	self_disconnect_tick();
#if !BUILT_FOR_2_1
	awaited_disconnects_tick();
#endif
}


const cJSON *stub_broker_responses(void)
{
	return responses;
}


struct stub_counts stub_broker_counts(void)
{
	return counts;
}


/* From here on: the broker's own functions, as its headers declare them. */

int mosquitto_broker_publish(const char *clientid, const char *topic, int payloadlen, void *payload, int qos, bool retain,
		mosquitto_property *properties)
{
	cJSON *message = cJSON_ParseWithLength(payload, (size_t)payloadlen);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(message, "responses");

	if(!clientid || strcmp(clientid, SENDER) || strcmp(topic, expected_topic) || qos || retain || properties
			|| !cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0){

		abort();
	}
	while(cJSON_GetArraySize(list) > 0 && list->child){
		cJSON_AddItemToArray(responses, cJSON_DetachItemViaPointer(list, list->child));
	}
	cJSON_Delete(message);
	mosquitto_free(payload);
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_kick_client_by_clientid(const char *clientid, bool with_will)
{
	struct mosquitto *client;

	(void)with_will;
	if(!clientid || !clientid[0]){
		abort();
	}
	client = find_client(clientid);
	if(!client){
		return MOSQ_ERR_NOT_FOUND;
	}
#if BUILT_FOR_2_1
	if(!client->connected){
		abort();
	}
#endif
	counts.kicks++;
	set_connected(client, false);
	return MOSQ_ERR_SUCCESS;
}


#if BUILT_FOR_2_1

struct mosquitto *mosquitto_client(const char *clientid)
{
	return find_client(clientid);
}


int mosquitto_apply_on_all_clients(int (*functor)(const struct mosquitto *, void *), void *context)
{
	int rc = MOSQ_ERR_SUCCESS;

	for(size_t i=0; i<CLIENT_COUNT && rc == MOSQ_ERR_SUCCESS; i++){
		rc = functor(&clients[i], context);
	}
	return rc;
}


int mosquitto_subscription_add(const struct mosquitto_subscription *sub)
{
	if(!sub->clientid[0] || mosquitto_sub_topic_check(sub->topic_filter) || (sub->options & 0xC0)
			|| (sub->options & 0x03) == 3 || (sub->options & 0x30) == 0x30){

		abort();
	}
	if(!find_client(sub->clientid)){
		return MOSQ_ERR_NOT_FOUND;
	}
	return counts.subscribes++ ? MOSQ_ERR_SUB_EXISTS : MOSQ_ERR_SUCCESS;
}


int mosquitto_subscription_delete(const char *clientid, const char *topic_filter)
{
	if(!clientid[0] || mosquitto_sub_topic_check(topic_filter)){
		abort();
	}
	if(!find_client(clientid)){
		return MOSQ_ERR_NOT_FOUND;
	}
	counts.unsubscribes++;
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_client_port(const struct mosquitto *client)
{
	return client->connected ? 1883 : 0;
}


bool mosquitto_client_clean_session(const struct mosquitto *client)
{
	return client->connected;
}


int mosquitto_client_keepalive(const struct mosquitto *client)
{
	(void)client;
	return 60;
}


int mosquitto_client_protocol(const struct mosquitto *client)
{
	return client->connected ? mp_websockets : mp_mqtt;
}


int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	return client->connected ? 5 : 0;
}


int mosquitto_client_sub_count(const struct mosquitto *client)
{
	(void)client;
	return counts.subscribes;
}


/* MQTT 5.0, section 4.7.1 */
int mosquitto_sub_topic_check(const char *filter)
{
	for(size_t i=0; filter[i]; i++){
		bool begins_level = i == 0 || filter[i-1] == '/';
		bool ends_level = filter[i+1] == '\0' || filter[i+1] == '/';

		if((filter[i] == '+' && !(begins_level && ends_level))
				|| (filter[i] == '#' && !(begins_level && filter[i+1] == '\0'))){

			return MOSQ_ERR_INVAL;
		}
	}
	return filter[0] && strlen(filter) <= 65535 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_INVAL;
}

#endif

const char *mosquitto_client_id(const struct mosquitto *client)
{
	return client->id;
}


const char *mosquitto_client_username(const struct mosquitto *client)
{
	return client->username;
}


const char *mosquitto_client_address(const struct mosquitto *client)
{
	return client->connected ? "127.0.0.1" : NULL;
}


void mosquitto_log_printf(int level, const char *fmt, ...)
{
	char line[1000];
	va_list arguments;

	(void)level;
	va_start(arguments, fmt);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)vsnprintf(line, sizeof(line), fmt, arguments);
#pragma GCC diagnostic pop
	va_end(arguments);
}


/* Non-empty and free of control characters; that it is UTF-8 the plugin has checked before. */
int mosquitto_validate_utf8(const char *string, int length)
{
	for(int i=0; i<length; i++){
		if((unsigned char)string[i] < 0x20 || string[i] == 0x7F){
			return MOSQ_ERR_MALFORMED_UTF8;
		}
	}
	return strstr(string, "\xEF\xBF\xBF") ? MOSQ_ERR_MALFORMED_UTF8 : MOSQ_ERR_SUCCESS;
}


void *mosquitto_malloc(size_t size)
{
	return malloc(size);
}


void *mosquitto_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}


void *mosquitto_realloc(void *memory, size_t size)
{
	return realloc(memory, size);
}


void mosquitto_free(void *memory)
{
	free(memory);
}


char *mosquitto_strdup(const char *string)
{
	return strdup(string);
}


/* plugin.c is linked in and never run here. */

#include "broker_version.h"

bool broker_version_matches_build(void)
{
	return true;
}


int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data, void *userdata)
{
	(void)identifier, (void)event, (void)callback, (void)event_data, (void)userdata;
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data)
{
	(void)identifier, (void)event, (void)callback, (void)event_data;
	return MOSQ_ERR_SUCCESS;
}

#if BUILT_FOR_2_1
int mosquitto_plugin_set_info(mosquitto_plugin_id_t *identifier, const char *name, const char *version)
{
	(void)identifier, (void)name, (void)version;
	return MOSQ_ERR_SUCCESS;
}
#endif
