import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { IS_PUBLIC, REQUIRED_ROLE } from './metadata-keys.js';
import { Authenticator } from './authenticator.js';

/** Guards every route of the application: closed, unless the route says `@Public()` or `@Authorized(role)`. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  readonly #reflector: Reflector;
  readonly #authenticator: Authenticator;

  constructor(reflector: Reflector, authenticator: Authenticator) {
    this.#reflector = reflector;
    this.#authenticator = authenticator;
  }

  /** @throws {AppError} see {@link Authenticator.authenticate}; `NOT_ALLOWED` for a route that declares nothing */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.#reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, targets) === true) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    request.record.caller = await this.#authenticator.authenticate(request.headers.authorization);
    if (this.#reflector.getAllAndOverride<string | undefined>(REQUIRED_ROLE, targets) === undefined) {
      throw new AppError('NOT_ALLOWED', 'This route is open to nobody');
    }
    return true;
  }
}
