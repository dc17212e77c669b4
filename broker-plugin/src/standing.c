#include "standing.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "control.h"
#include "fields.h"
#include "filter.h"
#include "glob.h"
#include "limits.h"
#include "sessions.h"
#include "store.h"
#include "subscription.h"

#define STORE_NAME "standing-subscriptions"
#define PLACEHOLDER "${clientid}"
#define MAX_NAME 64
#define MAX_BY 200
#define MAX_FILTER_BYTES 65535
#define APPLY_US 2000 /* of a tick, for standing_apply_to_all() */

struct standing {
	char *name;
	char *clientid;        /* a glob; NULL: any */
	char *username;        /* a glob; NULL: any */
	char *topic;
	char *by;              /* may be NULL */
	uint8_t options;
	int64_t since;
	int subscriptions;     /* that it made and that are there */
	int holders;           /* commands that work on it */
	bool is_removed;       /* and lives on only for those */
	size_t bytes;
};

static struct standing *all[MAX_STANDING]; /* by name */
static int count;
static size_t all_bytes;
static bool is_loaded;

/* standing_apply_to_all() */
static bool is_applying;
static uint64_t applied_to;

static void free_standing(struct standing *standing)
{
	if(standing){
		mosquitto_free(standing->name);
		mosquitto_free(standing->clientid);
		mosquitto_free(standing->username);
		mosquitto_free(standing->topic);
		mosquitto_free(standing->by);
		mosquitto_free(standing);
	}
}

static void free_if_unused(struct standing *standing)
{
	if(standing->is_removed && standing->subscriptions == 0 && standing->holders == 0){
		free_standing(standing);
	}
}

void standing_count_subscription(struct standing *standing, int change)
{
	if(standing){
		standing->subscriptions += change;
		free_if_unused(standing);
	}
}

/* For a command that takes more than one turn: others may take it out of use meanwhile. */
static void hold(struct standing *standing, int change)
{
	if(standing){
		standing->holders += change;
		free_if_unused(standing);
	}
}

/* Takes it out of use; it goes when its last subscription does. */
static void retire(struct standing *standing)
{
	standing->is_removed = true;
	free_if_unused(standing);
}

static bool copy(char **to, const char *from, size_t *bytes)
{
	*bytes += from ? strlen(from)+1 : 0;
	return fields_copy(to, from);
}

static bool selects(const struct standing *standing, const char *clientid, const char *username)
{
	return (!standing->clientid || glob_matches(standing->clientid, clientid))
			&& (!standing->username || glob_matches(standing->username, username ? username : ANONYMOUS));
}

/* What is behind "$share/<name>/", or the filter itself. */
static const char *without_share(const char *filter)
{
	if(!strncmp(filter, "$share/", strlen("$share/"))){
		filter += strlen("$share/");
		filter += strcspn(filter, "/");
		filter += filter[0] == '/';
	}
	return filter;
}

/* Whether a filter begins with a `$` that is not written in what it was made from. */
static bool has_new_dollar(const char *made, const char *from)
{
	return made[0] == '$' && (from[0] != '$' || !strncmp(from, PLACEHOLDER, strlen(PLACEHOLDER)));
}

/*
 * The topic for this client, NULL if its id cannot stand there: it would be several levels, or a topic that begins with
 * `$` where none was meant ("${clientid}/#" is not to give "$SYS/#" to who calls itself so). Free with mosquitto_free().
 */
static char *topic_for(const char *topic, const char *clientid)
{
	struct json_text text = { 0 };
	const char *rest = topic;
	const char *found;

	if(strstr(topic, PLACEHOLDER) && strpbrk(clientid, "+#/")) return NULL;
	while((found = strstr(rest, PLACEHOLDER))){
		json_append(&text, rest, (size_t)(found-rest));
		json_append(&text, clientid, strlen(clientid));
		rest = found + strlen(PLACEHOLDER);
	}
	json_append(&text, rest, strlen(rest)+1);
	if(text.failed || text.length > MAX_FILTER_BYTES+1 || mosquitto_sub_topic_check(text.text)
			|| has_new_dollar(text.text, topic)
			|| has_new_dollar(without_share(text.text), without_share(topic))){
		json_free(&text);
		return NULL;
	}
	return text.text;
}

