#include "options.h"

#include <string.h>

static int read_bool(const char *key, const char *value, bool *result)
{
	if(!strcmp(value, "true")){
		*result = true;
	}else if(!strcmp(value, "false")){
		*result = false;
	}else{
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: plugin_opt_%s must be true or false.", key);
		return MOSQ_ERR_INVAL;
	}
	return MOSQ_ERR_SUCCESS;
}


static int add_username(struct options *options, const char *username)
{
	char **usernames;

	if(username[0] == '\0'){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: plugin_opt_allow_username is empty.");
		return MOSQ_ERR_INVAL;
	}
	usernames = mosquitto_realloc(options->allowed_usernames,
			sizeof(char *)*((size_t)options->allowed_username_count+1));
	if(!usernames){
		return MOSQ_ERR_NOMEM;
	}
	options->allowed_usernames = usernames;
	usernames[options->allowed_username_count] = mosquitto_strdup(username);
	if(!usernames[options->allowed_username_count]){
		return MOSQ_ERR_NOMEM;
	}
	options->allowed_username_count++;
	return MOSQ_ERR_SUCCESS;
}


static int read_option(struct options *options, const char *key, const char *value)
{
	if(!strcmp(key, "allow_username")){
		return add_username(options, value);
	}else if(!strcmp(key, "allow_anonymous_control")){
		return read_bool(key, value, &options->allow_anonymous_control);
	}else if(!strcmp(key, "disconnect_with_will")){
		return read_bool(key, value, &options->disconnect_with_will);
	}
	mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: unknown option plugin_opt_%s.", key);
	return MOSQ_ERR_INVAL;
}


int options_read(struct options *options, const struct mosquitto_opt *opts, int opt_count)
{
	memset(options, 0, sizeof(*options));
	options->disconnect_with_will = true;

	for(int i=0; i<opt_count; i++){
		int rc = read_option(options, opts[i].key, opts[i].value ? opts[i].value : "");
		if(rc){
			return rc;
		}
	}
	if(options->allowed_username_count == 0 && !options->allow_anonymous_control){
		mosquitto_log_printf(MOSQ_LOG_ERR,
				"Error: client-control: nobody may send commands. List the service's username with"
				" plugin_opt_allow_username, or for a trial set plugin_opt_allow_anonymous_control true.");
		return MOSQ_ERR_INVAL;
	}
#if !BUILT_FOR_2_1
	if(!options->disconnect_with_will){
		/* 2.0 damages its list of expiring sessions when it kicks an offline client without its will, and does not
		 * let a plugin see beforehand whether a client is offline. */
		mosquitto_log_printf(MOSQ_LOG_ERR,
				"Error: client-control: plugin_opt_disconnect_with_will false needs Mosquitto 2.1 or later.");
		return MOSQ_ERR_INVAL;
	}
#endif
	return MOSQ_ERR_SUCCESS;
}


void options_cleanup(struct options *options)
{
	for(int i=0; i<options->allowed_username_count; i++){
		mosquitto_free(options->allowed_usernames[i]);
	}
	mosquitto_free(options->allowed_usernames);
	memset(options, 0, sizeof(*options));
}


bool options_allow(const struct options *options, const char *username)
{
	if(username == NULL){
		return options->allow_anonymous_control;
	}
	for(int i=0; i<options->allowed_username_count; i++){
		if(!strcmp(options->allowed_usernames[i], username)){
			return true;
		}
	}
	return false;
}
