/** Whether tests run in their long form: `npm test -- --long`, `npm run test:faults -- --long`. */
export const IS_LONG = process.env.TEST_FORM === 'long';

/** Picks a size: one that is enough to prove the point, and one for the long form. */
export function sized(short: number, long: number): number {
  return IS_LONG ? long : short;
}
