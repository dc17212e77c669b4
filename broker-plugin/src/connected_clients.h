/* Which clients are connected. Mosquitto 2.1 tells a plugin when a client comes and goes but not who is there. */
#ifndef CONNECTED_CLIENTS_H
#define CONNECTED_CLIENTS_H

#include "broker_api.h"

/* MOSQ_EVT_CONNECT, and MOSQ_EVT_DISCONNECT (session ends) or MOSQ_EVT_CLIENT_OFFLINE (session stays). */
int connected_clients_on_connect(int event, void *event_data, void *userdata);
int connected_clients_on_gone(int event, void *event_data, void *userdata);

/* Whether the client is connected, and since when (epoch milliseconds; may be NULL). */
bool connected_clients_find(const struct mosquitto *client, int64_t *since_ms);

void connected_clients_cleanup(void);

#endif
