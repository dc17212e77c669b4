/* Our own control protocol, step by step in one life of the broker. Run under ASan and UBSan: `make test`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "glob.h"
#include "clients.h"
#include "events.h"
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


/* How often a command is given until its answer is the expected one: more than once where a page may end with its turn, which a stall ends. */
static int tries = 1;

/* Sends one command, given by its fields, and compares its response, in which `*` stands for anything. */
static void expect(const char *fields, const char *expected)
{
	char payload[4096];
	bool is_right = false;
	char *text = NULL;

	(void)snprintf(payload, sizeof(payload), "{\"commands\":[{%s}]}", fields);
	for(int left=tries; left>0 && !is_right; left--){
		int before = cJSON_GetArraySize(stub_broker_responses());

		cJSON_free(text);
		stub_broker_publish(&own_api, "gateway-user", payload, strlen(payload));
		text = cJSON_PrintUnformatted(cJSON_GetArrayItem(stub_broker_responses(), before));
		is_right = text && glob_matches(expected, text);
	}
	check(is_right, fields, text ? text : "no response");
	cJSON_free(text);
}


#define COMMAND(name) "\"command\":\"" name "\""
#define DATA(data) "{\"command\":\"*\",\"data\":" data "}"
#define CODE(code) "{*\"code\":\"" code "\"}"
#define INVALID(field) "{*\"code\":\"INVALID\",\"info\":{\"field\":\"" field "\"}}"

static void describes(void)
{
	stub_broker_start();
	expect(COMMAND("describe"), DATA("{\"protocol\":1,*\"you\":{\"clientid\":\"gateway\",\"username\":\"gateway-user\"},*"
			"\"warnings\":[]}"));
	expect(COMMAND("describe") ",\"correlationData\":\"7\"", "{*\"correlationData\":\"7\"}");
	expect(COMMAND("describe") ",\"more\":1", INVALID("more"));
	expect(COMMAND("noSuchCommand"), CODE("UNKNOWN_COMMAND"));
	stub_broker_stop();
}


static void lists(void)
{
	tries = 5;
	stub_broker_start();
	expect(COMMAND("listClients") ",\"limit\":1,\"fields\":[\"connected\"]",
			DATA("{\"clients\":[{\"clientid\":\"online\",\"connected\":true}],\"cursor\":\"*-*\",\"totalCount\":*}"));
	expect(COMMAND("listClients") ",\"filter\":{\"clientid\":\"ot*\"},\"fields\":[]",
			DATA("{\"clients\":[{\"clientid\":\"other\"}],\"cursor\":null,*}"));
	expect(COMMAND("listClients") ",\"filter\":{\"username\":\"gate?ay-user\"}",
			DATA("{\"clients\":[{\"clientid\":\"gateway\",*\"control\":true}],*}"));
	expect(COMMAND("listClients") ",\"filter\":{\"address\":\"127.0.0.0/8\",\"connected\":true,"
			"\"protocolVersion\":\"v5\",\"connectedAfter\":0},\"limit\":2", DATA("{\"clients\":[*],\"cursor\":\"*\",*}"));
	expect(COMMAND("listClients") ",\"filter\":{\"address\":\"::ffff:7f00:1\"},\"fields\":[\"control\"]",
			DATA("{\"clients\":[{*},*"));
	expect(COMMAND("listClients") ",\"filter\":{\"connectedBefore\":1}", DATA("{\"clients\":[],*"));
	expect(COMMAND("listClients") ",\"filter\":{}", INVALID("filter"));
	expect(COMMAND("listClients") ",\"filter\":{\"clientid\":\"\"}", INVALID("filter.clientid"));
	expect(COMMAND("listClients") ",\"filter\":{\"clientid\":\"a\",\"clientid\":\"b\"}", INVALID("filter.clientid"));
	expect(COMMAND("listClients") ",\"filter\":{\"address\":\"127.0.0.1/33\"}", INVALID("filter.address"));
	expect(COMMAND("listClients") ",\"filter\":{\"connected\":1}", INVALID("filter.connected"));
	expect(COMMAND("listClients") ",\"fields\":[\"password\"]", INVALID("fields"));
	expect(COMMAND("listClients") ",\"fields\":\"clientid\"", INVALID("fields"));
	expect(COMMAND("listClients") ",\"limit\":0", INVALID("limit"));
	expect(COMMAND("listClients") ",\"limit\":1001", INVALID("limit"));
	expect(COMMAND("listClients") ",\"cursor\":\"0-1\"", INVALID("cursor"));
	expect(COMMAND("listClients") ",\"cursor\":7", INVALID("cursor"));
	expect(COMMAND("getClient") ",\"clientid\":\"nobody\"", CODE("CLIENT_NOT_FOUND"));
	stub_broker_stop();
	tries = 1;
}


