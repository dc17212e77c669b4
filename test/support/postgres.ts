import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { until } from './until.js';

const BIN = '/usr/lib/postgresql/15/bin';
const SUPERUSER_PASSWORD = 'superuser of the tests';

/** The role that the service logs in as, and its database. */
export const AUDIT_ROLE = {
  username: 'client_control',
  password: 'p#ss/w?rd % of the tests',
  database: 'audit',
};

/** Files for a server that speaks TLS. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/** A real PostgreSQL on 127.0.0.1, with an empty database for the audit trail. It refuses to run as root, so the user postgres runs it there. */
export class PostgresServer {
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly dir: string,
  ) {}

  static async start(tls?: ServerTls): Promise<PostgresServer> {
    const server = await PostgresServer.#inNewFolder();
    const passwordFile = join(server.dir, 'password');
    writeFileSync(passwordFile, SUPERUSER_PASSWORD);
    own(passwordFile);
    const data = server.#data;
    run('initdb', [
      '-D',
      data,
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-U',
      'postgres',
      '-N',
      '-E',
      'UTF8',
    ]);
    if (tls !== undefined) {
      for (const [name, text] of [
        ['server.crt', tls.cert],
        ['server.key', tls.key],
      ] as const) {
        writeFileSync(join(data, name), text, { mode: 0o600 });
        own(join(data, name));
      }
      writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
      writeFileSync(join(data, 'postgresql.auto.conf'), 'ssl = on\n');
    }
    await server.start();
    await server.renew();
    return server;
  }

  /** Makes role and database anew, whatever was done to them; starts the server if it was killed. */
  async renew(): Promise<void> {
    const { username, password, database } = AUDIT_ROLE;
    if (this.#process === undefined) await this.start();
    await this.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await this.query(`DROP ROLE IF EXISTS ${username}`);
    await this.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
    await this.query(`CREATE DATABASE ${database} OWNER ${username}`);
  }

  /** Makes a standby of this server that follows it until it is promoted. */
  async standby(): Promise<PostgresServer> {
    const server = await PostgresServer.#inNewFolder();
    run('pg_basebackup', [
      '-D',
      server.#data,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '-d',
      this.#url('postgres'),
    ]);
    await server.start();
    return server;
  }

  static async #inNewFolder(): Promise<PostgresServer> {
    const dir = mkdtempSync(join(tmpdir(), 'postgres-test-'));
    own(dir);
    return new PostgresServer(await freePort(), dir);
  }

  /** As the configuration of the store has it. */
  get settings(): { readonly url: string; readonly username: string; readonly password: string } {
    const { username, password, database } = AUDIT_ROLE;
    return { url: `postgres://127.0.0.1:${this.port}/${database}`, username, password };
  }

  get #data(): string {
    return join(this.dir, 'data');
  }

  /** Starts it again after {@link kill}; resolves when it answers. */
  async start(): Promise<void> {
    const options = [
      '-F',
      '-c',
      `port=${this.port}`,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${this.dir}`,
    ];
    this.#process = spawn(join(BIN, 'postgres'), ['-D', this.#data, ...options], {
      stdio: 'ignore',
      ...asPostgres(),
    });
    await until(
      () =>
        this.query('SELECT 1', 'postgres').then(
          () => true,
          () => false,
        ),
      'PostgreSQL',
    );
  }

  promote(): void {
    run('pg_ctl', ['promote', '-D', this.#data, '-w']);
  }

  /** Runs a statement as the superuser. */
  async query(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.#url(database), ssl: this.#ssl() });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops its processes where they are, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pids = execFileSync('pgrep', ['-P', String(this.#process?.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    for (const pid of [String(this.#process?.pid), ...pids]) process.kill(Number(pid), signal);
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGQUIT');
    await exited;
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #url(database: string): string {
    return `postgres://postgres:${encodeURIComponent(SUPERUSER_PASSWORD)}@127.0.0.1:${this.port}/${database}`;
  }

  #ssl(): false | { readonly rejectUnauthorized: false } {
    const hba = readFileSync(join(this.#data, 'pg_hba.conf'), 'utf8');
    return hba.startsWith('hostssl') ? { rejectUnauthorized: false } : false;
  }
}

/** Root's tests run it as the user postgres, everybody else's as themselves. */
function asPostgres(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function own(path: string): void {
  const { uid, gid } = asPostgres();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(join(BIN, program), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: tmpdir(),
    ...asPostgres(),
  });
}
