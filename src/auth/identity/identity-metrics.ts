import { Injectable, Logger } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { PREFIX } from '../../metrics/metric-names.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import type { JwtObserver } from './jwt-verifier.js';

/** Different entries are told once each, as long as there are fewer than this. */
const MAX_TOLD = 100;

/** Tells the operator, in log and metrics, how the identity providers are doing and which grants mean nothing. */
@Injectable()
export class IdentityMetrics {
  readonly #logger = new Logger('IdentityProvider');
  readonly #up: Gauge<'issuer'>;
  readonly #ignored: Counter<'issuer'>;
  readonly #told = new Set<string>();

  constructor({ own }: MetricsRegistry) {
    this.#up = new Gauge({
      name: `${PREFIX}identity_provider_up`,
      help: '1 while the keys of the identity provider can be fetched, 0 while they cannot.',
      labelNames: ['issuer'],
      registers: [own],
    });
    this.#ignored = new Counter({
      name: `${PREFIX}jwt_grants_ignored_total`,
      help: 'Entries in the claims of accepted tokens that mean no grant.',
      labelNames: ['issuer'],
      registers: [own],
    });
  }

  /** The observer of one configured provider. */
  of(issuer: string): JwtObserver {
    this.#up.set({ issuer }, 1);
    this.#ignored.inc({ issuer }, 0);
    return {
      onDown: (why) => {
        this.#up.set({ issuer }, 0);
        this.#logger.warn(
          `the keys of ${issuer} cannot be fetched (${why}); known keys serve on for a while`,
        );
      },
      onUp: () => {
        this.#up.set({ issuer }, 1);
        this.#logger.log(`the keys of ${issuer} can be fetched again`);
      },
      onIgnoredGrants: (ignored) => {
        this.#ignored.inc({ issuer }, ignored.length);
        for (const why of ignored)
          this.#tellOnce(`a token of ${issuer} has a grant that means nothing: ${why}`);
      },
    };
  }

  /** The provider is no longer configured. */
  forget(issuer: string): void {
    this.#up.remove({ issuer });
    this.#ignored.remove({ issuer });
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(text);
    this.#logger.warn(text);
  }
}
