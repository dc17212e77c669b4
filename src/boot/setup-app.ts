import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { Logger } from 'pino';
import { auditRequests } from '../audit/audit-requests.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { AppErrorFilter } from '../http/app-error.filter.js';
import { Drain } from '../http/drain.js';
import { addHttpHooks } from '../http/http-hooks.js';
import { logRequests } from '../logging/log-requests.js';
import { HttpMetrics } from '../http/http-metrics.js';
import { createDocument } from '../openapi/create-document.js';

/** Puts on an application what all routes share: hooks, prefix, error filter, OpenAPI. */
export function setUpApp(app: NestFastifyApplication, filter: AppErrorFilter, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance();
  addHttpHooks(fastify, app.get(Drain));
  logRequests(fastify, logger);
  auditRequests(fastify, app.get(AuditTrail), logger);
  // After the audit trail, which may change the status.
  app.get(HttpMetrics).addTo(fastify);
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready', 'metrics'] });
  app.useGlobalFilters(filter);
  // For what fails in a hook. Nest sets Fastify's handler only after all init hooks, and when those take time its routes
  // are stuck with Fastify's own.
  fastify.addHook('onRoute', (route) => {
    route.errorHandler = (error, request, reply) => filter.answer(error, request, reply);
  });
  SwaggerModule.setup('api/docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'MQTT Client Control',
  });
}
