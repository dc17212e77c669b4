#include "subscription.h"

#include <string.h>

#include "access.h"
#include "client_json.h"
#include "fields.h"
#include "sessions.h"

#define QOS_BITS 0x03
#define RETAIN_HANDLING_BITS 0x30

/* A number 0, 1 or 2; 0 when the field is missing. */
static bool read_qos(struct command *command, uint8_t *options)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, "qos");
	int64_t qos = 0;

	if(json && !fields_whole_number(json, 0, 2, &qos)){
		command_refuse_field(command, "qos", "Invalid qos");
		return false;
	}
	*options |= (uint8_t)qos;
	return true;
}

/* A boolean, null or missing; sets the flag when true. */
static bool read_flag(const cJSON *json, const char *field, uint8_t flag, uint8_t *options)
{
	const cJSON *value = fields_get(json, field);

	if(cJSON_IsTrue(value)) *options |= flag;
	return value == NULL || cJSON_IsBool(value);
}

/* By MQTT's number for it, the Retain Handling. */
static const char *const send_retain[] = { "always", "new", "never" };

/* One of these names, null or missing. */
static bool read_send_retain(const cJSON *json, uint8_t *options)
{
	const cJSON *value = fields_get(json, "send_retain");
	const char *name = cJSON_GetStringValue(value);

	for(int i=0; name && i<3; i++){
		if(!strcmp(name, send_retain[i])){
			*options |= (uint8_t)(i << 4);
			return true;
		}
	}
	return value == NULL;
}

void subscription_write_options(struct json_text *json, uint8_t options)
{
	json_integer(json, "qos", options & QOS_BITS);
	json_open_object(json, "options");
	json_bool(json, "no_local", options & MQTT_SUB_OPT_NO_LOCAL);
	json_bool(json, "retain_as_published", options & MQTT_SUB_OPT_RETAIN_AS_PUBLISHED);
	json_string(json, "send_retain", send_retain[(options & RETAIN_HANDLING_BITS) >> 4]);
	json_close_object(json);
}

static bool is_shared(const char *filter)
{
	return !strcmp(filter, "$share") || !strncmp(filter, "$share/", strlen("$share/"));
}

/* $share/{name}/{filter}: both there, no wildcard in the name (MQTT 5.0, section 4.8.2). */
static bool is_valid_shared(const char *filter)
{
	size_t prefix = strlen("$share/");
	size_t name = strlen(filter) > prefix ? strcspn(&filter[prefix], "/+#") : 0;

	return name > 0 && filter[prefix+name] == '/' && filter[prefix+name+1] != '\0';
}

static bool check_filter(struct command *command, const char *filter)
{
	if(mosquitto_sub_topic_check(filter) || (is_shared(filter) && !is_valid_shared(filter))){
		command_refuse_field(command, "topic", "Invalid topic filter");
		return false;
	}
	return true;
}

bool subscription_read_options(struct command *command, const char *filter, uint8_t *options)
{
	const cJSON *json = fields_get(command->json, "options");

	*options = 0;
	if(!check_filter(command, filter) || !read_qos(command, options)) return false;
	if(json && (!cJSON_IsObject(json)
			|| !read_flag(json, "no_local", MQTT_SUB_OPT_NO_LOCAL, options)
			|| !read_flag(json, "retain_as_published", MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, options)
			|| !read_send_retain(json, options))){
		command_refuse_field(command, "options", "Invalid options");
		return false;
	}
	if((*options & MQTT_SUB_OPT_NO_LOCAL) && is_shared(filter)){
		/* MQTT 5.0, section 3.8.3.1 */
		command_refuse_field(command, "options", "no_local is not allowed on a shared subscription");
		return false;
	}
	return true;
}

#if BUILT_FOR_2_1

static int broker_subscribe(const struct client *client, const char *filter, uint8_t options, uint32_t identifier)
{
	const struct mosquitto_subscription subscription = {
		.clientid = (char *)client->id, /* the broker copies, its struct just lacks the const */
		.topic_filter = (char *)filter,
		.options = options,
		.identifier = identifier,
	};

	return mosquitto_subscription_add(&subscription);
}

static int broker_unsubscribe(const struct client *client, const char *filter)
{
	return mosquitto_subscription_delete(client->id, filter);
}

#else

static int broker_subscribe(const struct client *client, const char *filter, uint8_t options, uint32_t identifier)
{
	return MOSQ_ERR_NOT_SUPPORTED;
}

static int broker_unsubscribe(const struct client *client, const char *filter)
{
	return MOSQ_ERR_NOT_SUPPORTED;
}

#endif

