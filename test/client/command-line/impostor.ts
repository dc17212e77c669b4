import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../support/until.js';

/** A server that answers as a test tells it to. */
export class Impostor {
  answer: RequestListener = (_, response) => response.end();
  readonly requests: IncomingMessage[] = [];
  lastResponse: ServerResponse | undefined;

  private constructor(
    readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Impostor> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const impostor = new Impostor(server, `http://127.0.0.1:${port}`);
    server.on('request', (request, response) => {
      impostor.requests.push(request);
      impostor.lastResponse = response;
      request.resume();
      impostor.answer(request, response);
    });
    return impostor;
  }

  json(status: number, body: unknown): void {
    this.answer = (_, response) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }

  /** Waits for a request. */
  async isAsked(what: (request: IncomingMessage) => boolean): Promise<void> {
    await until(() => this.requests.some(what), 'the impostor is asked');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
