let formattedAt = Number.NaN;
let formatted = '';

/** The time field of a log line, as ISO 8601 in UTC; lines of the same millisecond share the work. */
export function isoTime(): string {
  const now = Date.now();
  if (now !== formattedAt) {
    formattedAt = now;
    formatted = `,"time":"${new Date(now).toISOString()}"`;
  }
  return formatted;
}
