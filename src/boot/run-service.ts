import { ConfigError } from '../config/config-error.js';
import { createLogger, toLogLevel } from '../logging/create-logger.js';
import { tuneGarbageCollector } from './garbage-collector.js';
import type { ProcessSignals } from './process-signals.js';
import { startService } from './start-service.js';

/** Runs the service until a signal ends the process; with status 1 when it cannot start. */
export async function runService(signals: ProcessSignals): Promise<void> {
  tuneGarbageCollector();
  const level = toLogLevel(process.env.LOG_LEVEL ?? 'info');
  const logger = createLogger(level ?? 'info');
  try {
    if (level === undefined) {
      throw new ConfigError('the environment', [
        { path: 'LOG_LEVEL', message: 'must be a log level such as info' },
      ]);
    }
    const running = await startService(process.env, process.cwd(), logger);
    signals.handTo({
      reload: () => void running.reload(),
      stop: (signal) => {
        logger.info({ signal }, 'shutting down');
        running.close().then(
          () => process.exit(0),
          (error: unknown) => {
            logger.fatal({ err: error }, 'the shutdown failed');
            process.exit(1);
          },
        );
      },
    });
  } catch (error) {
    if (error instanceof ConfigError) logger.fatal({ issues: error.issues }, error.message);
    else logger.fatal({ err: error }, 'the service could not start');
    process.exit(1);
  }
}
