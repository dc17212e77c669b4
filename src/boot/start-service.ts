import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AuditTrail } from '../audit/audit-trail.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { ConfigError } from '../config/config-error.js';
import { ConfigStore } from '../config/config-store.js';
import { DEMO_TOKEN, embeddedDefault } from './embedded-default.js';
import { findConfigFile } from '../config/load-config.js';
import type { Environment } from '../config/parse-config.js';
import { hasConsole } from '../console/console-routes.js';
import { createApp } from './create-app.js';
import { startDemo } from '../embedded-broker/demo.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import { ReloadMetrics } from '../reload/reload-metrics.js';
import { ConfigReloader, type ReloadTrigger } from '../reload/config-reloader.js';
import { ConfigSource } from '../reload/config-source.js';
import { listenIssue, listenProblem } from '../reload/listen-probe.js';
import { FileWatcher } from '../reload/file-watcher.js';

/** A changed file is acted upon when it has stayed the same for this long. */
const WATCH_INTERVAL_MS = 1000;
/** Nobody is let in before the brokers have been tried: who comes first would be told that they are down. Those that are down wait for nobody. */
const FIRST_ATTEMPTS_MS = 2000;

/** A running service. */
export interface RunningService {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  /** Reads the configuration file again, if there is one, and opens the audit file afresh. Never rejects. */
  reload(): Promise<void>;
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
  if (file !== undefined) return startOnFile(new ConfigSource(file, environment), logger);

  const settings = embeddedDefault(environment);
  const demo = await startDemo();
  try {
    const { app, url, consoleUrl } = await listen(new ConfigStore(settings.withBroker(demo.broker)), logger);
    announceDemo(url, consoleUrl, demo.broker.url, logger);
    return {
      url,
      reload: () => {
        logger.info('there is no configuration file to reload');
        return app.get(AuditTrail).reopen();
      },
      close: () => app.close().finally(() => demo.close()),
    };
  } catch (error) {
    await demo.close();
    throw error;
  }
}

async function startOnFile(source: ConfigSource, logger: Logger): Promise<RunningService> {
  const store = new ConfigStore(source.load());
  const { app, url } = await listen(store, logger);
  const reloader = new ConfigReloader(store, () => source.load(), app.get(ReloadMetrics), logger);
  const reload = async (trigger: ReloadTrigger): Promise<void> => {
    await reloader.reload(trigger);
    watcher.watch(source.files);
  };
  const watcher = new FileWatcher(() => void reload('file'), WATCH_INTERVAL_MS);
  // What changed since it was read is a change, however long the start took.
  watcher.watch(source.files);
  return {
    url,
    reload: async () => {
      await reload('SIGHUP');
      await app.get(AuditTrail).reopen();
    },
    close: () => {
      watcher.close();
      return app.close();
    },
  };
}

interface Listening {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** Undefined where there is no console. */
  readonly consoleUrl: string | undefined;
}

async function listen(store: ConfigStore, logger: Logger): Promise<Listening> {
  const { host, port } = store.current.http;
  // Before anything is opened: the one that has the port may be this very service, whose control connections must not be taken over.
  const problem = await listenProblem({ host, port });
  if (problem !== undefined) throw new ConfigError('http', [problem]);
  const app = await createApp(store, logger);
  try {
    await app.get(BrokerGateway).firstAttempts(FIRST_ATTEMPTS_MS);
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw systemErrorCode(error) === undefined
      ? error
      : new ConfigError('http', [listenIssue(error, host, port)]);
  }
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  const docs = `${url}/api/docs`;
  const consoleUrl = hasConsole(app.getHttpAdapter().getInstance()) ? `${url}/console/` : undefined;
  const pages = [...(consoleUrl === undefined ? [] : [`console at ${consoleUrl}`]), `Swagger UI at ${docs}`];
  logger.info({ url, console: consoleUrl, docs }, `listening on ${url}, ${pages.join(', ')}`);
  return { app, url, consoleUrl };
}

function announceDemo(url: string, consoleUrl: string | undefined, brokerUrl: string, logger: Logger): void {
  logger.info(
    { broker: brokerUrl },
    `no configuration file: running on the embedded broker at ${brokerUrl} with simulated devices`,
  );
  // Behind the #, a token goes to no server and into no log of one.
  if (consoleUrl !== undefined) logger.info(`open the console: ${consoleUrl}#token=${DEMO_TOKEN}`);
  logger.info(
    `try it: curl -i -X PUT ${url}/api/projects/demo/brokers/embedded/client-control/disconnect ` +
      `-H 'Authorization: Bearer ${DEMO_TOKEN}' -H 'Content-Type: application/json' -d '{"clientid":"sensor-1"}'`,
  );
}
