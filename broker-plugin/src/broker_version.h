#pragma once

#include <stdbool.h>

/*
 * Whether the broker that loads this library is of the version it was built for.
 *
 * The plugin handshake (mosquitto_plugin_version) cannot tell: 2.0 and 2.1 both offer version 5. What can is the list
 * of functions the running broker exports, so that is what is asked. Logs what is wrong when the answer is no.
 */
bool broker_version_matches_build(void);
