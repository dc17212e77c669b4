#include "options.h"

#include <stdlib.h>
#include <string.h>

static int refuse(const char *key, const char *rule)
{
	mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: plugin_opt_%s %s.", key, rule);
	return MOSQ_ERR_INVAL;
}

static int read_bool(const char *key, const char *value, bool *result)
{
	if(strcmp(value, "true") && strcmp(value, "false")) return refuse(key, "must be true or false");
	*result = !strcmp(value, "true");
	return MOSQ_ERR_SUCCESS;
}

static int read_number(const char *key, const char *value, long min, long max, long *result)
{
	char *end;

	*result = strtol(value, &end, 10);
	if(value[0] < '0' || value[0] > '9' || *end || *result < min || *result > max){
		return refuse(key, "is not a number in its range");
	}
	return MOSQ_ERR_SUCCESS;
}

/* Room for one more element, which is zeroed; NULL if memory is short. */
static void *add_element(void **list, int *count, size_t size)
{
	char *grown = mosquitto_realloc(*list, size*(size_t)(*count+1));

	if(!grown) return NULL;
	*list = grown;
	return memset(&grown[size*(size_t)(*count)++], 0, size);
}

static int add_username(struct options *options, const char *key, const char *username)
{
	char **place;

	if(username[0] == '\0') return refuse(key, "is empty");
	place = add_element((void **)&options->allowed_usernames, &options->allowed_username_count, sizeof(char *));
	if(place) *place = mosquitto_strdup(username);
	return place && *place ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

static int add_port(struct options *options, const char *key, const char *value)
{
	long port;
	int rc = read_number(key, value, 1, 65535, &port);

	if(rc) return rc;
	int *place = add_element((void **)&options->allowed_ports, &options->allowed_port_count, sizeof(int));
	if(place) *place = (int)port;
	return place ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

/* "<qos>" or "<qos> <port>" */
static int add_qos_limit(struct options *options, const char *key, const char *value)
{
	struct qos_limit *place;
	long port = 0;
	int rc = MOSQ_ERR_SUCCESS;

	if(value[0] < '0' || value[0] > '2' || (value[1] && value[1] != ' ')){
		return refuse(key, "must be 0, 1 or 2, and may be followed by a listener's port");
	}
	if(value[1]) rc = read_number(key, &value[2], 1, 65535, &port);
	if(rc) return rc;
	place = add_element((void **)&options->qos_limits, &options->qos_limit_count, sizeof(struct qos_limit));
	if(place) *place = (struct qos_limit){ (int)port, (uint8_t)(value[0]-'0') };
	return place ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

static int set_state_dir(struct options *options, const char *key, const char *path)
{
	if(path[0] != '/') return refuse(key, "must be an absolute path");
	mosquitto_free(options->state_dir);
	options->state_dir = mosquitto_strdup(path);
	return options->state_dir ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

static int read_option(struct options *options, const char *key, const char *value)
{
	if(!strcmp(key, "allow_username")){
		return add_username(options, key, value);
	}else if(!strcmp(key, "allow_anonymous_control")){
		return read_bool(key, value, &options->allow_anonymous_control);
	}else if(!strcmp(key, "disconnect_with_will")){
		return read_bool(key, value, &options->disconnect_with_will);
	}else if(!strcmp(key, "track_clients")){
		return read_bool(key, value, &options->track_clients);
	}else if(!strcmp(key, "state_dir")){
		return set_state_dir(options, key, value);
	}else if(!strcmp(key, "max_qos")){
		return add_qos_limit(options, key, value);
	}else if(!strcmp(key, "allow_listener")){
		return BUILT_FOR_2_1 ? add_port(options, key, value) : refuse(key, "needs Mosquitto 2.1 or later");
	}else if(!strcmp(key, "deliver_retained")){
		return BUILT_FOR_2_1 ? read_bool(key, value, &options->deliver_retained)
			: refuse(key, "needs Mosquitto 2.1 or later");
	}
	mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: unknown option plugin_opt_%s.", key);
	return MOSQ_ERR_INVAL;
}

int options_read(struct options *options, const struct mosquitto_opt *opts, int opt_count)
{
	memset(options, 0, sizeof(*options));
	options->disconnect_with_will = true;
	options->track_clients = BUILT_FOR_2_1;

	for(int i=0; i<opt_count; i++){
		int rc = read_option(options, opts[i].key, opts[i].value ? opts[i].value : "");
		if(rc) return rc;
	}
	if(options->allowed_username_count == 0 && !options->allow_anonymous_control){
		mosquitto_log_printf(MOSQ_LOG_ERR,
				"Error: client-control: nobody may send commands. List the service's username with"
				" plugin_opt_allow_username, or for a trial set plugin_opt_allow_anonymous_control true.");
		return MOSQ_ERR_INVAL;
	}
	if(BUILT_FOR_2_1 && !options->track_clients){
		return refuse("track_clients", "cannot be switched off for Mosquitto 2.1");
	}
	if(!options->disconnect_with_will && !options->track_clients){
		return refuse("disconnect_with_will", "false needs Mosquitto 2.1 or later, or plugin_opt_track_clients true");
	}
	if(!options->state_dir && mosquitto_persistence_location()){
		options->state_dir = mosquitto_strdup(mosquitto_persistence_location());
	}
	return MOSQ_ERR_SUCCESS;
}

void options_cleanup(struct options *options)
{
	for(int i=0; i<options->allowed_username_count; i++){
		mosquitto_free(options->allowed_usernames[i]);
	}
	mosquitto_free(options->allowed_usernames);
	mosquitto_free(options->allowed_ports);
	mosquitto_free(options->qos_limits);
	mosquitto_free(options->state_dir);
	memset(options, 0, sizeof(*options));
}

bool options_name_username(const struct options *options, const char *username)
{
	for(int i=0; username && i<options->allowed_username_count; i++){
		if(!strcmp(options->allowed_usernames[i], username)) return true;
	}
	return false;
}

bool options_allow(const struct options *options, const char *username, int port)
{
	bool port_allowed = options->allowed_port_count == 0;

	for(int i=0; i<options->allowed_port_count; i++){
		port_allowed = port_allowed || options->allowed_ports[i] == port;
	}
	return port_allowed && (username ? options_name_username(options, username) : options->allow_anonymous_control);
}

uint8_t options_max_qos(const struct options *options, int port)
{
	uint8_t max_qos = 2;

	for(int i=0; i<options->qos_limit_count; i++){
		const struct qos_limit *limit = &options->qos_limits[i];

		if((limit->port == 0 || limit->port == port) && limit->qos < max_qos) max_qos = limit->qos;
	}
	return max_qos;
}
