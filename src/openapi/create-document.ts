import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ErrorResponse } from './error-response.js';
import { withErrorSchemas } from './error-schemas.js';

const DESCRIPTION = `Control over connected MQTT clients: disconnect a client, subscribe it to a topic, unsubscribe it, on any broker of any project.

The client-control operations are those of the Client Control REST API of Mosquitto 3.0.`;
const DEMO_HINT = ' On the default setup, authorize with `demo-token` and run the examples as they are.';

/** Makes the OpenAPI document of an application, with examples that run on the default setup. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('MQTT Client Control')
    .setDescription(DESCRIPTION + DEMO_HINT)
    .setVersion('1.0.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An opaque token or a JWT of the identity provider.',
    })
    .addTag('Client control', 'Act on connected clients.')
    .addTag('Many clients', 'The same to many clients with one call, each with its own outcome.')
    .addTag('Bans', 'Keep clients out.')
    .addTag('Standing subscriptions', 'Subscriptions that clients have whenever they connect.')
    .addTag('Client inspect', 'See the clients of a broker.')
    .addTag('Events', 'What happens, as it happens.')
    .addTag('Audit', 'Who did what to which client.')
    .addTag('Projects and brokers', 'What is there, and how its connections are doing.')
    .addTag('Health', 'For orchestrators.')
    .addTag('Metrics', 'For Prometheus.')
    .build();
  return withErrorSchemas(SwaggerModule.createDocument(app, config, { extraModels: [ErrorResponse] }));
}

/** Where a service is reached, and whether it is the demo. */
export interface Installation {
  /** The base URL that callers use, path prefix included; undefined when they reach it directly. */
  readonly publicUrl: string | undefined;
  readonly isDemo: boolean;
}

/**
 * The document as an installation shows it: with its own address, and on a real one without the token and the ids that only
 * the demo has.
 */
export function documentOf(document: OpenAPIObject, { publicUrl, isDemo }: Installation): OpenAPIObject {
  const servers =
    publicUrl === undefined ? document.servers : [{ url: publicUrl, description: 'This service' }];
  if (isDemo) return { ...document, ...(servers && { servers }) };
  const paths = JSON.parse(JSON.stringify(document.paths), (key, value: unknown) => {
    if (key === 'parameters' && Array.isArray(value)) return value.map(withoutPathExample);
    return value;
  }) as OpenAPIObject['paths'];
  return {
    ...document,
    info: { ...document.info, description: DESCRIPTION },
    ...(servers && { servers }),
    paths,
  };
}

function withoutPathExample(parameter: { readonly in?: string; readonly schema?: object }): object {
  if (parameter.in !== 'path' || parameter.schema === undefined) return parameter;
  const { example: _example, ...schema } = parameter.schema as { readonly example?: unknown };
  return { ...parameter, schema };
}
