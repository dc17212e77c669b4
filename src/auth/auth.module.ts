import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { IdentityMetrics } from './identity/identity-metrics.js';

/** Access to every route: `@Authorized(role)` opens routes to grants, `@Public()` to everybody. */
@Module({
  imports: [MetricsModule, RateLimitModule, RegistryModule],
  providers: [IdentityMetrics, Authenticator, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [Authenticator],
})
export class AuthModule {}
