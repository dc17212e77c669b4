#define _DEFAULT_SOURCE /* syscall() */

#include "stub_broker.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SENDER "gateway"
#define SENDER_USERNAME "gateway-user"
#define MAX_CLIENTS 64
#define MAX_FILTERS 64

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options,
		int option_count);
int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count);

struct mosquitto {
	char *id;              /* NULL: a free place */
	const char *username;
	const char *address;
	bool connected;
	bool session_stays;    /* when the connection ends */
	bool logged_in;
	char *filters[MAX_FILTERS];
};

static struct mosquitto clients[MAX_CLIENTS];
static struct stub_counts counts;
static cJSON *responses;
static cJSON *events;
static void *plugin;
static char state_dir[] = "/dev/shm/stub-broker-XXXXXX";
static char broken_dir[sizeof(state_dir)+8];

/* What the plugin registered. */
static struct {
	int event;
	const char *topic;
	MOSQ_FUNC_generic_callback callback;
	void *userdata;
} callbacks[32];
static int callback_count;

static int call(int event, const char *topic, void *data)
{
	int rc = MOSQ_ERR_SUCCESS;

	for(int i=0; i<callback_count; i++){
		if(callbacks[i].event == event && (!topic || !strcmp(callbacks[i].topic, topic))){
			rc = callbacks[i].callback(event, data, callbacks[i].userdata);
		}
	}
	return rc;
}


static void tick(void)
{
	struct mosquitto_evt_tick data;

	memset(&data, 0, sizeof(data));
	call(MOSQ_EVT_TICK, NULL, &data);
}


static struct mosquitto *find_client(const char *id)
{
	for(size_t i=0; i<MAX_CLIENTS; i++){
		if(clients[i].id && !strcmp(clients[i].id, id)){
			return &clients[i];
		}
	}
	return NULL;
}


static void end_session(struct mosquitto *client)
{
	free(client->id);
	for(int i=0; i<MAX_FILTERS; i++){
		free(client->filters[i]);
	}
	memset(client, 0, sizeof(*client));
}


static void end_connection(struct mosquitto *client, int reason)
{
	bool stays = client->session_stays && BUILT_FOR_2_1;
	struct mosquitto_evt_disconnect disconnect = { .client = client, .reason = reason };

#if BUILT_FOR_2_1
	struct mosquitto_evt_client_offline offline = { .client = client, .reason = reason };
	if(stays){
		call(MOSQ_EVT_CLIENT_OFFLINE, NULL, &offline);
	}
#endif
	client->connected = false;
	if(!stays){
		call(MOSQ_EVT_DISCONNECT, NULL, &disconnect);
		end_session(client);
	}
}


/* A login up to where the broker acknowledges it; NULL if the plugin keeps the client out. */
static struct mosquitto *log_in(const char *id, const char *username, const char *address)
{
	struct mosquitto *client = NULL;
	struct mosquitto *old = find_client(id);
	struct mosquitto_evt_basic_auth login;
	int rc;

	for(size_t i=0; i<MAX_CLIENTS && !client; i++){
		client = clients[i].id ? NULL : &clients[i];
	}
	assert(client);
	client->id = strdup(id);
	client->username = username;
	client->address = address;
	memset(&login, 0, sizeof(login));
	login.client = client;
	client->connected = true;
	rc = call(MOSQ_EVT_BASIC_AUTH, NULL, &login);
	if(rc != MOSQ_ERR_PLUGIN_DEFER
#if BUILT_FOR_2_1
			&& rc != MOSQ_ERR_PLUGIN_IGNORE
#endif
			){

		client->session_stays = false;
		end_connection(client, MOSQ_ERR_AUTH);
		return NULL;
	}
	client->logged_in = true;
	if(old){
		/* As 2.1 does: the old one's session goes on in the new one, and its end is told in either case. */
		old->session_stays = false;
		memcpy(client->filters, old->filters, sizeof(old->filters));
		memset(old->filters, 0, sizeof(old->filters));
		end_connection(old, 142);
	}
	return client;
}


bool stub_broker_connect(const char *id, const char *username, const char *address)
{
	struct mosquitto *client = log_in(id, username, address);

	if(!client) return false;
#if BUILT_FOR_2_1
	struct mosquitto_evt_connect connect = { .client = client };
	call(MOSQ_EVT_CONNECT, NULL, &connect);
#endif
	return true;
}


