import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { sha256Hex } from '../../src/auth/token-table.js';
import { startService, type RunningService } from '../../src/boot/start-service.js';
import { until } from './until.js';

/** The service as it starts on a configuration file, which a test can change. */
export class FileService {
  readonly #dir: string;
  readonly #lines: string[];
  readonly #service: RunningService;

  private constructor(dir: string, lines: string[], service: RunningService) {
    this.#dir = dir;
    this.#lines = lines;
    this.#service = service;
  }

  /**
   * @param prepare puts `config.yaml` and what it needs into the service's folder
   * @param onLine is told of each line of the log, as it is written
   */
  static async start(
    prepare: (dir: string) => void,
    onLine: (dir: string, line: string) => unknown = () => undefined,
  ): Promise<FileService> {
    const dir = mkdtempSync(join(tmpdir(), 'reload-test-'));
    const lines: string[] = [];
    prepare(dir);
    const logger = pino(
      { level: 'info' },
      {
        write: (line: string) => {
          lines.push(line);
          onLine(dir, line);
        },
      },
    );
    const service = await startService({ CONFIG_FILE: join(dir, 'config.yaml') }, dir, logger);
    return new FileService(dir, lines, service);
  }

  get url(): string {
    return this.#service.url;
  }

  /** Everything it has logged. */
  get log(): string {
    return this.#lines.join('');
  }

  /** A path in the service's folder. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  /** Changes `config.yaml` in place and has it read at once. */
  async reload(config: object | string): Promise<void> {
    writeFileSync(this.path('config.yaml'), typeof config === 'string' ? config : JSON.stringify(config));
    await this.#service.reload();
  }

  /** Waits until a log line has this text. */
  async logged(text: string): Promise<Readonly<Record<string, unknown>>> {
    const line = await until(() => this.#lines.find((each) => each.includes(text)), `the log line "${text}"`);
    return JSON.parse(line) as Record<string, unknown>;
  }

  /** Disconnects a client of a broker of project `p`. */
  disconnect(broker: string, token: string, clientid = 'c'): Promise<Response> {
    return fetch(`${this.url}/api/projects/p/brokers/${broker}/client-control/disconnect`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ clientid }),
    });
  }

  get(path: string, token: string): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  }

  async stop(): Promise<void> {
    await this.#service.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** A configuration of project `p` with these brokers, and tokens by role, each its own name. */
export function fileConfig(
  brokers: readonly object[],
  tokens: Readonly<Record<string, string>> = { ops: 'editor' },
  more: object = {},
): object {
  return {
    http: { port: 0 },
    auth: {
      tokens: Object.entries(tokens).map(([name, role]) => ({
        name,
        sha256: sha256Hex(name),
        grants: [{ project: 'p', role }],
      })),
    },
    projects: [{ id: 'p', brokers }],
    ...more,
  };
}
