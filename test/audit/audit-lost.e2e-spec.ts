import { afterEach, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { freePort } from '../support/free-port.js';
import { ServiceProcess, type LogLine } from '../support/service-process.js';
import { until } from '../support/until.js';

const CALLS = 4;
const ITEMS = 5000;

let service: ServiceProcess;

afterEach(() => service.stop());

/** Carries out calls on brokers that are not there, all at once. */
async function callAll(audit: object): Promise<void> {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const brokers = Array.from({ length: CALLS }, (_, index) => ({ id: `b${index}`, url }));
  const config = {
    audit,
    rateLimit: { requestsPerMinute: 0, bulkItemsPerMinute: 0 },
    auth: { tokens: [{ name: 't', sha256: sha256Hex('t'), grants: [{ project: 'p', role: 'editor' }] }] },
    projects: [{ id: 'p', brokers }],
  };
  service = ServiceProcess.spawn(JSON.stringify(config));
  const base = await service.url();
  const body = Array.from({ length: ITEMS }, (_, n) => `{"action":"disconnect","clientid":"c${n}"}\n`).join(
    '',
  );
  const headers = {
    authorization: 'Bearer t',
    'content-type': 'application/x-ndjson',
    accept: 'application/x-ndjson',
  };
  await Promise.all(
    brokers.map(async ({ id }) => {
      const path = `/api/projects/p/brokers/${id}/client-control/bulk`;
      await (await fetch(base + path, { method: 'POST', headers, body })).text();
    }),
  );
}

const clientsIn = (records: readonly LogLine[]): number =>
  new Set(records.map(({ broker, clientId }) => `${String(broker)} ${String(clientId)}`)).size;

it('records of calls that cannot be written are all in the log, which is written no faster than it is read', async () => {
  await callAll({ file: '/dev/full' });
  const lost = (): LogLine[] =>
    service.lines
      .filter(({ msg }) => msg === 'the audit trail cannot be written (ENOSPC)')
      .map(({ details }) => JSON.parse((details as string[])[0] ?? '') as LogLine);
  await until(() => lost().length >= CALLS * (ITEMS + 1), 'all records');
  expect(clientsIn(lost().filter(({ index }) => index !== undefined))).toBe(CALLS * ITEMS);
});

it('a log that is the trail has all items of calls', async () => {
  await callAll({ store: 'log' });
  const items = (): LogLine[] => service.lines.filter(({ msg }) => msg === 'audit');
  await until(() => items().length >= CALLS * (ITEMS + 1), 'all items');
  expect(clientsIn(items().filter(({ index }) => index !== undefined))).toBe(CALLS * ITEMS);
});