void stub_broker_break_login(const char *id)
{
	struct mosquitto *client = log_in(id, NULL, "127.0.0.1");

	assert(client);
	client->session_stays = true;
	end_connection(client, MOSQ_ERR_CONN_LOST);
}


void stub_broker_take_over_and_fail(const char *id)
{
	struct mosquitto *old = find_client(id);
	struct mosquitto refused = { .id = strdup(id), .address = "127.0.0.1", .connected = true };

	old->session_stays = false;
	end_connection(old, 142);
	end_connection(&refused, MOSQ_ERR_INVAL);
}


void stub_broker_disconnect(const char *id, bool session_stays)
{
	struct mosquitto *client = find_client(id);

	assert(client && client->connected);
	client->session_stays = session_stays;
	end_connection(client, MOSQ_ERR_SUCCESS);
}


bool stub_broker_restart(void)
{
	static char names[][32] = { "allow_username", "state_dir", "track_clients", "deliver_retained" };
	static char username[] = SENDER_USERNAME, yes[] = "true";
	struct mosquitto_opt options[] = {
		{ names[0], username }, { names[1], state_dir }, { names[BUILT_FOR_2_1 ? 3 : 2], yes },
	};

	memset(&counts, 0, sizeof(counts));
	responses = cJSON_CreateArray();
	events = cJSON_CreateArray();
	if(mosquitto_plugin_init(NULL, &plugin, options, 3)){
		stub_broker_stop();
		return false;
	}
	tick();
	stub_broker_connect("online", NULL, "127.0.0.1");
	stub_broker_connect("other", NULL, "127.0.0.1");
	if(stub_broker_connect("offline", NULL, "127.0.0.1")){
		stub_broker_disconnect("offline", true);
	}
	stub_broker_connect(SENDER, SENDER_USERNAME, "127.0.0.1");
	return true;
}


static void in_state_dir(char path[], size_t size, const char *name)
{
	(void)snprintf(path, size, "%s/client-control-%s.json", state_dir, name);
}


static void clear_state_dir(void)
{
	char path[256];

	in_state_dir(path, sizeof(path), "bans");
	unlink(path);
	in_state_dir(path, sizeof(path), "standing-subscriptions");
	unlink(path);
	in_state_dir(path, sizeof(path), "retained-mark");
	unlink(path);
}


static void remove_state_dir(void)
{
	clear_state_dir();
	rmdir(state_dir);
}


void stub_broker_start(void)
{
	static bool has_dir;

	if(!has_dir){
		has_dir = true;
		assert(mkdtemp(state_dir));
		atexit(remove_state_dir);
	}
	clear_state_dir();
	assert(stub_broker_restart());
}


void stub_broker_break_state_dir(bool is_broken)
{
	(void)snprintf(broken_dir, sizeof(broken_dir), "%s.moved", state_dir);
	assert(rename(is_broken ? state_dir : broken_dir, is_broken ? broken_dir : state_dir) == 0);
}


static bool folder_sync_fails;

void stub_broker_break_folder_sync(bool is_broken)
{
	folder_sync_fails = is_broken;
}


/* In place of the C library's. */
int fsync(int file)
{
	struct stat status;

	if(folder_sync_fails && fstat(file, &status) == 0 && S_ISDIR(status.st_mode)){
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, file);
}


void stub_broker_stop(void)
{
	for(size_t i=0; i<MAX_CLIENTS; i++){
		if(clients[i].id){
			end_session(&clients[i]);
		}
	}
	if(plugin){
		mosquitto_plugin_cleanup(plugin, NULL, 0);
	}
	plugin = NULL;
	assert(callback_count == 0);
	cJSON_Delete(responses);
	cJSON_Delete(events);
	responses = NULL;
	events = NULL;
}


void stub_broker_wait(void)
{
	const struct timespec some_time = { .tv_nsec = 60000000 };

	nanosleep(&some_time, NULL);
	tick();
}


void stub_broker_send(const struct control_api *api, const char *username, const void *payload, size_t length)
{
	struct mosquitto *sender = find_client(SENDER);
	struct mosquitto_evt_control event;

	if(!sender){
		return;
	}
	memset(&event, 0, sizeof(event));
	event.client = sender;
	event.topic = api->topic;
	event.payload = payload;
	event.payloadlen = (uint32_t)length;
	sender->username = username;
	assert(call(MOSQ_EVT_CONTROL, api->topic, &event) == MOSQ_ERR_SUCCESS);
}


