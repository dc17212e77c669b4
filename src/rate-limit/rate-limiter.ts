import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { MemoryCounter, WINDOW_MS, type Count } from './memory-counter.js';
import { RateLimitMetrics, type RateLimitScope } from './rate-limit-metrics.js';
import { RedisCounter } from './redis-counter.js';

const WINDOW_SECONDS = WINDOW_MS / 1000;

/**
 * Counts requests in windows of a minute that begin with a caller's first: requests with accepted credentials against
 * their credential, all others against their address. In Redis where one is configured and answers, else in memory, and
 * then without waiting.
 *
 * An accepted credential is never refused for what others do from its address: callers behind one NAT do not lock each
 * other out.
 */
@Injectable()
export class RateLimiter {
  readonly #config: ConfigStore;
  readonly #redis: RedisCounter;
  readonly #metrics: RateLimitMetrics;
  readonly #memory = new MemoryCounter();

  constructor(config: ConfigStore, redis: RedisCounter, metrics: RateLimitMetrics) {
    this.#config = config;
    this.#redis = redis;
    this.#metrics = metrics;
  }

  /**
   * Counts a request, against its credential if it has been accepted, else against its address, and puts the
   * `RateLimit` headers on its answer.
   *
   * Source: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
   *
   * @returns a promise only if Redis counts
   * @throws {AppError} `TOO_MANY_REQUESTS`
   */
  check(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const { caller } = request.record;
    const scope = caller === undefined ? 'address' : 'credential';
    const { requestsPerMinute, unauthenticatedPerMinute } = this.#config.current.rateLimit;
    const limit =
      caller === undefined ? unauthenticatedPerMinute : (caller.requestsPerMinute ?? requestsPerMinute);
    if (limit === 0) return undefined;
    const key = caller === undefined ? `address:${networkOf(request.ip)}` : caller.id;
    if (!this.#redis.isConfigured) {
      this.#judge(this.#memory.count(key), scope, limit, reply);
      return undefined;
    }
    return this.#redis
      .count(key)
      .then((count) => this.#judge(count ?? this.#memory.count(key), scope, limit, reply));
  }

  #judge({ count, endsInMs }: Count, scope: RateLimitScope, limit: number, reply: FastifyReply): void {
    const seconds = Math.max(1, Math.ceil(endsInMs / 1000));
    void reply.header('ratelimit-policy', `"${scope}";q=${limit};w=${WINDOW_SECONDS}`);
    void reply.header('ratelimit', `"${scope}";r=${Math.max(0, limit - count)};t=${seconds}`);
    if (count <= limit) return;
    this.#metrics.countRateLimited(scope);
    throw new AppError(
      'TOO_MANY_REQUESTS',
      `Too many requests; try again in ${seconds} s`,
      { retryAfterSeconds: seconds },
      { 'Retry-After': String(seconds) },
    );
  }
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Who gets an IPv6 address usually gets a network of so many groups of 16 bits. */
const IPV6_NETWORK_GROUPS = 4;

/** Whose limit an address counts against. Whatever a proxy passes on that is no address counts as one and the same. */
export function networkOf(address: string): string {
  const version = isIP(address);
  if (version === 4) return address;
  if (version === 0) return 'none';
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    const written = groups.length + after.length + (tail.includes('.') ? 1 : 0);
    groups.push(...Array<string>(8 - written).fill('0'), ...after);
  }
  return groups
    .slice(0, IPV6_NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
