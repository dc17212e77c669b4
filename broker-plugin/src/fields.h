/* Reading the fields of a parsed command. */
#pragma once

#include <cjson/cJSON.h>

#include "broker_api.h"

/* The largest integer that every JSON parser reads exactly (RFC 8259, section 6). */
#define MAX_SAFE_INTEGER INT64_C(9007199254740991)

/* The field, NULL when it is missing or null. */
const cJSON *fields_get(const cJSON *json, const char *name);

/* Whether the name is one of those in a list, which are separated by blanks. */
bool fields_is_listed(const char *names, const char *name);

/* The text of a string that MQTT could carry: not empty, at most 65,535 bytes, no control characters. Else NULL. */
const char *fields_text(const cJSON *json);

/* A string of at most `max` Unicode characters without a replaced U+0000 in it; may be empty. Else NULL. */
const char *fields_note(const cJSON *json, size_t max);

/* A copy of a text, NULL of none; false if memory is short. Free with mosquitto_free(). */
bool fields_copy(char **to, const char *from);

/* False if it is no whole number between the two. */
bool fields_whole_number(const cJSON *json, int64_t min, int64_t max, int64_t *value);
