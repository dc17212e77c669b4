#include "clients.h"

#include <search.h>
#include <string.h>

#include "limits.h"
#include "standing.h"

static void *by_id; /* a tree of search.h, whose nodes begin with a pointer to a client */

/* By sequence: in rising order; who has gone leaves a place without client, until places run short. */
struct place {
	uint64_t sequence;
	struct client *client;
};

static struct place *places;
static size_t place_count;
static size_t place_capacity;

static int client_count;
static uint64_t last_sequence;

static int compare(const void *one, const void *other)
{
	return strcmp(((const struct client *)one)->id, ((const struct client *)other)->id);
}

/* Closes the gaps, and makes more room if there were few. */
static bool make_place(void)
{
	size_t kept = 0;

	if(place_count < place_capacity) return true;
	for(size_t i=0; i<place_count; i++){
		if(places[i].client) places[kept++] = places[i];
	}
	place_count = kept;
	if(kept >= place_capacity - place_capacity/4){
		size_t capacity = place_capacity ? 2*place_capacity : 64;
		struct place *grown = mosquitto_realloc(places, capacity*sizeof(struct place));

		if(!grown) return place_count < place_capacity;
		places = grown;
		place_capacity = capacity;
	}
	return true;
}

/* The index of the first place with a greater sequence. */
static size_t place_after(uint64_t sequence)
{
	static size_t hint; /* mostly the question is for the one after the last answer */
	size_t low = 0, high = place_count;

	if(hint < place_count && places[hint].sequence == sequence) return ++hint;
	while(low < high){
		size_t middle = low + (high-low)/2;

		if(places[middle].sequence > sequence){
			high = middle;
		}else{
			low = middle+1;
		}
	}
	hint = low;
	return low;
}

struct client *clients_after(uint64_t sequence)
{
	for(size_t i=place_after(sequence); i<place_count; i=place_after(places[i].sequence)){
		if(places[i].client) return places[i].client;
	}
	return NULL;
}

struct client *clients_find(const char *id)
{
	const struct client wanted = { .id = (char *)id };
	struct client **found = tfind(&wanted, &by_id, compare);

	return found ? *found : NULL;
}

int clients_count(void)
{
	return client_count;
}

struct client *clients_add(const char *id)
{
	struct client *client = clients_find(id);

	if(client) return client;
	client = mosquitto_calloc(1, sizeof(struct client));
	if(!client || !(client->id = mosquitto_strdup(id)) || !make_place() || !tsearch(client, &by_id, compare)){
		if(client) mosquitto_free(client->id);
		mosquitto_free(client);
		return NULL;
	}
	client->sequence = ++last_sequence;
	places[place_count++] = (struct place){ client->sequence, client };
	client_count++;
	return client;
}

void clients_remove(struct client *client)
{
	tdelete(client, &by_id, compare);
	places[place_after(client->sequence-1)].client = NULL;
	client_count--;
	clients_forget_subscriptions(client);
	mosquitto_free(client->id);
	mosquitto_free(client);
}

/* The link that points to it, or to NULL at the end. */
static struct subscription **subscription_link(struct subscription **link, const char *filter)
{
	while(*link && strcmp((*link)->filter, filter)) link = &(*link)->next;
	return link;
}

struct subscription *clients_find_subscription(const struct client *client, const char *filter)
{
	struct subscription *first = client->subscriptions;

	return *subscription_link(&first, filter);
}

/* Those that the client made itself are limited. */
static void count_own(struct client *client, const struct subscription *subscription, int change)
{
	if(subscription->by != BY_CLIENT) return;
	client->own_subscription_count += change;
	client->own_subscription_bytes += change*(int64_t)strlen(subscription->filter);
}

static struct subscription *new_subscription(struct client *client, const char *filter, enum subscriber by)
{
	size_t length = strlen(filter);
	struct subscription *subscription = NULL;

	if(by != BY_CLIENT || (client->own_subscription_count < MAX_SUBSCRIPTIONS_REMEMBERED
			&& client->own_subscription_bytes + (int64_t)length <= MAX_SUBSCRIPTION_BYTES_REMEMBERED)){
		subscription = mosquitto_calloc(1, sizeof(struct subscription)+length+1);
	}
	if(!subscription) return NULL;
	memcpy(subscription->filter, filter, length);
	subscription->by = by;
	client->subscription_count++;
	count_own(client, subscription, 1);
	return subscription;
}

void clients_set_subscription(struct client *client, const char *filter, uint8_t options, uint32_t identifier,
		enum subscriber by, struct standing *standing)
{
	struct subscription **link = subscription_link(&client->subscriptions, filter);

	if(!*link) *link = new_subscription(client, filter, by);
	if(!*link) return;
	standing_count_subscription(standing, 1);
	standing_count_subscription((*link)->standing, -1);
	count_own(client, *link, -1);
	(*link)->options = options;
	(*link)->identifier = identifier;
	(*link)->by = by;
	(*link)->standing = standing;
	count_own(client, *link, 1);
}

static void free_subscription(struct client *client, struct subscription **link)
{
	struct subscription *subscription = *link;

	*link = subscription->next;
	standing_count_subscription(subscription->standing, -1);
	client->subscription_count--;
	count_own(client, subscription, -1);
	mosquitto_free(subscription);
}

void clients_forget_subscription(struct client *client, const char *filter)
{
	struct subscription **link = subscription_link(&client->subscriptions, filter);

	if(*link) free_subscription(client, link);
}

void clients_forget_subscriptions(struct client *client)
{
	while(client->subscriptions) free_subscription(client, &client->subscriptions);
}

void clients_cleanup(void)
{
	struct client *client;

	while((client = clients_after(0))) clients_remove(client);
	mosquitto_free(places);
	places = NULL;
	place_count = place_capacity = 0;
}
