/** Where all randomness of the suite starts; printed with the figures. `FAULTS_SEED` repeats a run. */
export const SEED = Number(process.env.FAULTS_SEED ?? 20_261_123);

/**
 * Random numbers in [0, 1) that a seed determines.
 *
 * Source: mulberry32, T. Ettinger, public domain.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
