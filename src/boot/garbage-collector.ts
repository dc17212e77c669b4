import { setFlagsFromString } from 'node:v8';

/** How much the heap may grow beyond what was alive at the last full collection, percent. */
const GROWTH_PERCENT = 35;

/**
 * Sets V8's garbage collector for a service with many short requests on few CPUs. Takes effect at the next collection.
 *
 * - By default V8 lets the heap of a small process on a large machine grow fourfold before it collects, which would be
 *   300 MB resident under load; this way it stays under 200 MB, for a CPU time that cannot be measured.
 * - By default several threads share the collection of the young generation. On two busy CPUs each waits for the others to
 *   get one: pauses of 5 ms instead of 2, and five times as many objects that are taken for old and so cost a full
 *   collection later.
 * - By default V8 learns where objects are made that live long, and makes those that are made there old at once. A moment
 *   with many connections teaches it wrongly: what is made for every request is then old from the start, keeps the whole
 *   request until the next full collection, and nothing unlearns it. 1.4 MB kept by each collection instead of 0.02,
 *   pauses of 6 ms instead of 1.2, a full collection every second, for good.
 *
 * Source: `node --v8-options`; figures in bench/README.md.
 */
export function tuneGarbageCollector(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-allocation-site-pretenuring');
}
