import { sha256Hex } from '../auth/token-table.js';
import type { Config } from '../config/config.js';
import type { EmbeddedBrokerSettings } from '../embedded-broker/demo.js';
import { ConfigError } from '../config/config-error.js';
import { parseConfig, type Environment } from '../config/parse-config.js';

/** The token of the embedded default, with role `admin`. Public knowledge, which is why the default listens on loopback only. */
export const DEMO_TOKEN = 'demo-token';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * The configuration without a file: a project `demo` with the broker `embedded`, and the demo token.
 *
 * @throws {ConfigError} for a `HOST` that is not loopback, or a `PORT` that is none
 */
export function embeddedDefault(environment: Environment): {
  withBroker(broker: EmbeddedBrokerSettings): Config;
} {
  const source = 'the embedded default';
  const text = JSON.stringify({
    auth: {
      tokens: [{ name: 'demo', sha256: sha256Hex(DEMO_TOKEN), grants: [{ project: '*', role: 'admin' }] }],
    },
    audit: { store: 'memory' },
    projects: [
      {
        id: 'demo',
        name: 'Demo',
        // Aedes speaks MQTT 3.1.1.
        brokers: [{ id: 'embedded', name: 'Embedded broker', url: 'mqtt://127.0.0.1', protocolVersion: 4 }],
      },
    ],
  });
  const config = parseConfig(text, source, '.', environment);
  if (!LOOPBACK.has(config.http.host)) {
    throw new ConfigError(source, [
      {
        path: 'HOST',
        message:
          'the embedded default has a well-known token and listens on loopback only; write a configuration file (CONFIG_FILE) to listen elsewhere',
      },
    ]);
  }
  return {
    withBroker: (broker) => ({
      ...config,
      projects: config.projects.map((project) => ({
        ...project,
        brokers: project.brokers.map((embedded) => ({ ...embedded, ...broker })),
      })),
    }),
  };
}
