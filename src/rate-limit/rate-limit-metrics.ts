import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/** Whose rate limit: a credential's, or, before authentication, an address's. */
export type RateLimitScope = 'credential' | 'address';

/** Counts what the rate limits refuse, and how their shared store is doing. */
@Injectable()
export class RateLimitMetrics {
  readonly #registry: MetricsRegistry;
  readonly #rateLimited: Counter<'scope'>;
  readonly #storeErrors: Counter;
  #storeUp: Gauge | undefined;

  constructor(registry: MetricsRegistry) {
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
      help: 'Requests that this process counted by itself because Redis did not answer.',
      registers,
    });
    // Series that exist from the start show a rate from their first increase on.
    for (const scope of ['credential', 'address'] as const) this.#rateLimited.inc({ scope }, 0);
  }

  countRateLimited(scope: RateLimitScope): void {
    this.#rateLimited.inc({ scope });
  }

  /** This process counted a request by itself because the shared store did not answer. */
  countStoreError(): void {
    this.#storeErrors.inc();
  }

  /** Whether the shared store of the rate limits answers; the metric is absent until this is called. */
  setStoreUp(isUp: boolean): void {
    this.#storeUp ??= new Gauge({
      name: `${PREFIX}rate_limit_store_up`,
      help: '1 while Redis answers, 0 while it does not.',
      registers: [this.#registry.own],
    });
    this.#storeUp.set(isUp ? 1 : 0);
  }
}
