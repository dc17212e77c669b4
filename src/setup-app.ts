import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { Logger } from 'pino';
import type { AppErrorFilter } from './errors/app-error.filter.js';
import { Drain } from './http/drain.js';
import { addHttpHooks } from './http/http-hooks.js';
import { logRequests } from './logging/log-requests.js';
import { createDocument } from './openapi/create-document.js';

/** Puts on an application what all routes share: hooks, prefix, error filter, OpenAPI. */
export function setUpApp(app: NestFastifyApplication, filter: AppErrorFilter, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance();
  addHttpHooks(fastify, app.get(Drain));
  logRequests(fastify, logger);
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready'] });
  app.useGlobalFilters(filter);
  SwaggerModule.setup('api/docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'MQTT Client Control',
  });
}
