#include "bans.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "fields.h"
#include "filter.h"
#include "glob.h"
#include "limits.h"
#include "listing.h"
#include "sessions.h"
#include "store.h"

#define STORE_NAME "bans"
#define BUCKET_COUNT 4096 /* a power of two */
#define MAX_REASON 500
#define MAX_BY 200
#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000

enum kind { BAN_CLIENTID, BAN_USERNAME, BAN_ADDRESS, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = { "clientid", "username", "address" };

struct ban {
	struct ban *next_in_bucket;   /* of those that are not patterns */
	uint64_t sequence;            /* in the order they were set, from 1 on */
	enum kind as;
	bool is_pattern;              /* has to be compared with every login */
	struct network network;       /* of an address */
	int64_t until;                /* 0: for good */
	int64_t since;
	char *reason;                 /* may be NULL */
	char *by;                     /* may be NULL */
	size_t bytes;
	char who[];
};

static struct ban *bans[MAX_BANS]; /* in the order of their sequences */
static int ban_count;
static struct ban *patterns[MAX_PATTERN_BANS];
static int pattern_count;
static struct ban *buckets[BUCKET_COUNT];
static size_t ban_bytes;
static uint64_t last_sequence;
static bool is_loaded;

static struct ban **bucket_of(enum kind as, const char *who)
{
	uint32_t hash = 2166136261u + (uint32_t)as; /* FNV-1a */

	for(; *who; who++){
		hash = (hash ^ (unsigned char)*who) * 16777619u;
	}
	return &buckets[(hash ^ (hash >> 16)) & (BUCKET_COUNT-1)];
}


static bool is_expired(const struct ban *ban, int64_t now)
{
	return ban->until && ban->until <= now;
}


static void free_ban(struct ban *ban)
{
	if(ban){
		mosquitto_free(ban->reason);
		mosquitto_free(ban->by);
		mosquitto_free(ban);
	}
}


/* A copy of the text; false if there was one and memory is short. */
static bool copy(char **to, const char *from)
{
	*to = from ? mosquitto_strdup(from) : NULL;
	return !from || *to;
}


static struct ban *new_ban(enum kind as, const char *who, const char *reason, const char *by)
{
	size_t length = strlen(who);
	struct ban *ban = mosquitto_calloc(1, sizeof(struct ban)+length+1);

	if(!ban || !copy(&ban->reason, reason) || !copy(&ban->by, by)){
		free_ban(ban);
		return NULL;
	}
	memcpy(ban->who, who, length);
	ban->as = as;
	ban->is_pattern = as == BAN_ADDRESS || strpbrk(who, "*?\\") != NULL;
	ban->bytes = sizeof(struct ban)+length + (reason ? strlen(reason) : 0) + (by ? strlen(by) : 0);
	if(as == BAN_ADDRESS){
		network_read(&ban->network, who);
	}
	return ban;
}


/* Puts it at an index; there is room. */
static void insert_ban(struct ban *ban, int index)
{
	memmove(&bans[index+1], &bans[index], sizeof(bans[0])*(size_t)(ban_count-index));
	bans[index] = ban;
	ban_count++;
	ban_bytes += ban->bytes;
	if(ban->is_pattern){
		patterns[pattern_count++] = ban;
	}else{
		struct ban **bucket = bucket_of(ban->as, ban->who);

		ban->next_in_bucket = *bucket;
		*bucket = ban;
	}
}


/* Takes it out without freeing it. */
static struct ban *take_ban(int index)
{
	struct ban *ban = bans[index];

