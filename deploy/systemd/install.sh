#!/bin/sh
# Installs this release beside those that are there, and makes it the current one; docs/install.md. Run as root.
#
#   install.sh              install and switch to it
#   install.sh --root DIR   into another root folder, for images and tests: makes no user and starts nothing
set -eu
root=
case "${1-}" in
'') ;;
--root) root=${2:?a folder} ;;
*)
	echo "usage: $0 [--root DIR]" >&2
	exit 2
	;;
esac
release=$(cd "$(dirname "$0")/../.." && pwd)
name=mqtt-client-control
node=$(command -v node) || { echo "Node.js is missing" >&2; exit 1; }
version=$("$node" "$release/dist/main.js" --version)
"$node" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
	{ echo "Node.js 20.19 or later is needed" >&2; exit 1; }

opt="$root/opt/$name"
etc="$root/etc/$name"
if [ -z "$root" ] && ! getent passwd "$name" >/dev/null; then
	useradd --system --user-group --home-dir "/var/lib/$name" --no-create-home --shell /usr/sbin/nologin "$name"
fi

# Where the audit trail goes; the unit would make it at the first start.
[ -n "$root" ] || install -d -o "$name" -g "$name" -m 0750 "/var/lib/$name"

# What runs is not touched: a release has a folder of its own.
mkdir -p "$opt" "$root/etc/systemd/system"
install -d -m 0750 "$etc"
if [ "$release" != "$opt/$version" ]; then
	rm -rf "$opt/.new"
	cp -R "$release" "$opt/.new"
	chmod -R go-w,a+rX "$opt/.new"
	rm -rf "$opt/$version"
	mv "$opt/.new" "$opt/$version"
fi

# An old configuration is told now what it lacks for the new release, before anything changes.
if [ -e "$etc/config.yaml" ]; then
	[ ! -e "$etc/environment" ] || { set -a; . "$etc/environment"; set +a; }
	"$node" "$opt/$version/dist/main.js" check-config "$etc/config.yaml" ||
		{ echo "$version is installed, but not made the current one: the configuration has to be changed first" >&2; exit 1; }
else
	cat >"$etc/config.yaml" <<-'EOF'
	# yaml-language-server: $schema=/opt/mqtt-client-control/current/config.schema.json
	# Every key: /opt/mqtt-client-control/current/config.example.yaml
	audit: { file: /var/lib/mqtt-client-control/audit.jsonl }
	projects: []
	EOF
	chmod 0640 "$etc/config.yaml"
fi
[ -n "$root" ] || chgrp -R "$name" "$etc"

sed "s#/usr/bin/node#$node#" "$opt/$version/deploy/systemd/$name.service" >"$root/etc/systemd/system/$name.service"
ln -sfn "$version" "$opt/.current" && mv -T "$opt/.current" "$opt/current"

# The command line of whichever release is the current one; what somebody else put there stays.
command="$root/usr/local/bin/client-control"
target="/opt/$name/current/client/bin/client-control.mjs"
mkdir -p "$root/usr/local/bin"
if [ -L "$command" ] && [ "$(readlink "$command")" = "$target" ]; then
	:
elif [ -e "$command" ] || [ -L "$command" ]; then
	echo "$command is something else and was left alone; the command line is $target" >&2
else
	ln -s "$target" "$command"
fi

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl enable --quiet "$name"
	systemctl try-restart "$name"
	echo "$version is the current one. Edit $etc/config.yaml, then: systemctl restart $name"
else
	echo "$version is the current one in ${root:-/}"
fi
