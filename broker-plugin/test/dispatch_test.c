/* What a message does and how it is answered, hostile ones included. Run under ASan and UBSan: `make test`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "limits.h"
#include "stub_broker.h"

static int checks;
static int failures;

static void check(bool condition, const char *name, const char *detail)
{
	checks++;
	if(!condition){
		failures++;
		fprintf(stderr, "FAILED: %s: %s\n", name, detail);
	}
}


/* The responses as text, to compare; `*` in what is expected stands for anything. */
static void check_responses(const char *name, const char *expected)
{
	char *text = cJSON_PrintUnformatted(stub_broker_responses());

	check(text && glob_matches(expected, text), name, text ? text : "out of memory");
	cJSON_free(text);
}


struct example {
	const char *name;
	const struct control_api *api;
	const char *username;
	const char *payload;
	const char *responses;
};

#define UNSUPPORTED(command) "[{\"command\":\"" command "\",\"error\":\"Not supported by this Mosquitto version\"}]"
#define REFUSED "[{\"command\":\"Unknown command\",\"error\":\"Not authorized\",\"code\":\"NOT_AUTHORIZED\"}]"
#define FAILED(command, text) "[{\"command\":\"" command "\",\"error\":\"" text "\"}]"
#define DONE(command) "[{\"command\":\"" command "\",\"data\":{}}]"
#if BUILT_FOR_2_1
#  define ON_2_1(command, responses) responses
#else
#  define ON_2_1(command, responses) UNSUPPORTED(command)
#endif

/* 2.0 tells of no session that is offline, so there the third client is the sender. */
#if BUILT_FOR_2_1
#  define TOTAL "4"
#  define THIRD_CLIENT "{\"clientid\":\"offline\",\"username\":\"<anonymous>\",\"protocol\":\"MQTT\",\"connected\":false}"
#else
#  define TOTAL "3"
#  define THIRD_CLIENT "*"
#endif

static const char me[] = "gateway-user";

#define SUBSCRIBE(fields) "{\"commands\":[{\"command\":\"subscribeClient\",\"clientid\":\"online\"," fields "}]}"
#define DISCONNECT(id) "{\"commands\":[{\"command\":\"disconnectClient\",\"clientid\":" id "}]}"