static void disconnects(void)
{
	stub_broker_start();
	expect(COMMAND("disconnectClient") ",\"clientid\":\"gateway\"", CODE("CONTROL_CLIENT"));
	expect(COMMAND("disconnectClient") ",\"clientid\":\"online\",\"ifConnectedSince\":1",
			"{*\"code\":\"CLIENT_RECONNECTED\",\"info\":{\"lastConnect\":*}}");
	expect(COMMAND("disconnectClient") ",\"clientid\":\"online\"",
			DATA("{\"wasConnected\":true,\"connectedSince\":*,\"sessionRemoved\":false}"));
	expect(COMMAND("disconnectClient") ",\"clientid\":\"online\"", CODE("CLIENT_NOT_FOUND"));
	expect(COMMAND("disconnectClient") ",\"clientid\":\"other\",\"withWill\":0", INVALID("withWill"));
#if BUILT_FOR_2_1
	expect(COMMAND("disconnectClient") ",\"clientid\":\"offline\"", CODE("CLIENT_NOT_CONNECTED"));
	expect(COMMAND("disconnectClient") ",\"clientid\":\"offline\",\"cleanSession\":true",
			DATA("{\"wasConnected\":false,\"connectedSince\":null,\"sessionRemoved\":true}"));
	expect(COMMAND("disconnectClient") ",\"clientid\":\"offline\"", CODE("CLIENT_NOT_FOUND"));
	check(stub_broker_counts().purges == 1, "the session is removed", "once");
#else
	expect(COMMAND("disconnectClient") ",\"clientid\":\"other\",\"cleanSession\":true",
			"{*\"code\":\"NOT_SUPPORTED\",\"info\":{\"feature\":\"purge\"}}");
#endif
	expect(COMMAND("disconnectClients") ",\"clientids\":[\"other\",\"nobody\",\"gateway\"]",
			DATA("{\"clients\":[{\"clientid\":\"other\",\"outcome\":\"done\",*},"
			"{\"clientid\":\"nobody\",\"outcome\":\"CLIENT_NOT_FOUND\"},"
			"{\"clientid\":\"gateway\",\"outcome\":\"CONTROL_CLIENT\"}],\"more\":false}"));
	expect(COMMAND("disconnectClients") ",\"clientids\":[]", INVALID("clientids"));
	expect(COMMAND("disconnectClients"), INVALID("clientids"));
	expect(COMMAND("disconnectClients") ",\"clientids\":[\"a\"],\"filter\":{\"clientid\":\"a\"}", INVALID("filter"));
	expect(COMMAND("disconnectClients") ",\"filter\":{\"clientid\":\"*\"}", DATA("{\"clients\":[],\"more\":false}"));
	stub_broker_connect("one", "u", "10.0.0.1");
	stub_broker_connect("two", "u", "10.0.0.2");
	expect(COMMAND("disconnectClients") ",\"filter\":{\"address\":\"10.0.0.0/31\"}",
			DATA("{\"clients\":[{\"clientid\":\"one\",\"outcome\":\"done\",*}],\"more\":false}"));
	check(stub_broker_counts().kicks == 3, "only who was meant is kicked", "three times");
	stub_broker_take_over_and_fail("two");
	expect(COMMAND("getClient") ",\"clientid\":\"two\"", CODE("CLIENT_NOT_FOUND"));
#if BUILT_FOR_2_1
	for(int i=0; i<2; i++){ /* a new session, and the same again */
		stub_broker_break_login("three");
		expect(COMMAND("getClient") ",\"clientid\":\"three\"", DATA("{\"clientid\":\"three\",*\"connected\":false,*}"));
	}
	stub_broker_connect("three", NULL, "127.0.0.1");
	expect(COMMAND("subscribeClient") ",\"clientid\":\"three\",\"topic\":\"a\"", DATA("*"));
	stub_broker_break_login("three");
	expect(COMMAND("getClient") ",\"clientid\":\"three\"",
			DATA("{\"clientid\":\"three\",*\"connected\":false,*\"topic\":\"a\"*}"));
#endif
	stub_broker_stop();
}


