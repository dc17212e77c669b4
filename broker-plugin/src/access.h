/*
 * Who may command, and what the plugin answers when a client logs in.
 *
 * A username counts where it was authenticated, and only there: for the usernames that may command, the plugin answers
 * a login with "not me" (DEFER), after which the broker lets the client in only if a password file or another plugin
 * vouches for it. Without that, any listener that lets in everybody would make everybody who says so a commander.
 */
#pragma once

#include "clients.h"
#include "options.h"

/* The options to go by. With per_listener_settings of 2.0 there are some for each listener: the last are taken. */
void access_use(const struct options *options);

/* Whether this connected client may command. */
bool access_may_command(const struct mosquitto *context);

/* The same for an entry of the table; false for who is not connected. */
bool access_is_control_client(const struct client *client);

/* The highest QoS that the client's listener knows, as far as the options say. */
uint8_t access_max_qos(const struct client *client);

/* MOSQ_EVT_BASIC_AUTH. On 2.0 also how the plugin learns of clients. */
int access_on_basic_auth(int event, void *event_data, void *userdata);

/* MOSQ_EVT_EXT_AUTH_START (2.1) */
int access_on_extended_auth(int event, void *event_data, void *userdata);
