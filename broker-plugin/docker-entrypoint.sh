#!/bin/sh
# Prepares what Mosquitto reads, then runs the command. Both files end up on the container's tmpfs, readable by the broker's
# user alone: Mosquitto refuses those of others and symbolic links, which mounted secrets are.
#
#   MOSQUITTO_USERS_FILE   lines of "username:password"; becomes the password file /tmp/passwords
#   MOSQUITTO_ACL_FILE     becomes /tmp/acl
set -eu
umask 077
if [ -n "${MOSQUITTO_USERS_FILE:-}" ]; then
	cat "$MOSQUITTO_USERS_FILE" >/tmp/passwords
	mosquitto_passwd -U /tmp/passwords
	chown mosquitto: /tmp/passwords
fi
if [ -n "${MOSQUITTO_ACL_FILE:-}" ]; then
	cat "$MOSQUITTO_ACL_FILE" >/tmp/acl
	chown mosquitto: /tmp/acl
fi
exec "$@"