uint8_t subscription_options_for(const struct client *client, uint8_t options)
{
	uint8_t max_qos = access_max_qos(client);

	return (options & QOS_BITS) > max_qos ? (uint8_t)((options & ~QOS_BITS) | max_qos) : options;
}

int subscription_add(struct client *client, const char *filter, uint8_t options, enum subscriber by,
		struct standing *standing, bool *existed)
{
	const struct subscription *known = clients_find_subscription(client, filter);
	uint32_t identifier = known ? known->identifier : 0;

	options = subscription_options_for(client, options);
	int rc = broker_subscribe(client, filter, options, identifier);

	if(existed) *existed = known || rc == MOSQ_ERR_SUB_EXISTS;
	if(rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_SUB_EXISTS){
		clients_set_subscription(client, filter, options, identifier, known ? known->by : by,
				known ? known->standing : standing);
		return MOSQ_ERR_SUCCESS;
	}
	return rc;
}

void subscription_lower(struct client *client)
{
	for(const struct subscription *one=client->subscriptions; one; one=one->next){
		if(one->by != BY_CLIENT && one->options != subscription_options_for(client, one->options)){
			subscription_add(client, one->filter, one->options, one->by, one->standing, NULL);
		}
	}
}

int subscription_remove(struct client *client, const char *filter)
{
	int rc = broker_unsubscribe(client, filter);

	if(rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_NO_SUBSCRIBERS){
		clients_forget_subscription(client, filter);
		return MOSQ_ERR_SUCCESS;
	}
	return rc;
}

/* What the broker's answer to a change of a subscription means. */
static enum outcome outcome_of(const struct command *command, int rc)
{
	if(rc == MOSQ_ERR_SUCCESS) return DONE;
	if(rc == MOSQ_ERR_NOT_FOUND) return FAILED_CLIENT_NOT_FOUND;
	mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the broker answered %s with %d.", command->name, rc);
	return FAILED_INTERNAL;
}

/* The client to act upon. */
static enum outcome find_client(struct command *command, struct client **client, const struct mosquitto **context)
{
	*client = sessions_find(command->clientid, context);
	if(!*client) return FAILED_CLIENT_NOT_FOUND;
	return command_is_own(command) && access_is_control_client(*client) ? FAILED_CONTROL_CLIENT : DONE;
}

/*
 * A plugin cannot read retained messages: whoever commands has to hand them over (retained.c). "deliver" where the client
 * is to have them (MQTT 5.0, section 3.3.1.3), "none" where it is not.
 */
static const char *retained_answer(const struct command *command, const struct client *client, uint8_t options,
		bool existed)
{
	uint8_t handling = options & RETAIN_HANDLING_BITS;
	bool is_wanted = handling == MQTT_SUB_OPT_SEND_RETAIN_ALWAYS || (handling == MQTT_SUB_OPT_SEND_RETAIN_NEW && !existed);

	if(!command->request->options->deliver_retained) return "not-enabled";
	return is_wanted && sessions_is_connected(client) && !is_shared(command->topic) ? "deliver" : "none";
}

enum outcome subscribe_client(struct command *command)
{
	const struct mosquitto *context;
	struct client *client;
	uint8_t options;
	bool existed;

	if(!command_read_clientid(command) || !command_read_topic(command)
			|| !subscription_read_options(command, command->topic, &options)){
		return ANSWERED;
	}
	enum outcome outcome = find_client(command, &client, &context);
	if(outcome != DONE) return outcome;
	outcome = outcome_of(command, subscription_add(client, command->topic, options, BY_CONTROL, NULL, &existed));
	if(outcome == DONE && command_is_own(command)){
		json_bool(&command->data, "connected", sessions_is_connected(client));
		json_bool(&command->data, "existed", existed);
		json_string(&command->data, "retained", retained_answer(command, client, options, existed));
	}
	return outcome;
}

enum outcome unsubscribe_client(struct command *command)
{
	const struct mosquitto *context;
	struct client *client;
	bool is_there, is_known;

	if(!command_read_clientid(command) || !command_read_topic(command)) return ANSWERED;
	if(!check_filter(command, command->topic)) return ANSWERED;
	enum outcome outcome = find_client(command, &client, &context);
	if(outcome != DONE) return outcome;
	is_there = clients_find_subscription(client, command->topic) != NULL;
	is_known = is_there || client_subscriptions_are_known(client, context);
	outcome = outcome_of(command, subscription_remove(client, command->topic));
	if(outcome == DONE && command_is_own(command) && is_known) json_bool(&command->data, "absent", !is_there);
	return outcome;
}
