import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { AuditTrail } from '../audit/audit-trail.js';
import { PREFIX } from './metric-names.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Whose rate limit: a credential's, or, before authentication, an address's. */
export type RateLimitScope = 'credential' | 'address';
/** How a reload ended: the new configuration is in force, it says the same as the old one, or it was refused as a whole. */
export type ReloadOutcome = 'applied' | 'unchanged' | 'refused';

/** Counts what operators look at: limits, reloads, the audit trail. */
@Injectable()
export class OperationsMetrics {
  readonly #registry: MetricsRegistry;
  readonly #rateLimited: Counter<'scope'>;
  readonly #storeErrors: Counter;
  readonly #reloads: Counter<'outcome'>;
  readonly #lastReload: Gauge;
  #storeUp: Gauge | undefined;

  constructor(registry: MetricsRegistry, audit: AuditTrail) {
    const registers = [registry.own];
    this.#registry = registry;
    this.#rateLimited = new Counter({
      name: `${PREFIX}rate_limited_total`,
      help: 'Requests answered 429, by whose limit it was.',
      labelNames: ['scope'],
      registers,
    });
    this.#storeErrors = new Counter({
      name: `${PREFIX}rate_limit_store_errors_total`,
      help: 'Requests let through unlimited because Redis did not answer.',
      registers,
    });
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
    new Counter({
      name: `${PREFIX}audit_write_failures_total`,
      help: 'Lines of the audit trail that could not be written.',
      registers,
      collect() {
        this.reset();
        this.inc(audit.failureCount);
      },
    });
    // Series that exist from the start show a rate from their first increase on.
    for (const scope of ['credential', 'address'] as const) this.#rateLimited.inc({ scope }, 0);
    for (const outcome of ['applied', 'unchanged', 'refused'] as const) this.#reloads.inc({ outcome }, 0);
    this.#lastReload.set(1);
  }

  countRateLimited(scope: RateLimitScope): void {
    this.#rateLimited.inc({ scope });
  }

  /** A request passed unlimited because the shared store did not answer. */
  countRateLimitStoreError(): void {
    this.#storeErrors.inc();
  }

  /** Whether the shared store of the rate limits answers; the metric is absent until this is called. */
  setRateLimitStoreUp(isUp: boolean): void {
    this.#storeUp ??= new Gauge({
      name: `${PREFIX}rate_limit_store_up`,
      help: '1 while Redis answers, 0 while it does not.',
      registers: [this.#registry.own],
    });
    this.#storeUp.set(isUp ? 1 : 0);
  }

  countReload(outcome: ReloadOutcome): void {
    this.#reloads.inc({ outcome });
    this.#lastReload.set(outcome === 'refused' ? 0 : 1);
  }
}
