import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { RateLimitConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { WINDOW_MS, type Count } from './memory-counter.js';
import { RateLimitMetrics } from './rate-limit-metrics.js';

/** Together the longest that a request waits for a Redis that does not answer. */
const COMMAND_TIMEOUT_MS = 250;
/** How long a Redis that did not answer is left alone. */
const PAUSE_MS = 1000;
const CONNECT_TIMEOUT_MS = 2000;
const MAX_RECONNECT_DELAY_MS = 2000;
/** The braces keep all keys in one slot: a node of a cluster, which is not supported, then takes all or none of them. */
const PREFIX = 'client-control:{rate-limit}:';

type RedisSettings = Pick<NonNullable<RateLimitConfig['redis']>, 'url'> &
  Partial<NonNullable<RateLimitConfig['redis']>>;

/** One round trip, and atomic: a key never stays without an end. Needs `eval`, `incr`, `incrby`, `pttl` and `pexpire`. */
const COUNT_SCRIPT = `
local count
if ARGV[2] == '1' then
  count = redis.call('INCR', KEYS[1])
else
  count = redis.call('INCRBY', KEYS[1], ARGV[2])
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return { count, left }`;

/**
 * Counts in the Redis or Valkey of `rateLimit`, which replicas share; without that setting nothing counts here.
 *
 * While it does not answer, each process counts by itself: a store of counters must not be able to stop the service. Each
 * outage is logged once when it begins, with what to do about it, and once when it ends.
 */
@Injectable()
export class RedisCounter implements OnApplicationShutdown {
  readonly #redis: Redis | undefined;
  readonly #metrics: RateLimitMetrics;
  readonly #logger = new Logger('RateLimit');
  /** Undefined until it has counted, or failed to, for the first time. */
  #isUp: boolean | undefined;
  #pausedUntil = 0;

  constructor(config: ConfigStore, metrics: RateLimitMetrics) {
    this.#metrics = metrics;
    const { redisUrl, redis = redisUrl === undefined ? undefined : { url: redisUrl } } =
      config.current.rateLimit;
    if (redis === undefined) return;
    const { url, username, password, tls }: RedisSettings = redis;
    this.#redis = new Redis(url, {
      // Keys that are not given must be absent: they would win over what is in the URL.
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls !== undefined && { tls: { ...tls } }),
      // Nothing waits for a connection, and nothing is sent twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
      // After a failover the old connection may lead to what is a replica now, for ever.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    });
    metrics.setStoreUp(false);
    this.#redis.on('error', (error: Error) => this.#setDown(error));
    this.#redis.on('ready', () => {
      // Connected is not yet counting.
      setTimeout(() => void this.count('probe'), this.#pausedUntil - performance.now()).unref();
    });
  }

  /** The connection, for what else replicas share; undefined without one. */
  get client(): Redis | undefined {
    return this.#redis;
  }

  /** Whether there is a shared store at all. */
  get isConfigured(): boolean {
    return this.#redis !== undefined;
  }

  /**
   * Adds to a key, and tells what that makes.
   *
   * @returns undefined when Redis cannot tell: then this process is to count by itself. Never rejects
   */
  async count(key: string, amount = 1): Promise<Count | undefined> {
    if (this.#redis?.status !== 'ready' || performance.now() < this.#pausedUntil) {
      this.#metrics.countStoreError();
      return undefined;
    }
    try {
      const answer = (await this.#redis.eval(COUNT_SCRIPT, 1, `${PREFIX}${key}`, WINDOW_MS, amount)) as [
        number,
        number,
      ];
      this.#setUp();
      return { count: answer[0], endsInMs: answer[1] };
    } catch (error) {
      this.#metrics.countStoreError();
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#setDown(error);
      return undefined;
    }
  }

  onApplicationShutdown(): void {
    this.#redis?.disconnect();
  }

  #setDown(error: unknown): void {
    if (this.#isUp === false) return;
    this.#isUp = false;
    this.#metrics.setStoreUp(false);
    this.#logger.warn(`${problemOf(error)}; each process counts by itself until it does`);
  }

  #setUp(): void {
    if (this.#isUp === true) return;
    const wasDown = this.#isUp === false;
    this.#isUp = true;
    this.#metrics.setStoreUp(true);
    if (wasDown) this.#logger.warn('Redis counts again; the rate limits are shared');
  }
}

/** What is wrong, in words that lead to what to do. Redis begins its errors with a code. */
export function problemOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [code = ''] = text.split(' ', 1);
  switch (code) {
    case 'WRONGPASS':
    case 'NOAUTH':
      return `Redis does not count: it refuses the username or password (${text})`;
    case 'NOPERM':
      return `Redis does not count: the user lacks a permission; it needs +eval +incr +incrby +pttl +pexpire ~${PREFIX}* (${text})`;
    case 'READONLY':
      return `Redis does not count: it is a replica now; connecting again to find the primary (${text})`;
    case 'MOVED':
    case 'ASK':
    case 'CLUSTERDOWN':
    case 'CROSSSLOT':
      return `Redis does not count: it is a node of a cluster, which is not supported; name a single server (${text})`;
    default:
      return `Redis does not count: it does not answer (${text})`;
  }
}
