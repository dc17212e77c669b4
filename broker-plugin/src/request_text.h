#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies a payload to be parsed as JSON, NUL-terminated. NULL if it cannot be JSON (a NUL byte, not UTF-8: RFC 8259
 * sections 7 and 8.1) or memory is short. Free with mosquitto_free().
 *
 * The escape of U+0000 is replaced by that of U+FFFF, which MQTT forbids just as much. cJSON ends a string at a NUL, so
 * the client id "a\u0000b" would arrive as "a": another client. This way it arrives as something no check lets pass.
 */
char *request_text_copy(const void *payload, size_t length);

/* Length of the UTF-8 sequence at the start of the text, 0 if there is none (RFC 3629 section 4) or it is a NUL. */
size_t request_text_sequence(const char *text, size_t length);

/* Whether a parsed string holds such a replaced U+0000. */
bool request_text_has_nul(const char *string);
