#include "disconnect.h"

#include <string.h>

#include "awaited_disconnects.h"
#include "connected_clients.h"
#include "self_disconnect.h"

#if BUILT_FOR_2_1

static void kick(struct command *command)
{
	const struct mosquitto *client = mosquitto_client(command->clientid);

	/* The broker's kick would also "succeed" for a session without a connection. */
	if(client && connected_clients_find(client, NULL)
			&& mosquitto_kick_client_by_clientid(command->clientid,
					command->request->options->disconnect_with_will) == MOSQ_ERR_SUCCESS){

		command_succeed(command, NULL);
	}else{
		command_fail(command, ERROR_CLIENT_NOT_FOUND);
	}
}

#else

static void kick(struct command *command)
{
	awaited_disconnects_kick(command);
}

#endif


void disconnect_client(struct command *command)
{
	/* An empty id does not get past the check: the broker's kick takes NULL as "everybody". */
	if(!command_read_clientid(command)){
		return;
	}
	if(strcmp(command->clientid, command->request->sender_id)){
		kick(command);
	}else if(self_disconnect_schedule(command->clientid, command->request->options->disconnect_with_will)){
		command_succeed(command, NULL);
	}else{
		command_fail(command, ERROR_INTERNAL);
	}
}
