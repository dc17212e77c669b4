import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/** How a reload ended: the new configuration is in force, it says the same as the old one, or it was refused as a whole. */
export type ReloadOutcome = 'applied' | 'unchanged' | 'refused';

/** Counts reloads of the configuration. */
@Injectable()
export class ReloadMetrics {
  readonly #reloads: Counter<'outcome'>;
  readonly #lastReload: Gauge;

  constructor(registry: MetricsRegistry) {
    const registers = [registry.own];
    this.#reloads = new Counter({
      name: `${PREFIX}config_reloads_total`,
      help: 'Reloads of the configuration by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#lastReload = new Gauge({
      name: `${PREFIX}config_last_reload_successful`,
      help: '1 unless the latest reload was refused.',
      registers,
    });
    for (const outcome of ['applied', 'unchanged', 'refused'] as const) this.#reloads.inc({ outcome }, 0);
    this.#lastReload.set(1);
  }

  count(outcome: ReloadOutcome): void {
    this.#reloads.inc({ outcome });
    this.#lastReload.set(outcome === 'refused' ? 0 : 1);
  }
}
