import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { AuditRecord } from '../../src/audit/audit-record.js';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { PostgresStore } from '../../src/audit/stores/postgres/postgres-store.js';
import { pageStatement } from '../../src/audit/stores/postgres/statements.js';
import { createApp } from '../../src/boot/create-app.js';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { AUDIT_ROLE, PostgresServer } from '../support/postgres.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TcpSwitch } from '../support/tcp-switch.js';
import { sized } from '../support/test-form.js';
import { testConfig, TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

const WAVES = sized(3, 10);

let broker: ScriptedBroker;
let postgres: PostgresServer;
let services: TestService[];

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  postgres = await PostgresServer.start();
});
afterAll(async () => {
  await broker.stop();
  await postgres.stop();
});
beforeEach(async () => {
  broker.messages.length = 0;
  services = [];
  await postgres.renew();
});
afterEach(async () => {
  await Promise.all(services.map((service) => service.stop().catch(() => undefined)));
});

async function start(audit: object = {}, place: object = postgres.settings): Promise<TestService> {
  const service = await TestService.start({
    brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }],
    config: { audit: { postgres: place, ...audit } },
  });
  services.push(service);
  await service.brokerState('b');
  return service;
}

const disconnect = (service: TestService, clientid: string): Promise<Answer> =>
  service.control('disconnect', { clientid });
const clientsOf = async (service: TestService): Promise<unknown[]> => {
  const { body } = await service.get('/api/projects/p/audit?limit=1000', TOKENS.admin);
  return (body as { readonly clientId: string }[]).map(({ clientId }) => clientId);
};
const rows = (): Promise<Record<string, unknown>[]> =>
  postgres.query('SELECT * FROM client_control_audit ORDER BY time, id', AUDIT_ROLE.database);
const metric = async (service: TestService, name: string): Promise<number> => {
  const text = String((await service.get('/metrics', null)).body);
  return Number(new RegExp(`^client_control_audit_${name}(?:{.*})? (\\d+)$`, 'm').exec(text)?.[1]);
};
const errorsLogged = (service: TestService): string[] =>
  service.logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);

