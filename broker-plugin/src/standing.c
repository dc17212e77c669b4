#include "standing.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "control.h"
#include "fields.h"
#include "filter.h"
#include "glob.h"
#include "limits.h"
#include "records.h"
#include "sessions.h"
#include "subscription.h"

#define PLACEHOLDER "${clientid}"
#define MAX_NAME 64
#define INVALID "Invalid standing subscription"
#define MAX_BY 200
#define MAX_FILTER_BYTES 65535
#define APPLY_US 2000 /* of a tick, for standing_apply_to_all() */

struct standing {
	struct record record;  /* its key is the name */
	struct filter select;
	char *topic;
	uint8_t options;
	int subscriptions;     /* that it made and that are there: each holds it */
	bool is_removed;       /* and lives on only for those who hold it */
};

/* standing_apply_to_all() */
static bool is_applying;
static uint64_t applied_to;

void standing_count_subscription(struct standing *standing, int change)
{
	if(!standing) return;
	standing->subscriptions += change;
	if(change > 0){
		record_hold(&standing->record);
	}else{
		record_release(&standing->record);
	}
}

static void free_standing(struct record *record)
{
	struct standing *standing = (struct standing *)record;

	filter_free(&standing->select);
	mosquitto_free(standing->topic);
	mosquitto_free(standing);
}

static void retire(struct record *record)
{
	((struct standing *)record)->is_removed = true;
}

static void write_standing(struct json_text *json, const struct record *record)
{
	const struct standing *standing = (const struct standing *)record;

	json_string(json, "name", record->key);
	json_open_object(json, "select");
	json_string_if_known(json, "clientid", standing->select.clientid);
	json_string_if_known(json, "username", standing->select.username);
	json_close_object(json);
	json_string(json, "topic", standing->topic);
	subscription_write_options(json, standing->options);
	json_string(json, "by", record->by);
	json_integer(json, "since", record->since);
}

static void write_clients(struct json_text *json, const struct record *record)
{
	json_integer(json, "clients", ((const struct standing *)record)->subscriptions);
}

