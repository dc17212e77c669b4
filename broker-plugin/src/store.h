/*
 * Files of the plugin's own, in the folder of plugin_opt_state_dir: small, read at start, and replaced as a whole. A file
 * is never seen half-written, and what was confirmed as stored is there after a crash of the machine.
 */
#ifndef STORE_H
#define STORE_H

#include <cjson/cJSON.h>

#include "json_text.h"

/*
 * Begins to replace a file by this text (which is emptied), readable for nobody else. Disks take their time, and the broker
 * has none: a thread of its own waits for the disk. One at a time: not while store_is_busy().
 */
void store_begin(const char *dir, const char *name, struct json_text *text);

/* Whether a file is being replaced whose end store_has_ended() has not told yet. */
bool store_is_busy(void);

/* Waits for it, but not longer than this. */
void store_wait(int64_t us);

/* Whether that has ended, and whether the file is on the disk; if not, that was logged. `waits`: until it has ended. */
bool store_has_ended(bool waits, bool *is_stored);

/* Waits for what is under way. */
void store_cleanup(void);

/*
 * Reads a file of the form {"format": name, "version": 1, list: [...]} and hands its items to `load`, in order, which says
 * whether it understood. True if it did for all, or there is no file; else a line in the log says what is wrong.
 */
bool store_load(const char *dir, const char *name, const char *list, bool (*load)(const cJSON *item));

/* Begins the text of such a file, up to its first item, and ends it. */
void store_open_list(struct json_text *json, const char *name, const char *list);
void store_close_list(struct json_text *json);

#endif
