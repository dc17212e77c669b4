import { isIP } from 'node:net';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { RateLimitMetrics, type RateLimitScope } from './rate-limit-metrics.js';
import { RateLimitStore } from './rate-limit-store.js';

const WINDOW_SECONDS = 60;
/** Credentials and addresses counted at once in memory, about 400 bytes each; the least recently seen make room. */
const MAX_COUNTERS = 100_000;
/** Who gets an IPv6 address usually gets a network of this size. */
const IPV6_NETWORK_BITS = 64;

type Count = Awaited<ReturnType<ReturnType<FastifyAdapter['instance']['createRateLimit']>>>;

/**
 * Counts requests in windows of a minute that begin with a caller's first: requests with accepted credentials against
 * their credential, all others against their address.
 *
 * An accepted credential is never refused for what others do from its address: callers behind one NAT do not lock each
 * other out.
 */
@Injectable()
export class RateLimiter implements OnModuleInit {
  readonly #config: ConfigStore;
  readonly #store: RateLimitStore;
  readonly #metrics: RateLimitMetrics;
  readonly #adapterHost: HttpAdapterHost<FastifyAdapter>;
  #count: (request: FastifyRequest) => Promise<Count> = () => Promise.reject(new Error('not initialized'));

  constructor(
    config: ConfigStore,
    store: RateLimitStore,
    metrics: RateLimitMetrics,
    adapterHost: HttpAdapterHost<FastifyAdapter>,
  ) {
    this.#config = config;
    this.#store = store;
    this.#metrics = metrics;
    this.#adapterHost = adapterHost;
  }

  async onModuleInit(): Promise<void> {
    const fastify = this.#adapterHost.httpAdapter.getInstance();
    await fastify.register(rateLimit, {
      global: false,
      timeWindow: WINDOW_SECONDS * 1000,
      cache: MAX_COUNTERS,
      nameSpace: 'client-control:rate-limit:',
      redis: this.#store.redis,
      keyGenerator: keyOf,
      max: (request) => this.#limitOf(scopeOf(request)),
    });
    this.#count = fastify.createRateLimit();
  }

  /**
   * Counts a request, against its credential if it has been accepted, else against its address, and puts the
   * `RateLimit` headers on its answer.
   *
   * Source: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS`
   */
  async check(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const scope = scopeOf(request);
    const limit = this.#limitOf(scope);
    if (limit === 0) return;
    const count = await this.#tryToCount(request);
    if (count?.isAllowed !== false) return;
    const seconds = Math.max(1, count.ttlInSeconds);
    void reply.header('RateLimit-Policy', `"${scope}";q=${limit};w=${WINDOW_SECONDS}`);
    void reply.header('RateLimit', `"${scope}";r=${count.remaining};t=${seconds}`);
    if (!count.isExceeded) return;
    this.#metrics.countRateLimited(scope);
    throw new AppError(
      'TOO_MANY_REQUESTS',
      `Too many requests; try again in ${seconds} s`,
      { retryAfterSeconds: seconds },
      { 'Retry-After': String(seconds) },
    );
  }

  async #tryToCount(request: FastifyRequest): Promise<Count | undefined> {
    if (!this.#store.isUsable) {
      this.#store.countFailure();
      return undefined;
    }
    try {
      const count = await this.#count(request);
      this.#store.countSuccess();
      return count;
    } catch (error) {
      this.#store.countFailure(error);
      return undefined;
    }
  }

  #limitOf(scope: RateLimitScope): number {
    const { requestsPerMinute, unauthenticatedPerMinute } = this.#config.current.rateLimit;
    return scope === 'credential' ? requestsPerMinute : unauthenticatedPerMinute;
  }
}

function scopeOf({ record }: FastifyRequest): RateLimitScope {
  return record.caller === undefined ? 'address' : 'credential';
}

function keyOf({ record: { caller }, ip }: FastifyRequest): string {
  return caller === undefined ? `address:${networkOf(ip)}` : `${caller.kind}:${caller.name}`;
}

/** Whatever a proxy passes on that is no address counts as one and the same. */
function networkOf(address: string): string {
  return isIP(address) === 0 ? 'none' : normalizeIP(address, IPV6_NETWORK_BITS);
}
