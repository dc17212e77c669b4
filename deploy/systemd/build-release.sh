#!/bin/sh
# Packs a release of the service for machines with Node.js and systemd: mqtt-client-control-VERSION.tar.gz in the current
# folder. Needs npm and the network; the machine that it is installed on needs neither. docs/install.md
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
version=$(node -p "require('$here/package.json').version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
release="$work/mqtt-client-control-$version"
mkdir "$release"

cp -R "$here/package.json" "$here/package-lock.json" "$here/nest-cli.json" "$here"/tsconfig*.json "$here/src" \
	"$here/client" "$here/console" "$release"
mkdir "$release/scripts"
cp "$here/scripts/build-console.mjs" "$release/scripts"
(
	cd "$release"
	rm -rf client/node_modules client/dist console/node_modules console/dist
	npm ci --ignore-scripts --no-audit --no-fund
	npm run build
	npm run build:console
	npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
	# The console is built, and runs in browsers.
	find console -mindepth 1 -maxdepth 1 ! -name dist -exec rm -rf {} +
	rm -rf node_modules/@mqtt-client-control/console
	rm -rf src client/src client/command-line client/*.mjs client/tsconfig*.json nest-cli.json tsconfig*.json dist/.tsbuildinfo .cache
	rm -r scripts
	# Nothing reads these, and they are half of the size; licences stay.
	find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
) >&2
mkdir "$release/deploy"
cp -R "$here/deploy/systemd" "$here/deploy/prometheus" "$here/deploy/grafana" "$release/deploy"
cp -R "$here/docs" "$here/LICENSE" "$here/CHANGELOG.md" "$here/config.example.yaml" "$here/config.schema.json" \
	"$here/openapi.json" "$release"
tar -C "$work" --owner=0 --group=0 -czf "mqtt-client-control-$version.tar.gz" "mqtt-client-control-$version"
echo "mqtt-client-control-$version.tar.gz"
