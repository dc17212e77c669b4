// The long form of the tests, `-- --long`: more of everything (`sized` in test/support/test-form.ts), for hours when nobody waits.

/** The long form is bounded: each test, the whole, and the memory of each process. */
const LONGEST_TEST_MS = 15 * 60_000;
const LONGEST_RUN_MS = 60 * 60_000;
const LARGEST_HEAP_MB = 2048;

/**
 * What the arguments of a test command mean for Jest and its process.
 *
 * @param {readonly string[]} args of the command, `--long` among them or not
 */
export function testForm(args) {
  const isLong = args.includes('--long');
  const heap = isLong ? `--max-old-space-size=${LARGEST_HEAP_MB}` : '';
  const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings ${heap}`;
  return {
    jestArgs: [
      ...(isLong ? [`--testTimeout=${LONGEST_TEST_MS}`] : []),
      ...args.filter((arg) => arg !== '--long'),
    ],
    env: { ...process.env, NODE_OPTIONS: nodeOptions.trim(), ...(isLong && { TEST_FORM: 'long' }) },
    ...(isLong && { timeout: LONGEST_RUN_MS }),
  };
}
