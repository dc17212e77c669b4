import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { Authenticator } from './authenticator.js';

/** Authentication for every route; `@Authorized(role)` opens routes to grants, `@Public()` to everybody. */
@Module({
  imports: [RateLimitModule],
  providers: [Authenticator, { provide: APP_GUARD, useClass: AuthenticationGuard }],
})
export class AuthModule {}
