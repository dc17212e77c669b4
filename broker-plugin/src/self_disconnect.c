#include "self_disconnect.h"

#include <string.h>

#include "broker_api.h"
#include "connected_clients.h"

/* The reply is sent at the start of the broker's loop; 2.1 ticks after that, 2.0 at the loop's end and so once before. */
#define TICKS_UNTIL_REPLIED (BUILT_FOR_2_1 ? 1 : 2)

struct scheduled {
	struct scheduled *next;
	int ticks_left;
	bool with_will;
	char clientid[];
};

static struct scheduled *first;

bool self_disconnect_schedule(const char *clientid, bool with_will)
{
	size_t length = strlen(clientid);
	struct scheduled *scheduled;

	for(scheduled=first; scheduled; scheduled=scheduled->next){
		if(!strcmp(scheduled->clientid, clientid)){
			return true;
		}
	}
	scheduled = mosquitto_calloc(1, sizeof(struct scheduled)+length+1);
	if(!scheduled){
		return false;
	}
	scheduled->ticks_left = TICKS_UNTIL_REPLIED;
	scheduled->with_will = with_will;
	memcpy(scheduled->clientid, clientid, length);
	scheduled->next = first;
	first = scheduled;
	return true;
}


/* The client may have gone by itself since it asked. 2.0 cannot tell; there its kick leaves an offline client alone. */
static bool is_connected(const char *clientid)
{
#if BUILT_FOR_2_1
	return connected_clients_find(mosquitto_client(clientid), NULL);
#else
	(void)clientid;
	return true;
#endif
}


void self_disconnect_tick(void)
{
	struct scheduled **link = &first;

	while(*link){
		struct scheduled *scheduled = *link;

		if(--scheduled->ticks_left > 0){
			link = &scheduled->next;
			continue;
		}
		*link = scheduled->next;
		if(is_connected(scheduled->clientid)){
			mosquitto_kick_client_by_clientid(scheduled->clientid, scheduled->with_will);
		}
		mosquitto_free(scheduled);
	}
}


void self_disconnect_cleanup(void)
{
	while(first){
		struct scheduled *scheduled = first;

		first = scheduled->next;
		mosquitto_free(scheduled);
	}
}
