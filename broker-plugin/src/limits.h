/* Bounds that keep one message from occupying the broker, which has a single thread for everything, or its memory. */
#ifndef LIMITS_H
#define LIMITS_H

#include "broker_api.h"

/* Microseconds of work in one turn of the broker's loop. 2.0 waits 100 ms for the next turn when nothing else happens. */
#define TURN_US (BUILT_FOR_2_1 ? 5000 : 15000)

/* Microseconds of it after which the commands of another sender have their turn. */
#define SHARE_US 1000

/* Microseconds that the broker is held up for the disk, at most, before it goes on and looks again later. */
#define STORE_WAIT_US 15000

/* Bytes of one request message. Parsing takes up to 40 times as much memory for a moment. */
#define MAX_REQUEST_BYTES (2u * 1024 * 1024)

/* Commands in one request message; a message with more is refused as a whole. */
#define MAX_COMMANDS 20000

/* Request messages that wait for their turn, and the bytes of all of them. */
#define MAX_REQUESTS_WAITING 256
#define MAX_REQUEST_BYTES_WAITING (4u * 1024 * 1024)

/* Bytes of responses after which a reply message is sent and the next one begun. */
#define REPLY_FLUSH_BYTES (64u * 1024)

/* Bytes after which a page of clients ends, however few they are, and one of the inspect API, which cannot be continued. */
#define MAX_PAGE_BYTES (1024u * 1024)
#define MAX_PRO_PAGE_BYTES (16u * MAX_PAGE_BYTES)

/* Clients in one listClients reply of the inspect API, whatever `count` says. */
#define MAX_CLIENTS_LISTED 10000

/* `Not authorized` answers that one connection gets at once, and seconds until it gets another one. */
#define REFUSALS_AT_ONCE 10
#define REFUSAL_REFILL_SECONDS 60

/* Subscriptions remembered of one client, and the bytes of their filters. */
#define MAX_SUBSCRIPTIONS_REMEMBERED 1000
#define MAX_SUBSCRIPTION_BYTES_REMEMBERED (256u * 1024)

/* Bans, those of them that hold a wildcard or are a network (each login is compared with all of these), and their bytes. */
#define MAX_BANS 10000
#define MAX_PATTERN_BANS 1000
#define MAX_BAN_BYTES (4u * 1024 * 1024)

/* Ids in the answer to setBan. */
#define MAX_BANNED_LISTED 10000

/* Standing subscriptions, and the bytes of all of them. */
#define MAX_STANDING 1000
#define MAX_STANDING_BYTES (4u * 1024 * 1024)

/* Events that wait to be sent, their bytes, and the events in one message. */
#define MAX_EVENTS_WAITING 10000
#define MAX_EVENT_BYTES_WAITING (8u * 1024 * 1024)
#define MAX_EVENTS_PER_MESSAGE 200

/* Connections that watch events. */
#define MAX_WATCHERS 16

#endif
