#include "awaited_disconnects.h"

#if !BUILT_FOR_2_1

#include <string.h>
#include <time.h>

#include "limits.h"

/* A command whose reply waits, with copies of all it needs. */
struct awaited {
	struct awaited *next;
	int64_t deadline_ms;
	const char *response_topic; /* a constant */
	char *name;
	char *correlation_data;
	char *clientid;
	char *sender_id;
	char *sender_username;
	char *sender_address;
};

/* Shared by all loaded copies: with per_listener_settings, the event of a client comes to the copy of its listener. */
static struct awaited *oldest;
static struct awaited *newest;

/* The client that is being kicked, and whether its disconnect event has come. */
static const char *kicking;
static bool kicked;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec*1000 + now.tv_nsec/1000000;
}


static void free_awaited(struct awaited *awaited)
{
	mosquitto_free(awaited->name);
	mosquitto_free(awaited->correlation_data);
	mosquitto_free(awaited->clientid);
	mosquitto_free(awaited->sender_id);
	mosquitto_free(awaited->sender_username);
	mosquitto_free(awaited->sender_address);
	mosquitto_free(awaited);
}


static bool copy(char **to, const char *from)
{
	*to = from ? mosquitto_strdup(from) : NULL;
	return from == NULL || *to != NULL;
}


static bool await(const struct command *command)
{
	const struct request *request = command->request;
	struct awaited *awaited = mosquitto_calloc(1, sizeof(struct awaited));

	if(!awaited){
		return false;
	}
	if(!copy(&awaited->name, command->name)
			|| !copy(&awaited->correlation_data, command->correlation_data)
			|| !copy(&awaited->clientid, command->clientid)
			|| !copy(&awaited->sender_id, request->sender_id)
			|| !copy(&awaited->sender_username, request->sender_username)
			|| !copy(&awaited->sender_address, request->sender_address)){

		free_awaited(awaited);
		return false;
	}
	awaited->response_topic = request->reply.topic;
	awaited->deadline_ms = now_ms() + AWAIT_DISCONNECT_MS;
	if(newest){
		newest->next = awaited;
	}else{
		oldest = awaited;
	}
	newest = awaited;
	return true;
}


/* Answers and frees it; it is out of the list already. */
static void answer(struct awaited *awaited, const char *error)
{
	struct request request = {
		.sender_id = awaited->sender_id,
		.sender_username = awaited->sender_username,
		.sender_address = awaited->sender_address,
	};
	struct command command = {
		.request = &request,
		.name = awaited->name,
		.correlation_data = awaited->correlation_data,
		.clientid = awaited->clientid,
	};

	reply_begin(&request.reply, awaited->sender_id, awaited->response_topic);
	if(error){
		command_fail(&command, error);
	}else{
		command_succeed(&command, NULL);
	}
	reply_end(&request.reply);
	free_awaited(awaited);
}


void awaited_disconnects_kick(struct command *command)
{
	int rc;

	kicking = command->clientid;
	kicked = false;
	/* Always with the will: without it, 2.0 damages its list of expiring sessions when the client is offline. */
	rc = mosquitto_kick_client_by_clientid(command->clientid, true);
	kicking = NULL;

	if(kicked){
		command_succeed(command, NULL);
	}else if(rc != MOSQ_ERR_SUCCESS){
		command_fail(command, ERROR_CLIENT_NOT_FOUND);
	}else if(!await(command)){
		command_fail(command, ERROR_INTERNAL);
	}
}


/* Takes the first reply that waits for this client out of the list; NULL if there is none. */
static struct awaited *take(const char *clientid)
{
	struct awaited *before = NULL;

	for(struct awaited *awaited=oldest; awaited; before=awaited, awaited=awaited->next){
		if(strcmp(awaited->clientid, clientid)){
			continue;
		}
		if(before){
			before->next = awaited->next;
		}else{
			oldest = awaited->next;
		}
		if(newest == awaited){
			newest = before;
		}
		return awaited;
	}
	return NULL;
}


int awaited_disconnects_on_disconnect(int event, void *event_data, void *userdata)
{
	const char *clientid = mosquitto_client_id(((const struct mosquitto_evt_disconnect *)event_data)->client);
	struct awaited *awaited;

	(void)event;
	(void)userdata;
	if(!clientid){
		return MOSQ_ERR_SUCCESS; /* it never got as far as CONNECT */
	}
	if(kicking && !strcmp(kicking, clientid)){
		kicked = true;
	}
	while((awaited = take(clientid))){
		answer(awaited, NULL);
	}
	return MOSQ_ERR_SUCCESS;
}


void awaited_disconnects_tick(void)
{
	while(oldest && now_ms() >= oldest->deadline_ms){
		struct awaited *awaited = oldest;

		oldest = awaited->next;
		if(!oldest){
			newest = NULL;
		}
		answer(awaited, ERROR_CLIENT_NOT_FOUND);
	}
}


void awaited_disconnects_cleanup(void)
{
	while(oldest){
		struct awaited *awaited = oldest;

		oldest = awaited->next;
		free_awaited(awaited);
	}
	newest = NULL;
}

#endif
