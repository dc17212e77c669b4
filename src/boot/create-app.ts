import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppModule } from '../app.module.js';
import type { ConfigStore } from '../config/config-store.js';
import { CONSOLE_FOLDER } from '../console/console-files.js';
import { addConsole } from '../console/console-routes.js';
import { AppErrorFilter } from '../http/app-error.filter.js';
import { AllowedHosts } from '../http/server/allowed-hosts.js';
import { AllowedMethods } from '../http/server/allowed-methods.js';
import { answerBadRequest } from '../http/server/answer-bad-request.js';
import { addCors } from '../http/server/cors.js';
import { renewCertificate, tlsOptions } from '../http/server/https-server.js';
import { requestIdOf } from '../http/request-record.js';
import { SecurityHeaders } from '../http/server/security-headers.js';
import { NestLogger } from '../logging/nest-logger.js';
import { addHooks } from './hooks.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { BrokerLog } from '../logging/broker-log.js';
import { setUpApp } from './setup-app.js';

const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 15_000;
const CONNECTIONS_CHECK_MS = 5_000;

/**
 * Builds the application, ready to listen: what `main.ts` runs and what every end-to-end test tests.
 *
 * @param consoleFolder where the built console is
 */
export async function createApp(
  config: ConfigStore,
  logger: Logger,
  consoleFolder = CONSOLE_FOLDER,
): Promise<NestFastifyApplication> {
  const allowedMethods = new AllowedMethods();
  const filter = new AppErrorFilter(allowedMethods, logger);
  const { tls, trustProxy, keepAliveTimeoutMs } = config.current.http;
  const securityHeaders = new SecurityHeaders(tls !== undefined);
  const serverOptions = {
    // A missing Host header is answered by a hook, with the error body that every error has.
    requireHostHeader: false,
    // Of two Host headers, Node would show the first and hide the other.
    joinDuplicateHeaders: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  };
  const adapter = new FastifyAdapter({
    logger: false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    return503OnClosing: false,
    trustProxy: typeof trustProxy === 'boolean' ? trustProxy : [...trustProxy],
    // Ids that are too long get a 400 that says so, not a 404.
    routerOptions: { maxParamLength: 16_384 },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: keepAliveTimeoutMs,
    ...(tls === undefined ? { http: serverOptions } : { https: { ...serverOptions, ...tlsOptions(tls) } }),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      answerUnroutable(error, request, reply),
    clientErrorHandler: (error: Error, socket: Socket) => answerBadRequest(error, socket),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    forceCloseConnections: true,
  });
  const fastify = app.getHttpAdapter().getInstance();
  const answerUnroutable = addHooks(app, {
    allowedMethods,
    allowedHosts: new AllowedHosts(config),
    securityHeaders,
    filter,
    logger,
  });
  setUpApp(app, filter, config);
  addConsole(fastify, config, logger, consoleFolder);
  addCors(fastify, config);
  renewCertificate(fastify.server, config);
  app.get(BrokerGateway).observe(new BrokerLog(logger));
  await app.init();
  await fastify.ready();
  return app;
}
