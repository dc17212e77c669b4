/* Which clients: the filter of the control protocol, see docs/control-protocol.md. */
#pragma once

#include "command.h"
#include "network.h"

struct filter {
	bool is_given;              /* the field was there */
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

#define FILTER_FIELDS "clientid username address connected protocolVersion connectedBefore connectedAfter"

/*
 * Reads a filter from a field of a command, which may hold what is `allowed` (see fields_is_listed()). False: the command is
 * answered. In every case filter_free() must follow.
 */
bool filter_read(struct command *command, const char *field, const char *allowed, struct filter *filter);

/* `context` is the client's in the broker. */
bool filter_matches(const struct filter *filter, const struct client *client, const struct mosquitto *context);

/* The same for one client and very many filters, see glob_matches_within(). */
bool filter_matches_within(const struct filter *filter, const struct client *client, const struct mosquitto *context,
		size_t *steps);

void filter_free(struct filter *filter);