describe('replicas that share a database', () => {
  it('make its tables, though they start at once, and show the same trail', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    await Promise.all([disconnect(one, 'by one'), disconnect(other, 'by the other')]);
    const seen = await clientsOf(one);
    expect([...seen].sort()).toEqual(['by one', 'by the other']);
    expect(await clientsOf(other)).toEqual(seen);
  });

  it('keep every one of their actions, hundreds at a time', async () => {
    const replicas = await Promise.all([start({ required: true }), start({ required: true })]);
    const ids = Array.from({ length: 100 }, (_, index) => `client-${index}`);
    for (let wave = 0; wave < WAVES; wave += 1) {
      const answers = await Promise.all(
        replicas.flatMap((service) => ids.map((id) => disconnect(service, id))),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    const counts = await postgres.query(
      'SELECT outcome, count(*)::int AS count FROM client_control_audit GROUP BY outcome ORDER BY outcome',
      AUDIT_ROLE.database,
    );
    expect(counts).toEqual([
      { outcome: 'OK', count: 200 * WAVES },
      { outcome: 'STARTED', count: 200 * WAVES },
    ]);
  });

  it('may be older than the schema, and need no right to create tables once it is there', async () => {
    await start();
    const run = (statement: string): Promise<unknown> => postgres.query(statement, AUDIT_ROLE.database);
    await run('UPDATE client_control_audit_version SET version = version + 1');
    await run('ALTER TABLE client_control_audit OWNER TO postgres');
    await run('ALTER TABLE client_control_audit_version OWNER TO postgres');
    await run('REVOKE CREATE ON SCHEMA public FROM public');
    await run(`ALTER DATABASE ${AUDIT_ROLE.database} OWNER TO postgres`);
    await run(`GRANT SELECT, INSERT, DELETE, UPDATE ON client_control_audit TO ${AUDIT_ROLE.username}`);
    await run(`GRANT SELECT ON client_control_audit_version TO ${AUDIT_ROLE.username}`);
    const older = await start({ required: true });
    expect((await disconnect(older, 'a')).status).toBe(200);
    expect(older.logLines.join()).toContain('schema version 2, of a newer service');
  });
});

describe('a database that goes away', () => {
  it('refuses every action that must be audited, and nothing is done', async () => {
    const service = await start({ required: true });
    await postgres.kill();
    expectError(await disconnect(service, 'a'), 'INTERNAL_ERROR');
    expect(broker.commands).toEqual([]);
    expect(await metric(service, 'store_up')).toBe(0);
    expect(await metric(service, 'write_failures_total')).toBeGreaterThan(0);
    expectError(await service.get('/api/projects/p/audit', TOKENS.admin), 'AUDIT_STORE_UNAVAILABLE');
    await postgres.start();
    expect((await disconnect(service, 'b')).status).toBe(200);
    expect(await metric(service, 'store_up')).toBe(1);
  });

  it('loses nothing of what need not wait: it is written when the database is back, in order and once', async () => {
    const service = await start();
    await disconnect(service, 'before');
    await postgres.kill();
    const ids = Array.from({ length: 50 }, (_, index) => `meanwhile-${index}`);
    for (const id of ids) expect((await disconnect(service, id)).status).toBe(200);
    expect(await metric(service, 'waiting_records')).toBe(50);
    expect(errorsLogged(service).join()).toContain('the audit database takes no records (ECONNREFUSED)');
    await postgres.start();
    await until(async () => (await metric(service, 'waiting_records')) === 0, 'what waited');
    await disconnect(service, 'after');
    expect(await clientsOf(service)).toEqual(['after', ...ids.toReversed(), 'before']);
    expect(await metric(service, 'write_failures_total')).toBe(0);
  });

  it('and does not come back before the end leaves what waits in the log, complete and counted', async () => {
    const service = await start();
    await postgres.kill();
    await disconnect(service, 'waiting');
    const trail = service.app.get(AuditTrail);
    await service.stop();
    expect(trail.failureCount).toBe(1);
    const line = errorsLogged(service).find((text) => text.includes('the database did not come back'));
    const { details } = JSON.parse(line ?? '') as { details: string[] };
    expect(JSON.parse(details[0] ?? '')).toMatchObject({
      clientId: 'waiting',
      caller: 'editor',
      outcome: 'OK',
    });
  });

  it('keeps no more waiting than there is room for; the rest is in the log, complete and counted', async () => {
    const service = await start();
    await postgres.kill();
    const trail = service.app.get(AuditTrail);
    const record = (index: number): AuditRecord => ({
      time: new Date().toISOString(),
      clientId: `client-${index}`,
      outcome: 'OK',
      durationMs: 1,
    });
    const store = trail.store;
    await store?.append(
      Array.from({ length: 9_999 }, (_, index) => record(index)),
      false,
    );
    await disconnect(service, 'fits');
    await disconnect(service, 'does not');
    expect([store?.waiting, trail.failureCount]).toEqual([10_000, 1]);
    expect(errorsLogged(service).some((line) => line.includes('does not'))).toBe(true);
    await postgres.start();
    await until(() => store?.waiting === 0, 'what waited');
    expect(await rows()).toHaveLength(10_000);
  });

  it('and freezes holds up nobody for longer than a deadline, and no shutdown', async () => {
    const service = await start({ required: true });
    await disconnect(service, 'a');
    postgres.signal('SIGSTOP');
    try {
      const begun = performance.now();
      expectError(await disconnect(service, 'b'), 'INTERNAL_ERROR');
      expect(performance.now() - begun).toBeLessThan(30_000);
      // Known to be frozen by now.
      const again = performance.now();
      expectError(await disconnect(service, 'c'), 'INTERNAL_ERROR');
      expect(performance.now() - again).toBeLessThan(3000);
      const stopping = performance.now();
      await service.stop();
      expect(performance.now() - stopping).toBeLessThan(20_000);
    } finally {
      postgres.signal('SIGCONT');
    }
  });

  it('fails over to its standby without a gap in the trail', async () => {
    const primary = await PostgresServer.start();
    const standby = await primary.standby();
    const address = await TcpSwitch.start(primary.port);
    try {
      const service = await start(
        {},
        { ...primary.settings, url: `postgres://127.0.0.1:${address.port}/audit` },
      );
      const answered: string[] = [];
      const over = new AbortController();
      const load = (async () => {
        for (let index = 0; !over.signal.aborted; index += 1) {
          expect((await disconnect(service, `client-${index}`)).status).toBe(200);
          answered.push(`client-${index}`);
        }
      })();
      await until(() => answered.length > 20, 'load');
      // What the standby has not received when the primary dies would be lost with it: PostgreSQL's own matter.
      const isCaughtUp = async (): Promise<boolean> => {
        const [row] = await primary.query('SELECT sent_lsn = replay_lsn AS done FROM pg_stat_replication');
        return row?.done === true;
      };
      await primary.query('ALTER SYSTEM SET default_transaction_read_only = on');
      await primary.query('SELECT pg_reload_conf()');
      await until(() => service.app.get(AuditTrail).store?.isUp === false, 'read-only');
      await until(isCaughtUp, 'the standby');
      // For a while the address leads to a standby that takes no writes.
      address.switchTo(standby.port);
      await primary.kill();
      await until(() => answered.length > 60, 'load meanwhile');
      standby.promote();
      await standby.query('ALTER SYSTEM RESET default_transaction_read_only');
      await standby.query('SELECT pg_reload_conf()');
      await until(() => service.app.get(AuditTrail).store?.isUp === true, 'the new primary');
      over.abort();
      await load;
      const kept = await standby.query(
        `SELECT client_id FROM client_control_audit ORDER BY time, id`,
        AUDIT_ROLE.database,
      );
      expect(kept.map((row) => row.client_id)).toEqual(answered);
      expect(service.app.get(AuditTrail).failureCount).toBe(0);
    } finally {
      await address.stop();
      await Promise.all([primary.stop(), standby.stop()]);
    }
  });
});

describe('logging in to the database', () => {
  const starting = (place: object): Promise<unknown> =>
    createApp(
      new ConfigStore(testConfig({ config: { audit: { postgres: place } } })),
      pino({ level: 'silent' }),
    );

  it.each([
    ['a wrong password', { password: 'wrong' }, '28P01'],
    ['a role that is not there', { username: 'nobody' }, '28P01'],
    ['TLS that the server does not speak', { tls: {} }, 'does not support SSL'],
  ])('with %s keeps the service from starting, and names the setting', async (_what, more, why) => {
    const failure = starting({ ...postgres.settings, ...more });
    await expect(failure).rejects.toThrow(ConfigError);
    await expect(failure).rejects.toThrow(
      /^.*audit\.postgres: leads to a database that refuses this service/s,
    );
    await expect(failure).rejects.toThrow(why);
  });

  it('waits for a database that is away when the service starts', async () => {
    const { port } = postgres;
    await postgres.kill();
    const service = await start();
    expect((await disconnect(service, 'early')).status).toBe(200);
    expect(service.logLines.join()).toContain('the audit database does not answer (ECONNREFUSED)');
    expect(postgres.port).toBe(port);
    await postgres.start();
    await until(async () => (await metric(service, 'waiting_records')) === 0, 'what waited');
    expect(await clientsOf(service)).toEqual(['early']);
  });

  it('loses its connection in the middle of a statement, and nothing else', async () => {
    const line = await TcpSwitch.start(postgres.port);
    const service = await start({}, { ...postgres.settings, url: `postgres://127.0.0.1:${line.port}/audit` });
    await disconnect(service, 'before');
    await until(async () => (await rows()).length === 1, 'the first record');
    const locked = postgres.query(
      'BEGIN; LOCK TABLE client_control_audit; SELECT pg_sleep(1); COMMIT',
      AUDIT_ROLE.database,
    );
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = '${AUDIT_ROLE.username}'`;
    const called = disconnect(service, 'meanwhile');
    await until(async () => (await postgres.query(waiting)).length > 0, 'the statement waits');
    line.breakAll();
    expect((await called).status).toBe(200);
    await locked;
    await until(async () => (await clientsOf(service)).includes('meanwhile'), 'the record');
    await line.stop();
  });

  it('uses a changed password for new connections, and keeps those that are up', async () => {
    const service = await start({ required: true });
    await disconnect(service, 'before');
    const password = 'another one';
    await postgres.query(`ALTER ROLE ${AUDIT_ROLE.username} PASSWORD '${password}'`);
    expect((await disconnect(service, 'meanwhile')).status).toBe(200);
    const { current } = service.config;
    const { postgres: place } = current.audit;
    if (place === undefined) throw new Error('no place');
    service.config.replace({ ...current, audit: { ...current.audit, postgres: { ...place, password } } });
    expect((await disconnect(service, 'then')).status).toBe(200);
    await postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${AUDIT_ROLE.username}'`,
    );
    await until(async () => (await disconnect(service, 'after')).status === 200, 'a new connection');
    expect(await clientsOf(service)).toContain('after');
  });

  it('is tried before a reload moves the trail to another database', async () => {
    const service = await start({ required: true });
    await disconnect(service, 'before');
    const { current } = service.config;
    const moveTo = (more: object): void => {
      const place = { ...postgres.settings, keepDays: 400, ...more };
      service.config.replace({ ...current, audit: { ...current.audit, postgres: place } });
    };
    const refused = (): boolean =>
      errorsLogged(service).join().includes('the audit trail stays where it was');
    moveTo({ url: `postgres://127.0.0.1:${postgres.port}/no_such_database` });
    await until(refused, 'the refusal');
    expect((await disconnect(service, 'meanwhile')).status).toBe(200);
    expect(await clientsOf(service)).toEqual(['meanwhile', 'before']);
    await postgres.query(`CREATE DATABASE elsewhere OWNER ${AUDIT_ROLE.username}`);
    moveTo({ url: `postgres://127.0.0.1:${postgres.port}/elsewhere` });
    await until(async () => (await clientsOf(service)).length === 0, 'the other database');
    await disconnect(service, 'after');
    expect(await clientsOf(service)).toEqual(['after']);
    await Promise.all(services.splice(0).map((each) => each.stop()));
    await postgres.query('DROP DATABASE elsewhere');
  });

  it('takes a password in the URL, too', async () => {
    const { username, password } = AUDIT_ROLE;
    const credentials = `${username}:${encodeURIComponent(password)}`;
    const service = await start(
      { required: true },
      { url: `postgres://${credentials}@127.0.0.1:${postgres.port}/audit` },
    );
    expect((await disconnect(service, 'a')).status).toBe(200);
  });

  describe('over TLS', () => {
    let certificates: Certificates;
    let encrypted: PostgresServer;

    beforeAll(async () => {
      certificates = makeCertificates();
      encrypted = await PostgresServer.start({ cert: certificates.serverCert, key: certificates.serverKey });
    });
    afterAll(() => encrypted.stop());

    it('works with the authority that signed the certificate', async () => {
      const store = new PostgresStore(
        () => ({
          ...encrypted.settings,
          keepDays: 400,
          tls: {
            ca: certificates.ca,
            cert: undefined,
            key: undefined,
            rejectUnauthorized: true,
            servername: undefined,
          },
        }),
        () => Promise.resolve(),
      );
      await store.open();
      await store.append([{ time: new Date().toISOString(), outcome: 'OK', durationMs: 1 }], true);
      await store.close();
      const [row] = await encrypted.query(
        'SELECT count(*)::int AS count FROM client_control_audit',
        AUDIT_ROLE.database,
      );
      expect(row).toEqual({ count: 1 });
    });

    it.each([
      ['an authority that did not', () => makeCertificates().ca, undefined],
      ['a certificate for another name', () => certificates.ca, 'other.example.com'],
    ])('refuses %s', async (_what, ca, servername) => {
      const store = new PostgresStore(
        () => ({
          ...encrypted.settings,
          keepDays: 400,
          tls: { ca: ca(), cert: undefined, key: undefined, rejectUnauthorized: true, servername },
        }),
        () => Promise.resolve(),
      );
      await expect(store.open()).rejects.toThrow(ConfigError);
      await store.close();
    });
  });
});

