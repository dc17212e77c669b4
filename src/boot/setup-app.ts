import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { sha256Hex } from '../auth/token-table.js';
import type { ConfigStore } from '../config/config-store.js';
import type { AppErrorFilter } from '../http/app-error.filter.js';
import { createDocument, documentOf } from '../openapi/create-document.js';
import { DEMO_TOKEN } from './embedded-default.js';

/** Puts on an application what all its routes share besides the hooks: prefix, error filter, OpenAPI. */
export function setUpApp(app: NestFastifyApplication, filter: AppErrorFilter, config: ConfigStore): void {
  const { http, auth } = config.current;
  const isDemo = auth.tokens.some(({ sha256 }) => sha256 === sha256Hex(DEMO_TOKEN));
  const installation = { publicUrl: http.publicUrl, isDemo };
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready', 'metrics'] });
  app.useGlobalFilters(filter);
  SwaggerModule.setup('api/docs', app, () => documentOf(createDocument(app), installation), {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'MQTT Client Control',
  });
}
