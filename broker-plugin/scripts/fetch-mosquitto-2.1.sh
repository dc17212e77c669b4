#!/bin/bash
# Fetches Mosquitto 2.1 for the tests, into a cache folder, without installing anything.
#
#   scripts/fetch-mosquitto-2.1.sh [cache-dir]       default: <repository>/.cache/mosquitto-2.1
#
# Source: Debian's testing suite "forky", from the mirror this machine's apt is already set up with, through a private
# apt (own lists, own cache, own empty package status). Signatures are checked with the machine's Debian keyring.
# The broker comes with its whole library closure, C library and loader included, so it runs on an older Debian.
#
# Result:  bin/mosquitto, bin/mosquitto_passwd   wrappers that exec the real program (the pid is the broker's)
#          include/                              headers for `make MOSQUITTO_INCLUDE=<cache-dir>/include`
#          root/                                 the unpacked packages
#          VERSION                               e.g. 2.1.2; written last, its presence means "complete"
#
# Environment:  DEBIAN_MIRROR   use this mirror instead of the machine's
set -euo pipefail

suite=forky
here=$(dirname "$(readlink -f "$0")")
cache_dir=${1:-$here/../../.cache/mosquitto-2.1}
packages=(mosquitto mosquitto-dev libmosquitto-dev)

fail() { echo "fetch-mosquitto-2.1: $*" >&2; exit 1; }

mkdir -p "$(dirname "$cache_dir")"
cache_dir=$(readlink -m "$cache_dir")

# One fetch at a time; whoever waited finds the work done.
exec 9>"$cache_dir.lock"
flock 9
if [ -s "$cache_dir/VERSION" ]; then
	echo "$cache_dir: Mosquitto $(cat "$cache_dir/VERSION") is there already"
	exit 0
fi

# Prints "<uri> <keyring or ->" of the machine's main Debian archive: the entry that carries the suite named after the
# running release. Reads both formats, one-line (*.list) and deb822 (*.sources).
machine_mirror() {
	local codename
	codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}") || return 1
	shopt -s nullglob
	local lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list) sources=(/etc/apt/sources.list.d/*.sources)
	{
		cat -- "${lists[@]}" 2>/dev/null | awk -v codename="$codename" '
			$1 == "deb" {
				keyring = "-"
				while (match($0, /\[[^]]*\]/)) {
					if (match($0, /signed-by=[^] ]+/)) keyring = substr($0, RSTART + 10, RLENGTH - 10)
					sub(/\[[^]]*\]/, "")
				}
				if ($3 == codename) print $2, keyring
			}' || true
		[ ${#sources[@]} -eq 0 ] || awk -v codename="$codename" '
			function flush() { if (found && uri != "") print uri, keyring; found = 0; uri = ""; keyring = "-" }
			BEGIN { keyring = "-" }
			FNR == 1 || /^[ \t]*$/ { flush() }
			/^#/ { next }
			tolower($1) == "uris:" { uri = $2 }
			tolower($1) == "signed-by:" && $2 != "" { keyring = $2 }
			tolower($1) == "suites:" { for (i = 2; i <= NF; i++) if ($i == codename) found = 1 }
			END { flush() }' "${sources[@]}"
	} | head -n 1
}

mirror=${DEBIAN_MIRROR:-}
keyring=-
if [ -z "$mirror" ]; then
	read -r mirror keyring < <(machine_mirror) ||
		fail "no Debian mirror found in this machine's apt sources; set DEBIAN_MIRROR"
fi
if [ ! -r "$keyring" ]; then
	for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp} ''; do [ -r "$keyring" ] && break; done
	[ -n "$keyring" ] || fail "no Debian archive keyring on this machine: install debian-archive-keyring"
fi

work=$(mktemp -d "$cache_dir.partial.XXXXXX")
trap 'rm -rf "$work"' EXIT
apt=$work/apt
mkdir -p "$apt"/{lists/partial,archives/partial,empty} "$work/root"
: >"$apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
# Check-Valid-Until is off because a frozen mirror or a skewed clock must not break the tests; signatures still count.
cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/empty";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/empty";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/empty";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
# APT_CONFIG is read before the machine's files and Dir::Etc::* above switch those off, but for proxy settings.
proxy=$(apt-config shell p Acquire::http::Proxy 2>/dev/null | sed -n "s/^p='\(.*\)'$/\1/p")
[ -z "$proxy" ] || echo "Acquire::http::Proxy \"$proxy\";" >>"$apt/apt.conf"
export APT_CONFIG=$apt/apt.conf

quietly() { "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "failed: $*"; }; }
quietly apt-get -q update
quietly apt-get -q -y --download-only install "${packages[@]}"
unset APT_CONFIG

for deb in "$apt"/archives/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
rm -rf "$apt" "$work/root/usr/share" "$work/log"

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
case $version in
	2.[1-9]*) ;;
	*) fail "expected Mosquitto 2.1 or later in $suite, got '${version:-nothing that runs}'" ;;
esac

echo "$version" >"$work/VERSION"
chmod 755 "$work"
rm -rf "$cache_dir"
mv -T "$work" "$cache_dir"
trap - EXIT
echo "$cache_dir: Mosquitto $version fetched"
