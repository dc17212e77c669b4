#include "events.h"

#include <string.h>

#include "client_json.h"
#include "clock.h"
#include "control.h"
#include "limits.h"
#include "random_text.h"

#define DEFAULT_SECONDS 60
#define MIN_SECONDS 10
#define MAX_SECONDS 300
#define WAIT_US 50000              /* an event waits so long for others */
#define MAX_MESSAGE_BYTES (256u * 1024)

static struct client *watchers[MAX_WATCHERS];
static int watcher_count;

static uint64_t sequence;              /* of the last event */
static struct random_text run;         /* what the sequence is counted in: one start of the broker */
static struct json_text waiting;       /* events, as the inside of an array */
static int waiting_count;
static int64_t waiting_since_us;
static uint64_t told;                  /* the sequence of the last message: what came since and does not wait was dropped */

/* What was sent since the last tick; it lies in the broker's memory until its next loop. */
static int sent_events;
static size_t sent_bytes;

static void forget_waiting(void)
{
	json_free(&waiting);
	waiting_count = 0;
}

static void unwatch(const struct client *client)
{
	for(int i=0; i<watcher_count; i++){
		if(watchers[i] == client) watchers[i--] = watchers[--watcher_count];
	}
	if(watcher_count == 0) forget_waiting();
}

static void end_watches(void)
{
	int64_t now = clock_monotonic_us();

	for(int i=watcher_count-1; i>=0; i--){
		if(now >= watchers[i]->watches_until_us) unwatch(watchers[i]);
	}
}

/* Tells all that watch what they have not been told: the events that wait, and how many before them were dropped. */
static void flush(void)
{
	uint64_t missed = sequence - told - (uint64_t)waiting_count;

	end_watches();
	if(sequence == told) return;
	for(int i=0; i<watcher_count; i++){
		struct json_text message = { 0 };

		json_open_object(&message, NULL);
		json_open_array(&message, "events");
		json_raw(&message, NULL, waiting.text, waiting.length);
		message.failed = message.failed || waiting.failed;
		json_close_array(&message);
		json_integer(&message, "sequence", (int64_t)sequence);
		json_integer(&message, "missed", (int64_t)missed);
		json_close_object(&message);
		sent_bytes += message.length;
		reply_send(watchers[i]->id, own_api.response_topic, &message);
	}
	sent_events += waiting_count;
	told = sequence;
	forget_waiting();
}

/* Opens an event in `waiting`, with what is always told of the client and these fields; false if nobody is to hear of it. */
static bool begin_event(const char *type, const struct client *client, int fields)
{
	if(watcher_count == 0){
		sequence++;
		return false;
	}
	if(sent_events + waiting_count >= MAX_EVENTS_WAITING || sent_bytes >= MAX_EVENT_BYTES_WAITING){
		if(waiting_count > 0) flush(); /* what is missed from here on comes after it */
		sequence++;
		return false;
	}
	if(waiting_count >= MAX_EVENTS_PER_MESSAGE || waiting.length >= MAX_MESSAGE_BYTES) flush();
	if(watcher_count == 0){ /* by now */
		sequence++;
		return false;
	}
	if(waiting_count == 0) waiting_since_us = clock_monotonic_us();
	sequence++;
	waiting_count++;
	json_open_object(&waiting, NULL);
	json_string(&waiting, "type", type);
	json_integer(&waiting, "time", clock_now_ms());
	client_json_write(&waiting, client, client->context, FIELD_USERNAME | FIELD_ADDRESS | FIELD_CONTROL | fields);
	return true;
}

void events_connected(const struct client *client)
{
	if(begin_event("connected", client, FIELD_PROTOCOL | FIELD_PROTOCOL_VERSION)) json_close_object(&waiting);
}

static const char *reason_name(const struct client *client, int reason)
{
	if(client->leaving) return client->leaving == LEAVING_BANNED ? "banned" : "kicked";
	switch(reason){
		case MOSQ_ERR_SUCCESS:
			return "client";
		case MOSQ_ERR_CONN_LOST:
			return "lost";
#if BUILT_FOR_2_1
		case MOSQ_ERR_KEEPALIVE:
			return "keepalive";
		case MOSQ_ERR_SESSION_TAKEN_OVER:
			return "taken-over";
		case MOSQ_ERR_ADMINISTRATIVE_ACTION:
			return "kicked";
#endif
		default:
			return "other";
	}
}

void events_disconnected(const struct client *client, int reason, enum event_session session)
{
	unwatch(client);
	if(begin_event("disconnected", client, 0)){
		json_string(&waiting, "reason", reason_name(client, reason));
		if(session != EVENT_SESSION_UNKNOWN){
			json_bool(&waiting, "sessionStays", session == EVENT_SESSION_STAYS);
		}
		json_close_object(&waiting);
	}
}

bool events_tick(void)
{
	sent_events = 0;
	sent_bytes = 0;
	if(watcher_count > 0 && (waiting_count == 0 || clock_monotonic_us() - waiting_since_us >= WAIT_US)) flush();
	return waiting_count > 0;
}

enum outcome watch_events(struct command *command)
{
	struct client *client = clients_find(command->request->sender_id);
	int64_t seconds = DEFAULT_SECONDS;

	if(!command_read_whole(command, "seconds", MIN_SECONDS, MAX_SECONDS, &seconds)) return ANSWERED;
	flush(); /* what happened before is not for this one */
	unwatch(client);
	if(watcher_count >= MAX_WATCHERS) return command_refuse_number(command, FAILED_TOO_MANY, "limit", MAX_WATCHERS);
	watchers[watcher_count++] = client;
	client->watches_until_us = clock_monotonic_us() + seconds*1000000;
	json_integer(&command->data, "sequence", (int64_t)sequence);
	if(random_text_make(&run)) json_string(&command->data, "run", run.text);
	return DONE;
}

enum outcome unwatch_events(struct command *command)
{
	unwatch(clients_find(command->request->sender_id));
	return DONE;
}

void events_cleanup(void)
{
	watcher_count = 0;
	forget_waiting();
	sequence = 0;
	run = (struct random_text){ "" };
	told = 0;
}
