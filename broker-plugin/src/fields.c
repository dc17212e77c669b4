#include "fields.h"

#include <math.h>
#include <string.h>

#include "request_text.h"

#define MAX_TEXT_BYTES 65535

const cJSON *fields_get(const cJSON *json, const char *name)
{
	const cJSON *field = cJSON_GetObjectItemCaseSensitive(json, name);

	return cJSON_IsNull(field) ? NULL : field;
}

const char *fields_text(const cJSON *json)
{
	const char *value = cJSON_GetStringValue(json);
	size_t length = value ? strlen(value) : 0;

	if(length == 0 || length > MAX_TEXT_BYTES || mosquitto_validate_utf8(value, (int)length)){
		return NULL;
	}
	return value;
}

const char *fields_note(const cJSON *json, size_t max)
{
	const char *value = cJSON_GetStringValue(json);
	size_t characters = 0;

	if(!value || request_text_has_nul(value)) return NULL;
	for(const char *at=value; *at; at++) characters += ((unsigned char)*at & 0xC0) != 0x80;
	return characters <= max ? value : NULL;
}

bool fields_whole_number(const cJSON *json, int64_t min, int64_t max, int64_t *value)
{
	double number = cJSON_GetNumberValue(json);

	if(!isfinite(number) || floor(number) != number || number < (double)min || number > (double)max){
		return false;
	}
	*value = (int64_t)number;
	return true;
}

bool fields_copy(char **to, const char *from)
{
	*to = from ? mosquitto_strdup(from) : NULL;
	return !from || *to;
}

bool fields_is_listed(const char *names, const char *name)
{
	size_t length = strlen(name);

	for(const char *at=names; *at; at+=strspn(at, " ")){
		size_t listed = strcspn(at, " ");

		if(listed == length && !memcmp(at, name, length)) return true;
		at += listed;
	}
	return false;
}