enum applied { NOT_APPLIED, SKIPPED, APPLIED };

/*
 * Subscribes the client if it is selected. What it subscribed to itself, or was subscribed to by hand, stays what it is.
 * `context` is the client's in the broker.
 */
static enum applied apply(struct standing *standing, struct client *client, const struct mosquitto *context)
{
	const struct subscription *known;
	char *topic;
	int rc = MOSQ_ERR_SUCCESS;

	if(standing->is_removed || access_is_control_client(client)
			|| !selects(standing, client->id, mosquitto_client_username(context))){
		return NOT_APPLIED;
	}
	topic = topic_for(standing->topic, client->id);
	if(!topic) return SKIPPED;
	known = clients_find_subscription(client, topic);
	if(known && known->by != BY_STANDING){
		mosquitto_free(topic);
		return NOT_APPLIED;
	}
	if(known && known->standing && known->standing->is_removed){
		clients_set_subscription(client, topic, known->options, known->identifier, BY_STANDING, standing);
	}
	if(!known || known->options != subscription_options_for(client, standing->options)){
		rc = subscription_add(client, topic, standing->options, BY_STANDING, standing, NULL);
	}
	mosquitto_free(topic);
	return rc == MOSQ_ERR_SUCCESS ? APPLIED : SKIPPED;
}

void standing_apply(struct client *client)
{
	const struct mosquitto *context = count ? sessions_context(client) : NULL;

	for(int i=0; context && i<count; i++){
		apply(all[i], client, context);
	}
}

void standing_apply_to_all(void)
{
	is_applying = count > 0;
	applied_to = 0;
}

bool standing_tick(void)
{
	int64_t end = clock_monotonic_us() + APPLY_US;

	while(is_applying && clock_monotonic_us() < end){
		struct client *client = clients_after(applied_to);

		is_applying = client != NULL;
		if(client){
			applied_to = client->sequence;
			standing_apply(client);
		}
	}
	return is_applying;
}

/* The index of a name, or where it would have to be. */
static int index_of(const char *name, bool *found)
{
	int index = 0;

	while(index < count && strcmp(all[index]->name, name) < 0){
		index++;
	}
	*found = index < count && !strcmp(all[index]->name, name);
	return index;
}

static void insert(struct standing *standing, int index)
{
	memmove(&all[index+1], &all[index], sizeof(all[0])*(size_t)(count-index));
	all[index] = standing;
	count++;
	all_bytes += standing->bytes;
}

static struct standing *take(int index)
{
	struct standing *standing = all[index];

	count--;
	memmove(&all[index], &all[index+1], sizeof(all[0])*(size_t)(count-index));
	all_bytes -= standing->bytes;
	return standing;
}

/* `for_store`: as the file has it; else as a command's data, with the number of clients. */
static void write_standing(struct json_text *json, const char *key, const struct standing *standing, bool for_store)
{
	json_open_object(json, key);
	json_string(json, "name", standing->name);
	json_open_object(json, "select");
	if(standing->clientid){
		json_string(json, "clientid", standing->clientid);
	}
	if(standing->username){
		json_string(json, "username", standing->username);
	}
	json_close_object(json);
	json_string(json, "topic", standing->topic);
	json_integer(json, "qos", standing->options & 0x03);
	json_open_object(json, "options");
	json_bool(json, "no_local", standing->options & MQTT_SUB_OPT_NO_LOCAL);
	json_bool(json, "retain_as_published", standing->options & MQTT_SUB_OPT_RETAIN_AS_PUBLISHED);
	json_string(json, "send_retain", (standing->options & 0x30) == MQTT_SUB_OPT_SEND_RETAIN_NEVER ? "never"
			: (standing->options & 0x30) == MQTT_SUB_OPT_SEND_RETAIN_NEW ? "new" : "always");
	json_close_object(json);
	json_string(json, "by", standing->by);
	json_integer(json, "since", standing->since);
	if(!for_store){
		json_integer(json, "clients", standing->subscriptions);
	}
	json_close_object(json);
}

