import { z } from 'zod';

/** Epoch milliseconds of the last moment that RFC 3339 can write, whose years have four digits. */
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const dateTime = z.iso.datetime({ offset: true });
const DIGITS = /^\d{1,16}$/;

/** The words that a time is refused with. */
const TIME_PROBLEM =
  'must be a date and time with a zone, such as 2026-11-23T12:00:00Z, or epoch milliseconds';

/** Reads a time that callers may write as RFC 3339 or epoch milliseconds; what is neither comes back as it is. */
export function readTime(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (DIGITS.test(value)) return Number(value);
  return dateTime.safeParse(value).success ? Date.parse(value) : value;
}

/** What keeps a value that {@link readTime} read from being a time. */
export function timeProblem(value: unknown): string | undefined {
  if (!Number.isSafeInteger(value) || (value as number) < 0) return TIME_PROBLEM;
  return (value as number) > LAST ? 'must not be after the year 9999' : undefined;
}

/** A time that a broker told, epoch milliseconds, as RFC 3339: the nearest that there is, whatever other tools gave the broker. */
export function writeTime(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), LAST)).toISOString();
}