describe('the table', () => {
  const DAY = 86_400_000;

  it.each(['client_control_audit, client_control_audit_version', 'client_control_audit'])(
    'is made again when somebody drops %s',
    async (tables) => {
      const service = await start({ required: true });
      await disconnect(service, 'before');
      await postgres.query(`DROP TABLE ${tables}`, AUDIT_ROLE.database);
      expect((await disconnect(service, 'after')).status).toBe(200);
      expect(await clientsOf(service)).toEqual(['after']);
      await postgres.query(`DROP TABLE ${tables}`, AUDIT_ROLE.database);
      expect(await clientsOf(service)).toEqual([]);
    },
  );

  it.each([
    ['from', '0000-01-01T00:00:00Z'],
    ['from', '0001-01-01T00:00:00+14:00'],
    ['to', '9999-12-31T23:59:59-14:00'],
  ])('is not asked for times that it cannot have, such as %s %s', async (name, time) => {
    const service = await start();
    const query = encodeURIComponent(time);
    expectError(await service.get(`/api/projects/p/audit?${name}=${query}`, TOKENS.admin), 'INVALID');
    const position = { store: 'postgres', time, id: '1' };
    const cursor = Buffer.from(JSON.stringify(position)).toString('base64url');
    expectError(await service.get(`/api/projects/p/audit?cursor=${cursor}`, TOKENS.admin), 'INVALID');
    for (const edge of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
      expect((await service.get(`/api/projects/p/audit?${name}=${edge}`, TOKENS.admin)).status).toBe(200);
    }
  });

  it('forgets what is older than keepDays', async () => {
    const store = new PostgresStore(
      () => ({ ...postgres.settings, keepDays: 30 }),
      () => Promise.resolve(),
    );
    await store.open();
    const aged = (days: number): AuditRecord => ({
      time: new Date(Date.now() - days * DAY).toISOString(),
      clientId: `${days} days`,
      outcome: 'OK',
      durationMs: 1,
    });
    await store.append([31, 29, 400, 0].map(aged), true);
    expect(await store.removeOld()).toBe(2);
    await store.close();
    expect((await rows()).map((row) => row.client_id)).toEqual(['29 days', '0 days']);
  });

  it('has an index for every question that is asked', async () => {
    await start();
    await postgres.query(
      `INSERT INTO client_control_audit
         SELECT now() - n * interval '1 second', n, '{}', 'p' || n % 5, 'b', 'client-' || n % 1000, 'disconnect',
                'caller-' || n % 50, CASE WHEN n % 100 = 0 THEN 'BROKER_TIMEOUT' ELSE 'OK' END, 'request-' || n, NULL
         FROM generate_series(1, 100000) n`,
      AUDIT_ROLE.database,
    );
    await postgres.query('ANALYZE client_control_audit', AUDIT_ROLE.database);
    const planOf = async (filter: object, scope = [{ project: 'p1' }]): Promise<string> => {
      const { text, values } = pageStatement({ scope, filter, limit: 100 }, undefined);
      const filled = text.replace(/\$(\d+)::(\w+)/g, (_, index: string, type: string) => {
        const value = values[Number(index) - 1];
        return `'${String(value)}'::${type}`;
      });
      const lines = await postgres.query(`EXPLAIN ${filled}`, AUDIT_ROLE.database);
      return lines.map((line) => String(line['QUERY PLAN'])).join('\n');
    };
    expect(await planOf({ clientid: 'client-7' })).toContain('client_control_audit_client');
    expect(await planOf({ caller: 'caller-7' })).toMatch(/client_control_audit_(caller|project)/);
    expect(await planOf({ requestId: 'request-7' })).toContain('client_control_audit_request');
    expect(await planOf({})).toContain('client_control_audit_project');
    expect(await planOf({}, [{ project: '*' }])).toContain('client_control_audit_pkey');
    for (const filter of [
      { clientid: 'client-7' },
      { outcome: 'BROKER_TIMEOUT' },
      { caller: 'caller-7' },
      {},
    ])
      expect(await planOf(filter)).not.toContain('Seq Scan');
    expect(await planOf({})).not.toContain('Sort');
  });
});

it('refuses no start for a database port that nobody listens on, only for one that refuses us', async () => {
  const service = await start(
    {},
    { ...postgres.settings, url: `postgres://127.0.0.1:${await freePort()}/audit` },
  );
  expect((await disconnect(service, 'a')).status).toBe(200);
});
