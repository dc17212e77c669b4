#!/bin/bash
# Builds a Debian package of the plugin for one Mosquitto, 2.0 or 2.1, whichever the headers belong to.
#
#   packaging/build-deb.sh [-I <headers>] [-o <folder>]
#
#   -I <headers>   folder with mosquitto.h; default: the system's (libmosquitto-dev, mosquitto-dev)
#   -o <folder>    where to put the package; default: build
#
# Needs gcc, make, pkg-config, libcjson-dev, dpkg-dev. Prints the package's path. The package depends on the broker it was
# built for, so that apt does not exchange the broker under it: a library for another Mosquitto keeps that from starting.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
source=$(dirname "$here")
include=/usr/include
output=$source/build
fail() { echo "build-deb: $*" >&2; exit 1; }

while getopts I:o: option; do
	case $option in
		I) include=$(readlink -f "$OPTARG") || fail "no folder $OPTARG" ;;
		o) output=$(readlink -m "$OPTARG") ;;
		*) exit 2 ;;
	esac
done

read -r major minor < <(printf '#include <mosquitto.h>\nLIBMOSQUITTO_MAJOR LIBMOSQUITTO_MINOR\n' |
	"${CC:-cc}" -E -P "-I$include" - 2>/dev/null | tail -n 1) || true
case ${major:-}.${minor:-} in
	2.0) broker='mosquitto (>= 2.0.11), mosquitto (<< 2.1~)' ;;
	2.[1-9]*) broker='mosquitto (>= 2.1~)' ;;
	*) fail "no headers of Mosquitto 2.0 or 2.1 in $include" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
make -s -C "$source" BUILD="$work/build" WERROR= MOSQUITTO_INCLUDE="$include" >&2
make -s -C "$source" BUILD="$work/build" WERROR= MOSQUITTO_INCLUDE="$include" PREFIX=/usr DESTDIR="$root" install >&2
strip --strip-unneeded "$root/usr/lib/mosquitto/mosquitto_client_control.so"
chmod 644 "$root/usr/lib/mosquitto/mosquitto_client_control.so"

name=mosquitto-client-control
version=$(sed -n 's/^VERSION := //p' "$source/Makefile")~mosquitto$major.$minor
documents=$root/usr/share/doc/$name
install -d "$documents/examples"
install -m 644 "$source/README.md" "$source/packaging/copyright" "$documents/"
install -m 644 "$source/packaging/client-control.conf" "$documents/examples/"
if [ "$minor" = 0 ]; then
	cat >>"$documents/examples/client-control.conf" <<-'EXAMPLE'

	# Mosquitto 2.0 tells a plugin who is connected only if it watches logins. Named clients then need a password_file.
	plugin_opt_track_clients true
	EXAMPLE
	sed -i '/^# With per_listener_settings/d' "$documents/examples/client-control.conf"
fi

# What the library needs of the C library and cJSON, in versions, as Debian's own tools see it.
mkdir "$work/debian"
printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' "$name" "$name" >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/lib/mosquitto/mosquitto_client_control.so" 2>/dev/null |
	sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || fail 'dpkg-shlibdeps does not know the libraries: are libcjson1 and libc6 installed from packages?'

install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: ${DEBFULLNAME:-The MQTT Client Control authors} <${DEBEMAIL:-nobody@example.invalid}>
Section: net
Priority: optional
Depends: $broker, $libraries
Installed-Size: $(du -ks --exclude=DEBIAN "$root" | cut -f1)
Description: control of connected clients for the Mosquitto MQTT broker
 A plugin for Mosquitto $major.$minor that lets a chosen user disconnect, find, ban,
 subscribe and unsubscribe clients through control topics.
 .
 It does nothing until it is configured:
 /usr/share/doc/$name/examples/client-control.conf shows how.
CONTROL
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

mkdir -p "$output"
dpkg-deb --root-owner-group --build "$root" "$output" >&2
echo "$output/${name}_${version}_$(dpkg --print-architecture).deb"
