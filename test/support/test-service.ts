import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { sha256Hex } from '../../src/auth/token-table.js';
import { BrokerGateway } from '../../src/broker-gateway/broker-gateway.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { createApp } from '../../src/boot/create-app.js';
import { until } from './until.js';

/** Tokens of the tests, by what they may do. */
export const TOKENS = {
  admin: 'admin-token-of-the-tests',
  editor: 'editor-token-of-the-tests',
  viewer: 'viewer-token-of-the-tests',
  /** Editor on project `p`, broker `b` only. */
  editorOfB: 'editor-of-b-token-of-the-tests',
  /** Admin of the project `other`. */
  otherAdmin: 'other-admin-token-of-the-tests',
  expired: 'expired-token-of-the-tests',
  nobody: 'nobody-token-of-the-tests',
} as const;

const token = (name: keyof typeof TOKENS, grants: readonly object[], more: object = {}): object => ({
  name,
  sha256: sha256Hex(TOKENS[name]),
  grants,
  ...more,
});

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON. */
  readonly body: unknown;
}

export interface TestServiceOptions {
  /** Brokers of project `p`, as in a configuration file. */
  readonly brokers?: readonly object[];
  /** More keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More keys of `auth`. */
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the built console is. Default: where `npm run build:console` puts it. */
  readonly consoleFolder?: string;
}

/** The whole application, listening on a free port, configured as a file would, with its log kept. */
export class TestService {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly config: ConfigStore,
    readonly url: string,
    readonly logLines: readonly string[],
  ) {}

  static async start(options: TestServiceOptions = {}): Promise<TestService> {
    const store = new ConfigStore(testConfig(options));
    const logLines: string[] = [];
    const app = await createApp(
      store,
      pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) }),
      options.consoleFolder,
    );
    // So often the server looks for requests that take too long to arrive: no test waits seconds for that.
    Object.assign(app.getHttpServer(), { connectionsCheckingInterval: 200 });
    await app.listen(0, '127.0.0.1');
    return new TestService(app, store, await app.getUrl(), logLines);
  }

  /** The gateway inside. */
  get gateway(): BrokerGateway {
    return this.app.get(BrokerGateway);
  }

  /** Waits until a broker of project `p` is in a state, `connected` if none is named. */
  async brokerState(brokerId: string, state = 'connected', timeoutMs?: number): Promise<void> {
    const status = (): string => this.gateway.status({ projectId: 'p', brokerId }).state;
    await until(() => status() === state, `broker ${brokerId} ${state}`, timeoutMs);
  }

  /**
   * Waits until a broker is connected and has answered everything that the service asks it after a connect. With a short
   * deadline, a machine that stalls between the two costs the connection, and the next one is waited for.
   */
  async brokerAnswers(brokerId: string): Promise<void> {
    await until(() => {
      const { state, features } = this.gateway.status({ projectId: 'p', brokerId });
      const isOpen = Object.values(features).some((each) => each === 'unknown' || each === 'silent');
      return state === 'connected' && !isOpen;
    }, `broker ${brokerId} answers`);
  }

  /** Sends a request; a body that is not a string goes as JSON. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token: bearer = TOKENS.editor, body, headers = {} } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    const isJson =
      text !== '' && response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
  }

  get(path: string, bearer: string | null = TOKENS.viewer): Promise<Answer> {
    return this.request('GET', path, { token: bearer });
  }

  /** One of the three operations, on a broker of project `p`. */
  control(
    action: string,
    body: unknown,
    options: RequestOptions & { readonly broker?: string } = {},
  ): Promise<Answer> {
    const { broker = 'b', ...rest } = options;
    return this.request('PUT', `/api/projects/p/brokers/${broker}/client-control/${action}`, {
      ...rest,
      body,
    });
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

export interface RequestOptions {
  /** Bearer token; null for none. Default: the editor's. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The configuration of the tests: project `p` with the given brokers, project `other`, and {@link TOKENS}. */
export function testConfig({
  brokers = [],
  config = {},
  auth = {},
  environment = {},
}: TestServiceOptions): ReturnType<typeof parseConfig> {
  const tree = {
    rateLimit: { requestsPerMinute: 0 },
    projects: [
      { id: 'p', name: 'Project P', brokers },
      { id: 'other', brokers: [] },
    ],
    auth: {
      tokens: [
        token('admin', [{ project: '*', role: 'admin' }]),
        token('editor', [{ project: 'p', role: 'editor' }]),
        token('viewer', [{ project: 'p', role: 'viewer' }]),
        ...(brokers.some((broker) => 'id' in broker && broker.id === 'b')
          ? [token('editorOfB', [{ project: 'p', role: 'editor', brokers: ['b'] }])]
          : []),
        token('otherAdmin', [{ project: 'other', role: 'admin' }]),
        token('expired', [{ project: '*', role: 'admin' }], { expiresAt: '2020-01-01T00:00:00Z' }),
        token('nobody', []),
      ],
      ...auth,
    },
    ...config,
    // Tests call the service by all kinds of names, which it would not take where it says that it listens on loopback.
    http: { port: 0, host: '0.0.0.0', ...(config.http as object | undefined) },
  };
  return parseConfig(JSON.stringify(tree), 'the test', '.', environment);
}