static const struct example examples[] = {
	{ "disconnects", &client_control_api, me, DISCONNECT("\"online\""), DONE("disconnectClient") },
	{ "unknown client", &client_control_api, me, DISCONNECT("\"nobody\""),
		FAILED("disconnectClient", "Client not found") },
	{ "empty client id", &client_control_api, me, DISCONNECT("\"\""),
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "null client id", &client_control_api, me, DISCONNECT("null"),
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "missing client id", &client_control_api, me, "{\"commands\":[{\"command\":\"disconnectClient\"}]}",
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "escaped NUL does not shorten a client id", &client_control_api, me, DISCONNECT("\"online\\u0000x\""),
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "escaped NUL alone", &client_control_api, me, DISCONNECT("\"\\u0000\""),
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "an escaped backslash before u0000 is no NUL", &client_control_api, me, DISCONNECT("\"online\\\\u0000\""),
		FAILED("disconnectClient", "Client not found") },
	{ "control character in a client id", &client_control_api, me, DISCONNECT("\"on\\nline\""),
		FAILED("disconnectClient", "Invalid/missing clientid") },
	{ "not allowed", &client_control_api, "stranger", DISCONNECT("\"online\""), REFUSED },
	{ "anonymous", &client_control_api, NULL, DISCONNECT("\"online\""), REFUSED },
	{ "the sender itself", &client_control_api, me, DISCONNECT("\"gateway\""), DONE("disconnectClient") },
	{ "not JSON", &client_control_api, me, "hello", FAILED("Unknown command", "Payload not valid JSON") },
	{ "empty", &client_control_api, me, "", FAILED("Unknown command", "Payload not valid JSON") },
	{ "text after the JSON", &client_control_api, me, "{\"commands\":[]}x",
		FAILED("Unknown command", "Payload not valid JSON") },
	{ "not UTF-8", &client_control_api, me, DISCONNECT("\"\xC3\x28\""),
		FAILED("Unknown command", "Payload not valid JSON") },
	{ "overlong UTF-8", &client_control_api, me, DISCONNECT("\"\xC0\xAF\""),
		FAILED("Unknown command", "Payload not valid JSON") },
	{ "cut-off UTF-8", &client_control_api, me, "\xE2\x82", FAILED("Unknown command", "Payload not valid JSON") },
	{ "lone surrogate", &client_control_api, me, DISCONNECT("\"\\ud800\""),
		FAILED("Unknown command", "Payload not valid JSON") },
	{ "backslash at the end", &client_control_api, me, "{\"commands\":\"\\",
		FAILED("Unknown command", "Payload not valid JSON") },
	{ "no object", &client_control_api, me, "[]", FAILED("Unknown command", "Invalid/missing commands") },
	{ "no commands", &client_control_api, me, "{}", FAILED("Unknown command", "Invalid/missing commands") },
	{ "commands no array", &client_control_api, me, "{\"commands\":{}}",
		FAILED("Unknown command", "Invalid/missing commands") },
	{ "empty batch", &client_control_api, me, "{\"commands\":[]}", "[]" },
	{ "a malformed command does not stop the batch", &client_control_api, me,
		"{\"commands\":[1,{\"correlationData\":\"a\"},{\"command\":\"x\",\"correlationData\":\"b\"},"
		"{\"command\":\"disconnectClient\",\"correlationData\":7},"
		"{\"command\":\"disconnectClient\",\"clientid\":\"online\",\"correlationData\":\"c\"}]}",
		"[{\"command\":\"Unknown command\",\"error\":\"Command not an object\"},"
		"{\"command\":\"Unknown command\",\"error\":\"Missing command\",\"correlationData\":\"a\"},"
		"{\"command\":\"x\",\"error\":\"Unknown command\",\"correlationData\":\"b\"},"
		"{\"command\":\"disconnectClient\",\"error\":\"Invalid correlationData data type.\"},"
		"{\"command\":\"disconnectClient\",\"data\":{},\"correlationData\":\"c\"}]" },
	{ "a command of the other API", &inspect_api, me, DISCONNECT("\"online\""),
		FAILED("disconnectClient", "Unknown command") },
	{ "subscribes", &client_control_api, me, SUBSCRIBE("\"topic\":\"a/#\",\"qos\":2"),
		ON_2_1("subscribeClient", DONE("subscribeClient")) },
	{ "subscribe options", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"options\":{\"no_local\":true,"
		"\"retain_as_published\":false,\"send_retain\":\"never\"}"), ON_2_1("subscribeClient", DONE("subscribeClient")) },
	{ "null options", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"options\":{\"no_local\":null,"
		"\"send_retain\":null}"), ON_2_1("subscribeClient", DONE("subscribeClient")) },
	{ "unknown send_retain", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"options\":{\"send_retain\":\"x\"}"),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid options")) },
	{ "no_local of a wrong type", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"options\":{\"no_local\":1}"),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid options")) },
	{ "options no object", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"options\":[]"),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid options")) },
	{ "qos 3", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"qos\":3"),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid qos")) },
	{ "qos 1.5", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"qos\":1.5"),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid qos")) },
	{ "qos a string", &client_control_api, me, SUBSCRIBE("\"topic\":\"a\",\"qos\":\"1\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid qos")) },
	{ "bad filter", &client_control_api, me, SUBSCRIBE("\"topic\":\"a/#/b\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid topic filter")) },
	{ "empty filter", &client_control_api, me, SUBSCRIBE("\"topic\":\"\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid/missing topic")) },
	{ "shared", &client_control_api, me, SUBSCRIBE("\"topic\":\"$share/g/a\""),
		ON_2_1("subscribeClient", DONE("subscribeClient")) },
	{ "shared without a filter", &client_control_api, me, SUBSCRIBE("\"topic\":\"$share/g\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid topic filter")) },
	{ "shared without a name", &client_control_api, me, SUBSCRIBE("\"topic\":\"$share//a\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid topic filter")) },
	{ "shared with a wildcard name", &client_control_api, me, SUBSCRIBE("\"topic\":\"$share/+/a\""),
		ON_2_1("subscribeClient", FAILED("subscribeClient", "Invalid topic filter")) },
	{ "shared and no_local", &client_control_api, me,
		SUBSCRIBE("\"topic\":\"$share/g/a\",\"options\":{\"no_local\":true}"), ON_2_1("subscribeClient",
		FAILED("subscribeClient", "no_local is not allowed on a shared subscription")) },
	{ "unsubscribes", &client_control_api, me,
		"{\"commands\":[{\"command\":\"unsubscribeClient\",\"clientid\":\"online\",\"topic\":\"a\"}]}",
		ON_2_1("unsubscribeClient", DONE("unsubscribeClient")) },
	{ "no such client to look at", &inspect_api, me,
		"{\"commands\":[{\"command\":\"getClient\",\"clientid\":\"nobody\"}]}",
		FAILED("getClient", "Client not found") },
	{ "lists a page", &inspect_api, me, "{\"commands\":[{\"command\":\"listClients\",\"offset\":2,\"count\":1}]}",
		"[{\"command\":\"listClients\",\"data\":{\"clients\":[" THIRD_CLIENT "],\"totalCount\":" TOTAL "}}]" },
	{ "bad count", &inspect_api, me, "{\"commands\":[{\"command\":\"listClients\",\"count\":-2}]}",
		FAILED("listClients", "Invalid count") },
	{ "huge offset", &inspect_api, me, "{\"commands\":[{\"command\":\"listClients\",\"offset\":1e300}]}",
		"[{\"command\":\"listClients\",\"data\":{\"clients\":[],\"totalCount\":" TOTAL "}}]" },
	{ "infinite offset", &inspect_api, me, "{\"commands\":[{\"command\":\"listClients\",\"offset\":1e999}]}",
		FAILED("listClients", "Invalid offset") },
};


