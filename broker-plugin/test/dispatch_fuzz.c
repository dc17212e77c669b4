/*
 * libFuzzer. The first byte says which API, from whom, and what else happens between the messages: clients that come and
 * go, a restart with what was stored. Any bytes after it are the message. The stub aborts on a misstep.
 */
#include <stdlib.h>

#include "stub_broker.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool has_acted(struct stub_counts counts)
{
	return counts.kicks + counts.subscribes + counts.unsubscribes + counts.purges + counts.delivered > 0;
}


int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct control_api *const apis[] = { &own_api, &own_api, &client_control_api, &inspect_api };
	unsigned char choice = size ? data[0] : 0;
	const struct control_api *api = apis[choice & 3];
	const char *username = choice & 4 ? "stranger" : "gateway-user";

	if(size == 0){
		return 0;
	}
	stub_broker_start();
	stub_broker_publish(api, username, &data[1], size-1);
	if((choice & 4) && has_acted(stub_broker_counts())){
		abort();
	}
	if(choice & 8){
		stub_broker_connect("online", "u", "10.0.0.1");
		stub_broker_connect("o/1", "u", "::1");
		stub_broker_publish(api, username, &data[1], size-1);
	}
	if(choice & 16){
		stub_broker_stop();
		if(!stub_broker_restart()){
			abort(); /* what it stored it has to understand */
		}
	}
	stub_broker_stop();
	return 0;
}
