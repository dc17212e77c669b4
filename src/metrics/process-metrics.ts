import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { PREFIX } from './metric-names.js';

let registry: Registry | undefined;

/**
 * What concerns the process as a whole: event loop lag, memory, CPU, garbage collection, version. One registry for all
 * applications of a process, because what it measures with cannot be stopped again.
 */
export function processMetrics(): Registry {
  registry ??= createRegistry();
  return registry;
}

function createRegistry(): Registry {
  const created = new Registry();
  collectDefaultMetrics({ register: created, prefix: PREFIX });
  new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the version of this service is in the label.',
    labelNames: ['version'],
    registers: [created],
  }).set({ version: packageVersion() }, 1);
  return created;
}

/** The version of this service. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
