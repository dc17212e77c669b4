/*
 * Files of the plugin's own, in the folder of plugin_opt_state_dir: small, read at start, and replaced as a whole. A file
 * is never seen half-written, and what was confirmed as stored is there after a crash of the machine.
 */
#pragma once

#include "json_text.h"

#define STORE_PATH_BYTES 4096

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
 * Reads a file: its path and its text, NULL if there is none (free with mosquitto_free()). False, and logged, if it cannot be
 * read.
 */
bool store_read(const char *dir, const char *name, char path[STORE_PATH_BYTES], char **text);