void stub_broker_run(void)
{
	for(int i=0; i<3 || control_is_busy(); i++){
		tick();
	}
}


void stub_broker_publish(const struct control_api *api, const char *username, const void *payload, size_t length)
{
	stub_broker_send(api, username, payload, length);
	stub_broker_run();
}


const cJSON *stub_broker_responses(void)
{
	return responses;
}


const cJSON *stub_broker_events(void)
{
	return events;
}


struct stub_counts stub_broker_counts(void)
{
	return counts;
}


/* From here on: the broker's own functions, as its headers declare them. */

/* Moves the items of a list into one of ours. */
static void take_items(cJSON *to, cJSON *list, bool may_be_empty)
{
	if(!cJSON_IsArray(list) || (!list->child && !may_be_empty)){
		abort();
	}
	while(list->child){
		cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(list, list->child));
	}
}


int mosquitto_broker_publish(const char *clientid, const char *topic, int payloadlen, void *payload, int qos, bool retain,
		mosquitto_property *properties)
{
	const char *response = strstr(topic, "/v1/response");

	if(!clientid || payloadlen < 0 || retain || !find_client(clientid)){
		abort();
	}
	if(properties){ /* deliverRetained */
		if(!find_client(clientid)->connected || !strcmp(clientid, SENDER)){
			abort();
		}
		counts.delivered++;
		mosquitto_property_free_all(&properties);
	}else{
		cJSON *message = cJSON_ParseWithLength(payload, (size_t)payloadlen);
		bool has_events = cJSON_HasObjectItem(message, "events");

		if(strcmp(clientid, SENDER) || qos || strncmp(topic, "$CONTROL/", 9) || !response || response[12]){
			abort();
		}
		take_items(has_events ? events : responses, cJSON_GetObjectItemCaseSensitive(message,
				has_events ? "events" : "responses"),
				cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(message, "missed")) > 0);
		if(has_events){
			counts.events = cJSON_GetArraySize(events);
			counts.sequence = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(message, "sequence"));
			counts.missed += (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(message, "missed"));
		}
		cJSON_Delete(message);
	}
	mosquitto_free(payload);
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_kick_client_by_clientid(const char *clientid, bool with_will)
{
	struct mosquitto *client = clientid ? find_client(clientid) : NULL;

	(void)with_will;
	if(!client || !client->connected){
		abort();
	}
	counts.kicks++;
	end_connection(client, 152);
	return MOSQ_ERR_SUCCESS;
}


#if BUILT_FOR_2_1

/* Not who is still logging in. */
struct mosquitto *mosquitto_client(const char *clientid)
{
	struct mosquitto *client = find_client(clientid);

	return client && client->logged_in ? client : NULL;
}


int mosquitto_apply_on_all_clients(int (*functor)(const struct mosquitto *, void *), void *context)
{
	int rc = MOSQ_ERR_SUCCESS;

	for(size_t i=0; i<MAX_CLIENTS && rc == MOSQ_ERR_SUCCESS; i++){
		if(clients[i].id){
			rc = functor(&clients[i], context);
		}
	}
	return rc;
}


static char **find_filter(struct mosquitto *client, const char *filter)
{
	for(int i=0; i<MAX_FILTERS; i++){
		if(client->filters[i] && !strcmp(client->filters[i], filter)){
			return &client->filters[i];
		}
	}
	return NULL;
}


int mosquitto_subscription_add(const struct mosquitto_subscription *sub)
{
	struct mosquitto *client = find_client(sub->clientid);

	if(!sub->clientid[0] || mosquitto_sub_topic_check(sub->topic_filter) || (sub->options & 0xC0)
			|| (sub->options & 0x03) == 3 || (sub->options & 0x30) == 0x30){

		abort();
	}
	if(!client){
		return MOSQ_ERR_NOT_FOUND;
	}
	counts.subscribes++;
	if(find_filter(client, sub->topic_filter)){
		return MOSQ_ERR_SUB_EXISTS;
	}
	for(int i=0; i<MAX_FILTERS; i++){
		if(!client->filters[i]){
			client->filters[i] = strdup(sub->topic_filter);
			return MOSQ_ERR_SUCCESS;
		}
	}
	return MOSQ_ERR_NOMEM;
}


