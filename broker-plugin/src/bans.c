#include "bans.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "cursor.h"
#include "fields.h"
#include "filter.h"
#include "glob.h"
#include "limits.h"
#include "network.h"
#include "sessions.h"
#include "store.h"

#define STORE_NAME "bans"
#define BUCKET_COUNT 4096 /* a power of two */
#define MAX_REASON 500
#define MAX_BY 200

enum kind { BAN_CLIENTID, BAN_USERNAME, BAN_ADDRESS, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = { "clientid", "username", "address" };

struct ban {
	struct ban *next_in_bucket;   /* of those that are not patterns */
	uint64_t sequence;            /* in the order they were set, from 1 on */
	enum kind as;
	bool is_pattern;              /* a glob with a wildcard, or a network: has to be compared with every login */
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

/* A client as bans see it. */
struct subject {
	const char *clientid;
	const char *username;
	bool has_address;
	struct network address;
};

static struct subject subject_of(const char *clientid, const struct mosquitto *context)
{
	const char *username = mosquitto_client_username(context);
	const char *address = mosquitto_client_address(context);
	struct subject subject = { .clientid = clientid ? clientid : "", .username = username ? username : ANONYMOUS };

	subject.has_address = address && network_read(&subject.address, address);
	return subject;
}

static struct ban **bucket_of(const void *key, size_t length)
{
	const unsigned char *bytes = key;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for(size_t i=0; i<length; i++){
		hash = (hash ^ bytes[i]) * 16777619u;
	}
	return &buckets[(hash ^ (hash >> 16)) & (BUCKET_COUNT-1)];
}

static struct ban **bucket_of_ban(const struct ban *ban)
{
	return ban->as == BAN_ADDRESS ? bucket_of(ban->network.address, sizeof(ban->network.address))
		: bucket_of(ban->who, strlen(ban->who));
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

static struct ban *new_ban(enum kind as, const char *who, const char *reason, const char *by)
{
	size_t length = strlen(who);
	struct ban *ban = mosquitto_calloc(1, sizeof(struct ban)+length+1);

