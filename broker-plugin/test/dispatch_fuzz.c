/* libFuzzer: any bytes as a message, from an allowed or a strange sender, to either API. The stub aborts on a misstep. */
#include <stdlib.h>

#include "stub_broker.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct control_api *api = size % 2 ? &client_control_api : &inspect_api;
	const char *username = size % 16 ? "gateway-user" : "stranger";
	struct stub_counts counts;

	stub_broker_start();
	stub_broker_publish(api, username, data, size);
	counts = stub_broker_counts();
	if(size % 16 == 0 && counts.kicks + counts.subscribes + counts.unsubscribes > 0){
		abort();
	}
	stub_broker_stop();
	return 0;
}