/* Stores them as they will be, with one in the place of another; both may be NULL. */
static void store_all(struct command *command, const struct standing *without, const struct standing *with)
{
	struct json_text json = { 0 };

	store_open_list(&json, STORE_NAME, "standingSubscriptions");
	for(int i=0; i<count; i++){
		if(all[i] != without){
			write_standing(&json, NULL, all[i], true);
		}
	}
	if(with){
		write_standing(&json, NULL, with, true);
	}
	store_close_list(&json);
	command_store(command, STORE_NAME, &json);
}

/* ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ */
static const char *read_name(const cJSON *json)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *name = cJSON_GetStringValue(fields_get(json, "name"));
	size_t length = name ? strlen(name) : 0;

	return length > 0 && length <= MAX_NAME && strspn(name, allowed) == length && !strchr("._-", name[0]) ? name : NULL;
}

/* `select`: the globs, NULL where there is none. The field that is wrong, or NULL. */
static const char *read_select(const cJSON *json, const char **clientid, const char **username)
{
	const cJSON *select = fields_get(json, "select");
	const cJSON *field;

	*clientid = *username = NULL;
	if(!cJSON_IsObject(select) || !select->child) return "select";
	cJSON_ArrayForEach(field, select){
		const char *glob = fields_text(field);
		const char **to = !strcmp(field->string, "clientid") ? clientid
			: !strcmp(field->string, "username") ? username : NULL;

		if(!to || *to) return "select";
		if(!glob || !glob_is_valid(glob)){
			return to == clientid ? "select.clientid" : "select.username";
		}
		*to = glob;
	}
	return NULL;
}

/*
 * A standing subscription of a command, or of an item of the file made to look like one. NULL: the command has failed.
 */
static struct standing *read_standing(struct command *command)
{
	const cJSON *by = fields_get(command->json, "by");
	const char *name = read_name(command->json);
	const char *clientid, *username;
	const char *wrong = name ? read_select(command->json, &clientid, &username) : "name";
	struct standing *standing;
	char *example;
	uint8_t options;
	bool is_valid;

	if(!wrong && by && !fields_note(by, MAX_BY)){
		wrong = "by";
	}
	if(wrong){
		command_fail_field(command, wrong, "Invalid standing subscription");
		return NULL;
	}
	if(!command_read_topic(command)) return NULL;
	example = topic_for(command->topic, "x");
	if(!example){
		command_fail_field(command, "topic", "Invalid topic filter");
		return NULL;
	}
	is_valid = subscription_read_options(command, example, &options);
	mosquitto_free(example);
	if(!is_valid) return NULL;
	standing = mosquitto_calloc(1, sizeof(struct standing));
	if(!standing || !copy(&standing->name, name, &standing->bytes)
			|| !copy(&standing->clientid, clientid, &standing->bytes)
			|| !copy(&standing->username, username, &standing->bytes)
			|| !copy(&standing->topic, command->topic, &standing->bytes)
			|| !copy(&standing->by, by ? fields_note(by, MAX_BY) : NULL, &standing->bytes)){
		free_standing(standing);
		command_fail(command, FAILED_INTERNAL);
		return NULL;
	}
	standing->bytes += sizeof(struct standing);
	standing->options = options;
	standing->since = clock_now_ms();
	return standing;
}

/* setStandingSubscription and deleteStandingSubscription: it is stored, and then there is one pass over all clients. */
struct pass {
	struct standing *to_set;   /* until it is put among the others */
	char name[MAX_NAME+1];
	bool unsubscribes;
	struct standing *old;      /* its subscriptions go; held */
	struct standing *set;      /* NULL: it is deleted; held */
	uint64_t after;
	int64_t clients;
	int64_t skipped;
	int64_t unsubscribed;
};

