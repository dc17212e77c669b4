// What the service is to reach, each measured against the ceiling in the same run.
import { fixed, printTable, whole } from './table.mjs';

const BARE = 'bare Fastify route';
const SERVICE = 'this service';
export const MISSING = 'this service, 404 answers';
/** What is aimed at is 0.60. */
const THROUGHPUT = 0.48;
const MISSING_THROUGHPUT = 0.42;
const CPU = 2.2;
const HALF_LOAD_P99 = 3;
const MEMORY_MB = 200;
/** How much the last third of the soak may lie above the middle third. */
const GROWTH = 1.05;
const ADDED_MS = 0.3;

/** Prints each bar with what was reached. */
export function printBars({ full, halfLoad, soaked, roundTrip }) {
  const throughput = full[64][SERVICE].perSecond / full[64][BARE].perSecond;
  const missing = full[64][MISSING].perSecond / full[64][BARE].perSecond;
  const cpu = full[64][SERVICE].cpuUs / full[64][BARE].cpuUs;
  const p99 = halfLoad[SERVICE].p99Ms / halfLoad[BARE].p99Ms;
  const peak = Math.max(full[256][SERVICE].peakRssMb, soaked.peakRssMb);
  const growth = soaked.lastMb / soaked.middleMb;
  const added = full[1][SERVICE].p50Ms - full[1][BARE].p50Ms - roundTrip.p50Ms;
  const bar = (what, reached, required, holds) => [
    what,
    reached,
    required,
    holds ? 'reached' : 'NOT reached',
  ];
  printTable(
    'Bars',
    ['bar', 'measured', 'required', ''],
    [
      bar(
        'throughput at 64 connections, of the bare route',
        fixed(throughput),
        `>= ${fixed(THROUGHPUT)}`,
        throughput >= THROUGHPUT,
      ),
      bar(
        'CPU time per request at 64 connections, times that of the bare route',
        fixed(cpu),
        `<= ${fixed(CPU)}`,
        cpu <= CPU,
      ),
      bar(
        '404 answers at 64 connections, of the throughput of the bare route',
        fixed(missing),
        `>= ${fixed(MISSING_THROUGHPUT)}`,
        missing >= MISSING_THROUGHPUT,
      ),
      bar(
        'p99 at half of the maximum load, times that of the bare route',
        fixed(p99),
        `<= ${fixed(HALF_LOAD_P99)}`,
        p99 <= HALF_LOAD_P99,
      ),
      bar('peak resident memory at 256 connections, MB', whole(peak), `< ${MEMORY_MB}`, peak < MEMORY_MB),
      bar(
        'memory in the soak, last third to middle third',
        fixed(growth),
        `<= ${fixed(GROWTH)}`,
        growth <= GROWTH,
      ),
      bar(
        'median at 1 connection above bare route + round trip, ms',
        fixed(added, 3),
        `<= ${fixed(ADDED_MS)}`,
        added <= ADDED_MS,
      ),
    ],
  );
}
