import { ConfigError } from './config/config-error.js';
import { createLogger, toLogLevel } from './logging/create-logger.js';
import { startService } from './start-service.js';

const level = toLogLevel(process.env.LOG_LEVEL ?? 'info');
const logger = createLogger(level ?? 'info');

try {
  if (level === undefined) {
    throw new ConfigError('the environment', [
      { path: 'LOG_LEVEL', message: 'must be a log level such as info' },
    ]);
  }
  const service = await startService(process.env, process.cwd(), logger);
  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'shutting down');
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  if (error instanceof ConfigError) logger.fatal({ issues: error.issues }, error.message);
  else logger.fatal({ err: error }, 'the service could not start');
  process.exit(1);
}
