/* Which clients: the filter of the control protocol, see docs/control-protocol.md. */
#ifndef FILTER_H
#define FILTER_H

#include <cjson/cJSON.h>

#include "clients.h"

/* An address or a network. IPv4 is held as IPv4-mapped IPv6. */
struct network {
	unsigned char address[16];
	int prefix_bits;
};

struct filter {
	char *clientid;             /* a glob; NULL: any */
	char *username;             /* a glob; NULL: any */
	bool has_network;
	struct network network;
	bool has_connected;
	bool connected;
	int protocol_version;       /* 0: any */
	int64_t connected_before;   /* ms; 0: not given */
	int64_t connected_after;    /* ms; -1: not given */
};

#define ANONYMOUS "<anonymous>"

/*
 * "10.0.0.7", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.0/104"; false for anything else. The bits after the prefix do
 * not count.
 */
bool network_read(struct network *network, const char *text);

/* Whether it is a single address. */
bool network_is_address(const struct network *network);

/* A network of IPv6 holds no IPv4 address, however that is written. */
bool network_holds(const struct network *network, const struct network *address);

/* Whether it holds all of IPv4 or all of IPv6. */
bool network_is_everybody(const struct network *network);

/*
 * Reads a filter. Returns NULL, or the name of what is wrong with it: `filter` or `filter.<field>`. In every case
 * filter_free() must follow.
 */
const char *filter_read(struct filter *filter, const cJSON *json);

/* `context` is the client's in the broker. */
bool filter_matches(const struct filter *filter, const struct client *client, const struct mosquitto *context);

void filter_free(struct filter *filter);

#endif
