import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { ConfigStore } from './config/config-store.js';
import { AppErrorFilter } from './errors/app-error.filter.js';
import { AllowedMethods } from './http/allowed-methods.js';
import { answerBadRequest } from './http/answer-bad-request.js';
import { requestIdOf } from './http/request-id.js';
import { NestLogger } from './logging/nest-logger.js';
import { setUpApp } from './setup-app.js';

const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 15_000;
const CONNECTIONS_CHECK_MS = 5_000;

/** Builds the application, ready to listen: what `main.ts` runs and what every end-to-end test tests. */
export async function createApp(config: ConfigStore, logger: Logger): Promise<NestFastifyApplication> {
  const allowedMethods = new AllowedMethods();
  const filter = new AppErrorFilter(allowedMethods, logger);
  const adapter = new FastifyAdapter({
    logger: false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    return503OnClosing: false,
    // Ids that are too long get a 400 that says so, not a 404.
    routerOptions: { maxParamLength: 16_384 },
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      filter.answer(error, request, reply),
    clientErrorHandler: (error: Error, socket: Socket) => answerBadRequest(error, socket),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    forceCloseConnections: true,
  });
  allowedMethods.watch(app.getHttpAdapter().getInstance());
  setUpApp(app, filter, logger);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}
