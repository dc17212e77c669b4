import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One HTTP response, read off a socket. */
export interface RawResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed; undefined when there is none. */
  readonly body: unknown;
}

const HEAD_END = '\r\n\r\n';
const READ_TIMEOUT_MS = 40_000;

/** A TCP connection to an HTTP server on which a test writes whatever bytes it likes. */
export class RawHttp {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => (this.#received = Buffer.concat([this.#received, chunk])));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** @param url of the server, for example `http://127.0.0.1:3000` */
  static async open(url: string): Promise<RawHttp> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawHttp(socket);
  }

  /** Sends a request on a connection of its own and reads the response. */
  static async exchange(url: string, ...bytes: string[]): Promise<RawResponse> {
    const http = await RawHttp.open(url);
    try {
      for (const part of bytes) http.write(part);
      return await http.response();
    } finally {
      http.destroy();
    }
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Reads the next response; fails when the connection ends first, or after ten seconds. */
  async response(): Promise<RawResponse> {
    const deadline = AbortSignal.timeout(READ_TIMEOUT_MS);
    for (;;) {
      const response = this.#takeResponse();
      if (response !== undefined) return response;
      if (this.#socket.destroyed) throw new Error(`no response: ${this.#received.toString()}`);
      await Promise.race([once(this.#socket, 'data', { signal: deadline }), this.closed]);
    }
  }

  #takeResponse(): RawResponse | undefined {
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString().split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(statusLine.split(' ')[1]);
    const end = headEnd + HEAD_END.length + Number(headers['content-length'] ?? 0);
    if (this.#received.length < end) return undefined;
    const text = this.#received.subarray(headEnd + HEAD_END.length, end).toString();
    this.#received = this.#received.subarray(end);
    if (status === 100) return this.#takeResponse();
    return { status, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }
}
