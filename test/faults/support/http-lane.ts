import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { takeAnswer, type LaneAnswer } from './read-answer.js';

export type { LaneAnswer } from './read-answer.js';

/** A request as it goes over the wire. */
export interface LaneRequest {
  readonly method: string;
  readonly target: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes as JSON when it is no string. */
  readonly body?: unknown;
}

const ANSWER_TIMEOUT_MS = 60_000;

/** The bytes of a request. */
export function encodeLaneRequest({ method, target, token, headers = {}, body }: LaneRequest): string {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const all: Record<string, string> = {
    Host: 'service.test',
    ...(typeof token === 'string' && { Authorization: `Bearer ${token}` }),
    ...(text !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(text)),
    }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`;
}

/**
 * One keep-alive connection to the service that reads whatever comes, so that an answer too many, or one that belongs
 * to another request, is noticed. It connects again when the service has closed it.
 */
export class HttpLane {
  readonly #url: URL;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Whether bytes came that belong to no request. */
  get hasUnaskedBytes(): boolean {
    return this.#received.length > 0;
  }

  /** The connection, opened if need be. */
  async open(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    await once(socket, 'connect');
    this.#received = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    this.#socket = socket;
    return socket;
  }

  /** Sends a request and reads its answer. */
  async send(request: LaneRequest): Promise<LaneAnswer> {
    await this.write(encodeLaneRequest(request));
    return this.answer(request.method);
  }

  async write(bytes: string | Buffer): Promise<void> {
    (await this.open()).write(bytes);
  }

  /**
   * Reads the next answer.
   *
   * @param method of the request: an answer to HEAD has no body
   * @throws {Error} when the connection ends first, and after `timeoutMs`
   */
  async answer(method: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<LaneAnswer> {
    const socket = await this.open();
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const taken = takeAnswer(this.#received, method);
      if (taken !== undefined) {
        this.#received = Buffer.from(taken.rest);
        if (taken.answer.headers.connection === 'close') this.close();
        return taken.answer;
      }
      if (socket.destroyed) throw new Error(`the connection ended: ${this.#received.toString('latin1')}`);
      await moreOf(socket, deadline, timeoutMs);
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#received = Buffer.alloc(0);
  }
}

/** Waits for bytes or the end of a connection. */
function moreOf(socket: Socket, deadline: AbortSignal, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      socket.off('data', onProgress);
      socket.off('close', onProgress);
      deadline.removeEventListener('abort', onTimeout);
      settle();
    };
    const onProgress = (): void => finish(resolve);
    const onTimeout = (): void => finish(() => reject(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once('data', onProgress);
    socket.once('close', onProgress);
    deadline.addEventListener('abort', onTimeout);
  });
}
