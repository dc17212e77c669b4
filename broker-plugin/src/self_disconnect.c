#include "self_disconnect.h"

#include <string.h>

#include "sessions.h"

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
		if(!strcmp(scheduled->clientid, clientid)) return true;
	}
	scheduled = mosquitto_calloc(1, sizeof(struct scheduled)+length+1);
	if(!scheduled) return false;
	scheduled->ticks_left = TICKS_UNTIL_REPLIED;
	scheduled->with_will = with_will;
	memcpy(scheduled->clientid, clientid, length);
	scheduled->next = first;
	first = scheduled;
	return true;
}

void self_disconnect_tick(void)
{
	struct scheduled **link = &first;

	while(*link){
		struct scheduled *scheduled = *link;
		struct client *client;

		if(--scheduled->ticks_left > 0){
			link = &scheduled->next;
			continue;
		}
		*link = scheduled->next;
		client = clients_find(scheduled->clientid);
		if(client && sessions_is_connected(client)){ /* it may have gone by itself since it asked */
			sessions_kick(client, scheduled->with_will, LEAVING_KICKED);
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
