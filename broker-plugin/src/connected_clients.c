#include "connected_clients.h"

#include <time.h>

#if BUILT_FOR_2_1

/* A hash table with chaining that doubles when it is full; clients are told apart by their address in the broker. */
struct entry {
	const struct mosquitto *client;
	int64_t since_ms;
	struct entry *next;
};

static struct entry **buckets;
static size_t bucket_count; /* 0 or a power of two */
static size_t entry_count;

static struct entry **bucket_of(struct entry **table, size_t count, const struct mosquitto *client)
{
	uint64_t hash = (uint64_t)(uintptr_t)client * UINT64_C(0x9E3779B97F4A7C15); /* Fibonacci hashing */

	return &table[(hash >> 32) & (count-1)];
}


static bool grow(void)
{
	size_t grown_count = bucket_count ? 2*bucket_count : 64;
	struct entry **grown = mosquitto_calloc(grown_count, sizeof(struct entry *));

	if(!grown){
		return false;
	}
	for(size_t i=0; i<bucket_count; i++){
		while(buckets[i]){
			struct entry *entry = buckets[i];
			struct entry **bucket = bucket_of(grown, grown_count, entry->client);

			buckets[i] = entry->next;
			entry->next = *bucket;
			*bucket = entry;
		}
	}
	mosquitto_free(buckets);
	buckets = grown;
	bucket_count = grown_count;
	return true;
}


/* The link that points to the client's entry, or to NULL if there is none. NULL if there is no table. */
static struct entry **find(const struct mosquitto *client)
{
	struct entry **link;

	if(bucket_count == 0){
		return NULL;
	}
	link = bucket_of(buckets, bucket_count, client);
	while(*link && (*link)->client != client){
		link = &(*link)->next;
	}
	return link;
}


static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec*1000 + now.tv_nsec/1000000;
}


int connected_clients_on_connect(int event, void *event_data, void *userdata)
{
	const struct mosquitto *client = ((const struct mosquitto_evt_connect *)event_data)->client;
	struct entry **link;

	(void)event;
	(void)userdata;
	if(entry_count == bucket_count){
		(void)grow(); /* without room to grow the chains only get longer */
	}
	link = find(client);
	if(link && !*link){
		*link = mosquitto_calloc(1, sizeof(struct entry));
		if(*link){
			entry_count++;
		}
	}
	if(!link || !*link){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: out of memory, client '%s' cannot be disconnected.",
				mosquitto_client_id(client));
		return MOSQ_ERR_SUCCESS;
	}
	(*link)->client = client;
	(*link)->since_ms = now_ms();
	return MOSQ_ERR_SUCCESS;
}


static void forget(const struct mosquitto *client)
{
	struct entry **link = find(client);

	if(link && *link){
		struct entry *gone = *link;

		*link = gone->next;
		mosquitto_free(gone);
		entry_count--;
	}
}


int connected_clients_on_gone(int event, void *event_data, void *userdata)
{
	(void)userdata;
	if(event == MOSQ_EVT_CLIENT_OFFLINE){
		forget(((const struct mosquitto_evt_client_offline *)event_data)->client);
	}else{
		forget(((const struct mosquitto_evt_disconnect *)event_data)->client);
	}
	return MOSQ_ERR_SUCCESS;
}


bool connected_clients_find(const struct mosquitto *client, int64_t *since_ms)
{
	struct entry **link = find(client);

	if(!link || !*link){
		return false;
	}
	if(since_ms){
		*since_ms = (*link)->since_ms;
	}
	return true;
}


void connected_clients_cleanup(void)
{
	for(size_t i=0; i<bucket_count; i++){
		while(buckets[i]){
			struct entry *entry = buckets[i];

			buckets[i] = entry->next;
			mosquitto_free(entry);
		}
	}
	mosquitto_free(buckets);
	buckets = NULL;
	bucket_count = 0;
	entry_count = 0;
}

#endif
