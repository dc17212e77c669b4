/*
 * Lists that last, of bans and of standing subscriptions: each in memory and in a file of its own in plugin_opt_state_dir.
 * What changes is on the disk first, then in the list, and confirmed then.
 */
#pragma once

#include "command.h"

/* What all records have; the first member of each. */
struct record {
	const struct records *list;   /* to which it belongs, or is to belong */
	uint64_t sequence;            /* in the order they were set, from 1 on; 0: never */
	int64_t since;                /* ms */
	int holders;                  /* it is freed when the last one releases it: its list, commands, ... */
	char *key;                    /* says which one it is; no two have the same */
	char *by;                     /* may be NULL */
};

struct records {
	const char *file;             /* client-control-<file>.json, and the name of its format */
	const char *name;             /* of the list, there and in an answer */
	bool by_key;                  /* listed by key; else newest first */
	int max_count;
	size_t max_bytes;             /* of the file */
	enum outcome not_found;
	/* Writes a record's fields: for the file, and those that an answer has more. */
	void (*write)(struct json_text *json, const struct record *record);
	void (*write_more)(struct json_text *json, const struct record *record);
	/* A record of the file, with one holder; NULL if it is not understood. */
	struct record *(*read)(const cJSON *json);
	/* A limit of its own that the list would exceed with one more in the place of another (may be NULL); 0: none. */
	int (*limit_for)(const struct record *more, const struct record *old);
	/* To be told what is in the list (may be NULL) and what no longer is. */
	void (*added)(struct record *record);
	void (*removed)(struct record *record);
	void (*free)(struct record *record);

	struct record **all;          /* in the order they are listed in; room for max_count */
	int count;
	uint64_t last_sequence;
	bool is_loaded;
};

/* Makes a record of `size` bytes, zeroed but for what all records have. It has one holder. NULL if memory is short. */
void *record_new(const struct records *list, size_t size);

/* NULL is ignored. */
void record_hold(struct record *record);
void record_release(struct record *record);

/* Reads what is stored, once. False, and logged, if it cannot be read: better no broker than one that forgets. */
bool records_load(struct records *list, const char *dir);

void records_cleanup(struct records *list);

/* NULL if there is none. */
struct record *records_find(const struct records *list, const char *key);

void records_remove(struct records *list, int index);

/* A page of them, for a command with `limit` and `cursor`. */
enum outcome records_answer_list(struct command *command, const struct records *list);

/* Writes one into an answer. */
void records_answer(struct json_text *json, const struct record *record);

/* A change of a list by a command: the first member of its state. */
struct change {
	struct records *list;
	const char *key;              /* of what is set or deleted */
	struct record *to_set;        /* held by the command; NULL: it is deleted */
	/* Called when it is stored and made, to go on; `old` (may be NULL) was in the list, and is to be released. */
	enum outcome (*made)(struct command *command, struct record *old);
};

/* Stores it and makes it. Also a command's `step`. */
enum outcome records_change(struct command *command);