static void bans(void)
{
	stub_broker_start();
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"on*\",\"until\":null,\"reason\":\"noisy\",\"by\":\"me\"",
			DATA("{\"disconnected\":[\"online\"],\"disconnectedCount\":1,\"replaced\":false}"));
	expect(COMMAND("setBan") ",\"as\":\"username\",\"who\":\"gateway-user\",\"until\":null",
			DATA("{\"disconnected\":[],\"disconnectedCount\":0,\"replaced\":false}"));
	expect(COMMAND("setBan") ",\"as\":\"address\",\"who\":\"10.0.0.0/8\",\"until\":null,\"disconnect\":false", DATA("*"));
	check(!stub_broker_connect("on-and-on", NULL, "127.0.0.1"), "a banned client id", "is kept out");
	check(!stub_broker_connect("any", NULL, "10.1.2.3"), "a banned address", "is kept out");
	check(!stub_broker_connect("any", NULL, "::ffff:10.1.2.3"), "a banned address, mapped", "is kept out");
	expect(COMMAND("setBan") ",\"as\":\"address\",\"who\":\"::ffff:11.0.0.7\",\"until\":null", DATA("*"));
	check(!stub_broker_connect("any", NULL, "11.0.0.7"), "a single banned address", "is kept out");
	expect(COMMAND("deleteBan") ",\"as\":\"address\",\"who\":\"::ffff:11.0.0.7\"", DATA("{}"));
	check(stub_broker_connect("on", "gateway-user", "10.1.2.3"), "who may command", "is exempt");
	check(stub_broker_connect("any", NULL, "11.1.2.3"), "another one", "gets in");
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"?*\"", CODE("BAN_TOO_WIDE"));
	expect(COMMAND("setBan") ",\"as\":\"username\",\"who\":\"**\"", CODE("BAN_TOO_WIDE"));
	expect(COMMAND("setBan") ",\"as\":\"address\",\"who\":\"0.0.0.0/0\"", CODE("BAN_TOO_WIDE"));
	expect(COMMAND("setBan") ",\"as\":\"address\",\"who\":\"::/0\"", CODE("BAN_TOO_WIDE"));
	expect(COMMAND("setBan") ",\"as\":\"address\",\"who\":\"::ffff:0:0/96\"", CODE("BAN_TOO_WIDE"));
	expect(COMMAND("setBan") ",\"as\":\"port\",\"who\":\"1\"", INVALID("as"));
	expect(COMMAND("setBan") ",\"as\":\"clientid\"", INVALID("who"));
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"a\",\"until\":1", INVALID("until"));
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"a\"", INVALID("until"));
	expect(COMMAND("listBans") ",\"limit\":1", DATA("{\"bans\":[{\"as\":\"address\",\"who\":\"10.0.0.0/8\",\"until\":null,"
			"\"reason\":null,\"by\":null,\"since\":*}],\"cursor\":\"*-*\",\"totalCount\":3}"));
	expect(COMMAND("deleteBan") ",\"as\":\"username\",\"who\":\"gateway-user\"", DATA("{}"));
	expect(COMMAND("deleteBan") ",\"as\":\"username\",\"who\":\"gateway-user\"", CODE("BAN_NOT_FOUND"));
	stub_broker_stop();

	check(stub_broker_restart(), "the broker starts with stored bans", "it did not");
	check(!stub_broker_connect("once", NULL, "10.1.2.3"), "a stored ban", "holds");
	expect(COMMAND("listBans"), DATA("{*\"who\":\"10.0.0.0/8\"*\"who\":\"on*\"*\"reason\":\"noisy\"*\"totalCount\":2}"));
	stub_broker_break_state_dir(true);
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"other\",\"until\":null", CODE("STORE_FAILED"));
	expect(COMMAND("deleteBan") ",\"as\":\"address\",\"who\":\"10.0.0.0/8\"", CODE("STORE_FAILED"));
	stub_broker_break_state_dir(false);
	expect(COMMAND("listBans"), DATA("{*\"totalCount\":2}"));
	expect(COMMAND("getClient") ",\"clientid\":\"other\"", DATA("{*"));
	check(stub_broker_counts().kicks == 0, "a ban that is not stored", "kicks nobody");
	stub_broker_break_folder_sync(true);
	expect(COMMAND("setBan") ",\"as\":\"clientid\",\"who\":\"other\",\"until\":null", CODE("STORE_FAILED"));
	expect(COMMAND("deleteBan") ",\"as\":\"address\",\"who\":\"10.0.0.0/8\"", CODE("STORE_FAILED"));
	stub_broker_break_folder_sync(false);
	stub_broker_stop();
	check(stub_broker_restart(), "the broker starts after the disk failed", "it did not");
	expect(COMMAND("listBans"), DATA("{*\"who\":\"10.0.0.0/8\"*\"who\":\"on*\"*\"totalCount\":2}"));
	stub_broker_stop();
}


