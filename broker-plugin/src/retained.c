#include "retained.h"

#include "control.h"

#if BUILT_FOR_2_1

#include <string.h>

#include "access.h"
#include "client_json.h"
#include "fields.h"
#include "retained_mark.h"
#include "sessions.h"

#define PROPERTIES "contentType responseTopic correlationData userProperties payloadFormatIndicator messageExpiryInterval"

int retained_on_message_out(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_message *message = event_data;
	char *name = NULL, *value = NULL;

	if(!message->properties
			|| mosquitto_property_identifier(message->properties) != MQTT_PROP_USER_PROPERTY
			|| !mosquitto_property_read_string_pair(message->properties, MQTT_PROP_USER_PROPERTY, &name, &value, false)){
		return MOSQ_ERR_SUCCESS;
	}
	bool is_marked = !strcmp(name, RETAINED_MARK_NAME) && !strcmp(value, retained_mark());
	mosquitto_free(name);
	mosquitto_free(value);
	if(is_marked){
		mosquitto_property *rest = NULL;
		const mosquitto_property *second = mosquitto_property_next(message->properties);

		if(second && mosquitto_property_copy_all(&rest, second)){
			return MOSQ_ERR_NOMEM; /* better not sent than with the mark */
		}
		message->properties = rest; /* the broker frees its own */
		message->retain = true;
	}
	return MOSQ_ERR_SUCCESS;
}

/* The value of a base64 character, -1 if it is none (RFC 4648, section 4). */
static int base64_value(char character)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = character ? strchr(alphabet, character) : NULL;

	return at ? (int)(at-alphabet) : -1;
}

/* Decodes padded base64; NULL if it is none or memory is short. Free with mosquitto_free(). */
static unsigned char *decode_base64(const char *text, size_t *length)
{
	size_t characters = strlen(text);
	size_t padding = characters < 2 || text[characters-1] != '=' ? 0 : text[characters-2] != '=' ? 1 : 2;
	unsigned char *bytes = characters % 4 == 0 ? mosquitto_malloc(characters/4*3+1) : NULL;
	uint32_t group = 0;

	for(size_t i=0; bytes && i<characters; i++){
		int value = i >= characters-padding ? 0 : base64_value(text[i]);

		if(value < 0){
			mosquitto_free(bytes);
			return NULL;
		}
		group = group << 6 | (uint32_t)value;
		if(i % 4 == 3){
			bytes[i/4*3] = (unsigned char)(group >> 16);
			bytes[i/4*3+1] = (unsigned char)(group >> 8);
			bytes[i/4*3+2] = (unsigned char)group;
		}
	}
	*length = characters/4*3 - padding;
	return bytes;
}

/* Adds a property of the command, if it is there; false if it is not what it should be. */
static bool add_text(mosquitto_property **properties, int identifier, const cJSON *json)
{
	return !json || (fields_text(json) && !mosquitto_property_add_string(properties, identifier, json->valuestring));
}

static bool add_binary(mosquitto_property **properties, int identifier, const cJSON *json)
{
	const char *text = cJSON_GetStringValue(json);
	size_t length = 0;
	unsigned char *bytes = text ? decode_base64(text, &length) : NULL;
	bool is_added = !json || (bytes && length <= UINT16_MAX
			&& !mosquitto_property_add_binary(properties, identifier, bytes, (uint16_t)length));

	mosquitto_free(bytes);
	return is_added;
}

static bool add_user_properties(mosquitto_property **properties, const cJSON *list)
{
	const cJSON *pair;

	if(list && !cJSON_IsArray(list)) return false;
	cJSON_ArrayForEach(pair, list){
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));

		if(!cJSON_IsArray(pair) || cJSON_GetArraySize(pair) != 2 || !name || !value
				|| (name[0] && mosquitto_validate_utf8(name, (int)strlen(name)))
				|| (value[0] && mosquitto_validate_utf8(value, (int)strlen(value)))
				|| strlen(name) > UINT16_MAX || strlen(value) > UINT16_MAX
				|| mosquitto_property_add_string_pair(properties, MQTT_PROP_USER_PROPERTY, name, value)){
			return false;
		}
	}
	return true;
}

