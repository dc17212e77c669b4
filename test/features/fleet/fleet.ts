import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { CONTROL_BROKERS, type ControlBroker } from '../../support/control-brokers.js';
import { Device } from '../../support/device.js';
import { TestService, TOKENS, type Answer } from '../../support/test-service.js';

/** The entry of one item. */
export interface Item {
  readonly index: number;
  readonly broker?: string;
  readonly clientid?: string;
  readonly action?: string;
  readonly outcome: string;
  readonly status: number;
  readonly error?: {
    readonly code: string;
    readonly status: number;
    readonly info?: Record<string, unknown>;
  };
  readonly absent?: boolean;
  readonly notAnswered?: readonly string[];
}

/** Answer of a call for many. */
export interface BulkBody {
  readonly summary: Readonly<Record<'total' | 'done' | 'failed' | 'notSent' | 'unknown', number>>;
  readonly items: readonly Item[];
}

/** A service on some brokers, and devices on them. */
export class Fleet {
  readonly #devices: Device[] = [];

  private constructor(
    readonly service: TestService,
    readonly brokers: Readonly<Record<string, ControlBroker>>,
  ) {}

  /** @param brokers by id */
  static async start(
    brokers: Readonly<Record<string, ControlBroker>>,
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<Fleet> {
    const entries = Object.entries(brokers).map(([id, { settings }]) => ({ id, ...settings }));
    const service = await TestService.start({ brokers: entries, config });
    for (const id of Object.keys(brokers)) await service.brokerState(id);
    return new Fleet(service, brokers);
  }

  /** On one embedded broker, `b`. */
  static async onEmbedded(): Promise<Fleet> {
    const [embedded] = CONTROL_BROKERS;
    if (embedded === undefined) throw new Error('no broker');
    return Fleet.start({ b: await embedded[1]() });
  }

  async connect(broker: string, options: Parameters<typeof Device.connect>[1] = {}): Promise<Device> {
    const target = this.brokers[broker];
    if (target === undefined) throw new Error(`no broker ${broker}`);
    const device = await Device.connect(target.url, { protocolVersion: target.protocolVersion, ...options });
    this.#devices.push(device);
    return device;
  }

  /** Many devices, named by their numbers. */
  connectMany(
    broker: string,
    count: number,
    name: string,
    options: Parameters<typeof Device.connect>[1] = {},
  ): Promise<Device[]> {
    return Promise.all(
      Array.from({ length: count }, (_, at) =>
        this.connect(broker, { ...options, clientId: `${name}${at}` }),
      ),
    );
  }

  async disconnectAll(): Promise<void> {
    await Promise.all(this.#devices.splice(0).map((device) => device.end()));
  }

  /** A call for many, on one broker or, without, over the project. */
  async bulk(
    body: unknown,
    { broker, token = TOKENS.editor, headers = {} }: BulkOptions = {},
  ): Promise<Answer & { readonly bulk: BulkBody }> {
    const answer = await this.service.request('POST', bulkPath(broker), { token, body, headers });
    return { ...answer, bulk: answer.body as BulkBody };
  }

  /** The same with an answer of lines, the summary last. */
  async lines(
    body: unknown,
    { headers = {}, ...options }: BulkOptions = {},
  ): Promise<{ readonly status: number; readonly lines: readonly Record<string, unknown>[] }> {
    const accept = { accept: 'application/x-ndjson', ...headers };
    const { status, body: text } = await this.bulk(body, { ...options, headers: accept });
    return { status, lines: parseLines(String(text)) };
  }

  /** A call whose body is written line by line; the answer comes as lines. */
  stream(broker?: string, query = '', token: string = TOKENS.editor): LineStream {
    return new LineStream(`${this.service.url}${bulkPath(broker)}${query}`, token);
  }

  async stop(): Promise<void> {
    await this.disconnectAll();
    await this.service.stop();
    for (const broker of Object.values(this.brokers)) await broker.stop();
  }
}

export interface BulkOptions {
  readonly broker?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function bulkPath(broker?: string): string {
  return `/api/projects/p/${broker === undefined ? '' : `brokers/${broker}/`}client-control/bulk`;
}

export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A request with a body of lines that is still being written. */
export class LineStream {
  readonly #request: ClientRequest;
  readonly #response: Promise<IncomingMessage>;
  text = '';

  constructor(url: string, token: string) {
    this.#request = httpRequest(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/x-ndjson',
        accept: 'application/x-ndjson',
      },
    });
    this.#response = new Promise((resolve, reject) => {
      this.#request.once('response', (response) => {
        response.setEncoding('utf8');
        response.on('data', (text: string) => (this.text += text));
        resolve(response);
      });
      this.#request.once('error', reject);
    });
    this.#response.catch(() => undefined);
  }

  write(...operations: readonly unknown[]): boolean {
    return this.#request.write(operations.map((operation) => `${JSON.stringify(operation)}\n`).join(''));
  }

  /** Resolves when what was written has gone out; to be awaited when {@link write} says false. */
  async drained(): Promise<void> {
    await once(this.#request, 'drain');
  }

  get lines(): Record<string, unknown>[] {
    return parseLines(this.text.slice(0, this.text.lastIndexOf('\n') + 1));
  }

  /** Ends the body; resolves with the lines of the whole answer. */
  async end(): Promise<Record<string, unknown>[]> {
    this.#request.end();
    const response = await this.#response;
    if (!response.readableEnded) await new Promise((resolve) => response.once('close', resolve));
    return this.lines;
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#request.destroy();
  }
}