static void run_examples(void)
{
	for(size_t i=0; i<sizeof(examples)/sizeof(examples[0]); i++){
		stub_broker_start();
		stub_broker_publish(examples[i].api, examples[i].username, examples[i].payload, strlen(examples[i].payload));
		check_responses(examples[i].name, examples[i].responses);
		stub_broker_stop();
	}
}


static char *repeat(const char *head, const char *middle, size_t count, const char *tail)
{
	size_t length = strlen(middle);
	char *text = malloc(strlen(head) + count*length + strlen(tail) + 1);
	char *at = text;

	if(!text){
		abort();
	}
	memcpy(at, head, strlen(head));
	at += strlen(head);
	for(size_t i=0; i<count; i++, at+=length){
		memcpy(at, middle, length);
	}
	memcpy(at, tail, strlen(tail)+1);
	return text;
}


static void run_repeated(const char *name, const char *head, const char *middle, size_t count, const char *tail, int responses)
{
	char *payload = repeat(head, middle, count, tail);
	char detail[64];

	stub_broker_start();
	stub_broker_publish(&client_control_api, me, payload, strlen(payload));
	(void)snprintf(detail, sizeof(detail), "%d responses", cJSON_GetArraySize(stub_broker_responses()));
	check(cJSON_GetArraySize(stub_broker_responses()) == responses, name, detail);
	stub_broker_stop();
	free(payload);
}


static void run_hostile(void)
{
	const char embedded_nul[] = "{\"commands\":[]}\0{}";

	run_repeated("10,000 commands", "{\"commands\":[1", ",{\"command\":\"disconnectClient\",\"clientid\":\"nobody\"}",
			10000, "]}", 10001);
	run_repeated("more commands than allowed", "{\"commands\":[1", ",1", MAX_COMMANDS, "]}", 1);
	run_repeated("nested 500,000 deep", "", "[", 500000, "", 1);
	run_repeated("nested 900 deep in a command", "{\"commands\":[{\"command\":", "[", 900, "", 1);
	run_repeated("1 MB of text", "{\"commands\":[\"", "x", 1000000, "\"]}", 1);
	run_repeated("1 MB client id", "{\"commands\":[{\"command\":\"disconnectClient\",\"clientid\":\"", "x", 1000000,
			"\"}]}", 1);
	run_repeated("1 MB correlation data", "{\"commands\":[{\"command\":\"x\",\"correlationData\":\"", "x", 1000000,
			"\"}]}", 1);
	run_repeated("1 MB command name", "{\"commands\":[{\"command\":\"", "x", 1000000, "\"}]}", 1);
	run_repeated("larger than allowed", "", " ", MAX_REQUEST_BYTES+1, "", 1);
	run_repeated("the same key 100,000 times", "{\"commands\":[{\"command\":\"x\"", ",\"a\":1", 100000, "}]}", 1);

	stub_broker_start();
	stub_broker_publish(&client_control_api, me, embedded_nul, sizeof(embedded_nul)-1);
	check_responses("embedded NUL", FAILED("Unknown command", "Payload not valid JSON"));
	stub_broker_stop();
}


static void run_kicks(void)
{
	const char self[] = DISCONNECT("\"gateway\"");
	const char offline[] = DISCONNECT("\"offline\"");

	stub_broker_start();
	stub_broker_publish(&client_control_api, me, self, sizeof(self)-1);
	check(stub_broker_counts().kicks == 1, "the sender is kicked", "at the tick");
	stub_broker_stop();

	stub_broker_start();
	stub_broker_publish(&client_control_api, me, offline, sizeof(offline)-1);
	check_responses("an offline session", FAILED("disconnectClient", "Client not found"));
	stub_broker_publish(&client_control_api, "stranger", self, sizeof(self)-1);
	check(stub_broker_counts().kicks == 0, "an offline session is not kicked", "nor is anyone for a stranger");
	stub_broker_stop();
}


int main(void)
{
	run_examples();
	run_hostile();
	run_kicks();
	printf("Mosquitto %s: %d checks, %d failed\n", BUILT_FOR, checks, failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