/* The message's properties with the mark in front; false: the command's are wrong. */
static bool make_properties(mosquitto_property **properties, const cJSON *json)
{
	const cJSON *format = fields_get(json, "payloadFormatIndicator");
	const cJSON *expiry = fields_get(json, "messageExpiryInterval");
	int64_t number;

	if(json && !cJSON_IsObject(json)) return false;
	for(const cJSON *field=json ? json->child : NULL; field; field=field->next){
		if(!fields_is_listed(PROPERTIES, field->string)) return false;
	}
	if(mosquitto_property_add_string_pair(properties, MQTT_PROP_USER_PROPERTY, RETAINED_MARK_NAME, retained_mark())
			|| !add_text(properties, MQTT_PROP_CONTENT_TYPE, fields_get(json, "contentType"))
			|| !add_text(properties, MQTT_PROP_RESPONSE_TOPIC, fields_get(json, "responseTopic"))
			|| !add_binary(properties, MQTT_PROP_CORRELATION_DATA, fields_get(json, "correlationData"))
			|| !add_user_properties(properties, fields_get(json, "userProperties"))){
		return false;
	}
	if(format && (!fields_whole_number(format, 0, 1, &number)
			|| mosquitto_property_add_byte(properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, (uint8_t)number))){
		return false;
	}
	return !expiry || (fields_whole_number(expiry, 0, UINT32_MAX, &number)
			&& !mosquitto_property_add_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, (uint32_t)number));
}

/* Only who is connected: what the broker cannot deliver it keeps for ever. The same goes for a QoS that is too high. */
static enum outcome find_receiver(struct command *command, const struct client **client)
{
	const struct mosquitto *context;
	const cJSON *filter = fields_get(command->json, "subscription");

	*client = sessions_find(command->clientid, &context);
	if(filter && !fields_text(filter)) return command_refuse_field(command, "subscription", "Invalid subscription");
	if(!*client) return FAILED_CLIENT_NOT_FOUND;
	if(access_is_control_client(*client)) return FAILED_CONTROL_CLIENT;
	if(!sessions_is_connected(*client)) return FAILED_CLIENT_NOT_CONNECTED;
	if(filter && !clients_find_subscription(*client, filter->valuestring)
			&& client_subscriptions_are_known(*client, context)){
		return FAILED_NOT_SUBSCRIBED; /* any more: it may have connected again */
	}
	return DONE;
}

enum outcome deliver_retained(struct command *command)
{
	const char *text = cJSON_GetStringValue(fields_get(command->json, "payload"));
	mosquitto_property *properties = NULL;
	const struct client *client;
	size_t length = 0;
	int64_t qos = 0;

	if(!command_read_clientid(command) || !command_read_topic(command)
			|| !command_read_whole(command, "qos", 0, 2, &qos)){
		return ANSWERED;
	}
	if(mosquitto_pub_topic_check(command->topic)) return command_refuse_field(command, "topic", "Invalid topic");
	enum outcome outcome = find_receiver(command, &client);
	if(outcome != DONE) return outcome;
	unsigned char *payload = text ? decode_base64(text, &length) : NULL;
	if(!payload) return command_refuse_field(command, "payload", "Invalid/missing payload");
	if(qos > access_max_qos(client)) qos = access_max_qos(client);
	if(!make_properties(&properties, fields_get(command->json, "properties"))){
		outcome = command_refuse_field(command, "properties", "Invalid properties");
	}else if(mosquitto_broker_publish(command->clientid, command->topic, (int)length, payload, (int)qos, false, properties)){
		outcome = FAILED_INTERNAL;
	}else{
		return DONE; /* both are the broker's now */
	}
	mosquitto_free(payload);
	mosquitto_property_free_all(&properties);
	return outcome;
}

#else

/* Never called: nothing offers it. */
enum outcome deliver_retained(struct command *command)
{
	return FAILED_NOT_SUPPORTED;
}

#endif
