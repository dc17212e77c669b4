import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { FileService, fileConfig } from '../support/file-service.js';
import { freePort } from '../support/free-port.js';
import { AUDIT_ROLE, PostgresServer } from '../support/postgres.js';
import { Samples } from '../support/samples.js';
import { TestService } from '../support/test-service.js';
import { until } from '../support/until.js';

const STAYS = 'the audit trail stays where it was';

let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await PostgresServer.start();
});
afterAll(() => postgres.stop());
beforeEach(() => postgres.renew());

const rowCount = async (database = AUDIT_ROLE.database): Promise<unknown> =>
  (await postgres.query('SELECT count(*)::int AS count FROM client_control_audit', database))[0]?.count;

describe('a reload that moves the trail to a database that refuses it', () => {
  let service: FileService;
  let url: string;

  beforeEach(async () => {
    url = `mqtt://127.0.0.1:${await freePort()}`;
    const config = JSON.stringify(withAudit({ store: 'memory' }));
    service = await FileService.start((dir) => writeFileSync(join(dir, 'config.yaml'), config));
  });
  afterEach(() => service.stop());

  const withAudit = (audit: object): object => fileConfig([{ id: 'b', url }], { ops: 'admin' }, { audit });
  const toPostgres = (more: object = {}): object =>
    withAudit({ store: 'postgres', postgres: { ...postgres.settings, ...more } });
  /** Whether the latest reload is in force as a whole, and where the trail is. */
  const state = async (): Promise<unknown> => {
    const samples = await Samples.scrape(service.url);
    const answer = await service.get('/api/audit', 'ops');
    return [
      samples.value('config_last_reload_successful', {}) === 1,
      answer.headers.get('x-audit-source')?.split(';')[0],
    ];
  };

  it('is in force in part, and the next one moves it, though nothing has changed', async () => {
    await postgres.query(`ALTER ROLE ${AUDIT_ROLE.username} PASSWORD 'another one'`);
    await service.reload(toPostgres());
    await service.logged(STAYS);
    expect(await state()).toEqual([false, 'memory']);
    await service.reload(toPostgres());
    expect(await state()).toEqual([false, 'memory']);
    await postgres.query(`ALTER ROLE ${AUDIT_ROLE.username} PASSWORD '${AUDIT_ROLE.password}'`);
    await service.reload(toPostgres());
    expect(await state()).toEqual([true, 'postgres']);
    await service.disconnect('b', 'ops');
    expect(await rowCount()).toBe(1);
  });

  it('moves it with the next one, which mends the password', async () => {
    await service.reload(toPostgres({ password: 'wrong' }));
    expect(await state()).toEqual([false, 'memory']);
    await service.reload(toPostgres());
    expect(await state()).toEqual([true, 'postgres']);
  });

  it('lets the database that is used be logged in to as before', async () => {
    await service.reload(toPostgres());
    await postgres.query(`CREATE DATABASE elsewhere OWNER ${AUDIT_ROLE.username}`);
    const elsewhere = `postgres://127.0.0.1:${postgres.port}/elsewhere`;
    await service.reload(toPostgres({ url: elsewhere, password: 'wrong' }));
    await service.logged(STAYS);
    await postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${AUDIT_ROLE.username}'`,
    );
    await until(async () => {
      await service.disconnect('b', 'ops');
      return (await rowCount()) !== 0;
    }, 'a record over a new connection');
    expect(await state()).toEqual([false, 'postgres']);
    await postgres.query('DROP DATABASE elsewhere');
  });
});

it('a move to a file that cannot be opened is in force in part until it can', async () => {
  const broker = await freePort();
  const config = (audit: object): string =>
    JSON.stringify(fileConfig([{ id: 'b', url: `mqtt://127.0.0.1:${broker}` }], { ops: 'admin' }, { audit }));
  let folder = '';
  const service = await FileService.start((dir) => {
    folder = dir;
    writeFileSync(join(dir, 'config.yaml'), config({ store: 'memory' }));
  });
  try {
    const file = join(folder, 'not there yet', 'audit.log');
    const outcome = async (): Promise<number | undefined> =>
      (await Samples.scrape(service.url)).value('config_last_reload_successful', {});
    await service.reload(JSON.parse(config({ file })) as object);
    expect(await outcome()).toBe(0);
    await service.reload(JSON.parse(config({ file })) as object);
    expect(await outcome()).toBe(0);
    mkdirSync(join(folder, 'not there yet'));
    await service.reload(JSON.parse(config({ file })) as object);
    expect(await outcome()).toBe(1);
  } finally {
    await service.stop();
  }
});

it('a move to a database that is slow survives that the configuration changes meanwhile', async () => {
  const service = await TestService.start({ config: { audit: { store: 'memory' } } });
  try {
    const { current } = service.config;
    const audit = {
      ...current.audit,
      store: 'postgres',
      postgres: { ...postgres.settings, keepDays: 400 },
    } as const;
    postgres.signal('SIGSTOP');
    service.config.replace({ ...current, audit });
    service.config.replace({ ...current, audit: { ...audit, required: true } });
    expect(service.app.get(AuditTrail).store?.kind).toBe('memory');
    postgres.signal('SIGCONT');
    await service.config.followed();
    expect(service.app.get(AuditTrail).store?.kind).toBe('postgres');
    // What was opened for the first change must not win now.
    service.config.replace(current);
    await service.config.followed();
    expect(service.app.get(AuditTrail).store?.kind).toBe('memory');
  } finally {
    postgres.signal('SIGCONT');
    await service.stop();
  }
});
