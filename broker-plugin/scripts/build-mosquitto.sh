#!/bin/bash
# Builds a Mosquitto for the tests from its Debian source package, into a cache folder. Nothing is installed.
#
#   scripts/build-mosquitto.sh asan [cache-dir]   Debian 13's 2.0 with AddressSanitizer, for faults that only show as
#                                                 damaged memory; default .cache/mosquitto-asan
#   scripts/build-mosquitto.sh musl [cache-dir]   2.1 of Debian testing with the C library musl, linked as the Alpine image
#                                                 eclipse-mosquitto links it; default .cache/mosquitto-musl
#
# Only the broker, and of that only what the tests need: ten to thirty seconds. The sources come from the mirror this
# machine's apt is set up with (see private-apt.sh). Needs gcc, make, dpkg-dev; asan: libcjson-dev, libssl-dev; musl: musl-tools.
#
# Result:  bin/mosquitto
#          include/    headers for `make MOSQUITTO_INCLUDE=<cache-dir>/include`; musl: cJSON's are among them
#          lib/        musl: libcjson
#          VERSION     e.g. 2.0.21; written last, its presence means "complete"
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
fail() { echo "build-mosquitto: $*" >&2; exit 1; }
. "$here/private-apt.sh"

kind=${1:-}
case $kind in
	asan) suite=trixie sources=(mosquitto) expected='2.0.*' ;;
	musl) suite=forky sources=(mosquitto cjson) expected='2.[1-9]*' ;;
	*) fail 'which one? asan or musl' ;;
esac
cache_dir=$(readlink -m "${2:-$here/../../.cache/mosquitto-$kind}")
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
private_apt "$suite" "$work/apt"
cd "$work"
for name in "${sources[@]}"; do
	quietly apt-get -q source --download-only "$name"
	quietly dpkg-source --no-check -x "$name"_*.dsc "$name"
done
unset APT_CONFIG
mkdir bin lib

build_asan() {
	quietly make -C mosquitto/src -j"$(nproc)" WITH_TLS_PSK=no WITH_WEBSOCKETS=no WITH_SYSTEMD=no WITH_SRV=no \
		WITH_BRIDGE=no WITH_DOCS=no WITH_STRIP=no WITH_CJSON=yes WITH_BUNDLED_DEPS=yes CC=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address -w' LDFLAGS=-fsanitize=address mosquitto
}

# The image's Dockerfile runs the same Makefile, which exports to plugins what src/linker.syms names and nothing else.
# Without TLS and WebSockets, for which OpenSSL would have to be built too: the random numbers then come from the kernel.
build_musl() {
	mkdir include-cjson
	install -D -m 644 cjson/cJSON.h include-cjson/cjson/cJSON.h
	quietly musl-gcc -O2 -fPIC -shared -Wl,-soname,libcjson.so.1 -o lib/libcjson.so.1 cjson/cJSON.c -lm
	ln -s libcjson.so.1 lib/libcjson.so
	local options=(CC=musl-gcc WITH_TLS=no WITH_TLS_PSK=no WITH_WEBSOCKETS=no WITH_HTTP_API=no WITH_SQLITE=no WITH_EDITLINE=no
		WITH_ARGON2=no WITH_SYSTEMD=no WITH_SRV=no WITH_ADNS=no WITH_DOCS=no WITH_STRIP=yes
		"CFLAGS=-O1 -w -fPIC -I$work/include-cjson -DWITH_BROKER -DHAVE_GETRANDOM -include sys/random.h"
		"LDFLAGS=-L$work/lib -Wl,-rpath,\\\$\$ORIGIN/../lib")
	quietly make -C mosquitto/libcommon -j"$(nproc)" "${options[@]}" libmosquitto_common.a
	quietly make -C mosquitto/src -j"$(nproc)" "${options[@]}" mosquitto
}

"build_$kind"
cp mosquitto/src/mosquitto bin/
cp -r mosquitto/include include
[ ! -d include-cjson ] || cp -r include-cjson/cjson include/
version=$(bin/mosquitto -h 2>/dev/null | sed -n 's/^mosquitto version \([0-9.]*\).*/\1/p' || true)
# shellcheck disable=SC2254 # a pattern
case $version in
	$expected) ;;
	*) fail "expected Mosquitto $expected, got '${version:-nothing that runs}'" ;;
esac
rm -rf apt mosquitto cjson include-cjson mosquitto_* cjson_*
echo "$version" >VERSION
chmod 755 "$work"
rm -rf "$cache_dir"
mv -T "$work" "$cache_dir"
trap - EXIT
echo "$cache_dir: Mosquitto $version built"