	ban_count--;
	memmove(&bans[index], &bans[index+1], sizeof(bans[0])*(size_t)(ban_count-index));
	ban_bytes -= ban->bytes;
	if(ban->is_pattern){
		for(int i=0; i<pattern_count; i++){
			if(patterns[i] == ban){
				patterns[i] = patterns[--pattern_count];
			}
		}
	}else{
		struct ban **link = bucket_of(ban->as, ban->who);

		while(*link != ban){
			link = &(*link)->next_in_bucket;
		}
		*link = ban->next_in_bucket;
	}
	return ban;
}


/* -1 if there is none. */
static int index_of(enum kind as, const char *who)
{
	for(int i=0; i<ban_count; i++){
		if(bans[i]->as == as && !strcmp(bans[i]->who, who)){
			return i;
		}
	}
	return -1;
}


static void drop_expired(void)
{
	int64_t now = clock_now_ms();

	for(int i=ban_count-1; i>=0; i--){
		if(is_expired(bans[i], now)){
			free_ban(take_ban(i));
		}
	}
}


static bool holds(const struct ban *ban, const char *clientid, const char *username, const char *address)
{
	switch(ban->as){
		case BAN_CLIENTID:
			return glob_matches(ban->who, clientid);
		case BAN_USERNAME:
			return glob_matches(ban->who, username);
		default:
			return network_holds(&ban->network, address);
	}
}


static const struct ban *find_exact(enum kind as, const char *who, int64_t now)
{
	for(const struct ban *ban=*bucket_of(as, who); ban; ban=ban->next_in_bucket){
		if(ban->as == as && !strcmp(ban->who, who) && !is_expired(ban, now)){
			return ban;
		}
	}
	return NULL;
}


const struct ban *bans_find(const struct mosquitto *context)
{
	const char *clientid = mosquitto_client_id(context);
	const char *username = mosquitto_client_username(context);
	const char *address = mosquitto_client_address(context);
	const struct ban *ban;
	int64_t now;

	if(ban_count == 0){
		return NULL;
	}
	clientid = clientid ? clientid : "";
	username = username ? username : ANONYMOUS;
	now = clock_now_ms();
	ban = find_exact(BAN_CLIENTID, clientid, now);
	if(!ban){
		ban = find_exact(BAN_USERNAME, username, now);
	}
	for(int i=0; !ban && i<pattern_count; i++){
		if(holds(patterns[i], clientid, username, address) && !is_expired(patterns[i], now)){
			ban = patterns[i];
		}
	}
	return ban;
}


static void write_ban(struct json_text *json, const struct ban *ban)
{
	json_open_object(json, NULL);
	json_string(json, "as", kind_names[ban->as]);
	json_string(json, "who", ban->who);
	if(ban->until){
		json_integer(json, "until", ban->until);
	}else{
		json_null(json, "until");
	}
	json_string(json, "reason", ban->reason);
	json_string(json, "by", ban->by);
	json_integer(json, "since", ban->since);
	json_close_object(json);
}


static bool store_bans(const struct options *options)
{
	struct json_text json = { 0 };
	bool is_stored;

	store_write_head(&json, STORE_NAME);
	json_open_array(&json, "bans");
	for(int i=0; i<ban_count; i++){
		write_ban(&json, bans[i]);
	}
	json_close_array(&json);
	json_close_object(&json);
	is_stored = store_replace(options->state_dir, STORE_NAME, &json);
	json_free(&json);
	return is_stored;
}


/* What a ban says of whom; the field that is wrong, or NULL. */
static const char *read_who(const cJSON *json, enum kind *as, const char **who)
{
	const char *name = cJSON_GetStringValue(fields_get(json, "as"));
	struct network network;
	int kind = 0;

	*who = fields_text(fields_get(json, "who"));
	while(kind < KIND_COUNT && (!name || strcmp(name, kind_names[kind]))){
		kind++;
	}
	if(kind == KIND_COUNT){
		return "as";
	}
	*as = (enum kind)kind;
	if(!*who || !(*as == BAN_ADDRESS ? network_read(&network, *who) : glob_is_valid(*who))){
		return "who";
	}
	return NULL;
}


static bool is_everybody(enum kind as, const char *who)
{
	struct network network;

	if(as != BAN_ADDRESS){
		return glob_is_everybody(who);
	}
	return network_read(&network, who) && network_is_everybody(&network);
}


/* The rest of a ban: the field that is wrong, or NULL. That a ban has no end has to be said, with null. */
static const char *read_rest(const cJSON *json, int64_t *until, const char **reason, const char **by)
{
	const cJSON *field = fields_get(json, "until");

	*until = 0;
	if(!cJSON_GetObjectItemCaseSensitive(json, "until") || (field && !fields_whole_number(field, 1, MAX_SAFE_INTEGER, until))){
		return "until";
	}
	field = fields_get(json, "reason");
	*reason = fields_note(field, MAX_REASON);
	if(field && !*reason){
		return "reason";
	}
	field = fields_get(json, "by");
	*by = fields_note(field, MAX_BY);
	return field && !*by ? "by" : NULL;
}


/* Takes in a ban of the file; false if it is none. */
static bool load_ban(const cJSON *json)
{
	enum kind as;
	const char *who, *reason, *by;
	int64_t until;
	struct ban *ban;

	if(read_who(json, &as, &who) || read_rest(json, &until, &reason, &by) || ban_count >= MAX_BANS
			|| pattern_count >= MAX_PATTERN_BANS){

		return false;
	}
	ban = new_ban(as, who, reason, by);
	if(!ban || !fields_whole_number(fields_get(json, "since"), 0, MAX_SAFE_INTEGER, &ban->since)){
		free_ban(ban);
		return false;
	}
	ban->until = until;
	ban->sequence = ++last_sequence;
	insert_ban(ban, ban_count);
	return true;
}


bool bans_load(const char *dir)
{
	bool failed;
	cJSON *json;
	const cJSON *item;

	if(is_loaded || !dir){
		return true;
	}
	json = store_read(dir, STORE_NAME, &failed);
	cJSON_ArrayForEach(item, fields_get(json, "bans")){
		if(!load_ban(item)){
			mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the stored ban number %d is not understood.",
					ban_count+1);
			failed = true;
			break;
		}
	}
	cJSON_Delete(json);
	is_loaded = !failed;
	drop_expired();
	return !failed;
}


