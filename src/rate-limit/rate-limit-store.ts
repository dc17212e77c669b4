import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { ConfigStore } from '../config/config-store.js';
import { RateLimitMetrics } from './rate-limit-metrics.js';

/** Together the longest that a request waits for a Redis that does not answer. */
const COMMAND_TIMEOUT_MS = 250;
/** How long a Redis that did not answer is left alone. */
const PAUSE_MS = 1000;
const CONNECT_TIMEOUT_MS = 2000;
const MAX_RECONNECT_DELAY_MS = 2000;

/**
 * The Redis or Valkey of `rateLimit.redisUrl`, which replicas share; without that setting there is none and each process
 * counts for itself.
 *
 * While it does not answer, requests pass unlimited: a store of counters must not be able to stop the service. Each
 * outage is logged once when it begins and once when it ends.
 */
@Injectable()
export class RateLimitStore implements OnApplicationShutdown {
  /** Undefined when each process counts for itself. */
  readonly redis: Redis | undefined;
  readonly #metrics: RateLimitMetrics;
  readonly #logger = new Logger(RateLimitStore.name);
  #isUp = true;
  #pausedUntil = 0;

  constructor(config: ConfigStore, metrics: RateLimitMetrics) {
    this.#metrics = metrics;
    const { redisUrl } = config.current.rateLimit;
    if (redisUrl === undefined) return;
    this.redis = new Redis(redisUrl, {
      // Nothing waits for a connection, and nothing is sent twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
    });
    metrics.setStoreUp(true);
    this.redis.on('error', (error: Error) => this.#setDown(error));
    this.redis.on('ready', () => this.#setUp());
  }

  /** Whether counting is possible now. False for a moment after a failure, so that not every request waits for the next. */
  get isUsable(): boolean {
    return (
      this.redis === undefined || (this.redis.status === 'ready' && performance.now() >= this.#pausedUntil)
    );
  }

  /** A request could not be counted, because of `error` or because the store is not usable. */
  countFailure(error?: unknown): void {
    this.#metrics.countStoreError();
    if (error === undefined) return;
    this.#pausedUntil = performance.now() + PAUSE_MS;
    this.#setDown(error);
  }

  /** A request was counted. */
  countSuccess(): void {
    if (!this.#isUp) this.#setUp();
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }

  #setDown(error: unknown): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#metrics.setStoreUp(false);
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`Redis does not answer; requests pass without a rate limit until it does (${reason})`);
  }

  #setUp(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#metrics.setStoreUp(true);
    this.#logger.warn('Redis answers again; the rate limits apply');
  }
}
