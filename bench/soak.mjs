// Whether memory stays flat under load.
import { load } from './load.mjs';
import { memoryMb } from './process-usage.mjs';
import { median } from './statistics.mjs';

/** The first third lets the heap find its size. */
const PARTS = 3;

/**
 * Loads the service at 256 connections and watches its resident memory.
 *
 * @returns medians of the second and the last third of the time, MB, and the peak
 */
export async function soak(target, { seconds }) {
  const samples = [];
  const timer = setInterval(() => samples.push(memoryMb(target.pid).now), 250);
  const result = await load(target, { connections: 256, seconds });
  clearInterval(timer);
  const part = Math.floor(samples.length / PARTS);
  return {
    ...result,
    middleMb: median(samples.slice(part, 2 * part)),
    lastMb: median(samples.slice(2 * part)),
    peakMb: Math.max(...samples),
  };
}