static struct record *read_stored(const cJSON *json);
static struct record *all[MAX_STANDING];
static struct records standings = {
	.file = "standing-subscriptions",
	.name = "standingSubscriptions",
	.by_key = true,
	.max_count = MAX_STANDING,
	.max_bytes = MAX_STANDING_BYTES,
	.not_found = FAILED_STANDING_SUBSCRIPTION_NOT_FOUND,
	.write = write_standing,
	.write_more = write_clients,
	.read = read_stored,
	.removed = retire,
	.free = free_standing,
	.all = all,
};

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
	while(text.length <= MAX_FILTER_BYTES && (found = strstr(rest, PLACEHOLDER))){
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
 * `context` is the client's in the broker, `steps` are those that comparing may still take (see glob.h).
 */
static enum applied apply(struct standing *standing, struct client *client, const struct mosquitto *context, size_t *steps)
{
	int rc = MOSQ_ERR_SUCCESS;

	if(standing->is_removed || access_is_control_client(client)
			|| !filter_matches_within(&standing->select, client, context, steps)){
		return NOT_APPLIED;
	}
	char *topic = topic_for(standing->topic, client->id);
	if(!topic) return SKIPPED;
	const struct subscription *known = clients_find_subscription(client, topic);
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
	const struct mosquitto *context = standings.count ? sessions_context(client) : NULL;
	size_t steps = MAX_LOGIN_STEPS;

	for(int i=0; context && i<standings.count; i++) apply((struct standing *)all[i], client, context, &steps);
}

void standing_apply_to_all(void)
{
	is_applying = standings.count > 0;
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

/* ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ */
static const char *read_name(const cJSON *json)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *name = cJSON_GetStringValue(fields_get(json, "name"));
	size_t length = name ? strlen(name) : 0;

	return length > 0 && length <= MAX_NAME && strspn(name, allowed) == length && !strchr("._-", name[0]) ? name : NULL;
}

/* Reads `topic`, `qos` and `options`; false: the command is answered. */
static bool read_subscription(struct command *command, uint8_t *options)
{
	char *example = command_read_topic(command) ? topic_for(command->topic, "x") : NULL;
	bool is_valid = example && subscription_read_options(command, example, options);

	if(command->topic && !example) command_refuse_field(command, "topic", "Invalid topic filter");
	mosquitto_free(example);
	return is_valid;
}

/* Fills one with what a command says, or an item of the file made to look like one. */
static enum outcome read_standing(struct command *command, struct standing *standing)
{
	const cJSON *by = fields_get(command->json, "by");
	const char *name = read_name(command->json);

	if(!name) return command_refuse_field(command, "name", INVALID);
	if(!fields_get(command->json, "select")) return command_refuse_field(command, "select", INVALID);
	if(!filter_read(command, "select", "clientid username", &standing->select)) return ANSWERED;
	if(by && !fields_note(by, MAX_BY)) return command_refuse_field(command, "by", INVALID);
	if(!read_subscription(command, &standing->options)) return ANSWERED;
	if(!fields_copy(&standing->record.key, name) || !fields_copy(&standing->record.by, by ? by->valuestring : NULL)
			|| !fields_copy(&standing->topic, command->topic)){
		return FAILED_INTERNAL;
	}
	return DONE;
}

/* An item of the file has the fields of a command. */
static struct record *read_stored(const cJSON *json)
{
	static const struct options options;
	static const struct control_api nobody;
	struct request request = { .options = &options, .api = &nobody, .sender_id = (char *)"" };
	struct command command = { .request = &request, .json = json, .name = "stored standing subscription" };
	struct standing *standing = record_new(&standings, sizeof(struct standing));

	if(standing && read_standing(&command, standing) == DONE) return &standing->record;
	record_release((struct record *)standing);
	return NULL;
}

/* setStandingSubscription and deleteStandingSubscription: it is stored, and then there is one pass over all clients. */
struct pass {
	struct change change;
	bool unsubscribes;
	struct standing *set;      /* held; NULL: it is deleted */
	struct standing *old;      /* its subscriptions go; held; NULL: there was none */
	int64_t clients;
	int64_t skipped;
	int64_t unsubscribed;
};

static void free_pass(void *state)
{
	struct pass *pass = state;

	record_release((struct record *)pass->set);
	record_release((struct record *)pass->old);
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
			&& filter_matches(&pass->set->select, client, context);
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

static bool pass_on_client(struct command *command, struct client *client, const struct mosquitto *context)
{
	struct pass *pass = command->state;

	if(pass->old && makes_the_same(pass, client, context)){
		hand_over(pass, client);
	}else if(pass->old){
		take_away(pass, client);
		standing_apply(client); /* another one may want what was taken away */
	}
	if(pass->set){
		size_t steps = SIZE_MAX;
		enum applied applied = apply(pass->set, client, context, &steps);

		pass->clients += applied == APPLIED;
		pass->skipped += applied == SKIPPED;
	}
	return true;
}

static enum outcome go_over_clients(struct command *command)
{
	struct pass *pass = command->state;

	if((pass->set || pass->unsubscribes) && command_walk(command, pass_on_client) == WALK_TURN_IS_OVER) return GOES_ON;
	if(pass->set){
		json_integer(&command->data, "clients", pass->clients);
		json_integer(&command->data, "skipped", pass->skipped);
		json_bool(&command->data, "replaced", pass->old != NULL);
	}else{
		json_integer(&command->data, "unsubscribed", pass->unsubscribed);
	}
	return DONE;
}

static enum outcome changed(struct command *command, struct record *old)
{
	((struct pass *)command->state)->old = (struct standing *)old;
	command->step = go_over_clients;
	return go_over_clients(command);
}

enum outcome set_standing(struct command *command)
{
	struct pass *pass = command_new_state(command, sizeof(struct pass), records_change, free_pass);

	if(pass) pass->set = record_new(&standings, sizeof(struct standing));
	if(!pass || !pass->set) return FAILED_INTERNAL;
	enum outcome outcome = read_standing(command, pass->set);
	if(outcome != DONE) return outcome;
	pass->change = (struct change){ &standings, pass->set->record.key, &pass->set->record, changed };
	return records_change(command);
}

enum outcome delete_standing(struct command *command)
{
	struct pass *pass = command_new_state(command, sizeof(struct pass), records_change, free_pass);
	const char *name = read_name(command->json);

	if(!pass) return FAILED_INTERNAL;
	if(!name) return command_refuse_field(command, "name", INVALID);
	if(!command_read_bool(command, "unsubscribe", &pass->unsubscribes)) return ANSWERED;
	pass->change = (struct change){ &standings, name, NULL, changed };
	return records_change(command);
}

enum outcome get_standing(struct command *command)
{
	const char *name = read_name(command->json);
	const struct record *found = name ? records_find(&standings, name) : NULL;

	if(!name) return command_refuse_field(command, "name", INVALID);
	if(!found) return FAILED_STANDING_SUBSCRIPTION_NOT_FOUND;
	records_answer(&command->data, found);
	return DONE;
}

enum outcome list_standing(struct command *command)
{
	return records_answer_list(command, &standings);
}

bool standing_load(const char *dir)
{
	return records_load(&standings, dir);
}

/* After clients_cleanup(): nobody has a subscription of theirs any more. */
void standing_cleanup(void)
{
	records_cleanup(&standings);
	is_applying = false;
}
