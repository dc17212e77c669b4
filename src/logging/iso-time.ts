let formattedAt = Number.NaN;
let formatted = '';

/** The time of day, ISO 8601 in UTC. Whoever asks within the same millisecond shares the work. */
export function isoTime(): string {
  const time = Date.now();
  if (time !== formattedAt) {
    formattedAt = time;
    formatted = new Date(time).toISOString();
  }
  return formatted;
}
