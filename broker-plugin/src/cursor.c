#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "fields.h"

/* The numbers are forgotten with the process: its cursors carry the time of its first one. */
static int64_t cursor_epoch(void)
{
	static int64_t epoch;

	if(!epoch) epoch = clock_now_ms();
	return epoch;
}

void cursor_write(struct json_text *json, const char *key, uint64_t after)
{
	char text[48];

	if(!after){
		json_null(json, key);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIx64 "-%" PRIu64, (uint64_t)cursor_epoch(), after);
	json_string(json, key, text);
}

bool cursor_read(struct command *command, uint64_t *after)
{
	const cJSON *json = fields_get(command->json, "cursor");
	const char *text = cJSON_GetStringValue(json);
	char *end;

	*after = 0;
	if(!json) return true;
	if(text && strtoull(text, &end, 16) == (unsigned long long)cursor_epoch() && *end == '-'
			&& end[1] >= '0' && end[1] <= '9'){
		*after = strtoull(end+1, &end, 10);
		if(*end == '\0') return true;
	}
	command_fail_field(command, "cursor", "Invalid cursor");
	return false;
}
