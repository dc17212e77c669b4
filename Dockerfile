# The service's image: Node, the compiled service with its console, and the command line, without npm, compilers or development dependencies.
# It runs as an unprivileged user and writes nothing to its file system but what is mounted at /var/lib/client-control.
#
# HEALTHCHECK is part of Docker's image format; podman keeps it with `podman build --format docker`.
ARG NODE_VERSION=24
ARG DEBIAN_RELEASE=trixie

FROM node:${NODE_VERSION}-${DEBIAN_RELEASE}-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY client/package.json ./client/
COPY console/package.json ./console/
# No package's install script is needed to build or to run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY client ./client
COPY console ./console
COPY scripts/build-console.mjs ./scripts/
RUN npm run build && npm run build:console && rm dist/.tsbuildinfo
# TypeScript would stay otherwise: it is an optional peer of a runtime dependency. The console runs in browsers.
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
	&& rm node_modules/@mqtt-client-control/console
# Source maps, type declarations and manuals of packages are half of their size, and nothing reads them; licences stay.
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \
	-o \( -iname '*.md' ! -iname '*licen*' \) \) -delete

FROM debian:${DEBIAN_RELEASE}-slim
# What Node links to, certificate authorities for TLS to brokers and the identity provider, and an init that reaps and forwards signals.
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates libatomic1 libstdc++6 tini \
	&& rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 client-control \
	&& useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin client-control \
	# A fresh volume that is mounted here belongs to the service: the place for audit.file.
	&& install -d -o 10001 -g 10001 -m 750 /var/lib/client-control
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/console/dist ./console/dist
COPY --from=build /app/client/package.json ./client/
COPY --from=build /app/client/node_modules ./client/node_modules
COPY --from=build /app/client/bin ./client/bin
COPY --from=build /app/client/dist ./client/dist
RUN ln -s /app/client/bin/client-control.mjs /usr/local/bin/client-control
COPY deploy/container/healthcheck deploy/container/healthcheck.mjs LICENSE ./

# HOST and PORT win over the configuration file: inside a container they are always these.
ENV NODE_ENV=production \
	HOST=0.0.0.0 \
	PORT=3000 \
	CONFIG_FILE=/etc/client-control/config.yaml
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/app/healthcheck"]
ENTRYPOINT ["/usr/bin/tini", "--"]
# Half of the container's memory for what lives long, and a small young generation: measured by bench/containers.mjs.
CMD ["node", "--max-semi-space-size=8", "--max-old-space-size-percentage=50", "/app/dist/main.js"]

ARG VERSION=1.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mqtt-client-control" \
	org.opencontainers.image.description="REST control over connected MQTT clients" \
	org.opencontainers.image.licenses="MIT" \
	org.opencontainers.image.version="${VERSION}" \
	org.opencontainers.image.revision="${REVISION}"
