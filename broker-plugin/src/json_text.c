#include "json_text.h"

#include <stdio.h>
#include <string.h>

#include "broker_api.h"
#include "request_text.h"

void json_append(struct json_text *json, const char *text, size_t length)
{
	if(json->failed || length == 0) return;
	if(json->capacity - json->length < length){
		size_t capacity = 2*json->capacity + length + 64;
		char *grown = mosquitto_realloc(json->text, capacity);
		if(!grown){
			json->failed = true;
			return;
		}
		json->text = grown;
		json->capacity = capacity;
	}
	memcpy(&json->text[json->length], text, length);
	json->length += length;
}

/* What is no UTF-8 becomes U+FFFD: a username may come from where nobody has checked it (TLS-PSK). */
static void append_quoted(struct json_text *json, const char *value)
{
	size_t length = strlen(value), plain = 0, step; /* what needs no escape is appended in one piece */

	json_append(json, "\"", 1);
	for(size_t i=0; i<length; i+=step){
		unsigned char character = (unsigned char)value[i];
		char escape[8];

		step = character < 0x80 ? 1 : request_text_sequence(&value[i], length-i);
		if(step > 0 && character >= 0x20 && character != '"' && character != '\\') continue;
		(void)snprintf(escape, sizeof(escape), step == 0 ? "\\ufffd" : character < 0x20 ? "\\u%04x" : "\\%c", character);
		step = step ? step : 1;
		json_append(json, &value[plain], i-plain);
		json_append(json, escape, strlen(escape));
		plain = i+step;
	}
	json_append(json, &value[plain], length-plain);
	json_append(json, "\"", 1);
}

static void begin_value(struct json_text *json, const char *key)
{
	if(json->comma) json_append(json, ",", 1);
	if(key){
		append_quoted(json, key);
		json_append(json, ":", 1);
	}
	json->comma = true;
}

static void open(struct json_text *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	json_append(json, bracket, 1);
	json->comma = false;
}

static void close(struct json_text *json, const char *bracket)
{
	json_append(json, bracket, 1);
	json->comma = true;
}

void json_open_object(struct json_text *json, const char *key)
{
	open(json, key, "{");
}

void json_close_object(struct json_text *json)
{
	close(json, "}");
}

void json_open_array(struct json_text *json, const char *key)
{
	open(json, key, "[");
}

void json_close_array(struct json_text *json)
{
	close(json, "]");
}

void json_string(struct json_text *json, const char *key, const char *value)
{
	if(!value){
		json_null(json, key);
		return;
	}
	begin_value(json, key);
	append_quoted(json, value);
}

void json_integer(struct json_text *json, const char *key, int64_t value)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%lld", (long long)value);

	json_raw(json, key, text, (size_t)length);
}

void json_string_if_known(struct json_text *json, const char *key, const char *value)
{
	if(value) json_string(json, key, value);
}

void json_time(struct json_text *json, const char *key, int64_t ms)
{
	if(ms){
		json_integer(json, key, ms);
	}else{
		json_null(json, key);
	}
}

void json_bool(struct json_text *json, const char *key, bool value)
{
	json_raw(json, key, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_text *json, const char *key)
{
	json_raw(json, key, "null", 4);
}

void json_raw(struct json_text *json, const char *key, const char *text, size_t length)
{
	begin_value(json, key);
	json_append(json, text, length);
}

void json_free(struct json_text *json)
{
	mosquitto_free(json->text);
	memset(json, 0, sizeof(*json));
}