static void free_pass(void *state)
{
	struct pass *pass = state;

	free_standing(pass->to_set);
	hold(pass->old, -1);
	hold(pass->set, -1);
}

/* Takes away what the old one made, but for what the new one makes again. */
static void take_away(struct pass *pass, struct client *client)
{
	struct subscription *next;

	for(struct subscription *one=client->subscriptions; one; one=next){
		next = one->next;
		if(one->standing == pass->old && subscription_remove(client, one->filter) == MOSQ_ERR_SUCCESS){
			pass->unsubscribed++;
		}
	}
}

static bool makes_the_same(const struct pass *pass, const struct client *client, const struct mosquitto *context)
{
	return pass->set && !pass->set->is_removed && !strcmp(pass->set->topic, pass->old->topic)
			&& selects(pass->set, client->id, mosquitto_client_username(context));
}

/* The new one takes over what the old one made. */
static void hand_over(struct pass *pass, struct client *client)
{
	for(struct subscription *one=client->subscriptions; one; one=one->next){
		if(one->standing == pass->old){
			clients_set_subscription(client, one->filter, one->options, one->identifier, BY_STANDING, pass->set);
		}
	}
}

static void pass_on_client(struct pass *pass, struct client *client, const struct mosquitto *context)
{
	if(pass->old && makes_the_same(pass, client, context)){
		hand_over(pass, client);
	}else if(pass->old){
		take_away(pass, client);
		standing_apply(client); /* another one may want what was taken away */
	}
	if(pass->set){
		enum applied applied = apply(pass->set, client, context);

		pass->clients += applied == APPLIED;
		pass->skipped += applied == SKIPPED;
	}
}

static void go_over_clients(struct command *command)
{
	struct pass *pass = command->state;
	struct json_text data = { 0 };
	struct client *client;

	while((client = clients_after(pass->after))){
		const struct mosquitto *context;

		pass->after = client->sequence;
		context = sessions_context(client);
		if(context){
			pass_on_client(pass, client, context);
		}
		if(command_turn_is_over()) return;
	}
	json_open_object(&data, NULL);
	if(pass->set){
		json_integer(&data, "clients", pass->clients);
		json_integer(&data, "skipped", pass->skipped);
		json_bool(&data, "replaced", pass->old != NULL);
	}else{
		json_integer(&data, "unsubscribed", pass->unsubscribed);
	}
	json_close_object(&data);
	command_succeed(command, &data);
}

/* Takes the one of this name out and puts another one in; both may be NULL. */
static struct standing *exchange(const char *name, struct standing *in)
{
	bool found;
	int index = index_of(name, &found);
	struct standing *out = found ? take(index) : NULL;

	if(in){
		insert(in, index);
	}
	return out;
}

static void confirm(struct command *command)
{
	struct pass *pass = command->state;
	bool is_stored;

	if(command_waits_for_store(command, &is_stored)) return;
	if(!is_stored){
		command_fail(command, FAILED_STORE);
		return;
	}
	pass->set = pass->to_set;
	pass->to_set = NULL;
	pass->old = exchange(pass->name, pass->set);
	hold(pass->old, 1);
	hold(pass->set, 1);
	if(pass->old){
		retire(pass->old);
	}
	if(!pass->set && !pass->unsubscribes){
		pass->after = UINT64_MAX;
	}
	command->step = go_over_clients;
	go_over_clients(command);
}

