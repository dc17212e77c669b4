#define _GNU_SOURCE
#include "broker_version.h"

#include <dlfcn.h>

#include "broker_api.h"

static bool broker_is_2_1(void)
{
	return dlsym(RTLD_DEFAULT, "mosquitto_subscription_add") != NULL
			&& dlsym(RTLD_DEFAULT, "mosquitto_subscription_delete") != NULL
			&& dlsym(RTLD_DEFAULT, "mosquitto_apply_on_all_clients") != NULL
			&& dlsym(RTLD_DEFAULT, "mosquitto_client") != NULL;
}

bool broker_version_matches_build(void)
{
	bool is_2_1 = broker_is_2_1();

	if(is_2_1 == (BUILT_FOR_2_1 == 1)) return true;
	mosquitto_log_printf(MOSQ_LOG_ERR,
			"Error: client-control: this library was built for Mosquitto " BUILT_FOR
			" and the running broker is Mosquitto %s. Load the library built for it.",
			is_2_1 ? "2.1 or later" : "2.0");
	return false;
}
