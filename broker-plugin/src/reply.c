#include "reply.h"

#include <string.h>

#include "broker_api.h"
#include "limits.h"

#define REPLY_HEAD "{\"responses\":["
#define REPLY_TAIL "]}"

/* Hands the text over to the broker, which sends it in its next loop. */
void reply_send(const char *clientid, const char *topic, struct json_text *text)
{
	if(text->failed || text->length > MQTT_MAX_PAYLOAD
			|| mosquitto_broker_publish(clientid, topic, (int)text->length, text->text, 0, false, NULL)){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: out of memory, a message to client '%.128s' is lost.",
				clientid);
		json_free(text);
		return;
	}
	memset(text, 0, sizeof(*text)); /* the memory is the broker's now */
}

void reply_flush(struct reply *reply)
{
	if(reply->text.length == 0) return;
	json_append(&reply->text, REPLY_TAIL, strlen(REPLY_TAIL));
	if(reply->clientid) reply_send(reply->clientid, reply->topic, &reply->text);
	json_free(&reply->text);
}

void reply_add(struct reply *reply, const struct json_text *response)
{
	if(!reply->clientid) return;
	if(response->failed){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: out of memory, a response to client '%.128s' is lost.",
				reply->clientid);
		return;
	}
	if(reply->text.length == 0){
		json_append(&reply->text, REPLY_HEAD, strlen(REPLY_HEAD));
	}else{
		json_append(&reply->text, ",", 1);
	}
	json_append(&reply->text, response->text, response->length);
	if(reply->text.length >= REPLY_FLUSH_BYTES) reply_flush(reply);
}
