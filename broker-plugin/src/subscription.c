#include "subscription.h"

#include <string.h>

#if BUILT_FOR_2_1

/* A number 0, 1 or 2; 0 when the field is missing. */
static bool read_qos(struct command *command, uint8_t *options)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, "qos");
	double qos = json ? cJSON_GetNumberValue(json) : 0;

	if(qos == 0 || qos == 1 || qos == 2){
		*options |= (uint8_t)qos;
		return true;
	}
	command_fail(command, "Invalid qos");
	return false;
}


/* A boolean, null or missing; sets the flag when true. */
static bool read_flag(const cJSON *json, const char *field, uint8_t flag, uint8_t *options)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field);

	if(cJSON_IsTrue(value)){
		*options |= flag;
	}
	return value == NULL || cJSON_IsBool(value) || cJSON_IsNull(value);
}


/* "always", "new", "never", null or missing. */
static bool read_send_retain(const cJSON *json, uint8_t *options)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "send_retain");
	const char *name = cJSON_GetStringValue(value);

	if(value == NULL || cJSON_IsNull(value)){
		return true;
	}else if(name && !strcmp(name, "always")){
		*options |= MQTT_SUB_OPT_SEND_RETAIN_ALWAYS;
	}else if(name && !strcmp(name, "new")){
		*options |= MQTT_SUB_OPT_SEND_RETAIN_NEW;
	}else if(name && !strcmp(name, "never")){
		*options |= MQTT_SUB_OPT_SEND_RETAIN_NEVER;
	}else{
		return false;
	}
	return true;
}


static bool read_options(struct command *command, uint8_t *options)
{
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(command->json, "options");

	if(json == NULL || cJSON_IsNull(json)){
		return true;
	}
	if(cJSON_IsObject(json)
			&& read_flag(json, "no_local", MQTT_SUB_OPT_NO_LOCAL, options)
			&& read_flag(json, "retain_as_published", MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, options)
			&& read_send_retain(json, options)){

		return true;
	}
	command_fail(command, "Invalid options");
	return false;
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


static bool read_filter(struct command *command)
{
	if(!command_read_topic(command)){
		return false;
	}
	if(mosquitto_sub_topic_check(command->topic)
			|| (is_shared(command->topic) && !is_valid_shared(command->topic))){

		command_fail(command, "Invalid topic filter");
		return false;
	}
	return true;
}


static void finish(struct command *command, int rc)
{
	if(rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_SUB_EXISTS || rc == MOSQ_ERR_NO_SUBSCRIBERS){
		command_succeed(command, NULL);
	}else if(rc == MOSQ_ERR_NOT_FOUND){
		command_fail(command, ERROR_CLIENT_NOT_FOUND);
	}else{
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the broker answered %s with %d.", command->name, rc);
		command_fail(command, ERROR_INTERNAL);
	}
}


void subscribe_client(struct command *command)
{
	struct mosquitto_subscription subscription = { 0 };

	if(!command_read_clientid(command) || !read_filter(command)
			|| !read_qos(command, &subscription.options) || !read_options(command, &subscription.options)){

		return;
	}
	if((subscription.options & MQTT_SUB_OPT_NO_LOCAL) && is_shared(command->topic)){
		command_fail(command, "no_local is not allowed on a shared subscription"); /* MQTT 5.0, section 3.8.3.1 */
		return;
	}
	subscription.clientid = (char *)command->clientid;  /* the broker copies, its struct just lacks the const */
	subscription.topic_filter = (char *)command->topic;
	finish(command, mosquitto_subscription_add(&subscription));
}


void unsubscribe_client(struct command *command)
{
	if(command_read_clientid(command) && read_filter(command)){
		finish(command, mosquitto_subscription_delete(command->clientid, command->topic));
	}
}

#else

void subscribe_client(struct command *command)
{
	command_fail(command, ERROR_NOT_SUPPORTED);
}


void unsubscribe_client(struct command *command)
{
	command_fail(command, ERROR_NOT_SUPPORTED);
}

#endif
