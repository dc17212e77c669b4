import { Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { MemoryCounter, WINDOW_MS, type Count } from './memory-counter.js';
import { RedisCounter } from './redis-counter.js';

/**
 * Counts the items of calls for many clients, per credential, in windows of a minute: a call counts once against the
 * limit of requests, and each of its items against this one. Where Redis counts, replicas share it.
 */
@Injectable()
export class ItemLimiter {
  readonly #config: ConfigStore;
  readonly #redis: RedisCounter;
  readonly #memory = new MemoryCounter();

  constructor(config: ConfigStore, redis: RedisCounter) {
    this.#config = config;
    this.#redis = redis;
  }

  /**
   * Counts so many items.
   *
   * @returns how many of them are within the limit; a promise only if Redis counts
   */
  take(caller: Caller, items: number): number | Promise<number> {
    const { bulkItemsPerMinute: limit } = this.#config.current.rateLimit;
    if (limit === 0) return items;
    const key = `items:${caller.id}`;
    const allowedOf = ({ count }: Count): number => Math.max(0, Math.min(items, limit - (count - items)));
    if (!this.#redis.isConfigured) return allowedOf(this.#memory.count(key, items));
    return this.#redis.count(key, items).then((count) => allowedOf(count ?? this.#memory.count(key, items)));
  }

  /** The error of what is over the limit. */
  tooMany(): AppError {
    const { bulkItemsPerMinute: limit } = this.#config.current.rateLimit;
    const seconds = WINDOW_MS / 1000;
    return new AppError(
      'TOO_MANY_REQUESTS',
      `Too many items: at most ${limit} a minute; try again in ${seconds} s`,
      { retryAfterSeconds: seconds, limit },
      { 'Retry-After': String(seconds) },
    );
  }
}
