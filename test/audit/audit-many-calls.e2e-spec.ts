import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { freePort } from '../support/free-port.js';
import { AUDIT_ROLE, PostgresServer } from '../support/postgres.js';
import { sized } from '../support/test-form.js';
import { TestService, TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';

const CALLS = 12;
const ITEMS = sized(6000, 20_000);
/** A record of each item, and one of each call. */
const RECORDS = CALLS * (ITEMS + 1);

const BODY = Array.from({ length: ITEMS }, (_, n) => `{"action":"disconnect","clientid":"c${n}"}\n`).join('');

let dir: string;
let service: TestService;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-calls-'));
});
afterEach(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts the service with a broker for each call, none of which is there: their items end as fast as they are read. */
async function start(audit: object): Promise<AuditTrail> {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const brokers = Array.from({ length: CALLS }, (_, index) => ({ id: `b${index}`, url }));
  const rateLimit = { requestsPerMinute: 0, bulkItemsPerMinute: 0 };
  service = await TestService.start({ brokers, config: { audit, rateLimit } });
  return service.app.get(AuditTrail);
}

async function call(broker: number): Promise<void> {
  const url = `${service.url}/api/projects/p/brokers/b${broker}/client-control/bulk`;
  const headers = {
    authorization: `Bearer ${TOKENS.editor}`,
    'content-type': 'application/x-ndjson',
    accept: 'application/x-ndjson',
  };
  const answer = await fetch(url, { method: 'POST', headers, body: BODY });
  expect((await answer.text()).trimEnd().split('\n')).toHaveLength(ITEMS + 1);
}

const callAll = (): Promise<unknown> => Promise.all(Array.from({ length: CALLS }, (_, index) => call(index)));

describe('many calls at once lose no record', () => {
  it.each([{ sync: true }, { required: true }])('in a file, with %j', async (settings) => {
    const file = join(dir, 'audit.log');
    const trail = await start({ file, ...settings });
    await callAll();
    const ends = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.includes('"outcome":"STARTED"'));
    expect([ends.length, trail.failureCount]).toEqual([RECORDS, 0]);
  });

  describe('in PostgreSQL', () => {
    let postgres: PostgresServer;

    beforeEach(async () => {
      postgres = await PostgresServer.start();
    });
    afterEach(() => postgres.stop());

    it('while it is well', async () => {
      const trail = await start({ postgres: postgres.settings });
      await callAll();
      expect([trail.writtenCount, trail.failureCount, trail.store?.waiting]).toEqual([RECORDS, 0, 0]);
      const [row] = await postgres.query(
        'SELECT count(*)::int AS count FROM client_control_audit',
        AUDIT_ROLE.database,
      );
      expect(row).toEqual({ count: RECORDS });
    });

    it('while what waited for it is written', async () => {
      const trail = await start({ postgres: postgres.settings });
      await postgres.kill();
      const before = { time: new Date().toISOString(), outcome: 'OK', durationMs: 1 } as const;
      await trail.store?.append(
        Array.from({ length: 10_000 }, () => before),
        false,
      );
      await postgres.start();
      await until(() => (trail.store?.waiting ?? 0) < 10_000, 'the database');
      await callAll();
      expect(trail.failureCount).toBe(0);
      await until(() => trail.store?.waiting === 0, 'what waited');
      const [row] = await postgres.query(
        'SELECT count(*)::int AS count FROM client_control_audit',
        AUDIT_ROLE.database,
      );
      expect(row).toEqual({ count: RECORDS + 10_000 });
    });
  });
});
