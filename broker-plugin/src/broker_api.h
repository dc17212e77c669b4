/* The one place that includes Mosquitto's headers and knows what differs between 2.0 and 2.1. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mosquitto.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2000000
#  error "Mosquitto 2.0 or later is needed"
#elif LIBMOSQUITTO_VERSION_NUMBER < 2001000
#  include <mosquitto_broker.h>
#  include <mosquitto_plugin.h>
#  include <mqtt_protocol.h>
#  define BUILT_FOR_2_1 0
#  define BUILT_FOR "2.0"
#else
#  define BUILT_FOR_2_1 1
#  define BUILT_FOR "2.1"
#endif

/*
 * Functions that only 2.1 exports are weak: on a 2.0 broker they resolve to NULL, the library still loads, and
 * broker_version_matches_build() can say so in words instead of leaving an "undefined symbol" to the loader.
 */
#if BUILT_FOR_2_1
#  pragma weak mosquitto_apply_on_all_clients
#  pragma weak mosquitto_client
#  pragma weak mosquitto_client_port
#  pragma weak mosquitto_persist_client_delete
#  pragma weak mosquitto_persistence_location
#  pragma weak mosquitto_plugin_set_info
#  pragma weak mosquitto_property_copy_all
#  pragma weak mosquitto_property_identifier
#  pragma weak mosquitto_property_next
#  pragma weak mosquitto_property_read_string_pair
#  pragma weak mosquitto_subscription_add
#  pragma weak mosquitto_subscription_delete
#else
/* The broker's reason for a disconnect, which 2.0 does not tell. */
#  define MOSQ_ERR_SESSION_TAKEN_OVER 142

/* What 2.0 lacks answers as if it knew nothing, so that the code that asks is the same for both. */
static inline int mosquitto_client_port(const struct mosquitto *client)
{
	return 0;
}

static inline const char *mosquitto_persistence_location(void)
{
	return NULL;
}
#endif
