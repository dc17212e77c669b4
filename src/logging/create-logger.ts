import { pino, type Logger, type LevelWithSilent } from 'pino';
import pretty from 'pino-pretty';
import { AUTHORIZATION_PATHS } from './redaction.js';

/**
 * Makes the service's logger: one JSON line per event on standard output, or readable text when that is a terminal.
 *
 * @param level from `LOG_LEVEL`; default `info`
 */
export function createLogger(level: LevelWithSilent): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: AUTHORIZATION_PATHS,
  };
  return process.stdout.isTTY
    ? pino(options, pretty({ sync: true, translateTime: 'HH:MM:ss.l', singleLine: true }))
    : pino(options, pino.destination({ dest: 1, sync: true }));
}

/** Reads a log level; undefined if it is none. */
export function toLogLevel(text: string): LevelWithSilent | undefined {
  const levels: readonly string[] = [
    'fatal',
    'error',
    'warn',
    'info',
    'debug',
    'trace',
    'silent',
  ] satisfies LevelWithSilent[];
  return levels.includes(text) ? (text as LevelWithSilent) : undefined;
}
