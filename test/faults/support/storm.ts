import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRun } from './fault-run.js';
import { SEED, seededRandom } from './run-settings.js';

/**
 * Breaks the line between the service and the broker again and again while some work goes on.
 *
 * @param calmMs how long the line is good between two faults, at the least; up to four times as long
 */
export async function throughStorm(
  run: FaultRun,
  seed: number,
  work: Promise<void>,
  calmMs = 50,
): Promise<void> {
  let isOver = false;
  const storming = storm(run, seed, calmMs, () => isOver);
  await work.finally(() => (isOver = true));
  await storming;
}

async function storm(
  { proxy }: FaultRun,
  seed: number,
  calmMs: number,
  isOver: () => boolean,
): Promise<void> {
  const random = seededRandom(SEED + seed);
  while (!isOver()) {
    const fault = Math.floor(random() * 3);
    if (fault === 0) proxy.cut('rst');
    if (fault === 1) proxy.stall('toService');
    if (fault === 2) proxy.cutInPacket('toBroker', 1 + Math.floor(random() * 5000));
    await delay(20 + random() * 100);
    proxy.heal();
    await delay(calmMs * (1 + random() * 3));
  }
}
