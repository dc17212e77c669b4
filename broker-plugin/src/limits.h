/* Bounds that keep one message from occupying the broker, which has a single thread for everything, or its memory. */
#pragma once

#include "broker_api.h"

/* Time that the broker's loop is held, in microseconds. */
#define TURN_US (BUILT_FOR_2_1 ? 5000 : 15000)  /* work in one turn; 2.0 waits 100 ms for the next when nothing else happens */
#define SHARE_US 1000                           /* of it, until the commands of another sender have their turn */
#define STORE_WAIT_US 15000                     /* for the disk, before it goes on and looks again later */

#define MAX_LOGIN_STEPS (1024u * 1024)          /* of glob.h: about 1 ms to compare a client with all bans, or all standing subscriptions */

/* Requests and replies. */
#define MAX_REQUEST_BYTES (2u * 1024 * 1024)         /* parsing takes up to 40 times as much memory for a moment */
#define MAX_COMMANDS 20000                           /* in one message; one with more is refused as a whole */
#define MAX_REQUESTS_WAITING 256                     /* for their turn */
#define MAX_REQUEST_BYTES_WAITING (4u * 1024 * 1024) /* of all of them */
#define REPLY_FLUSH_BYTES (64u * 1024)               /* after which a reply message is sent and the next one begun */

/* `Not authorized` answers that one connection gets at once, and seconds until it gets another one. */
#define REFUSALS_AT_ONCE 10
#define REFUSAL_REFILL_SECONDS 60

/* Lists of clients. */
#define MAX_PAGE_BYTES (1024u * 1024)            /* after which a page ends, however few are in it */
#define MAX_PRO_PAGE_BYTES (16u * MAX_PAGE_BYTES) /* the same for the inspect API, whose lists cannot be continued */
#define MAX_CLIENTS_LISTED 10000                 /* in one reply of the inspect API, whatever `count` says */

/* What is remembered. */
#define MAX_SUBSCRIPTIONS_REMEMBERED 1000                   /* of those that one client made itself */
#define MAX_SUBSCRIPTION_BYTES_REMEMBERED (256u * 1024)     /* of their filters */
#define MAX_BANS 10000
#define MAX_PATTERN_BANS 1000                               /* with a wildcard or a network: each login is compared with all */
#define MAX_BAN_BYTES (4u * 1024 * 1024)
#define MAX_BANNED_LISTED 10000                             /* ids in the answer to setBan */
#define MAX_STANDING 1000
#define MAX_STANDING_BYTES (4u * 1024 * 1024)

/* Events. */
#define MAX_WATCHERS 16                             /* connections that watch */
#define MAX_EVENTS_WAITING 10000                    /* to be sent in one turn */
#define MAX_EVENT_BYTES_WAITING (8u * 1024 * 1024)
#define MAX_EVENTS_PER_MESSAGE 200
