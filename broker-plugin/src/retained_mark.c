#include "retained_mark.h"

#if BUILT_FOR_2_1

#include <string.h>

#include "fields.h"
#include "random_text.h"
#include "store.h"

#define FILE_NAME "retained-mark"

static struct random_text mark;

const char *retained_mark(void)
{
	return mark.text;
}

/* False if there is none, or the file is damaged: nothing is lost with it but the flag of messages that wait. */
static bool read_stored(const char *dir)
{
	char path[STORE_PATH_BYTES];
	char *text;

	if(!store_read(dir, FILE_NAME, path, &text) || !text) return false;
	cJSON *json = cJSON_Parse(text);
	const char *stored = cJSON_GetStringValue(fields_get(json, "mark"));
	size_t length = stored ? strlen(stored) : 0;
	bool is_mark = length == 2*RANDOM_BYTES && strspn(stored, "0123456789abcdef") == length;

	if(is_mark) memcpy(mark.text, stored, length);
	cJSON_Delete(json);
	mosquitto_free(text);
	return is_mark;
}

/* Waits for the disk: the broker only starts. */
static void store(const char *dir)
{
	struct json_text json = { 0 };
	bool is_stored;

	json_open_object(&json, NULL);
	json_string(&json, "mark", mark.text);
	json_close_object(&json);
	store_begin(dir, FILE_NAME, &json);
	store_has_ended(true, &is_stored);
}

bool retained_mark_load(const char *dir)
{
	if(mark.text[0] || (dir && read_stored(dir))) return true;
	if(!random_text_make(&mark)) return false;
	if(dir) store(dir);
	return true;
}

#endif
