#include "records.h"

#include <string.h>

#include "clock.h"
#include "fields.h"
#include "limits.h"
#include "request_text.h"
#include "store.h"

#define FORMAT_VERSION 1
#define MAX_CURSOR 64

void *record_new(const struct records *list, size_t size)
{
	struct record *record = mosquitto_calloc(1, size);

	if(!record) return NULL;
	record->list = list;
	record->holders = 1;
	record->since = clock_now_ms();
	return record;
}

void record_hold(struct record *record)
{
	if(record) record->holders++;
}

void record_release(struct record *record)
{
	if(!record || --record->holders > 0) return;
	mosquitto_free(record->key);
	mosquitto_free(record->by);
	record->list->free(record);
}

/* Where a key is in the list, or would have to be put. */
static int index_of(const struct records *list, const char *key, bool *found)
{
	for(int i=0; i<list->count; i++){
		int order = strcmp(list->all[i]->key, key);

		*found = order == 0;
		if(*found || (list->by_key && order > 0)) return i;
	}
	*found = false;
	return list->by_key ? list->count : 0;
}

struct record *records_find(const struct records *list, const char *key)
{
	bool found;
	int index = index_of(list, key, &found);

	return found ? list->all[index] : NULL;
}

/* One whose key is not there yet. */
static void add(struct records *list, struct record *record)
{
	bool found;
	int index = list->by_key ? index_of(list, record->key, &found) : 0;

	memmove(&list->all[index+1], &list->all[index], sizeof(list->all[0])*(size_t)(list->count-index));
	list->all[index] = record;
	list->count++;
	record->sequence = ++list->last_sequence;
	record_hold(record);
	if(list->added) list->added(record);
}

/* Takes it out of the list, whose hold goes to the caller. */
static struct record *take(struct records *list, int index)
{
	struct record *record = list->all[index];

	list->count--;
	memmove(&list->all[index], &list->all[index+1], sizeof(list->all[0])*(size_t)(list->count-index));
	list->removed(record);
	return record;
}

void records_remove(struct records *list, int index)
{
	record_release(take(list, index));
}

/* The limit on their number that the list would exceed with one more in the place of another (may be NULL), 0 if none. */
static int limit_on_count(const struct records *list, const struct record *more, const struct record *old)
{
	if(list->count - (old != NULL) >= list->max_count) return list->max_count;
	return list->limit_for ? list->limit_for(more, old) : 0;
}

static bool load_record(struct records *list, const cJSON *json)
{
	struct record *record = list->read(json);
	bool is_understood = record && !limit_on_count(list, record, NULL)
		&& !(list->by_key && records_find(list, record->key))
		&& fields_whole_number(fields_get(json, "since"), 0, MAX_SAFE_INTEGER, &record->since);

	if(is_understood) add(list, record);
	record_release(record);
	return is_understood;
}

/* NULL if it is no file of this format and version. */
static cJSON *parse(const char *text, const char *format)
{
	char *checked = request_text_copy(text, strlen(text));
	cJSON *json = checked ? cJSON_ParseWithOpts(checked, NULL, true) : NULL;
	const char *name = cJSON_GetStringValue(fields_get(json, "format"));
	int64_t version;

	mosquitto_free(checked);
	if(name && !strcmp(name, format)
			&& fields_whole_number(fields_get(json, "version"), FORMAT_VERSION, FORMAT_VERSION, &version)){
		return json;
	}
	cJSON_Delete(json);
	return NULL;
}

bool records_load(struct records *list, const char *dir)
{
	char path[STORE_PATH_BYTES];
	char *text;
	cJSON *json;
	int number = 0;
	const cJSON *item;

	if(list->is_loaded || !dir) return true;
	list->is_loaded = store_read(dir, list->file, path, &text);
	if(!text) return list->is_loaded;
	json = parse(text, list->file);
	mosquitto_free(text);
	if(!json){
		mosquitto_log_printf(MOSQ_LOG_ERR,
				"Error: client-control: %s is not a file of this version. Put it right, or move it away to do without it.",
				path);
		list->is_loaded = false;
	}
	cJSON_ArrayForEach(item, fields_get(json, list->name)){
		number++;
		if(!load_record(list, item)){
			mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: number %d in %s is not understood.", number, path);
			list->is_loaded = false;
			break;
		}
	}
	cJSON_Delete(json);
	return list->is_loaded;
}

