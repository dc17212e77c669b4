import { pino, type Logger, type LevelWithSilent } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { isoTime } from './iso-time.js';
import { AUTHORIZATION_PATHS } from './redaction.js';
import { safeJson, safeValue } from './safe-text.js';
import { openStandardOutput, standardOutput } from './standard-output.js';

/**
 * Makes the service's logger: one JSON line per event on standard output, or readable text when that is a terminal. To be
 * called once.
 *
 * @param level from `LOG_LEVEL`; default `info`
 */
export function createLogger(level: LevelWithSilent): Logger {
  openStandardOutput();
  const logger = pino(
    { level, base: null, timestamp: () => `,"time":"${isoTime()}"`, redact: AUTHORIZATION_PATHS },
    process.stdout.isTTY ? readableLines() : { write: (line) => standardOutput.write(safeJson(line)) },
  );
  standardOutput.onRecovery = (lost) =>
    logger.warn({ lost }, `${lost} lines of the log were lost: standard output could not be written`);
  return logger;
}

function readableLines(): { write(line: string): void } {
  const toText = prettyFactory({ translateTime: 'HH:MM:ss.l', singleLine: true, colorize: true });
  return { write: (line) => standardOutput.write(toText(safeValue(JSON.parse(line)))) };
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
