import { pino, type Logger, type LevelWithSilent } from 'pino';
import pretty from 'pino-pretty';
import { isoTime } from './iso-time.js';
import { LineBuffer } from './line-buffer.js';
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
    timestamp: isoTime,
    redact: AUTHORIZATION_PATHS,
  };
  if (process.stdout.isTTY)
    return pino(options, pretty({ sync: true, translateTime: 'HH:MM:ss.l', singleLine: true }));
  const lines = new LineBuffer(pino.destination({ dest: 1, sync: true }));
  process.once('exit', lines.flush);
  return pino(options, lines);
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