int mosquitto_subscription_delete(const char *clientid, const char *topic_filter)
{
	struct mosquitto *client = find_client(clientid);
	char **filter;

	if(!clientid[0] || mosquitto_sub_topic_check(topic_filter)){
		abort();
	}
	if(!client){
		return MOSQ_ERR_NOT_FOUND;
	}
	counts.unsubscribes++;
	filter = find_filter(client, topic_filter);
	if(filter){
		free(*filter);
		*filter = NULL;
	}
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_persist_client_delete(const char *clientid)
{
	struct mosquitto *client = find_client(clientid);

	if(!client || client->connected){
		abort();
	}
	counts.purges++;
	client->session_stays = false;
	end_connection(client, MOSQ_ERR_SUCCESS);
	return MOSQ_ERR_SUCCESS;
}


const char *mosquitto_persistence_location(void)
{
	return NULL;
}


int mosquitto_client_port(const struct mosquitto *client)
{
	return client && client->connected ? 1883 : 0;
}


/* Properties are only made and freed here. */
static int add_property(mosquitto_property **proplist)
{
	if(!*proplist){
		*proplist = malloc(1);
	}
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_property_add_byte(mosquitto_property **proplist, int identifier, uint8_t value)
{
	(void)identifier, (void)value;
	return add_property(proplist);
}


int mosquitto_property_add_int32(mosquitto_property **proplist, int identifier, uint32_t value)
{
	(void)identifier, (void)value;
	return add_property(proplist);
}


int mosquitto_property_add_binary(mosquitto_property **proplist, int identifier, const void *value, uint16_t len)
{
	(void)identifier, (void)value, (void)len;
	return add_property(proplist);
}


int mosquitto_property_add_string(mosquitto_property **proplist, int identifier, const char *value)
{
	(void)identifier, (void)value;
	return add_property(proplist);
}


int mosquitto_property_add_string_pair(mosquitto_property **proplist, int identifier, const char *name, const char *value)
{
	(void)identifier, (void)name, (void)value;
	return add_property(proplist);
}


int mosquitto_property_identifier(const mosquitto_property *property)
{
	(void)property;
	return 0;
}


mosquitto_property *mosquitto_property_next(const mosquitto_property *property)
{
	(void)property;
	return NULL;
}


int mosquitto_property_copy_all(mosquitto_property **dest, const mosquitto_property *src)
{
	(void)src;
	*dest = NULL;
	return MOSQ_ERR_SUCCESS;
}


const mosquitto_property *mosquitto_property_read_string_pair(const mosquitto_property *proplist, int identifier,
		char **name, char **value, bool skip_first)
{
	(void)proplist, (void)identifier, (void)name, (void)value, (void)skip_first;
	return NULL;
}


int mosquitto_plugin_set_info(mosquitto_plugin_id_t *identifier, const char *name, const char *version)
{
	(void)identifier, (void)name, (void)version;
	return MOSQ_ERR_SUCCESS;
}

#endif

void mosquitto_property_free_all(mosquitto_property **property)
{
	free(*property);
	*property = NULL;
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
	return client->connected && BUILT_FOR_2_1 ? mp_websockets : mp_mqtt;
}


int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	return client->connected ? 5 : 0;
}


int mosquitto_client_sub_count(const struct mosquitto *client)
{
	int count = 0;

	for(int i=0; i<MAX_FILTERS; i++){
		count += client->filters[i] != NULL;
	}
	return count;
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


int mosquitto_pub_topic_check(const char *topic)
{
	return strpbrk(topic, "+#") || !topic[0] ? MOSQ_ERR_INVAL : MOSQ_ERR_SUCCESS;
}


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
	return client->connected ? client->address : NULL;
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


#include "broker_version.h"

bool broker_version_matches_build(void)
{
	return true;
}


int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data, void *userdata)
{
	(void)identifier;
	assert(callback_count < (int)(sizeof(callbacks)/sizeof(callbacks[0])));
	callbacks[callback_count].event = event;
	callbacks[callback_count].topic = event_data;
	callbacks[callback_count].callback = callback;
	callbacks[callback_count].userdata = userdata;
	callback_count++;
	return MOSQ_ERR_SUCCESS;
}


int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data)
{
	(void)identifier;
	for(int i=0; i<callback_count; i++){
		if(callbacks[i].event == event && callbacks[i].callback == callback
				&& (!event_data || !strcmp(callbacks[i].topic, event_data))){

			callbacks[i] = callbacks[--callback_count];
			return MOSQ_ERR_SUCCESS;
		}
	}
	return MOSQ_ERR_NOT_FOUND;
}
