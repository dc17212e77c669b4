/*
 * Files of the plugin's own, in the folder of plugin_opt_state_dir: small, read at start, and replaced as a whole. A file
 * is never seen half-written, and what store_replace() confirmed is there after a crash of the machine.
 */
#ifndef STORE_H
#define STORE_H

#include <cjson/cJSON.h>

#include "json_text.h"

/* Replaces the file by this text, readable for nobody else. False, and logged, if anything fails. */
bool store_replace(const char *dir, const char *name, const struct json_text *text);

/*
 * Reads a file of the form {"format": name, "version": 1, ...}. NULL if there is none; that, or anything else that does
 * not fit, is told by `failed`, with a line in the log. Free with cJSON_Delete().
 */
cJSON *store_read(const char *dir, const char *name, bool *failed);

/* Begins such a file. */
void store_write_head(struct json_text *json, const char *name);

#endif
