import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { pino } from 'pino';
import { REQUIRED_ROLE } from '../../src/auth/authorized.decorator.js';
import { IS_PUBLIC } from '../../src/access/public.decorator.js';
import { ROLES } from '../../src/access/role.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { createApp } from '../../src/boot/create-app.js';
import { createDocument } from '../../src/openapi/create-document.js';
import { expectError } from '../support/expect-error.js';
import { testConfig, TestService } from '../support/test-service.js';

interface Route {
  readonly handler: string;
  readonly method: string;
  /** As in the OpenAPI document: `/api/projects/{projectId}`. */
  readonly path: string;
  readonly isPublic: boolean | undefined;
  readonly role: string | undefined;
  /** The error statuses of the OpenAPI document; undefined if the route is not in it. */
  readonly documented: readonly number[] | undefined;
}

type Method = (...parameters: unknown[]) => unknown;

/** Every route of every controller, as Nest itself registers them. */
async function allRoutes(): Promise<Route[]> {
  const app = await createApp(new ConfigStore(testConfig({})), pino({ level: 'silent' }));
  const { paths } = createDocument(app);
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  const routes = controllers.flatMap(({ metatype, name }) => {
    const controller = metatype as { readonly prototype: Record<string, Method> };
    return Object.entries(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(
      ([key, { value }]) => {
        const handler = value as Method;
        if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
        const metadata = (metadataKey: unknown): unknown =>
          Reflect.getMetadata(metadataKey, handler) ?? Reflect.getMetadata(metadataKey, controller);
        const own = [controller, handler].flatMap(
          (target) => Reflect.getMetadata(PATH_METADATA, target) as string,
        );
        const rest = own.flatMap((part) => part.split('/')).filter((part) => part !== '');
        const isOutsideApi = ['health', 'metrics'].includes(rest[0] ?? '');
        const path = `/${[...(isOutsideApi ? [] : ['api']), ...rest].join('/')}`.replace(/:(\w+)/g, '{$1}');
        const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '';
        const operation = paths[path]?.[method.toLowerCase() as 'get'];
        const statuses = operation && Object.keys(operation.responses).map(Number);
        return {
          handler: `${name}.${key}`,
          method,
          path,
          isPublic: metadata(IS_PUBLIC) as boolean | undefined,
          role: metadata(REQUIRED_ROLE) as string | undefined,
          documented: statuses?.filter((status) => status >= 400),
        };
      },
    );
  });
  await app.close();
  return routes;
}

const routes = await allRoutes();

it('there are routes to look at', () => {
  expect(routes.map(({ handler }) => handler)).toEqual(
    expect.arrayContaining([
      'ClientControlController.disconnect',
      'DiscoveryController.listProjects',
      'HealthController.live',
    ]),
  );
});

describe.each(routes)('$method $path ($handler)', (route) => {
  const { method, path, isPublic, role, documented = [] } = route;
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.stop());

  it('declares either @Public() or @Authorized(role), and not both', () => {
    expect([isPublic === true, ROLES.includes(role as 'viewer')].filter(Boolean)).toHaveLength(1);
  });

  it('is in the OpenAPI document', () => {
    expect(route.documented).toBeDefined();
  });

  it('documents every error status that it can answer', () => {
    const expected = [405, 500, ...(role === undefined ? [] : [401, 403, 429, 503])];
    if (path.includes('{')) expected.push(400, 404);
    if (['PUT', 'POST', 'PATCH'].includes(method)) expected.push(400, 413, 415);
    expect(documented).toEqual(expect.arrayContaining(expected));
  });

  it('does as it declares: without credentials it is open only if it is public', async () => {
    const answer = await service.request(method, path.replace(/\{\w+\}/g, 'p'), { token: null });
    if (isPublic === true) expect(answer.status).toBeLessThan(400);
    else expectError(answer, 'UNAUTHORIZED', { reason: 'missing' });
  });
});
