#!/bin/sh
# Makes the broker's password file from MOSQUITTO_USERS_FILE, lines of "username:password", and then runs the command.
# The result lies on the container's tmpfs, readable by the broker's user alone.
set -eu
if [ -n "${MOSQUITTO_USERS_FILE:-}" ]; then
	umask 077
	cp "$MOSQUITTO_USERS_FILE" /tmp/passwords
	mosquitto_passwd -U /tmp/passwords
	chown mosquitto: /tmp/passwords
fi
exec "$@"