void bans_cleanup(void)
{
	while(ban_count > 0){
		free_ban(take_ban(ban_count-1));
	}
	is_loaded = false;
}


/* The disconnecting part of setBan. */
struct banning {
	struct ban *ban;     /* a copy: another sender may delete the ban meanwhile */
	bool replaced;
	bool disconnects;
	uint64_t after;
	int64_t disconnected;
	struct json_text ids;
};

static void free_banning(void *state)
{
	struct banning *banning = state;

	free_ban(banning->ban);
	json_free(&banning->ids);
}


static void finish_ban(struct command *command, struct banning *banning)
{
	struct json_text data = { 0 };

	json_close_array(&banning->ids);
	json_open_object(&data, NULL);
	json_raw(&data, "disconnected", banning->ids.text, banning->ids.length);
	data.failed = data.failed || banning->ids.failed;
	json_integer(&data, "disconnectedCount", banning->disconnected);
	json_bool(&data, "replaced", banning->replaced);
	json_close_object(&data);
	command_succeed(command, &data);
}


static void disconnect_banned(struct command *command)
{
	struct banning *banning = command->state;
	struct client *client;

	while(banning->disconnects && (client = clients_after(banning->after))){
		const char *username = client->context ? mosquitto_client_username(client->context) : NULL;

		banning->after = client->sequence;
		if(sessions_is_connected(client) && !access_is_control_client(client)
				&& holds(banning->ban, client->id, username ? username : ANONYMOUS,
						mosquitto_client_address(client->context))){

			if(banning->disconnected++ < MAX_BANNED_LISTED && banning->ids.length < MAX_PAGE_BYTES){
				json_string(&banning->ids, NULL, client->id);
			}
			sessions_kick(client, command->request->options->disconnect_with_will, LEAVING_BANNED);
		}
		if(command_turn_is_over()){
			return;
		}
	}
	finish_ban(command, banning);
}


