import type { Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../../src/http/drain.js';
import { expectError } from '../../support/expect-error.js';
import { RawHttp } from '../../support/raw-http.js';
import { ScriptedBroker, type ArrivedMessage } from '../../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import type { BulkBody } from './fleet.js';

const ON_BROKER = '/api/projects/p/brokers/b/client-control/bulk';
const NDJSON = { accept: 'application/x-ndjson' };
const SELECTION = { select: { clientid: 'sensor-1' }, actions: [{ action: 'disconnect' }] };

describe('a call for many that is cut short while its clients are looked for', () => {
  let broker: ScriptedBroker;
  let service: TestService;
  /** The question for the clients, which is not answered yet. */
  let asked: ArrivedMessage | undefined;

  beforeEach(async () => {
    asked = undefined;
    broker = await ScriptedBroker.start();
    broker.script = (message) => {
      if (message.api === 'clientInspect') asked = message;
      else message.succeed();
    };
    service = await TestService.start({
      brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }],
      config: { audit: { store: 'memory' } },
    });
    await service.brokerState('b');
  });
  afterEach(async () => {
    await service.stop();
    await broker.stop();
  });

  const whenAsked = (): Promise<ArrivedMessage> => until(() => asked, 'the broker is asked for its clients');
  const tell = ({ commands, reply }: ArrivedMessage, data: object): void =>
    reply({
      responses: commands.map(({ command, correlationData }) => ({ command, correlationData, data })),
    });
  const call = (body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    service.request('POST', ON_BROKER, { body, headers });
  const controlMessages = (): ArrivedMessage[] =>
    broker.messages.filter(({ api }) => api === 'clientControl');
  const auditRecords = async (): Promise<Record<string, unknown>[]> =>
    (await service.get('/api/projects/p/audit', TOKENS.admin)).body as Record<string, unknown>[];

  it('by its caller, who goes, does nothing, is written down, and its key says what became of it', async () => {
    const key = { 'idempotency-key': 'key-of-one-who-goes' };
    const body = JSON.stringify(SELECTION);
    const http = await RawHttp.open(service.url);
    const head = {
      host: 'localhost',
      authorization: `Bearer ${TOKENS.editor}`,
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...NDJSON,
      ...key,
    };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    http.write(`POST ${ON_BROKER} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    const question = await whenAsked();
    http.destroy();
    const server = service.app.getHttpServer() as Server;
    const open = (): Promise<number> =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      );
    await until(async () => (await open()) === 0, 'the service knows that the caller has gone');
    tell(question, { clientid: 'sensor-1' });
    const records = await until(async () => {
      const found = await auditRecords();
      return found.length === 2 && found;
    }, 'the call and its item are written down');
    expect(records).toMatchObject([
      { action: 'bulk', details: { summary: { total: 1, notSent: 1 } } },
      {
        action: 'disconnect',
        clientId: 'sensor-1',
        outcome: 'BROKER_UNAVAILABLE',
        outcomeDetail: 'not-sent',
      },
    ]);
    const again = await call(SELECTION, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((again.body as BulkBody).items).toMatchObject([{ clientid: 'sensor-1', outcome: 'not-sent' }]);
    expect(controlMessages()).toEqual([]);
    const { body: metrics } = await service.get('/metrics', TOKENS.admin);
    expect(metrics).toMatch(/^client_control_bulk_calls_running 0$/m);
  });

  it.each([['one answer', {}] as const, ['lines', NDJSON] as const])(
    'by the end of the service, does nothing and says so in %s',
    async (_form, headers) => {
      const answer = call(SELECTION, headers);
      const question = await whenAsked();
      const stopped = service.stop();
      await until(() => service.app.get(Drain).isDraining, 'the service drains');
      tell(question, { clientid: 'sensor-1' });
      const { status, body } = await answer;
      expect(status).toBe(200);
      expect(typeof body === 'string' ? body : JSON.stringify(body)).toContain('"code":"SHUTTING_DOWN"');
      await stopped;
      expect(controlMessages()).toEqual([]);
    },
  );

  it('by the end of the service between two pages, is refused as such', async () => {
    const answer = call({ ...SELECTION, select: { clientid: 'sensor-*' } });
    const question = await whenAsked();
    const stopped = service.stop();
    await until(() => service.app.get(Drain).isDraining, 'the service drains');
    tell(question, { totalCount: 2, clients: [{ clientid: 'sensor-1' }] });
    expectError(await answer, 'SHUTTING_DOWN');
    await stopped;
  });
});
