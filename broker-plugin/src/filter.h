/* Which clients: the filter of the control protocol, see docs/control-protocol.md. */
#ifndef FILTER_H
#define FILTER_H

#include <cjson/cJSON.h>

#include "clients.h"
#include "network.h"

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
 * Reads a filter. Returns NULL, or the name of what is wrong with it: `filter` or `filter.<field>`. In every case
 * filter_free() must follow.
 */
const char *filter_read(struct filter *filter, const cJSON *json);

/* `context` is the client's in the broker. */
bool filter_matches(const struct filter *filter, const struct client *client, const struct mosquitto *context);

void filter_free(struct filter *filter);

#endif
