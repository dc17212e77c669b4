import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { ConsoleConfig } from '../config/config.js';
import type { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { pageHeaders } from '../http/server/security-headers.js';
import { packageVersion } from '../metrics/process-metrics.js';
import { readConsoleFiles, type ConsoleFile, type ConsoleFiles } from './console-files.js';
import { consolePage, consolePolicy } from './console-page.js';

const PREFIX = '/console/';
/** Files below it have their content's hash in their name. */
const HASHED = 'assets/';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Whether an application has a console: it is enabled, and was built. */
export const hasConsole = (fastify: FastifyInstance): boolean =>
  fastify.hasRoute({ method: 'GET', url: `${PREFIX}*` });

/**
 * Serves the operator's web page at `/console/`, to which `/` leads. Public: it is the same for everybody and knows nothing
 * before somebody signs in. It is read once; without a built page there is none, and the log says so.
 */
export function addConsole(
  fastify: FastifyInstance,
  config: ConfigStore,
  logger: Logger,
  folder: string,
): void {
  if (!config.current.console.enabled) return;
  const files = readConsoleFiles(folder);
  if (files === undefined) {
    logger.warn({ folder }, 'the console is not built, so there is none; npm run build:console');
    return;
  }
  const { publicUrl } = config.current.http;
  // Relative, for a proxy's path prefix.
  const home = publicUrl === undefined ? PREFIX.slice(1) : `${publicUrl}${PREFIX}`;
  const pages = new ConsolePages(files, config);
  fastify.get('/', (_request, reply) => reply.redirect(home, 302));
  fastify.get(PREFIX.slice(0, -1), (_request, reply) => reply.redirect(home, 308));
  fastify.get(`${PREFIX}*`, (request, reply) => pages.answer(request, reply));
}

/** Answers for every path below `/console/`: with a file where there is one, else with the page itself. */
class ConsolePages {
  readonly #files: ConsoleFiles;
  readonly #config: ConfigStore;
  #headersOf: ConsoleConfig | undefined;
  #headers: Parameters<FastifyReply['headers']>[0] = {};

  constructor(files: ConsoleFiles, config: ConfigStore) {
    this.#files = files;
    this.#config = config;
  }

  /** @throws {AppError} `ROUTE_NOT_FOUND` for a file with a hash that is not there: of another version of the page */
  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    // As it came: what a browser takes for a folder counts, not what it means.
    const [path = ''] = request.url.split('?', 1);
    const rest = path.slice(PREFIX.length);
    const file = this.#files.files.get(rest);
    if (file === undefined && rest.startsWith(HASHED))
      throw new AppError('ROUTE_NOT_FOUND', 'There is no such file');
    void reply.headers(this.#pageHeaders());
    if (file !== undefined) return sendFile(request, reply, file, rest.startsWith(HASHED));
    const { signIn } = this.#config.current.console;
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(consolePage(this.#files.index, rest, { version: packageVersion(), signIn }));
  }

  /** Computed once for each configuration. */
  #pageHeaders(): Parameters<FastifyReply['headers']>[0] {
    const { console: settings, http } = this.#config.current;
    if (settings !== this.#headersOf) {
      this.#headersOf = settings;
      this.#headers = pageHeaders(consolePolicy(settings.signIn), http.tls !== undefined);
    }
    return this.#headers;
  }
}

function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, content, gzipped }: ConsoleFile,
  isHashed: boolean,
): FastifyReply {
  void reply.type(type).header('cache-control', isHashed ? FOR_EVER : 'no-cache');
  if (gzipped === undefined) return reply.send(content);
  void reply.header('vary', 'Accept-Encoding');
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:[\s,]|$))/.test(headers['accept-encoding']?.toString() ?? '')
    ? reply.header('content-encoding', 'gzip').send(gzipped)
    : reply.send(content);
}
