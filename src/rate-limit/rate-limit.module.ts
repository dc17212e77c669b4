import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ItemLimiter } from './item-limiter.js';
import { RateLimitMetrics } from './rate-limit-metrics.js';
import { RedisCounter } from './redis-counter.js';
import { RateLimiter } from './rate-limiter.js';

/** Rate limits per credential and, before authentication, per address. */
@Module({
  imports: [MetricsModule],
  providers: [RateLimitMetrics, RedisCounter, RateLimiter, ItemLimiter],
  exports: [RateLimiter, ItemLimiter, RedisCounter],
})
export class RateLimitModule {}
