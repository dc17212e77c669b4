import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/**
 * How a reload ended: the new configuration is in force; it says the same as the old one; it was refused as a whole; or it is
 * in force and something could not follow it, which the log names.
 */
const RELOAD_OUTCOMES = ['applied', 'unchanged', 'refused', 'partial'] as const;
export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number];

/** Counts reloads of the configuration. */
@Injectable()
export class ReloadMetrics {
  readonly #reloads: Counter<'outcome'>;
  readonly #lastReload: Gauge;

  constructor(registry: MetricsRegistry) {
    const registers = [registry.own];
    this.#reloads = new Counter({
      name: `${PREFIX}config_reloads_total`,
      help: `Reloads of the configuration by outcome: ${RELOAD_OUTCOMES.join(', ')}.`,
      labelNames: ['outcome'],
      registers,
    });
    this.#lastReload = new Gauge({
      name: `${PREFIX}config_last_reload_successful`,
      help: '1 unless the latest reload was refused or took effect only in part.',
      registers,
    });
    for (const outcome of RELOAD_OUTCOMES) this.#reloads.inc({ outcome }, 0);
    this.#lastReload.set(1);
  }

  count(outcome: ReloadOutcome): void {
    this.#reloads.inc({ outcome });
    this.#lastReload.set(outcome === 'refused' || outcome === 'partial' ? 0 : 1);
  }
}
