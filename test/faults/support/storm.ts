import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { FaultRun } from './fault-run.js';
import type { Ledger } from './ledger.js';
import { SEED, seededRandom } from './run-settings.js';

/**
 * Breaks the line between the service and the broker again and again while some work goes on. Between two faults something gets
 * through, however long that takes.
 *
 * @param calmMs how long the line is good between two faults, at the least; up to four times as long
 */
export async function throughStorm(
  run: FaultRun,
  seed: number,
  work: Promise<void>,
  calmMs = 50,
): Promise<void> {
  const storming = storm(run, seed, calmMs, endOf(work));
  await work;
  await storming;
}

/** Tells whether some work has ended. */
export function endOf(work: Promise<unknown>): () => boolean {
  let isOver = false;
  const end = (): void => void (isOver = true);
  work.then(end, end);
  return () => isOver;
}

/** Commands of which the ledger knows that they were done. */
function done({ figures: { executed, outcomes } }: Ledger): number {
  return executed + (outcomes['200'] ?? 0) + (outcomes['204'] ?? 0);
}

async function storm(
  { proxy, ledger }: FaultRun,
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
    const before = done(ledger);
    await delay(calmMs * (1 + random() * 3));
    await until(() => isOver() || done(ledger) > before, 'something gets through');
  }
}