	if(!ban || !fields_copy(&ban->reason, reason) || !fields_copy(&ban->by, by)){
		free_ban(ban);
		return NULL;
	}
	memcpy(ban->who, who, length);
	ban->as = as;
	ban->bytes = sizeof(struct ban)+length + (reason ? strlen(reason) : 0) + (by ? strlen(by) : 0);
	if(as == BAN_ADDRESS){
		network_read(&ban->network, who);
		ban->is_pattern = !network_is_address(&ban->network);
	}else{
		ban->is_pattern = strpbrk(who, "*?\\") != NULL;
	}
	return ban;
}

/* Puts it behind the others; there is room. */
static void add_ban(struct ban *ban)
{
	ban->sequence = ++last_sequence;
	bans[ban_count++] = ban;
	ban_bytes += ban->bytes;
	if(ban->is_pattern){
		patterns[pattern_count++] = ban;
	}else{
		struct ban **bucket = bucket_of_ban(ban);

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
		struct ban **link = bucket_of_ban(ban);

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
		if(bans[i]->as == as && !strcmp(bans[i]->who, who)) return i;
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

static bool holds(const struct ban *ban, const struct subject *subject)
{
	switch(ban->as){
		case BAN_CLIENTID:
			return glob_matches(ban->who, subject->clientid);
		case BAN_USERNAME:
			return glob_matches(ban->who, subject->username);
		default:
			return subject->has_address && network_holds(&ban->network, &subject->address);
	}
}

/* One that is no pattern. */
static const struct ban *find_exact(enum kind as, const void *key, size_t length, const struct subject *subject, int64_t now)
{
	const struct ban *ban = *bucket_of(key, length);

	while(ban && (ban->as != as || !holds(ban, subject) || is_expired(ban, now))){
		ban = ban->next_in_bucket;
	}
	return ban;
}

const struct ban *bans_find(const struct mosquitto *context)
{
	struct subject subject;
	const struct ban *ban;
	int64_t now;

	if(ban_count == 0) return NULL;
	subject = subject_of(mosquitto_client_id(context), context);
	now = clock_now_ms();
	ban = find_exact(BAN_CLIENTID, subject.clientid, strlen(subject.clientid), &subject, now);
	if(!ban){
		ban = find_exact(BAN_USERNAME, subject.username, strlen(subject.username), &subject, now);
	}
	if(!ban && subject.has_address){
		ban = find_exact(BAN_ADDRESS, subject.address.address, sizeof(subject.address.address), &subject, now);
	}
	for(int i=0; !ban && i<pattern_count; i++){
		if(holds(patterns[i], &subject) && !is_expired(patterns[i], now)){
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

/* Stores the bans as they will be, with one in the place of another; both may be NULL. */
static void store_bans(struct command *command, const struct ban *without, const struct ban *with)
{
	struct json_text json = { 0 };

	store_open_list(&json, STORE_NAME, "bans");
	for(int i=0; i<ban_count; i++){
		if(bans[i] != without){
			write_ban(&json, bans[i]);
		}
	}
	if(with){
		write_ban(&json, with);
	}
	store_close_list(&json);
	command_store(command, STORE_NAME, &json);
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
	if(kind == KIND_COUNT) return "as";
	*as = (enum kind)kind;
	if(!*who || !(*as == BAN_ADDRESS ? network_read(&network, *who) : glob_is_valid(*who))){
		return "who";
	}
	return NULL;
}

static bool is_everybody(enum kind as, const char *who)
{
	struct network network;

	if(as != BAN_ADDRESS) return glob_is_everybody(who);
	return network_read(&network, who) && network_is_everybody(&network);
}

/* The rest of a ban: the field that is wrong, or NULL. That a ban has no end has to be said, with null. */
static const char *read_rest(const cJSON *json, int64_t *until, const char **reason, const char **by)
{
	const cJSON *field = fields_get(json, "until");

	*until = 0;
	if(!cJSON_GetObjectItemCaseSensitive(json, "until")
			|| (field && !fields_whole_number(field, 1, MAX_SAFE_INTEGER, until))){
		return "until";
	}
	field = fields_get(json, "reason");
	*reason = fields_note(field, MAX_REASON);
	if(field && !*reason) return "reason";
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

	if(read_who(json, &as, &who) || is_everybody(as, who) || read_rest(json, &until, &reason, &by) || ban_count >= MAX_BANS
			|| pattern_count >= MAX_PATTERN_BANS){
		return false;
	}
	ban = new_ban(as, who, reason, by);
	if(!ban || !fields_whole_number(fields_get(json, "since"), 0, MAX_SAFE_INTEGER, &ban->since)){
		free_ban(ban);
		return false;
	}
	ban->until = until;
	add_ban(ban);
	return true;
}

bool bans_load(const char *dir)
{
	if(!is_loaded && dir){
		is_loaded = store_load(dir, STORE_NAME, "bans", load_ban);
		drop_expired();
		return is_loaded;
	}
	return true;
}

void bans_cleanup(void)
{
	while(ban_count > 0){
		free_ban(take_ban(ban_count-1));
	}
	is_loaded = false;
}

/* setBan and deleteBan: first it is stored, then it is done. */
struct banning {
	struct ban *to_set;  /* until it is put among the others; NULL for deleteBan */
	struct ban *ban;     /* a copy, as another sender may delete it; for deleteBan just whom it is about */
	bool replaced;
	bool disconnects;
	uint64_t after;
	int64_t disconnected;
	struct json_text ids;
};

static void free_banning(void *state)
{
	struct banning *banning = state;

	free_ban(banning->to_set);
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
		banning->after = client->sequence;
		if(sessions_is_connected(client) && !access_is_control_client(client)){
			struct subject subject = subject_of(client->id, client->context);

			if(holds(banning->ban, &subject)){
				if(banning->disconnected++ < MAX_BANNED_LISTED && banning->ids.length < MAX_PAGE_BYTES){
					json_string(&banning->ids, NULL, client->id);
				}
				sessions_kick(client, command->request->options->disconnect_with_will, LEAVING_BANNED);
			}
		}
		if(command_turn_is_over()) return;
	}
	finish_ban(command, banning);
}

static void confirm_ban(struct command *command)
{
	struct banning *banning = command->state;
	int index = index_of(banning->ban->as, banning->ban->who);
	bool is_stored;

	if(command_waits_for_store(command, &is_stored)) return;
	if(!is_stored){
		command_fail(command, FAILED_STORE);
		return;
	}
	banning->replaced = index >= 0;
	if(index >= 0){
		free_ban(take_ban(index));
	}
	if(!banning->to_set){
		command_succeed(command, NULL);
		return;
	}
	add_ban(banning->to_set);
	banning->to_set = NULL;
	command->step = disconnect_banned;
	disconnect_banned(command);
}

/* The limit that the ban would exceed in the place of the old one (may be NULL); 0 if none. */
static int limit_for(const struct ban *ban, const struct ban *old)
{
	int count = ban_count - (old != NULL);
	int pattern = pattern_count - (old && old->is_pattern);
	size_t bytes = ban_bytes - (old ? old->bytes : 0);

	return count >= MAX_BANS ? MAX_BANS
		: ban->is_pattern && pattern >= MAX_PATTERN_BANS ? MAX_PATTERN_BANS
		: bytes + ban->bytes > MAX_BAN_BYTES ? (int)MAX_BAN_BYTES : 0;
}

/* Stores the change; it is made when it is stored. */
static void change_bans(struct command *command)
{
	struct banning *banning = command->state;
	const struct ban *old;
	int index, limit;

	if(command_waits_to_store(command)) return;
	drop_expired();
	index = index_of(banning->ban->as, banning->ban->who);
	old = index >= 0 ? bans[index] : NULL;
	limit = banning->to_set ? limit_for(banning->to_set, old) : 0;
	if(limit){
		command_fail_number(command, FAILED_TOO_MANY, "limit", limit);
	}else if(!banning->to_set && !old){
		command_fail(command, FAILED_BAN_NOT_FOUND);
	}else{
		store_bans(command, old, banning->to_set);
		command->step = confirm_ban;
		confirm_ban(command);
	}
}

void set_ban(struct command *command)
{
	struct banning *banning = command_new_state(command, sizeof(struct banning), change_bans, free_banning);
	const char *who, *reason, *by, *wrong;
	enum kind as;
	int64_t until;

	if(!banning) return;
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
	if(!command_read_bool(command, "disconnect", &banning->disconnects)) return;
	banning->to_set = new_ban(as, who, reason, by);
	banning->ban = new_ban(as, who, NULL, NULL);
	if(!banning->to_set || !banning->ban){
		command_fail(command, FAILED_INTERNAL);
		return;
	}
	banning->to_set->until = until;
	banning->to_set->since = clock_now_ms();
	json_open_array(&banning->ids, NULL);
	change_bans(command);
}

void delete_ban(struct command *command)
{
	struct banning *banning = command_new_state(command, sizeof(struct banning), change_bans, free_banning);
	const char *who, *wrong;
	enum kind as;

	if(!banning) return;
	wrong = read_who(command->json, &as, &who);
	if(wrong){
		command_fail_field(command, wrong, "Invalid ban");
		return;
	}
	banning->ban = new_ban(as, who, NULL, NULL);
	if(!banning->ban){
		command_fail(command, FAILED_INTERNAL);
		return;
	}
	change_bans(command);
}

void list_bans(struct command *command)
{
	struct json_text data = { 0 };
	int64_t limit;
	uint64_t before, last = 0;
	int index;

	if(!command_read_limit(command, &limit) || !cursor_read(command, &before)) return;
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
	cursor_write(&data, "cursor", index >= 0 ? last : 0);
	json_integer(&data, "totalCount", ban_count);
	json_close_object(&data);
	command_succeed(command, &data);
}