void records_cleanup(struct records *list)
{
	while(list->count > 0) records_remove(list, list->count-1);
	list->is_loaded = false;
}

void records_answer(struct json_text *json, const struct record *record)
{
	record->list->write(json, record);
	if(record->list->write_more) record->list->write_more(json, record);
}

/* Newest first, the cursor is a number; by key, it is the last key, which need not be there any more. -1: answered. */
static int read_cursor(struct command *command, const struct records *list)
{
	const cJSON *json = fields_get(command->json, "cursor");
	const char *key = cJSON_GetStringValue(json);
	uint64_t before = 0;
	bool found = false;
	int index = 0;

	if(!list->by_key){
		if(!command_read_cursor(command, &before)) return -1;
		while(before && index < list->count && list->all[index]->sequence >= before) index++;
		return index;
	}
	if(json && (!key || strlen(key) > MAX_CURSOR)){
		command_refuse_field(command, "cursor", "Invalid cursor");
		return -1;
	}
	if(key) index = index_of(list, key, &found);
	return index + found;
}

enum outcome records_answer_list(struct command *command, const struct records *list)
{
	struct json_text *data = &command->data;
	int64_t limit;
	int index = command_read_limit(command, &limit) ? read_cursor(command, list) : -1;

	if(index < 0) return ANSWERED;
	json_open_array(data, list->name);
	for(; index<list->count && limit>0 && data->length<MAX_PAGE_BYTES; index++, limit--){
		json_open_object(data, NULL);
		records_answer(data, list->all[index]);
		json_close_object(data);
	}
	json_close_array(data);
	if(list->by_key){
		json_string(data, "cursor", index < list->count ? list->all[index-1]->key : NULL);
	}else{
		command_write_cursor(command, index < list->count ? list->all[index-1]->sequence : 0);
	}
	json_integer(data, "totalCount", list->count);
	return DONE;
}

static enum outcome make_change(struct command *command)
{
	struct change *change = command->state;
	bool is_stored, found;

	command->waits = !store_has_ended(!command_has_turns(), &is_stored);
	if(command->waits) return GOES_ON;
	if(!is_stored) return FAILED_STORE;
	int index = index_of(change->list, change->key, &found);
	struct record *old = found ? take(change->list, index) : NULL;
	if(change->to_set) add(change->list, change->to_set);
	return change->made(command, old);
}

static void write_record(struct json_text *json, const struct record *record)
{
	json_open_object(json, NULL);
	record->list->write(json, record);
	json_close_object(json);
}

/* The file's text with the change. */
static struct json_text write_file(const struct change *change, const struct record *old)
{
	const struct records *list = change->list;
	struct json_text json = { 0 };

	json_open_object(&json, NULL);
	json_string(&json, "format", list->file);
	json_integer(&json, "version", FORMAT_VERSION);
	json_open_array(&json, list->name);
	for(int i=list->count-1; i>=0; i--){
		if(list->all[i] != old) write_record(&json, list->all[i]);
	}
	if(change->to_set) write_record(&json, change->to_set);
	json_close_array(&json);
	json_close_object(&json);
	return json;
}

/* The limit that the list would exceed, 0 if none. */
static int limit_for(const struct change *change, const struct record *old, size_t bytes)
{
	int limit = change->to_set ? limit_on_count(change->list, change->to_set, old) : 0;

	if(limit || !change->to_set) return limit;
	return bytes > change->list->max_bytes ? (int)change->list->max_bytes : 0;
}

enum outcome records_change(struct command *command)
{
	const struct change *change = command->state;

	command->waits = store_is_busy(); /* with the change of another sender */
	if(command->waits) return GOES_ON;
	const struct record *old = records_find(change->list, change->key);
	if(!change->to_set && !old) return change->list->not_found;
	struct json_text json = write_file(change, old);
	int limit = limit_for(change, old, json.length);
	if(limit){
		json_free(&json);
		return command_refuse_number(command, FAILED_TOO_MANY, "limit", limit);
	}
	store_begin(command->request->options->state_dir, change->list->file, &json);
	/* Most disks are that fast. A broker that has nothing else to do looks again only after 100 ms. */
	store_wait(STORE_WAIT_US);
	command->step = make_change;
	return make_change(command);
}