#if BUILT_FOR_2_1

#define STANDING(more) COMMAND("setStandingSubscription") ",\"name\":\"s\",\"select\":{\"clientid\":\"o*\"}," more

#define DOLLAR(topic) COMMAND("setStandingSubscription") ",\"name\":\"d\",\"select\":{\"clientid\":\"$SYS\"},\"topic\":\"" topic "\""

static void standing(void)
{
	stub_broker_start();
	expect(STANDING("\"topic\":\"cmd/${clientid}/#\",\"qos\":1"),
			DATA("{\"clients\":3,\"skipped\":0,\"replaced\":false}"));
	stub_broker_connect("o/1", NULL, "127.0.0.1");
	stub_broker_connect("o1", NULL, "127.0.0.1");
	expect(COMMAND("getClient") ",\"clientid\":\"o1\"",
			DATA("{*\"subscriptions\":[{\"topic\":\"cmd/o1/#\",\"qos\":1,*\"by\":\"standing\"}],\"subscriptionsKnown\":\"all\"}"));
	expect(COMMAND("getStandingSubscription") ",\"name\":\"s\"", DATA("{*\"clients\":4}"));
	expect(STANDING("\"topic\":\"news\",\"qos\":0"), DATA("{\"clients\":5,\"skipped\":0,\"replaced\":true}"));
	expect(COMMAND("getClient") ",\"clientid\":\"o1\"", DATA("{*\"subscriptions\":[{\"topic\":\"news\",\"qos\":0,*}],*}"));
	expect(COMMAND("subscribeClient") ",\"clientid\":\"o1\",\"topic\":\"news\",\"qos\":2",
			DATA("{\"connected\":true,\"existed\":true,\"retained\":\"deliver\"}"));
	expect(COMMAND("subscribeClient") ",\"clientid\":\"o1\",\"topic\":\"own\",\"qos\":2", DATA("*"));
	expect(STANDING("\"topic\":\"own\",\"qos\":0"), DATA("{\"clients\":4,\"skipped\":0,\"replaced\":true}"));
	expect(COMMAND("getClient") ",\"clientid\":\"o1\"", DATA("{*\"topic\":\"own\",\"qos\":2,*\"by\":\"control\"*"));
	expect(STANDING("\"topic\":\"$share/g/${clientid}\",\"qos\":0"), DATA("{\"clients\":4,\"skipped\":1,\"replaced\":true}"));
	expect(STANDING("\"topic\":\"a/${clientid}+\""), INVALID("topic"));
	expect(STANDING("\"topic\":\"${clientid}\""), DATA("{\"clients\":4,\"skipped\":1,\"replaced\":true}"));
	stub_broker_connect("$SYS", NULL, "127.0.0.1");
	expect(DOLLAR("${clientid}/#"), DATA("{\"clients\":0,\"skipped\":1,*"));
	expect(DOLLAR("$share/g${clientid}/${clientid}/#"), DATA("{\"clients\":0,\"skipped\":1,*"));
	expect(DOLLAR("a/${clientid}/#"), DATA("{\"clients\":1,\"skipped\":0,*"));
	expect(DOLLAR("$SYS/${clientid}/#"), DATA("{\"clients\":1,\"skipped\":0,*"));
	expect(COMMAND("deleteStandingSubscription") ",\"name\":\"d\"", DATA("*"));
	expect(STANDING("\"topic\":\"$share/g/${clientid}\""), DATA("{*"));
	expect(COMMAND("setStandingSubscription") ",\"name\":\"-\",\"select\":{\"clientid\":\"o*\"},\"topic\":\"a\"",
			INVALID("name"));
	expect(COMMAND("setStandingSubscription") ",\"name\":\"s\",\"select\":{},\"topic\":\"a\"", INVALID("select"));
	stub_broker_stop();

	check(stub_broker_restart(), "the broker starts with a stored standing subscription", "it did not");
	expect(COMMAND("getClient") ",\"clientid\":\"other\"", DATA("{*\"topic\":\"$share/g/other\"*"));
	expect(COMMAND("listStandingSubscriptions"), DATA("{\"standingSubscriptions\":[{\"name\":\"s\",*}],\"cursor\":null,*}"));
	stub_broker_break_state_dir(true);
	expect(STANDING("\"topic\":\"x\""), CODE("STORE_FAILED"));
	expect(COMMAND("deleteStandingSubscription") ",\"name\":\"s\"", CODE("STORE_FAILED"));
	stub_broker_break_state_dir(false);
	expect(COMMAND("deleteStandingSubscription") ",\"name\":\"s\",\"unsubscribe\":true", DATA("{\"unsubscribed\":3}"));
	expect(COMMAND("deleteStandingSubscription") ",\"name\":\"s\"", CODE("STANDING_SUBSCRIPTION_NOT_FOUND"));
	stub_broker_stop();
}


