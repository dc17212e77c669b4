/*
 * The mark of the messages of deliverRetained on their way through the broker: the value of their first user property. Nobody
 * can guess it, as anybody may publish messages with user properties. Messages wait in the broker's own file for clients that
 * are away, so the mark is kept beside the bans: it has to be known again after a restart.
 */
#pragma once

#include "broker_api.h"

#if BUILT_FOR_2_1

#define RETAINED_MARK_NAME "client-control-retained"

/*
 * Reads the mark, or makes one and stores it. It serves until the broker ends if it cannot be stored (logged) or there is no
 * folder (NULL). False: the system has no random numbers.
 */
bool retained_mark_load(const char *dir);

const char *retained_mark(void);

#endif
