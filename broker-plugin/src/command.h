#ifndef COMMAND_H
#define COMMAND_H

#include <cjson/cJSON.h>

#include "options.h"
#include "reply.h"

/* Error texts that more than one command gives. */
#define ERROR_CLIENT_NOT_FOUND "Client not found"
#define ERROR_INTERNAL "Internal error"
#define ERROR_NOT_SUPPORTED "Not supported by this Mosquitto version"

/* One request message while it is worked on. The strings belong to the sender's connection. */
struct request {
	const struct options *options;
	struct mosquitto *sender;
	const char *sender_id;
	const char *sender_username;  /* NULL if it has none */
	const char *sender_address;   /* NULL for a bridge */
	int clients_scanned;          /* by the listClients commands so far */
	struct reply reply;
};

/* One command of it. */
struct command {
	struct request *request;
	const cJSON *json;
	const char *name;
	const char *correlation_data; /* NULL if it has none */
	const char *clientid;         /* set by command_read_clientid() */
	const char *topic;            /* set by command_read_topic() */
};

/* The command's name as given, NULL if it is missing or nothing that could be logged. */
const char *command_given_name(const cJSON *json);

/*
 * Read a field into the command. Both must be non-empty strings that MQTT allows (specification 5.0, section 1.5.4);
 * if not, the error is replied and false returned.
 */
bool command_read_clientid(struct command *command);
bool command_read_topic(struct command *command);

/* Log the outcome with who asked, and reply. A command ends with exactly one of these; succeed owns `data`. */
void command_succeed(struct command *command, cJSON *data);
void command_fail(struct command *command, const char *error);

#endif
