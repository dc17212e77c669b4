/* Cursors of lists whose items have rising numbers. */
#ifndef CURSOR_H
#define CURSOR_H

#include "command.h"

/* A cursor of this broker process, at most 40 characters long; null for 0: there is no more. */
void cursor_write(struct json_text *json, const char *key, uint64_t after);

/* Reads the field `cursor`, 0 when it is missing. False: the command has failed. */
bool cursor_read(struct command *command, uint64_t *after);

#endif
