/*
 * Writes JSON as text, without a tree in between: a listing of many clients costs little more than its bytes.
 *
 * Memory that runs short makes the text `failed` for good; that is looked at once, at the end. Keys are NULL in arrays.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_text {
	char *text;
	size_t length;
	size_t capacity;
	bool comma;     /* the next value needs one before it */
	bool failed;
};

void json_open_object(struct json_text *json, const char *key);
void json_close_object(struct json_text *json);
void json_open_array(struct json_text *json, const char *key);
void json_close_array(struct json_text *json);

/* NULL is written as null. */
void json_string(struct json_text *json, const char *key, const char *value);
/* NULL is left out. */
void json_string_if_known(struct json_text *json, const char *key, const char *value);
void json_integer(struct json_text *json, const char *key, int64_t value);
/* 0 is written as null. */
void json_time(struct json_text *json, const char *key, int64_t ms);
void json_bool(struct json_text *json, const char *key, bool value);
void json_null(struct json_text *json, const char *key);

/* A value that is JSON already. */
void json_raw(struct json_text *json, const char *key, const char *text, size_t length);

/* Plain bytes, without a thought for commas. */
void json_append(struct json_text *json, const char *text, size_t length);

void json_free(struct json_text *json);
