import { createClient, isApiError, type ControlClient, type Target } from '../../src/index.js';
import { NotAwaitedError, UsageError } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { Records, type Format } from '../output/output.js';
import { safeJson } from '../output/safe-text.js';
import { Terminal } from '../output/terminal.js';
import { findConnection, type Connection, type ConnectionOptions } from '../profiles/connection.js';
import { Interruption } from './interruption.js';

/** Options that every command has which calls the service. */
export interface ServiceOptions extends ConnectionOptions {
  readonly output: Format;
}

/** What a command works with: the service, where it was told to look, the terminal, and when to stop. */
export class Session {
  readonly client: ControlClient;
  readonly connection: Connection;
  readonly format: Format;
  readonly terminal: Terminal;
  readonly interruption = new Interruption();
  #project: string | undefined;

  /** @throws {UsageError} when it cannot be told where the service is */
  constructor(options: ServiceOptions, terminal = new Terminal()) {
    this.format = options.output;
    this.terminal = terminal;
    this.connection = findConnection(options, process.env);
    const { url, token } = this.connection;
    try {
      this.client = createClient({ url, ...(token !== undefined && { token }) });
    } catch (error) {
      throw error instanceof TypeError ? new UsageError(error.message) : error;
    }
    // Whoever no longer reads wants no more; who acts meanwhile stops as after Ctrl-C.
    terminal.gone.addEventListener('abort', () => this.interruption.interrupt(), { once: true });
  }

  /** For calls that only read: aborted by the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.interruption.gentle;
  }

  /**
   * Makes a single call that does something: the first Ctrl-C says that its answer is waited for, the second does not wait.
   *
   * @throws {NotAwaitedError} after the second
   */
  async acting<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { gentle, hard } = this.interruption;
    gentle.throwIfAborted();
    const tell = (): void => {
      if (!this.terminal.gone.aborted)
        this.terminal.say('waiting for what was sent; press Ctrl-C again not to wait');
    };
    gentle.addEventListener('abort', tell, { once: true });
    try {
      return await call(hard);
    } catch (error) {
      throw error instanceof Error && error.name === 'AbortError' ? new NotAwaitedError() : error;
    } finally {
      gentle.removeEventListener('abort', tell);
    }
  }

  /** The broker that was named, if one was. */
  get brokerId(): string | undefined {
    return this.connection.broker;
  }

  /**
   * The project that is meant: the one that was named, or the only one there is.
   *
   * @throws {UsageError} when there are several
   */
  async project(): Promise<string> {
    this.#project ??= this.connection.project;
    if (this.#project !== undefined) return this.#project;
    const { data } = await this.client.listProjects({ signal: this.signal });
    return (this.#project = onlyOf(data, 'project'));
  }

  /** The project, and the broker if one was named. */
  async target(): Promise<Target> {
    return { projectId: await this.project(), brokerId: this.brokerId };
  }

  /** The same for clients that are named: of a project with one broker, that one. */
  async targetOfIds(): Promise<Target> {
    const target = await this.target();
    if (target.brokerId !== undefined) return target;
    const path = { projectId: target.projectId };
    const { data: brokers } = await this.client.listBrokers({ path, signal: this.signal });
    return brokers.length === 1 ? { ...path, brokerId: brokers[0]?.id } : target;
  }

  /**
   * The broker that is meant: the one that was named, or the only one of the project.
   *
   * @throws {UsageError} when there are several
   */
  async broker(): Promise<Required<Target> & { readonly brokerId: string }> {
    const projectId = await this.project();
    if (this.brokerId !== undefined) return { projectId, brokerId: this.brokerId };
    const { data } = await this.client.listBrokers({ path: { projectId }, signal: this.signal });
    return { projectId, brokerId: onlyOf(data, 'broker') };
  }

  /** Writes records of one kind to standard output. */
  records<Row extends object>(columns: readonly Column<Row>[]): Records<Row> {
    return new Records(this.format, columns, this.terminal.write);
  }

  /** Writes one thing: as JSON, or as its names and values for people. */
  async show(thing: object): Promise<void> {
    if (this.format === 'json') return this.terminal.write(`${prettyJson(thing)}\n`);
    if (this.format === 'ndjson') return this.terminal.write(`${safeJson(thing)}\n`);
    const records = this.records<{ name: string; value: unknown }>([
      { title: 'NAME', of: ({ name }) => name },
      { title: 'VALUE', of: ({ value }) => (typeof value === 'string' ? value : safeJson(value)) },
    ]);
    await records.addAll(Object.entries(thing).map(([name, value]) => ({ name, value: value as unknown })));
    await records.end();
  }

  /** Names the brokers that did not answer. @returns whether all did */
  tellNotAnswered(brokers: readonly { readonly broker: string; readonly message: string }[]): boolean {
    for (const { broker, message } of brokers)
      this.terminal.say(`broker ${broker} did not answer: ${message}`);
    return brokers.length === 0;
  }
}

/** JSON for reading, on which a terminal does nothing but show it. */
function prettyJson(thing: object): string {
  return JSON.stringify(JSON.parse(safeJson(thing)), null, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function onlyOf(list: readonly { readonly id: string }[], what: 'project' | 'broker'): string {
  const [first, second] = list;
  if (first === undefined) throw new UsageError(`there is no ${what} that this token may see`);
  if (second !== undefined)
    throw new UsageError(
      `there are several ${what}s, name one with --${what}: ${list.map(({ id }) => id).join(', ')}`,
    );
  return first.id;
}

/** What to try next, for the errors that newcomers meet. */
export function hintFor(error: unknown, { url, token }: Connection): string | undefined {
  if (isApiError(error, 'UNAUTHORIZED'))
    return token === undefined
      ? `there is no token for ${url}: set CLIENT_CONTROL_TOKEN, or make a profile (client-control profile set --help)`
      : `the service at ${url} does not take this token`;
  if (error instanceof Error && error.name === 'ConnectionError')
    return `the address was ${url}; --url or a profile names another`;
  return undefined;
}