/* Puts the ban in, durably, in place of the one of the same name. False: all is as before, and the command has failed. */
static bool put_ban(struct command *command, struct ban *ban, bool *replaced)
{
	int index = index_of(ban->as, ban->who);
	struct ban *old = index >= 0 ? take_ban(index) : NULL;
	int limit = ban_count >= MAX_BANS ? MAX_BANS : ban->is_pattern && pattern_count >= MAX_PATTERN_BANS
		? MAX_PATTERN_BANS : ban_bytes + ban->bytes > MAX_BAN_BYTES ? (int)MAX_BAN_BYTES : 0;

	if(!limit){
		ban->sequence = ++last_sequence;
		insert_ban(ban, ban_count);
		if(store_bans(command->request->options)){
			*replaced = old != NULL;
			free_ban(old);
			return true;
		}
		take_ban(ban_count-1);
	}
	if(old){
		insert_ban(old, index);
	}
	if(limit){
		command_fail_number(command, FAILED_TOO_MANY, "limit", limit);
	}else{
		command_fail(command, FAILED_STORE);
	}
	return false;
}


void set_ban(struct command *command)
{
	struct banning *banning = command_new_state(command, sizeof(struct banning), disconnect_banned, free_banning);
	const char *who, *reason, *by, *wrong;
	enum kind as;
	int64_t until;
	struct ban *ban;

	if(!banning){
		return;
	}
	banning->disconnects = true;
	wrong = read_who(command->json, &as, &who);
	if(!wrong && is_everybody(as, who)){
		command_fail(command, FAILED_BAN_TOO_WIDE);
		return;
	}
	if(!wrong){
		wrong = read_rest(command->json, &until, &reason, &by);
	}
	if(!wrong && until && until <= clock_now_ms()){
		wrong = "until";
	}
	if(wrong){
		command_fail_field(command, wrong, "Invalid ban");
		return;
	}
	if(!command_read_bool(command, "disconnect", &banning->disconnects)){
		return;
	}
	drop_expired();
	ban = new_ban(as, who, reason, by);
	banning->ban = new_ban(as, who, NULL, NULL);
	if(!ban || !banning->ban){
		free_ban(ban);
		command_fail(command, FAILED_INTERNAL);
		return;
	}
	ban->until = until;
	ban->since = clock_now_ms();
	if(!put_ban(command, ban, &banning->replaced)){
		free_ban(ban);
		return;
	}
	json_open_array(&banning->ids, NULL);
	disconnect_banned(command);
}


void delete_ban(struct command *command)
{
	const char *who;
	enum kind as;
	const char *wrong = read_who(command->json, &as, &who);
	struct ban *ban;
	int index;

	if(wrong){
		command_fail_field(command, wrong, "Invalid ban");
		return;
	}
	drop_expired();
	index = index_of(as, who);
	if(index < 0){
		command_fail(command, FAILED_BAN_NOT_FOUND);
		return;
	}
	ban = take_ban(index);
	if(!store_bans(command->request->options)){
		insert_ban(ban, index);
		command_fail(command, FAILED_STORE);
		return;
	}
	free_ban(ban);
	command_succeed(command, NULL);
}


void list_bans(struct command *command)
{
	struct json_text data = { 0 };
	int64_t limit = DEFAULT_LIMIT;
	uint64_t before, last = 0;
	int index;

	if(!command_read_whole(command, "limit", 1, MAX_LIMIT, &limit) || !cursor_read(command, &before)){
		return;
	}
	drop_expired();
	json_open_object(&data, NULL);
	json_open_array(&data, "bans");
	for(index=ban_count-1; index>=0 && limit > 0 && data.length < MAX_PAGE_BYTES; index--){
		if(before == 0 || bans[index]->sequence < before){
			write_ban(&data, bans[index]);
			last = bans[index]->sequence;
			limit--;
		}
	}
	json_close_array(&data);
	if(index >= 0 && last > 0){
		cursor_write(&data, "cursor", last);
	}else{
		json_null(&data, "cursor");
	}
	json_integer(&data, "totalCount", ban_count);
	json_close_object(&data);
	command_succeed(command, &data);
}
