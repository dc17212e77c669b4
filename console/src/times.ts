import { signal } from '@preact/signals';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The time, to the second; ticks while somebody looks. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, SECOND);

/** A length of time with its largest unit: `12 s`, `5 min`, `3 h`, `8 d`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < SECOND) return `${(length / SECOND).toFixed(1)} s`;
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < 2 * DAY) return `${Math.floor(length / HOUR)} h`;
  return `${Math.floor(length / DAY)} d`;
}

/** A short time, to the tenth of a second: how fast something was. */
export function seconds(ms: number): string {
  return ms < 60 * SECOND ? `${(ms / SECOND).toFixed(1)} s` : duration(ms);
}

/** `5 min ago`, `in 3 h`. */
export function relative(at: number, from: number): string {
  const distance = from - at;
  if (Math.abs(distance) < 2 * SECOND) return 'now';
  return distance > 0 ? `${duration(distance)} ago` : `in ${duration(-distance)}`;
}

const ABSOLUTE = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
});
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Date and time in the user's zone, with the zone's name. */
export function absolute(at: number): string {
  return `${ABSOLUTE.format(at)} (${ZONE})`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** The time of day, to the second, in the user's zone. */
export function clock(at: number): string {
  return CLOCK.format(at);
}
