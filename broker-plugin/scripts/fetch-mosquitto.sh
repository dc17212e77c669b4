#!/bin/bash
# Fetches the Mosquitto of another Debian release for the tests, into a cache folder, without installing anything.
#
#   scripts/fetch-mosquitto.sh 2.1 [cache-dir]       of Debian testing "forky"; default .cache/mosquitto-2.1
#   scripts/fetch-mosquitto.sh trixie [cache-dir]    2.0 as Debian 13 has it;   default .cache/mosquitto-trixie
#
# Source: the mirror this machine's apt is already set up with, through a private apt (see private-apt.sh).
# The broker comes with its whole library closure, C library and loader included, so it runs on an older Debian.
#
# Result:  bin/mosquitto, bin/mosquitto_passwd   wrappers that exec the real program (the pid is the broker's)
#          include/                              headers for `make MOSQUITTO_INCLUDE=<cache-dir>/include`
#          root/                                 the unpacked packages, and dpkg's record of them (var/lib/dpkg/status)
#          VERSION                               e.g. 2.1.2; written last, its presence means "complete"
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
fail() { echo "fetch-mosquitto: $*" >&2; exit 1; }
. "$here/private-apt.sh"

case ${1:-} in
	2.1) suite=forky expected='2.[1-9]*' ;;
	trixie) suite=trixie expected='2.0.*' ;;
	*) fail "which one? 2.1 or trixie" ;;
esac
cache_dir=${2:-$here/../../.cache/mosquitto-$1}
packages=(mosquitto mosquitto-dev libmosquitto-dev)

mkdir -p "$(dirname "$cache_dir")"
cache_dir=$(readlink -m "$cache_dir")

# One fetch at a time; whoever waited finds the work done.
exec 9>"$cache_dir.lock"
flock 9
if [ -s "$cache_dir/VERSION" ] && [ -s "$cache_dir/root/var/lib/dpkg/status" ]; then
	echo "$cache_dir: Mosquitto $(cat "$cache_dir/VERSION") is there already"
	exit 0
fi

work=$(mktemp -d "$cache_dir.partial.XXXXXX")
trap 'rm -rf "$work"' EXIT
private_apt "$suite" "$work/apt"
quietly apt-get -q -y --download-only install "${packages[@]}"
unset APT_CONFIG

mkdir -p "$work/root/var/lib/dpkg"
for deb in "$work"/apt/archives/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
	{
		dpkg-deb -f "$deb" | sed '/^Conffiles:/,/^[^ ]/{/^[C ]/d}'
		printf 'Status: install ok installed\n\n'
	} >>"$work/root/var/lib/dpkg/status"
done
rm -rf "$work/apt" "$work/root/usr/share"

# The loader's path differs per architecture; both are looked up, not assumed.
loader=$(cd "$work/root" && find . -name 'ld-linux*.so.*' -type f -printf '%P\n' -quit)
libraries=$(cd "$work/root" && find . -name 'libc.so.6' -printf '%P\n' -quit)
libraries=${libraries%/*}
[ -n "$loader" ] && [ -n "$libraries" ] || fail "the packages hold no C library"

# Some packages leave their soname links to ldconfig; -n makes links in this folder only and touches no system cache.
/sbin/ldconfig -n "$work/root/$libraries"

mkdir "$work/bin"
wrap() { # <name> <program>
	cat >"$work/bin/$1" <<WRAP
#!/bin/sh
# Runs $1 with its own loader and libraries. MOSQUITTO_PRELOAD: libraries to preload (a sanitizer's runtime).
root=\$(dirname "\$(readlink -f "\$0")")/../root
exec "\$root/$loader" --library-path "\$root/$libraries" \${MOSQUITTO_PRELOAD:+--preload "\$MOSQUITTO_PRELOAD"} "\$root/$2" "\$@"
WRAP
	chmod +x "$work/bin/$1"
}
wrap mosquitto usr/sbin/mosquitto
wrap mosquitto_passwd usr/bin/mosquitto_passwd
ln -s root/usr/include "$work/include"

version=$("$work/bin/mosquitto" -h 2>/dev/null | sed -n 's/^mosquitto version \([0-9.]*\).*/\1/p' || true)
# shellcheck disable=SC2254 # a pattern
case $version in
	$expected) ;;
	*) fail "expected Mosquitto $expected in $suite, got '${version:-nothing that runs}'" ;;
esac

echo "$version" >"$work/VERSION"
chmod 755 "$work"
rm -rf "$cache_dir"
mv -T "$work" "$cache_dir"
trap - EXIT
echo "$cache_dir: Mosquitto $version fetched"
