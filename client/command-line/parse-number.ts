import { InvalidArgumentError } from 'commander';

/** A positive whole number. */
export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It is a whole number from 1.');
  return number;
}

/** A quality of service. */
export function qosNumber(text: string): 0 | 1 | 2 {
  if (text === '0' || text === '1' || text === '2') return Number(text) as 0 | 1 | 2;
  throw new InvalidArgumentError('It is 0, 1 or 2.');
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** How long, as `30s`, `10m`, `2h` or `7d`. @returns milliseconds */
export function durationMs(text: string): number {
  const [, number = '', unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (unit === undefined || Number(number) === 0)
    throw new InvalidArgumentError('It is 30s, 10m, 2h or 7d, for example.');
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}
