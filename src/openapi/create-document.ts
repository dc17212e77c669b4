import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ErrorResponse } from './error-response.js';

const DESCRIPTION = `Control over connected MQTT clients: disconnect a client, subscribe it to a topic, unsubscribe it, on any broker of any project.

The client-control operations are those of the Client Control REST API of Mosquitto 3.0. On the default setup, authorize with \`demo-token\` and run the examples as they are.`;

/** Makes the OpenAPI document of an application. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('MQTT Client Control')
    .setDescription(DESCRIPTION)
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
  return SwaggerModule.createDocument(app, config, { extraModels: [ErrorResponse] });
}
