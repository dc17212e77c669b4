#include "reply.h"

#include <string.h>

#include "broker_api.h"
#include "limits.h"

#define REPLY_HEAD "{\"responses\":["
#define REPLY_TAIL "]}"

void reply_begin(struct reply *reply, const char *clientid, const char *topic)
{
	memset(reply, 0, sizeof(*reply));
	reply->clientid = clientid;
	reply->topic = topic;
}


static void dropped(const struct reply *reply)
{
	mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: out of memory, a response to client '%s' is lost.",
			reply->clientid);
}


static bool append(struct reply *reply, const char *text, size_t length)
{
	if(reply->capacity - reply->length < length){
		size_t capacity = 2*reply->capacity + length;
		char *grown = mosquitto_realloc(reply->text, capacity);
		if(!grown){
			return false;
		}
		reply->text = grown;
		reply->capacity = capacity;
	}
	memcpy(&reply->text[reply->length], text, length);
	reply->length += length;
	return true;
}


static void discard(struct reply *reply)
{
	mosquitto_free(reply->text);
	reply->text = NULL;
	reply->length = 0;
	reply->capacity = 0;
}


/* Hands the text over to the broker, which sends it in its next loop. */
static void flush(struct reply *reply)
{
	if(reply->length == 0){
		return;
	}
	if(!append(reply, REPLY_TAIL, strlen(REPLY_TAIL))
			|| reply->length > MQTT_MAX_PAYLOAD
			|| mosquitto_broker_publish(reply->clientid, reply->topic, (int)reply->length, reply->text, 0, false, NULL)){

		dropped(reply);
		discard(reply);
		return;
	}
	reply->text = NULL; /* the broker's now */
	discard(reply);
}


static cJSON *build_response(const char *command, const char *correlation_data, const char *error, cJSON *data)
{
	cJSON *response = cJSON_CreateObject();

	if(error || !data){
		cJSON_Delete(data);
		data = error ? cJSON_CreateString(error) : cJSON_CreateObject();
	}
	if(!response || !data
			|| !cJSON_AddStringToObject(response, "command", command)
			|| !cJSON_AddItemToObject(response, error ? "error" : "data", data)){

		cJSON_Delete(data);
		cJSON_Delete(response);
		return NULL;
	}
	if(correlation_data && !cJSON_AddStringToObject(response, "correlationData", correlation_data)){
		cJSON_Delete(response);
		return NULL;
	}
	return response;
}


void reply_add(struct reply *reply, const char *command, const char *correlation_data, const char *error, cJSON *data)
{
	cJSON *response = build_response(command, correlation_data, error, data);
	char *text = response ? cJSON_PrintUnformatted(response) : NULL;
	const char *before = reply->length == 0 ? REPLY_HEAD : ",";
	size_t rollback = reply->length;

	cJSON_Delete(response);
	if(!text || !append(reply, before, strlen(before)) || !append(reply, text, strlen(text))){
		reply->length = rollback;
		dropped(reply);
	}
	cJSON_free(text);
	if(reply->length >= REPLY_FLUSH_BYTES){
		flush(reply);
	}
}


void reply_end(struct reply *reply)
{
	flush(reply);
	discard(reply);
}
