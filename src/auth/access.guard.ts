import { isIP } from 'node:net';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditedAction } from '../access/actions.js';
import { AUDITED_ACTION } from '../access/audited.decorator.js';
import { isAllowed, type Caller } from '../access/caller.js';
import { notAllowed } from '../access/not-allowed.js';
import { IS_PUBLIC } from '../access/public.decorator.js';
import type { Role } from '../access/role.js';
import { ID_PATTERN } from '../config/schema/fields.js';
import { AppError } from '../errors/app-error.js';
import { invalid } from '../errors/issue.js';
import { RateLimiter } from '../rate-limit/rate-limiter.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { Authenticator } from './authenticator.js';
import { REQUIRED_ROLE } from './authorized.decorator.js';

/** What the decorators of a route say about access to it. */
interface RouteRule {
  readonly isPublic: boolean;
  /** Undefined when the route declares nothing: then it is open to nobody. */
  readonly role: Role | undefined;
  /** Undefined when the route is not audited. */
  readonly action: AuditedAction | undefined;
}

/** The ids in a route's path, as they came. */
interface Target {
  readonly projectId?: string;
  readonly brokerId?: string;
}

/** Longer ids than can exist are cut in logs: an id comes from whoever calls. */
const MAX_LOGGED_ID = 128;

/**
 * Decides on access, for every route of the application, in this order: who calls, whether that is too often, whether a
 * grant covers it, whether project and broker exist. Closed, unless the route says `@Public()` or `@Authorized(role)`.
 *
 * Waits for nothing but an identity provider's keys and a shared rate limit, where there are such.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reflector: Reflector;
  readonly #authenticator: Authenticator;
  readonly #limiter: RateLimiter;
  readonly #registry: ProjectRegistry;
  /** By handler: what its decorators say does not change. */
  readonly #rules = new Map<object, RouteRule>();

  constructor(
    reflector: Reflector,
    authenticator: Authenticator,
    limiter: RateLimiter,
    registry: ProjectRegistry,
  ) {
    this.#reflector = reflector;
    this.#authenticator = authenticator;
    this.#limiter = limiter;
    this.#registry = registry;
  }

  /**
   * @throws {AppError} what {@link Authenticator.authenticate} throws; `TOO_MANY_REQUESTS`, instead of `UNAUTHORIZED` when
   *   it is the address's limit; `NOT_ALLOWED`; `INVALID` for ids that cannot exist; `PROJECT_NOT_FOUND`, `BROKER_NOT_FOUND`
   */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const rule = this.#ruleOf(context);
    if (rule.isPublic) return true;
    // `switchToHttp` makes three functions for each request.
    const request = context.getArgByIndex<FastifyRequest>(0);
    const reply = context.getArgByIndex<FastifyReply>(1);
    let caller: Caller | Promise<Caller>;
    try {
      caller = this.#authenticator.authenticate(request.headers.authorization);
    } catch (error) {
      return this.#refuseStranger(error, request, reply);
    }
    return caller instanceof Promise
      ? caller.then(
          (known) => this.#admit(known, rule, request, reply),
          (error: unknown) => this.#refuseStranger(error, request, reply),
        )
      : this.#admit(caller, rule, request, reply);
  }

  #admit(
    caller: Caller,
    rule: RouteRule,
    request: FastifyRequest,
    reply: FastifyReply,
  ): true | Promise<true> {
    request.record.caller = caller;
    const limited = this.#limiter.check(request, reply);
    return limited === undefined
      ? this.#authorize(rule, request)
      : limited.then(() => this.#authorize(rule, request));
  }

  /** Counts against the address what came without an accepted credential. */
  #refuseStranger(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<never> {
    const isCounted =
      error instanceof AppError &&
      (error.code === 'UNAUTHORIZED' || error.code === 'IDENTITY_PROVIDER_UNAVAILABLE');
    if (error instanceof AppError) request.record.refusal = refusalOf(error);
    const limited = isCounted ? this.#limiter.check(request, reply) : undefined;
    if (limited === undefined) throw error;
    return limited.then(() => Promise.reject(error as Error));
  }

  #authorize({ role, action }: RouteRule, request: FastifyRequest): true {
    const { record } = request;
    const { caller } = record;
    const { projectId, brokerId } = request.params as Target;
    if (role === undefined || caller === undefined)
      throw new AppError('NOT_ALLOWED', 'This route is open to nobody');
    if (action !== undefined) {
      record.audited = { requestId: request.id, address: addressOf(request) };
      record.action = action;
    }
    record.project = projectId?.slice(0, MAX_LOGGED_ID);
    record.broker = brokerId?.slice(0, MAX_LOGGED_ID);
    // Listing projects needs no grant on any one of them: the list holds those that the caller may see.
    if (projectId === undefined) return true;
    const requirement = { role, project: projectId, broker: brokerId };
    // Only the grants count, not what is configured: the answer is the same for a project that does not exist.
    if (!isAllowed(caller, requirement)) throw notAllowed(requirement);
    this.#find(projectId, brokerId);
    return true;
  }

  #find(projectId: string, brokerId: string | undefined): void {
    if (this.#registry.has(projectId, brokerId)) return;
    const issues = Object.entries({ projectId, brokerId })
      .filter(([, id]) => id !== undefined && !ID_PATTERN.test(id))
      .map(([path]) => ({ path, message: `must match ${ID_PATTERN.source}` }));
    if (issues.length > 0) throw invalid(issues);
    if (brokerId === undefined) this.#registry.project(projectId);
    else this.#registry.broker(projectId, brokerId);
  }

  #ruleOf(context: ExecutionContext): RouteRule {
    const handler = context.getHandler();
    let rule = this.#rules.get(handler);
    if (rule === undefined) {
      const targets = [handler, context.getClass()];
      const read = (key: symbol): unknown => this.#reflector.getAllAndOverride<unknown>(key, targets);
      rule = {
        isPublic: read(IS_PUBLIC) === true,
        role: read(REQUIRED_ROLE) as Role | undefined,
        action: read(AUDITED_ACTION) as AuditedAction | undefined,
      };
      this.#rules.set(handler, rule);
    }
    return rule;
  }
}

/** Which check failed: for the log, and never for the caller. */
function refusalOf({ cause }: AppError): string | undefined {
  if (typeof cause === 'string') return cause;
  return cause instanceof Error ? cause.message : undefined;
}

/** Whatever a proxy passes on that is no address is `none`. A zone, which may be any text, is left out. */
function addressOf({ ip }: FastifyRequest): string {
  const [address = ''] = ip.split('%', 1);
  return isIP(address) === 0 ? 'none' : address;
}
