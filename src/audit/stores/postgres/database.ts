import pg, { type ClientBase, type PoolConfig, type QueryResult, type QueryResultRow } from 'pg';
import type { AuditConfig } from '../../../config/config.js';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import { migrate } from './schema.js';
import type { Statement } from './statements.js';

/** Settings of the store. */
export type PostgresConfig = NonNullable<AuditConfig['postgres']>;

const DEFAULT_PORT = 5432;
const CONNECT_TIMEOUT_MS = 3000;
/** Longer than whoever writes waits, so that their deadline is the one that counts. */
const WRITE_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 10_000;
const READERS = 4;
/** Source: PostgreSQL, appendix A. */
const UNDEFINED_TABLE = '42P01';

/**
 * The connections to the database: one that writes, and a few that read beside it. They are made when they are needed, and
 * a connection on which anything failed is not used again, so that a failover is over when the next one is there. Each new
 * one logs in with the password of the moment.
 */
export class Database {
  readonly #writer: pg.Pool;
  readonly #readers: pg.Pool;
  #schema: Promise<number> | undefined;

  /** @param settings are asked at every connection for the password */
  constructor(settings: () => PostgresConfig) {
    const options = (max: number, timeoutMs: number): PoolConfig => ({
      ...optionsOf(settings()),
      password: () => passwordOf(settings()),
      max,
      statement_timeout: timeoutMs,
      query_timeout: timeoutMs + 1000,
    });
    this.#writer = new pg.Pool(options(1, WRITE_TIMEOUT_MS));
    this.#readers = new pg.Pool(options(READERS, READ_TIMEOUT_MS));
    // An idle connection was lost: the next one is made when it is needed.
    for (const pool of [this.#writer, this.#readers]) pool.on('error', () => undefined);
  }

  /** Makes or migrates the schema, unless that was done. @returns its version */
  prepare(): Promise<number> {
    this.#schema ??= on(this.#writer, (client) => migrate(client)).catch((error: unknown) => {
      this.#schema = undefined;
      throw error;
    });
    return this.#schema;
  }

  /** @returns how many rows were written. @throws the database's or the system's error */
  async write({ text, values }: Statement): Promise<number> {
    const { rowCount } = await this.#on(this.#writer, (client) => client.query(text, [...values]));
    return rowCount ?? 0;
  }

  /** @throws the database's or the system's error */
  async read<T extends QueryResultRow>({ text, values }: Statement): Promise<T[]> {
    const { rows } = await this.#on(this.#readers, (client): Promise<QueryResult<T>> =>
      client.query<T>(text, [...values]),
    );
    return rows;
  }

  /** Does something where the schema is, which is made again if somebody has dropped it. */
  async #on<T>(pool: pg.Pool, task: (client: ClientBase) => Promise<T>): Promise<T> {
    await this.prepare();
    try {
      return await on(pool, task);
    } catch (error) {
      if (systemErrorCode(error) !== UNDEFINED_TABLE) throw error;
      this.#schema = undefined;
      await this.prepare();
      return on(pool, task);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.end(), this.#readers.end()]);
  }
}

/** Whether the database would never take these rows. Source: PostgreSQL, appendix A, classes 22, 23 and 54. */
export function isDataError(error: unknown): boolean {
  return /^(22|23|54)[0-9A-Z]{3}$/.test(systemErrorCode(error) ?? '');
}

/** Whether an error says that the settings cannot work, whatever happens at the other end. */
export function isSettingsError(error: unknown): boolean {
  const code = systemErrorCode(error) ?? '';
  return (
    // Login refused, no such database, no right. Source: PostgreSQL, appendix A.
    ['28P01', '28000', '3D000', '42501'].includes(code) ||
    /^(ERR_TLS|ERR_SSL|ERR_OSSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_|HOSTNAME_MISMATCH)/.test(code) ||
    (error instanceof Error && /does not support SSL|password must be a string/.test(error.message))
  );
}

async function on<T>(pool: pg.Pool, task: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that is lost under a statement fails the statement, and nobody else has to hear of it: unheard, it would end the process.
  client.on('error', ignore);
  try {
    const result = await task(client);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  } finally {
    client.off('error', ignore);
  }
}

/** Hears an event of which nothing follows. */
function ignore(): void {
  // Nothing follows.
}

function optionsOf({ url, username, tls }: PostgresConfig): PoolConfig {
  const { hostname, port, pathname, username: inUrl } = new URL(url);
  const host = decodeURIComponent(hostname.replace(/^\[|\]$/g, ''));
  const database = decodeURIComponent(pathname.slice(1));
  return {
    host,
    port: port === '' ? DEFAULT_PORT : Number(port),
    ...(database !== '' && { database }),
    user: username ?? decodeURIComponent(inUrl),
    ssl: tls === undefined ? false : { servername: host, ...defined(tls) },
    application_name: 'client-control',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
  };
}

function passwordOf({ url, password }: PostgresConfig): string {
  return password ?? decodeURIComponent(new URL(url).password);
}

/** An object without what is undefined. */
function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}