#define SEND_RETAIN(topic, when) COMMAND("subscribeClient") \
	",\"clientid\":\"other\",\"topic\":\"" topic "\",\"options\":{\"send_retain\":\"" when "\"}"

static void subscriptions(void)
{
	stub_broker_start();
	expect(COMMAND("subscribeClient") ",\"clientid\":\"offline\",\"topic\":\"a/+\"",
			DATA("{\"connected\":false,\"existed\":false,\"retained\":\"none\"}"));
	expect(COMMAND("subscribeClient") ",\"clientid\":\"gateway\",\"topic\":\"a\"", CODE("CONTROL_CLIENT"));
	expect(COMMAND("subscribeClient") ",\"clientid\":\"other\",\"topic\":\"a/#/b\"", INVALID("topic"));
	expect(COMMAND("unsubscribeClient") ",\"clientid\":\"offline\",\"topic\":\"a/+\"", DATA("{\"absent\":false}"));
	expect(COMMAND("unsubscribeClient") ",\"clientid\":\"offline\",\"topic\":\"a/+\"", DATA("{\"absent\":true}"));
	expect(SEND_RETAIN("b", "always"), DATA("{*\"existed\":false,\"retained\":\"deliver\"}"));
	expect(SEND_RETAIN("b", "new"), DATA("{*\"existed\":true,\"retained\":\"none\"}"));
	expect(SEND_RETAIN("b", "never"), DATA("{*\"retained\":\"none\"}"));
	expect(SEND_RETAIN("c", "new"), DATA("{*\"existed\":false,\"retained\":\"deliver\"}"));
	expect(SEND_RETAIN("$share/g/d", "always"), DATA("{*\"retained\":\"none\"}"));
	/* The session goes on with the next connection, and so does what is known of it. */
	expect(COMMAND("subscribeClient") ",\"clientid\":\"other\",\"topic\":\"b\"", DATA("*"));
	stub_broker_connect("other", NULL, "127.0.0.1");
	expect(COMMAND("getClient") ",\"clientid\":\"other\"", DATA("{*\"topic\":\"b\",*\"subscriptionsKnown\":\"all\"}"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"aGk=\"", DATA("{}"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"\",\"subscription\":\"b\"",
			DATA("{}"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"\",\"subscription\":\"b/+\"",
			CODE("NOT_SUBSCRIBED"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"\",\"subscription\":1",
			INVALID("subscription"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b/#\",\"payload\":\"aGk=\"", INVALID("topic"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"aGk\"", INVALID("payload"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"other\",\"topic\":\"b\",\"payload\":\"\",\"properties\":{\"x\":1}",
			INVALID("properties"));
	expect(COMMAND("deliverRetained") ",\"clientid\":\"offline\",\"topic\":\"b\",\"payload\":\"\"",
			CODE("CLIENT_NOT_CONNECTED"));
	check(stub_broker_counts().delivered == 2, "two messages are delivered", "that was right");
	stub_broker_stop();
}

/* Asks for events; what the answer counts them in is at `run`. */
static void watch(const char *expected, char run[64])
{
	const cJSON *data, *text;

	expect(COMMAND("watchEvents"), expected);
	data = cJSON_GetObjectItem(cJSON_GetArrayItem(stub_broker_responses(),
			cJSON_GetArraySize(stub_broker_responses())-1), "data");
	text = cJSON_GetObjectItem(data, "run");
	(void)snprintf(run, 64, "%s", cJSON_IsString(text) ? text->valuestring : "none");
}

static void watches(void)
{
	char *text;
	char before[64], first[64], again[64];

	stub_broker_start();
	watch(DATA("{\"sequence\":*,\"run\":\"????????????????????????????????\"}"), before);
	stub_broker_stop();
	stub_broker_start();
	stub_broker_connect("before", NULL, "127.0.0.1");
	expect(COMMAND("watchEvents") ",\"seconds\":9", INVALID("seconds"));
	watch(DATA("{\"sequence\":6,*}"), first);
	watch(DATA("{\"sequence\":6,*}"), again);
	check(!strcmp(first, again) && strcmp(first, before), "a run is one start of the broker", first);
	stub_broker_connect("new", "u", "127.0.0.1");
	stub_broker_connect("new", "u", "127.0.0.1");
	stub_broker_disconnect("new", true);
	expect(COMMAND("disconnectClient") ",\"clientid\":\"before\"", DATA("*"));
	stub_broker_wait();
	text = cJSON_PrintUnformatted(stub_broker_events());
	check(text && glob_matches("[{\"type\":\"connected\",*\"clientid\":\"new\",*},"
			"{\"type\":\"disconnected\",*\"reason\":\"taken-over\"},{\"type\":\"connected\",*},"
			"{\"type\":\"disconnected\",*\"reason\":\"client\",\"sessionStays\":true},"
			"{\"type\":\"disconnected\",*\"clientid\":\"before\",*\"reason\":\"kicked\",\"sessionStays\":false}]", text),
			"events", text ? text : "none");
	cJSON_free(text);
	expect(COMMAND("unwatchEvents"), DATA("{}"));
	stub_broker_connect("late", NULL, "127.0.0.1");
	stub_broker_wait();
	check(cJSON_GetArraySize(stub_broker_events()) == 5, "no events after the watch", "there were");
	stub_broker_stop();
}

/* More happens than is sent in one turn. */
static void happen(int count)
{
	for(int i=0; i<count; i+=2){
		stub_broker_connect("new", NULL, "127.0.0.1");
		stub_broker_disconnect("new", false);
	}
}

static void misses(void)
{
	char run[64];
	struct stub_counts before;

	stub_broker_start();
	watch(DATA("{\"sequence\":5,*}"), run);
	happen(MAX_EVENTS_WAITING+100);
	stub_broker_run();
	before = stub_broker_counts();
	check(before.missed == 100 && before.sequence == 5 + MAX_EVENTS_WAITING + 100, "what is missed", "is told at once");
	check(before.sequence == 5 + before.missed + before.events, "missed and sent", "are all");
	happen(MAX_EVENTS_WAITING+100);
	expect(COMMAND("unwatchEvents"), DATA("{}"));
	stub_broker_run();
	happen(2);
	before = stub_broker_counts();
	watch(DATA("{\"sequence\":20207,*}"), run);
	happen(2);
	stub_broker_wait();
	check(stub_broker_counts().sequence == 20209 && stub_broker_counts().missed == before.missed
			&& stub_broker_counts().events == before.events+2, "what others missed", "does not concern a new watch");
	stub_broker_stop();
}

/* The last watch ends unasked while events wait: there are none to wait for any more. */
static void outlives_watch(void)
{
	char run[64];

	stub_broker_start();
	watch(DATA("{\"sequence\":5,*}"), run);
	happen(MAX_EVENTS_PER_MESSAGE);
	clients_find("gateway")->watches_until_us = 1;
	stub_broker_connect("new", NULL, "127.0.0.1");
	check(!events_tick(), "events after the last watch", "wake the broker");
	watch(DATA("{\"sequence\":206,*}"), run);
	stub_broker_stop();
}

#endif

/* Whoever asked goes away in the middle: what has begun is done, nothing more is begun, and nobody is answered. */
static void abandons(void)
{
	static const char nobody[] = "{\"command\":\"disconnectClient\",\"clientid\":\"nobody\"},";
	static const char last[] = "{\"command\":\"disconnectClient\",\"clientid\":\"online\"}]}";
	const size_t count = MAX_COMMANDS-1;
	char *payload = malloc(sizeof(last) + 20 + count*sizeof(nobody));
	char *at = payload;

	if(!payload){
		abort();
	}
	at += sprintf(at, "{\"commands\":[");
	for(size_t i=0; i<count; i++){
		at += sprintf(at, "%s", nobody);
	}
	at += sprintf(at, "%s", last);

	stub_broker_start();
	stub_broker_send(&own_api, "gateway-user", payload, (size_t)(at-payload));
	check(control_is_busy(), "20,000 commands", "take more than one turn");
	stub_broker_disconnect("gateway", false);
	stub_broker_run();
	check(stub_broker_counts().kicks == 0, "the last command of who has gone", "is not begun");
	stub_broker_connect("gateway", "gateway-user", "127.0.0.1");
	expect(COMMAND("getClient") ",\"clientid\":\"online\"", DATA("{*"));
	stub_broker_send(&own_api, "gateway-user", payload, (size_t)(at-payload));
	stub_broker_stop();
	free(payload);
}


static bool holds(const struct network *network, const char *text)
{
	struct network address;

	return network_read(&address, text) && network_holds(network, &address);
}


/* What a glob means, without care for time. */
static bool means(const char *pattern, const char *text)
{
	if(*pattern == '\0') return *text == '\0';
	if(*pattern == '*') return means(pattern+1, text) || (*text && means(pattern, text+1));
	return *text && (*pattern == '?' || *pattern == *text) && means(pattern+1, text+1);
}


/* Behind a beginning that is walked over again and again, patterns and texts mean what they mean without it. */
static void hostile_texts(void)
{
	static char pattern[64], text[6100], ids[60001], glob[260];
	const size_t start = 6000;
	clock_t began;

	srand(1);
	memset(text, 'a', start);
	for(int round=0; round<3000; round++){
		size_t length = (size_t)(1 + rand()%6), ends = (size_t)(rand()%8);
		size_t at = (size_t)sprintf(pattern, "*aaaaaaaaaaaaaaaaaaaaaaac");

		text[start] = 'c';
		for(size_t i=0; i<length; i++) pattern[at+i] = "ab?*"[rand()%4];
		for(size_t i=0; i<ends; i++) text[start+1+i] = "ab"[rand()%2];
		pattern[at+length] = text[start+1+ends] = '\0';
		check(glob_matches(pattern, text) == means(pattern+at, &text[start+1]), pattern, &text[start]);
	}
	memcpy(text, "\xC3\xA9", 2);
	check(glob_matches("?*aaaaaaaaaaaaaaaaaaaaaaac??\\*", strcpy(&text[start], "c\xC3\xA9\xF0\x9F\x98\x80*")-start), "?", "is a character");
	check(!glob_matches("*aaaaaaaaaaaaaaaaaaaaaaac??", strcpy(&text[start], "c\xC3\xA9")-start), "?", "is not a byte");

	/* With a bound it is the same as long as that is enough, and false when it is not. */
	for(size_t steps=1; steps<40000; steps=steps*2+1){
		size_t left = steps;
		bool matches = glob_matches_within("*aaaaaaaaaaaaaaaaaaaaaaac??", strcpy(&text[start], "cab")-start, &left);

		check(left < steps && matches == (left > 0) && (matches || steps < 20000), "steps", "are counted");
	}

	/* A hundred times 60,000 times 254 steps take many seconds of CPU time, one pass each some tenths of one. */
	memset(ids, 'a', sizeof(ids)-1);
	memset(glob, 'a', 256);
	glob[0] = '*';
	glob[254] = '?';
	strcpy(&glob[255], "b");
	memcpy(&ids[sizeof(ids)-3], "ab", 2);
	began = clock();
	for(int round=0; round<100; round++) check(glob_matches(glob, ids), "a long glob", "a long id");
	check(clock()-began < 3*CLOCKS_PER_SEC, "a long id", "costs time by its length alone");
}


static void texts(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} examples[] = {
		{ "*", "", true }, { "?", "", false }, { "?", "\xC3\xA9", true }, { "??", "\xC3\xA9", false },
		{ "a*c", "abc", true }, { "a*c", "abcd", false }, { "*a*b", "xaxbxb", true }, { "a\\*", "a*", true },
		{ "a\\*", "ab", false }, { "*ab?", "abab\xC3\xA9", true }, { "a", "", false }, { "a**b?*", "aXbY", true },
		{ "*ab*ba*", "xaabbba", true }, { "*ab*ba*", "xaabb", false }, { "*\xC3\xA9*", "a\xC3\xA8\xC3\xA9", true },
	};
	struct network network;

	for(size_t i=0; i<sizeof(examples)/sizeof(examples[0]); i++){
		check(glob_matches(examples[i].pattern, examples[i].text) == examples[i].matches, examples[i].pattern, examples[i].text);
	}
	stub_broker_start();
	stub_broker_connect("psk", "\xC3\x28\"\xE2\x82", "127.0.0.1");
	expect(COMMAND("getClient") ",\"clientid\":\"psk\"", DATA("{*\"username\":\"\xEF\xBF\xBD(\\\\\"\xEF\xBF\xBD\xEF\xBF\xBD\",*"));
	stub_broker_stop();
	check(glob_is_valid("a\\\\") && !glob_is_valid("a\\") && !glob_is_valid(""), "patterns", "are checked");
	check(network_read(&network, "2001:db8::/33") && holds(&network, "2001:db8:7fff::1")
			&& !holds(&network, "2001:db8:8000::1") && !holds(&network, "10.0.0.1"), "an IPv6 network", "holds what it should");
	check(network_read(&network, "::/8") && !holds(&network, "10.0.0.1") && holds(&network, "::1"),
			"a network of IPv6", "holds no IPv4");
	check(network_read(&network, "::ffff:10.0.0.0/104") && holds(&network, "10.9.9.9"), "a mapped network", "is IPv4");
	check(!network_read(&network, "10.0.0.0/08") && !network_read(&network, "::ffff:10.0.0.0/95")
			&& !network_read(&network, "fe80::1%eth0"), "odd networks", "are none");
	check(!network_read(&network, "10.0.0.1/") && !network_read(&network, "10.0.0/8") && !network_read(&network, "::/129")
			&& !network_read(&network, ""), "no networks", "are told");
}


int main(void)
{
	describes();
	lists();
	disconnects();
	bans();
#if BUILT_FOR_2_1
	standing();
	subscriptions();
	watches();
	misses();
	outlives_watch();
#endif
	abandons();
	texts();
	hostile_texts();
	printf("Mosquitto %s, our own protocol: %d checks, %d failed\n", BUILT_FOR, checks, failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