/* Stores the change; it is made when it is stored. */
static void change(struct command *command)
{
	struct pass *pass = command->state;
	const struct standing *old;
	bool found;
	int index;

	if(command_waits_to_store(command)) return;
	index = index_of(pass->name, &found);
	old = found ? all[index] : NULL;
	if(!pass->to_set && !old){
		command_fail(command, FAILED_STANDING_SUBSCRIPTION_NOT_FOUND);
	}else if(pass->to_set && count - found >= MAX_STANDING){
		command_fail_number(command, FAILED_TOO_MANY, "limit", MAX_STANDING);
	}else if(pass->to_set && all_bytes - (old ? old->bytes : 0) + pass->to_set->bytes > MAX_STANDING_BYTES){
		command_fail_number(command, FAILED_TOO_MANY, "limit", MAX_STANDING_BYTES);
	}else{
		store_all(command, old, pass->to_set);
		command->step = confirm;
		confirm(command);
	}
}

void set_standing(struct command *command)
{
	struct pass *pass = command_new_state(command, sizeof(struct pass), change, free_pass);

	if(pass){
		pass->to_set = read_standing(command);
	}
	if(pass && pass->to_set){
		strcpy(pass->name, pass->to_set->name);
		change(command);
	}
}

/* The command's `name`; NULL: the command has failed. */
static const char *command_name(struct command *command)
{
	const char *name = read_name(command->json);

	if(!name){
		command_fail_field(command, "name", "Invalid/missing name");
	}
	return name;
}

void get_standing(struct command *command)
{
	const char *name = command_name(command);
	struct json_text data = { 0 };
	bool found;
	int index;

	if(!name) return;
	index = index_of(name, &found);
	if(!found){
		command_fail(command, FAILED_STANDING_SUBSCRIPTION_NOT_FOUND);
		return;
	}
	write_standing(&data, NULL, all[index], false);
	command_succeed(command, &data);
}

void delete_standing(struct command *command)
{
	struct pass *pass = command_new_state(command, sizeof(struct pass), change, free_pass);
	const char *name = pass ? command_name(command) : NULL;

	if(name && command_read_bool(command, "unsubscribe", &pass->unsubscribes)){
		strcpy(pass->name, name);
		change(command);
	}
}

void list_standing(struct command *command)
{
	const cJSON *cursor = fields_get(command->json, "cursor");
	const char *after = cJSON_GetStringValue(cursor);
	struct json_text data = { 0 };
	int64_t limit;
	bool found;
	int index;

	if(!command_read_limit(command, &limit)) return;
	if(cursor && (!after || strlen(after) > MAX_NAME)){
		command_fail_field(command, "cursor", "Invalid cursor");
		return;
	}
	index = index_of(after ? after : "", &found);
	index += found;
	json_open_object(&data, NULL);
	json_open_array(&data, "standingSubscriptions");
	for(; index<count && limit>0 && data.length < MAX_PAGE_BYTES; index++, limit--){
		write_standing(&data, NULL, all[index], false);
	}
	json_close_array(&data);
	json_string(&data, "cursor", index < count ? all[index-1]->name : NULL);
	json_integer(&data, "totalCount", count);
	json_close_object(&data);
	command_succeed(command, &data);
}

/* Takes in an item of the file: it has the fields of a command. */
static bool load_item(const cJSON *json)
{
	static const struct options options;
	static const struct control_api nobody;
	struct request request = { .options = &options, .api = &nobody, .sender_id = (char *)"" };
	struct command command = { .request = &request, .json = json, .name = "stored standing subscription" };
	struct standing *standing = read_standing(&command);
	bool found;
	int index;

	if(!standing) return false;
	index = index_of(standing->name, &found);
	if(found || count >= MAX_STANDING
			|| !fields_whole_number(fields_get(json, "since"), 0, MAX_SAFE_INTEGER, &standing->since)){
		free_standing(standing);
		return false;
	}
	insert(standing, index);
	return true;
}

bool standing_load(const char *dir)
{
	if(!is_loaded && dir){
		is_loaded = store_load(dir, STORE_NAME, "standingSubscriptions", load_item);
		return is_loaded;
	}
	return true;
}

/* After clients_cleanup(): nobody has a subscription of theirs any more. */
void standing_cleanup(void)
{
	while(count > 0){
		retire(take(count-1));
	}
	is_loaded = false;
	is_applying = false;
}
