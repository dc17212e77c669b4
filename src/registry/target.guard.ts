import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ID_PATTERN } from '../config/schema-fields.js';
import { invalid } from '../errors/issue.js';
import { ProjectRegistry } from './project-registry.js';

/** Lets a request through when the project and the broker in its path exist. Runs after authorization. */
@Injectable()
export class TargetGuard implements CanActivate {
  readonly #registry: ProjectRegistry;

  constructor(registry: ProjectRegistry) {
    this.#registry = registry;
  }

  /** @throws {AppError} `INVALID` for ids that cannot exist, `PROJECT_NOT_FOUND`, `BROKER_NOT_FOUND` */
  canActivate(context: ExecutionContext): boolean {
    const { params } = context.switchToHttp().getRequest<FastifyRequest>();
    const { projectId, brokerId } = params as { readonly projectId?: string; readonly brokerId?: string };
    const issues = Object.entries({ projectId, brokerId })
      .filter(([, id]) => id !== undefined && !ID_PATTERN.test(id))
      .map(([path]) => ({ path, message: `must match ${ID_PATTERN.source}` }));
    if (issues.length > 0) throw invalid(issues);
    if (projectId !== undefined && brokerId !== undefined) this.#registry.broker(projectId, brokerId);
    else if (projectId !== undefined) this.#registry.project(projectId);
    return true;
  }
}
