/*
 * Bans keep clients out: by client id, username (both a glob) or address (or network), until a time or for good. They are
 * kept in a file, and a ban is confirmed only when it is on the disk. Who may command is exempt, always.
 *
 * Where the banned are stopped: access.c at the login, sessions.c when one got past it, set_ban() who is there already.
 */
#pragma once

#include "command.h"

struct ban;

/* Reads the stored bans. False, and logged, if they cannot be read: better no broker than one that forgets them. */
bool bans_load(const char *dir);

void bans_cleanup(void);

/*
 * A ban that this client falls under, NULL if there is none. Also one that it may fall under, if its id or username is so long
 * that comparing it with all takes too long: strangers come here, before any password is looked at.
 */
const struct ban *bans_find(const struct mosquitto *context);

/* setBan: as, who, until, reason, by, disconnect (true). deleteBan: as, who. listBans: limit, cursor. */
enum outcome set_ban(struct command *command);
enum outcome delete_ban(struct command *command);
enum outcome list_bans(struct command *command);
