#include "bans.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "fields.h"
#include "filter.h"
#include "glob.h"
#include "limits.h"
#include "network.h"
#include "records.h"
#include "sessions.h"

#define BUCKET_COUNT 4096 /* a power of two */
#define MAX_REASON 500
#define MAX_BY 200

enum kind { BAN_CLIENTID, BAN_USERNAME, BAN_ADDRESS, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = { "clientid", "username", "address" };

struct ban {
	struct record record;         /* its key is `who` behind the first letter of `as` */
	struct ban *next_in_bucket;   /* of those that are not patterns */
	enum kind as;
	bool is_pattern;              /* a glob with a wildcard, or a network: has to be compared with every login */
	struct network network;       /* of an address */
	int64_t until;                /* 0: for good */
	char *reason;                 /* may be NULL */
	const char *who;              /* in the key */
};

static struct ban *patterns[MAX_PATTERN_BANS];
static int pattern_count;
static struct ban *buckets[BUCKET_COUNT];

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

	for(size_t i=0; i<length; i++) hash = (hash ^ bytes[i]) * 16777619u;
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

static void free_ban(struct record *record)
{
	struct ban *ban = (struct ban *)record;

	mosquitto_free(ban->reason);
	mosquitto_free(ban);
}

static void index_ban(struct record *record)
{
	struct ban *ban = (struct ban *)record;
	struct ban **bucket = bucket_of_ban(ban);

	if(ban->is_pattern){
		patterns[pattern_count++] = ban;
	}else{
		ban->next_in_bucket = *bucket;
		*bucket = ban;
	}
}

static void forget_ban(struct record *record)
{
	struct ban *ban = (struct ban *)record;
	struct ban **link = bucket_of_ban(ban);

	for(int i=0; ban->is_pattern && i<pattern_count; i++){
		if(patterns[i] == ban) patterns[i] = patterns[--pattern_count];
	}
	if(ban->is_pattern) return;
	while(*link != ban) link = &(*link)->next_in_bucket;
	*link = ban->next_in_bucket;
}

static int limit_patterns(const struct record *more, const struct record *old)
{
	int count = pattern_count - (old && ((const struct ban *)old)->is_pattern);

	return ((const struct ban *)more)->is_pattern && count >= MAX_PATTERN_BANS ? MAX_PATTERN_BANS : 0;
}

static void write_ban(struct json_text *json, const struct record *record)
{
	const struct ban *ban = (const struct ban *)record;

	json_string(json, "as", kind_names[ban->as]);
	json_string(json, "who", ban->who);
	json_time(json, "until", ban->until);
	json_string(json, "reason", ban->reason);
	json_string(json, "by", record->by);
	json_integer(json, "since", record->since);
}

static struct record *read_stored_ban(const cJSON *json);
static struct record *all[MAX_BANS];
static struct records bans = {
	.file = "bans",
	.name = "bans",
	.max_count = MAX_BANS,
	.max_bytes = MAX_BAN_BYTES,
	.not_found = FAILED_BAN_NOT_FOUND,
	.write = write_ban,
	.read = read_stored_ban,
	.limit_for = limit_patterns,
	.added = index_ban,
	.removed = forget_ban,
	.free = free_ban,
	.all = all,
};

static struct ban *new_ban(enum kind as, const char *who, const char *reason, const char *by)
{
	struct ban *ban = record_new(&bans, sizeof(struct ban));
	size_t length = strlen(who);

