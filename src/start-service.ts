import type { Logger } from 'pino';
import type { Config } from './config/config.js';
import { ConfigError } from './config/config-error.js';
import { ConfigStore } from './config/config-store.js';
import { DEMO_TOKEN, embeddedDefault } from './config/embedded-default.js';
import { findConfigFile, loadConfigFile } from './config/load-config.js';
import type { Environment } from './config/parse-config.js';
import { createApp } from './create-app.js';
import { startDemo } from './embedded-broker/demo.js';

/** A running service. */
export interface RunningService {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  /** Drains and stops everything. */
  close(): Promise<void>;
}

/**
 * Starts the service: on the configuration file if there is one, else on the embedded default.
 *
 * @throws {ConfigError} before anything listens
 */
export async function startService(
  environment: Environment,
  workingDirectory: string,
  logger: Logger,
): Promise<RunningService> {
  const file = findConfigFile(environment, workingDirectory);
  if (file !== undefined) return listen(loadConfigFile(file, environment), logger);

  const settings = embeddedDefault(environment);
  const demo = await startDemo();
  try {
    const service = await listen(settings.withBroker(demo.broker), logger);
    announceDemo(service.url, demo.broker.url, logger);
    return { ...service, close: () => service.close().finally(() => demo.close()) };
  } catch (error) {
    await demo.close();
    throw error;
  }
}

async function listen(config: Config, logger: Logger): Promise<RunningService> {
  const { host, port } = config.http;
  const app = await createApp(new ConfigStore(config), logger);
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw listenError(error, host, port);
  }
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  logger.info({ url, docs: `${url}/api/docs` }, `listening on ${url}, Swagger UI at ${url}/api/docs`);
  return { url, close: () => app.close() };
}

function listenError(error: unknown, host: string, port: number): unknown {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return isTaken
    ? new ConfigError('http', [
        {
          path: 'http.port',
          message: `the port ${port} on ${host} is taken; set PORT to another one (0 picks a free one)`,
        },
      ])
    : error;
}

function announceDemo(url: string, brokerUrl: string, logger: Logger): void {
  logger.info(
    { broker: brokerUrl },
    `no configuration file: running on the embedded broker at ${brokerUrl} with simulated devices`,
  );
  logger.info(
    `try it: curl -i -X PUT ${url}/api/projects/demo/brokers/embedded/client-control/disconnect ` +
      `-H 'Authorization: Bearer ${DEMO_TOKEN}' -H 'Content-Type: application/json' -d '{"clientid":"sensor-1"}'`,
  );
}
