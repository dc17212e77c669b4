import { expect } from '@jest/globals';

/**
 * The longest turn of this process's event loop while something is done, milliseconds.
 *
 * A turn takes both time and CPU time. Other processes lengthen only the first, other threads of this one (those of the garbage
 * collector) only the second: the smaller of the two is at least what the turn took, and is not a busy machine's to decide.
 */
export async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  let wallMs = performance.now();
  let cpuMs = cpuTimeMs();
  const turn = (): void => {
    const [wallNowMs, cpuNowMs] = [performance.now(), cpuTimeMs()];
    longest = Math.max(longest, Math.min(wallNowMs - wallMs, cpuNowMs - cpuMs));
    [wallMs, cpuMs] = [wallNowMs, cpuNowMs];
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work();
  } finally {
    isOver = true;
  }
  return longest;
}

/**
 * Expects that something done again and again takes no turn as long as the bar at least once: garbage is collected now and then,
 * and a machine stalls; what holds the event loop by itself does so each time.
 */
export async function expectShortTurns(
  work: () => Promise<unknown>,
  barMs: number,
  rounds = 10,
): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && best >= barMs; round += 1)
    best = Math.min(best, await longestTurn(work));
  expect(best).toBeLessThan(barMs);
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
