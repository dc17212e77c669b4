#ifndef SUBSCRIPTION_H
#define SUBSCRIPTION_H

#include "command.h"

/*
 * subscribeClient: clientid, topic, qos (0), options { no_local (false), retain_as_published (false), send_retain }.
 *
 * Works on connected clients and on persistent sessions that are offline. A subscription that exists takes the new
 * options. Mosquitto's plugin API offers no check of the client's subscribe ACL and no access to retained messages:
 * each message is checked against the client's read ACL when it is delivered, and `send_retain` is validated but
 * retained messages are not sent, whatever it says. Mosquitto 2.0: not supported.
 */
void subscribe_client(struct command *command);

/* unsubscribeClient: clientid, topic. Succeeds as well when there was no such subscription. Mosquitto 2.0: not supported. */
void unsubscribe_client(struct command *command);

#endif
