/*
 * The plugin's own table of clients: who is connected, since when, and what they are subscribed to. Mosquitto tells a
 * plugin when a client comes and goes, but not who is there. sessions.c keeps the table true; all commands go by it.
 *
 * An entry stands for one client id: while it is connected, and on 2.1 also while its session is kept without it.
 */
#pragma once

#include "broker_api.h"

struct standing;

/* Who made a subscription. */
enum subscriber { BY_CLIENT, BY_CONTROL, BY_STANDING };

struct subscription {
	struct subscription *next;
	struct standing *standing;  /* the standing subscription that made it, or NULL */
	uint32_t identifier;        /* 0: none */
	uint8_t options;            /* as in MQTT 5.0, section 3.8.3.1 */
	enum subscriber by;
	char filter[];
};

/* Why the plugin disconnects a client. */
enum client_leaving { NOT_LEAVING, LEAVING_KICKED, LEAVING_BANNED };

struct client {
	char *id;
	uint64_t sequence;                /* of clients in the order they came, from 1 on; never used twice */
	const struct mosquitto *context;  /* the broker's; NULL unless connected */
	int64_t connected_ms;             /* of the last connect; 0: not known */
	int64_t disconnected_ms;          /* of the last disconnect; 0: not known */
	int64_t refusals_since_us;
	struct subscription *subscriptions;
	int subscription_count;
	int own_subscription_count;       /* of these, that the client made itself */
	int refusals;
	int64_t own_subscription_bytes;   /* of the filters of those */
	int ticks_until_kick;             /* it asked for that itself; 0: it did not */
	bool kick_with_will;
	enum client_leaving leaving;      /* it was kicked, and its end has not come yet (2.0 and WebSocket only) */
	int64_t watches_until_us;         /* a time of the clock that is never set; 0: it does not watch events */
};

/* NULL if there is none. */
struct client *clients_find(const char *id);

/* The first one with a greater sequence, NULL at the end; begin with 0. Holds whatever comes and goes in between. */
struct client *clients_after(uint64_t sequence);

/* How many there are. */
int clients_count(void);

/* The entry of this id, made if there is none; NULL if memory is short. */
struct client *clients_add(const char *id);

/* Frees it. */
void clients_remove(struct client *client);

/* NULL if it is not known. */
struct subscription *clients_find_subscription(const struct client *client, const char *filter);

/*
 * Remembers a subscription; one of this filter is changed. Silently does not when memory is short, or when it is the client's own
 * and there are too many of these: what was made for it has to be found again, to be taken away.
 */
void clients_set_subscription(struct client *client, const char *filter, uint8_t options, uint32_t identifier,
		enum subscriber by, struct standing *standing);

void clients_forget_subscription(struct client *client, const char *filter);
void clients_forget_subscriptions(struct client *client);

void clients_cleanup(void);
