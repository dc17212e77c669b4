import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { AppErrorFilter } from '../http/app-error.filter.js';
import { createDocument } from '../openapi/create-document.js';

/** Puts on an application what all its routes share besides the hooks: prefix, error filter, OpenAPI. */
export function setUpApp(app: NestFastifyApplication, filter: AppErrorFilter): void {
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready', 'metrics'] });
  app.useGlobalFilters(filter);
  SwaggerModule.setup('api/docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'MQTT Client Control',
  });
}
