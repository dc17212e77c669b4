const MEAN_CELSIUS = 21;
const PULL_TO_MEAN = 0.05;
const STEP_CELSIUS = 0.4;

/**
 * The next temperature of a room: a small random step, drawn back to 21 °C.
 *
 * @param random between 0 and 1
 * @returns degrees Celsius with one decimal
 */
export function nextTemperature(previous: number, random: number): number {
  const next = previous + (MEAN_CELSIUS - previous) * PULL_TO_MEAN + (random - 0.5) * STEP_CELSIUS * 2;
  return Math.round(next * 10) / 10;
}

/** The payload of a reading. */
export function encodeReading(celsius: number, at: Date): string {
  return JSON.stringify({ celsius, at: at.toISOString() });
}
