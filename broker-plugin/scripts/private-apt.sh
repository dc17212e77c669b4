# Sourced by the scripts beside it: an apt of its own (own lists, own cache, own empty package status) for another Debian
# suite, on the mirror this machine's apt is already set up with. Signatures are checked with the machine's Debian keyring.
#
#   private_apt <suite> <folder>     sets it up in the folder and exports APT_CONFIG; packages land in <folder>/archives
#   quietly <command>...             runs a command; its output shows only if it fails, and then the script ends
#
# The caller defines fail(). Environment:  DEBIAN_MIRROR   use this mirror instead of the machine's

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

quietly() {
	local log
	log=$("$@" 2>&1) || { tail -n 20 <<<"$log" >&2; fail "failed: $*"; }
}

private_apt() { # <suite> <folder>
	local suite=$1 apt=$2 mirror=${DEBIAN_MIRROR:-} keyring=- proxy
	if [ -z "$mirror" ]; then
		read -r mirror keyring < <(machine_mirror) ||
			fail "no Debian mirror found in this machine's apt sources; set DEBIAN_MIRROR"
	fi
	if [ ! -r "$keyring" ]; then
		for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp} ''; do [ -r "$keyring" ] && break; done
		[ -n "$keyring" ] || fail "no Debian archive keyring on this machine: install debian-archive-keyring"
	fi

	mkdir -p "$apt"/{lists/partial,archives/partial,empty}
	: >"$apt/status"
	printf '%s [signed-by=%s] %s %s main\n' deb "$keyring" "$mirror" "$suite" deb-src "$keyring" "$mirror" "$suite" \
		>"$apt/sources.list"
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
	quietly apt-get -q update
}
