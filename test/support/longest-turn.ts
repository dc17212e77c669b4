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

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
