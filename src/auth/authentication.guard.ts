import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { RateLimiter } from '../rate-limit/rate-limiter.js';
import { REQUIRED_ROLE } from './metadata-keys.js';
import { IS_PUBLIC } from '../access/public.decorator.js';
import { Authenticator } from './authenticator.js';

/** Guards every route of the application: closed, unless the route says `@Public()` or `@Authorized(role)`. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  readonly #reflector: Reflector;
  readonly #authenticator: Authenticator;
  readonly #limiter: RateLimiter;

  constructor(reflector: Reflector, authenticator: Authenticator, limiter: RateLimiter) {
    this.#reflector = reflector;
    this.#authenticator = authenticator;
    this.#limiter = limiter;
  }

  /**
   * @throws {AppError} see {@link Authenticator.authenticate}; `TOO_MANY_REQUESTS`, instead of `UNAUTHORIZED` when it is
   *   the address's limit; `NOT_ALLOWED` for a route that declares nothing
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.#reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, targets) === true) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    await this.#authenticate(request, reply);
    await this.#limiter.check(request, reply);
    if (this.#reflector.getAllAndOverride<string | undefined>(REQUIRED_ROLE, targets) === undefined) {
      throw new AppError('NOT_ALLOWED', 'This route is open to nobody');
    }
    return true;
  }

  async #authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    try {
      request.record.caller = await this.#authenticator.authenticate(request.headers.authorization);
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAUTHORIZED')
        await this.#limiter.check(request, reply);
      throw error;
    }
  }
}
