#!/bin/bash
# Builds Debian 13's Mosquitto 2.0 with AddressSanitizer from the Debian source package, into a cache folder, for the
# tests of faults that only show as damaged memory. Nothing is installed.
#
#   scripts/build-mosquitto-asan.sh [cache-dir]      default: <repository>/.cache/mosquitto-asan
#
# Only the broker, without WebSockets, bridges and documentation: half a minute on one core.
# Needs gcc, make, dpkg-dev, libcjson-dev and libssl-dev. Result: bin/mosquitto, include/, VERSION (written last).
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
fail() { echo "build-mosquitto-asan: $*" >&2; exit 1; }
. "$here/private-apt.sh"

cache_dir=$(readlink -m "${1:-$here/../../.cache/mosquitto-asan}")
mkdir -p "$(dirname "$cache_dir")"

# One build at a time; whoever waited finds the work done.
exec 9>"$cache_dir.lock"
flock 9
if [ -s "$cache_dir/VERSION" ]; then
	echo "$cache_dir: Mosquitto $(cat "$cache_dir/VERSION") is there already"
	exit 0
fi

work=$(mktemp -d "$cache_dir.partial.XXXXXX")
trap 'rm -rf "$work"' EXIT
private_apt trixie "$work/apt"
cd "$work"
quietly apt-get -q source --download-only mosquitto
unset APT_CONFIG
quietly dpkg-source --no-check -x mosquitto_*.dsc source

# The Makefile compares what it includes with the variables' defaults, so all of it is said on the command line.
options=(WITH_WEBSOCKETS=no WITH_SYSTEMD=no WITH_SRV=no WITH_BRIDGE=no WITH_DOCS=no
	WITH_STRIP=no WITH_CJSON=yes WITH_BUNDLED_DEPS=yes)
quietly make -C source/src -j"$(nproc)" "${options[@]}" CC=gcc \
	CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address -w' LDFLAGS=-fsanitize=address mosquitto

mkdir bin
cp source/src/mosquitto bin/
cp -r source/include include
version=$(bin/mosquitto -h 2>/dev/null | sed -n 's/^mosquitto version \([0-9.]*\).*/\1/p' || true)
case $version in
	2.0.*) ;;
	*) fail "expected Mosquitto 2.0, got '${version:-nothing that runs}'" ;;
esac
rm -rf apt source mosquitto_*
echo "$version" >VERSION
chmod 755 "$work"
rm -rf "$cache_dir"
mv -T "$work" "$cache_dir"
trap - EXIT
echo "$cache_dir: Mosquitto $version built"