	if(!ban) return NULL;
	ban->record.key = mosquitto_malloc(length+2);
	if(!ban->record.key || !fields_copy(&ban->record.by, by) || !fields_copy(&ban->reason, reason)){
		record_release(&ban->record);
		return NULL;
	}
	ban->record.key[0] = kind_names[as][0];
	memcpy(&ban->record.key[1], who, length+1);
	ban->who = &ban->record.key[1];
	ban->as = as;
	if(as == BAN_ADDRESS){
		network_read(&ban->network, who);
		ban->is_pattern = !network_is_address(&ban->network);
	}else{
		ban->is_pattern = strpbrk(who, "*?\\") != NULL;
	}
	return ban;
}

static void drop_expired(void)
{
	int64_t now = clock_now_ms();

	for(int i=bans.count-1; i>=0; i--){
		if(is_expired((const struct ban *)all[i], now)) records_remove(&bans, i);
	}
}

/* Also when the steps (see glob.h) are used up: who makes that happen is kept out. */
static bool may_hold(const struct ban *ban, const struct subject *subject, size_t *steps)
{
	switch(ban->as){
		case BAN_CLIENTID:
			return glob_matches_within(ban->who, subject->clientid, steps) || *steps == 0;
		case BAN_USERNAME:
			return glob_matches_within(ban->who, subject->username, steps) || *steps == 0;
		default:
			return subject->has_address && network_holds(&ban->network, &subject->address);
	}
}

static bool holds(const struct ban *ban, const struct subject *subject)
{
	size_t steps = SIZE_MAX;

	return may_hold(ban, subject, &steps);
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
	if(bans.count == 0) return NULL;
	struct subject subject = subject_of(mosquitto_client_id(context), context);
	int64_t now = clock_now_ms();
	size_t steps = MAX_LOGIN_STEPS;
	const struct ban *ban = find_exact(BAN_CLIENTID, subject.clientid, strlen(subject.clientid), &subject, now);
	if(!ban){
		ban = find_exact(BAN_USERNAME, subject.username, strlen(subject.username), &subject, now);
	}
	if(!ban && subject.has_address){
		ban = find_exact(BAN_ADDRESS, subject.address.address, sizeof(subject.address.address), &subject, now);
	}
	for(int i=0; !ban && i<pattern_count; i++){
		if(!is_expired(patterns[i], now) && may_hold(patterns[i], &subject, &steps)) ban = patterns[i];
	}
	return ban;
}

/* What a ban says of whom; the field that is wrong, or NULL. */
static const char *read_who(const cJSON *json, enum kind *as, const char **who)
{
	const char *name = cJSON_GetStringValue(fields_get(json, "as"));
	struct network network;
	int kind = 0;

	*who = fields_text(fields_get(json, "who"));
	while(kind < KIND_COUNT && (!name || strcmp(name, kind_names[kind]))) kind++;
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

static struct record *read_stored_ban(const cJSON *json)
{
	enum kind as;
	const char *who, *reason, *by;
	int64_t until;

	if(read_who(json, &as, &who) || is_everybody(as, who) || read_rest(json, &until, &reason, &by)) return NULL;
	struct ban *ban = new_ban(as, who, reason, by);
	if(!ban) return NULL;
	ban->until = until;
	return &ban->record;
}

bool bans_load(const char *dir)
{
	return records_load(&bans, dir);
}

void bans_cleanup(void)
{
	records_cleanup(&bans);
}

/* setBan and deleteBan. */
struct banning {
	struct change change;
	struct ban *ban;     /* held; for deleteBan it just says whom it is about */
	bool replaced;
	bool disconnects;
	int64_t disconnected;
};

static void free_banning(void *state)
{
	struct banning *banning = state;

	if(banning->ban) record_release(&banning->ban->record);
}

static bool is_kept_out(const struct mosquitto *context, const void *ban)
{
	struct subject subject = subject_of(mosquitto_client_id(context), context);

	return holds(ban, &subject) && !access_may_command(context);
}

static bool disconnect_if_banned(struct command *command, struct client *client, const struct mosquitto *context)
{
	struct banning *banning = command->state;
	struct subject subject = subject_of(client->id, context);

	if(!sessions_is_connected(client) || access_is_control_client(client) || !holds(banning->ban, &subject)) return true;
	if(banning->disconnected++ < MAX_BANNED_LISTED && command->data.length < MAX_PAGE_BYTES){
		json_string(&command->data, NULL, client->id);
	}
	sessions_kick(client, command->request->options->disconnect_with_will, LEAVING_BANNED);
	return true;
}

static enum outcome disconnect_banned(struct command *command)
{
	struct banning *banning = command->state;

	if(banning->disconnects && command_walk(command, disconnect_if_banned) == WALK_TURN_IS_OVER) return GOES_ON;
	json_close_array(&command->data);
	json_integer(&command->data, "disconnectedCount", banning->disconnected);
	json_bool(&command->data, "replaced", banning->replaced);
	return DONE;
}

static enum outcome banned(struct command *command, struct record *old)
{
	struct banning *banning = command->state;

	banning->replaced = old != NULL;
	record_release(old);
	if(banning->disconnects) sessions_kick_logins(is_kept_out, banning->ban, command->request->options->disconnect_with_will);
	json_open_array(&command->data, "disconnected");
	command->step = disconnect_banned;
	return disconnect_banned(command);
}

static enum outcome unbanned(struct command *command, struct record *old)
{
	record_release(old);
	return DONE;
}

enum outcome set_ban(struct command *command)
{
	struct banning *banning = command_new_state(command, sizeof(struct banning), records_change, free_banning);
	const char *who, *reason, *by;
	enum kind as;
	int64_t until;
	const char *wrong = read_who(command->json, &as, &who);

	if(!banning) return FAILED_INTERNAL;
	banning->disconnects = true;
	if(!wrong && is_everybody(as, who)) return FAILED_BAN_TOO_WIDE;
	if(!wrong) wrong = read_rest(command->json, &until, &reason, &by);
	if(!wrong && until && until <= clock_now_ms()) wrong = "until";
	if(wrong) return command_refuse_field(command, wrong, "Invalid ban");
	if(!command_read_bool(command, "disconnect", &banning->disconnects)) return ANSWERED;
	banning->ban = new_ban(as, who, reason, by);
	if(!banning->ban) return FAILED_INTERNAL;
	banning->ban->until = until;
	banning->change = (struct change){ &bans, banning->ban->record.key, &banning->ban->record, banned };
	drop_expired();
	return records_change(command);
}

enum outcome delete_ban(struct command *command)
{
	struct banning *banning = command_new_state(command, sizeof(struct banning), records_change, free_banning);
	const char *who;
	enum kind as;
	const char *wrong = read_who(command->json, &as, &who);

	if(wrong) return command_refuse_field(command, wrong, "Invalid ban");
	if(banning) banning->ban = new_ban(as, who, NULL, NULL);
	if(!banning || !banning->ban) return FAILED_INTERNAL;
	banning->change = (struct change){ &bans, banning->ban->record.key, NULL, unbanned };
	drop_expired();
	return records_change(command);
}

enum outcome list_bans(struct command *command)
{
	drop_expired();
	return records_answer_list(command, &bans);
}
