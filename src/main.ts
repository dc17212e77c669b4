import { boundHeap } from './boot/bounded-heap.js';
import { ConfigError } from './config/config-error.js';
import { createLogger, toLogLevel } from './logging/create-logger.js';
import { startService, type RunningService } from './boot/start-service.js';

boundHeap();
const level = toLogLevel(process.env.LOG_LEVEL ?? 'info');
const logger = createLogger(level ?? 'info');
let service: RunningService | undefined;
// From the start on: nobody's SIGHUP ends the process.
process.on('SIGHUP', () => void service?.reload());

try {
  if (level === undefined) {
    throw new ConfigError('the environment', [
      { path: 'LOG_LEVEL', message: 'must be a log level such as info' },
    ]);
  }
  const running = await startService(process.env, process.cwd(), logger);
  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'shutting down');
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  service = running;
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  if (error instanceof ConfigError) logger.fatal({ issues: error.issues }, error.message);
  else logger.fatal({ err: error }, 'the service could not start');
  process.exit(1);
}
