/*
 * What the operator should know: logged, at most once a second for each kind whoever causes it, and kept for `describe`.
 */
#pragma once

#include "broker_api.h"
#include "json_text.h"

enum warning {
	WARNING_NOT_ALLOWED,       /* a sender that may not command; only logged */
	WARNING_OTHER_LISTENER,
	WARNING_BANNED_GOT_IN,
	WARNING_NO_STATE_DIR,
	WARNING_STATE_DIR_NOT_WRITABLE,
	WARNING_NOT_TRACKING,
	WARNING_ANONYMOUS_CONTROL,
	WARNING_COUNT
};

/* Logs the warning and remembers it, at the start. */
void warnings_note(enum warning warning);

/* The same about a client. */
void warnings_raise(enum warning warning, const struct mosquitto *client);

/* The remembered warnings as an array of texts. */
void warnings_write(struct json_text *json, const char *key);

void warnings_cleanup(void);
