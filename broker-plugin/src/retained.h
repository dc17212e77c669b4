/*
 * deliverRetained: hands a client a message as if the broker had kept it, for a subscription that was made on its
 * behalf. Opt-in (plugin_opt_deliver_retained): the contents come from whoever may command, and Mosquitto lets no plugin
 * ask whether the client may read the topic. Mosquitto 2.1 only.
 */
#pragma once

#include "command.h"

/* deliverRetained: clientid, topic (a name), qos (0), payload (base64), properties. */
enum outcome deliver_retained(struct command *command);

#if BUILT_FOR_2_1
/* MOSQ_EVT_MESSAGE_OUT: gives such a message the retain flag, which a plugin cannot do when it sends it. */
int retained_on_message_out(int event, void *event_data, void *userdata);
#endif
