import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  describedBy,
  ScriptedBroker,
  successFor,
  type ArrivedMessage,
} from '../../support/scripted-broker.js';
import { testConfig, TestService, TOKENS } from '../../support/test-service.js';
import { settled, until } from '../../support/until.js';
import { LineStream, type BulkBody } from './fleet.js';

const ON_BROKER = '/api/projects/p/brokers/b/client-control/bulk';
/** How long a broker that a test has silenced is waited for; the others may take their time. */
const SILENT_MS = 1500;

let brokers: ScriptedBroker[];
let service: TestService;

const startBroker = async (): Promise<ScriptedBroker> => {
  const broker = await ScriptedBroker.start();
  brokers.push(broker);
  return broker;
};

beforeEach(() => {
  brokers = [];
});
afterEach(async () => {
  await service.stop();
  for (const broker of brokers) await broker.stop();
});

async function startService(
  entries: readonly { readonly id: string; readonly url: string; readonly requestTimeoutMs?: number }[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const settings = entries.map((entry) => ({
    protocolVersion: 4,
    requestTimeoutMs: 20_000,
    ...entry,
  }));
  service = await TestService.start({ brokers: settings, config });
}

async function bulk(operations: readonly object[], path = ON_BROKER): Promise<BulkBody> {
  const { status, body } = await service.request('POST', path, { body: { operations } });
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as BulkBody;
}

describe('operations on one client of a broker whose endpoint does only some of them', () => {
  it('are carried out in their order, whichever control topic each goes over', async () => {
    const broker = await startBroker();
    const arrived: string[] = [];
    let open = 0;
    let overtaken = 0;
    broker.probeScript = describedBy('disconnect', 'purge');
    broker.script = ({ api, commands, succeed }) => {
      overtaken += open > 0 && arrived.at(-1)?.startsWith(api) === false ? 1 : 0;
      arrived.push(...commands.map(({ command, clientid }) => `${api} ${command} ${clientid}`));
      open += 1;
      // The slower topic is the one that a later command must not overtake.
      setTimeout(
        () => {
          open -= 1;
          succeed();
        },
        api === 'extension' ? 40 : 5,
      );
    };
    await startService([{ id: 'b', url: broker.url }]);
    await service.brokerState('b');
    const ref = { projectId: 'p', brokerId: 'b' };
    await until(() => service.gateway.capabilities(ref).extension?.features.disconnect, 'it is described');
    const operations = [
      { action: 'disconnect', clientid: 'c', cleanSession: true },
      { action: 'subscribe', clientid: 'c', topic: 't' },
      { action: 'unsubscribe', clientid: 'c', topic: 't' },
      { action: 'disconnect', clientid: 'c' },
      { action: 'subscribe', clientid: 'c', topic: 't' },
    ];
    const { summary } = await bulk(operations);
    expect(summary.done).toBe(5);
    expect(arrived).toEqual([
      'extension disconnectClient c',
      'clientControl subscribeClient c',
      'clientControl unsubscribeClient c',
      'extension disconnectClient c',
      'clientControl subscribeClient c',
    ]);
    expect(overtaken).toBe(0);
  });
});

describe('a call over fifteen brokers', () => {
  it('tells of each what became of it, when one is down, one silent and one refuses', async () => {
    const started = await Promise.all(Array.from({ length: 15 }, startBroker));
    const [down, silent, refusing] = started;
    if (down === undefined || silent === undefined || refusing === undefined) throw new Error('no brokers');
    await startService(
      started.map((broker, at) => ({
        id: `b${at}`,
        url: broker.url,
        ...(broker === silent && { requestTimeoutMs: SILENT_MS }),
      })),
    );
    for (const at of started.keys()) await service.brokerState(`b${at}`);
    await down.stop();
    await service.brokerState('b0', 'disconnected');
    silent.script = () => undefined;
    refusing.script = ({ commands, reply }) =>
      reply({
        responses: commands.map(({ command, correlationData }) => ({
          command,
          correlationData,
          error: 'Not authorized',
        })),
      });
    const operations = Array.from({ length: 15 * 20 }, (_, at) => ({
      action: 'disconnect',
      clientid: `c${at}`,
      broker: `b${at % 15}`,
    }));
    const startedAt = performance.now();
    const { summary, items } = await bulk(operations, '/api/projects/p/client-control/bulk');
    // What comes after the silent one has been found out is not sent any more.
    const unknown = silent.commands.length;
    expect(unknown).toBeGreaterThan(0);
    expect(summary).toEqual({ total: 300, done: 240, failed: 20, notSent: 40 - unknown, unknown });
    for (const item of items) {
      const expected = {
        b0: { outcome: 'not-sent', status: 503, error: { code: 'BROKER_UNAVAILABLE' } },
        b1: { outcome: expect.stringMatching(/^(unknown|not-sent)$/) as unknown },
        b2: { outcome: 'failed', error: { code: 'BROKER_DENIED' } },
      }[item.broker ?? ''] ?? { outcome: 'done', status: 200 };
      expect(item).toMatchObject(expected);
    }
    for (const broker of started.slice(3)) expect(broker.commands).toHaveLength(20);
    // The silent one is waited for, once.
    expect(performance.now() - startedAt).toBeLessThan(SILENT_MS * 10);
  });
});

describe('a call in the middle of which', () => {
  const lineOf = (at: number): object => ({ action: 'disconnect', clientid: `c${at}` });
  let broker: ScriptedBroker;
  let dir: string;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bulk-faults-'));
    broker = await startBroker();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const open = (): LineStream => new LineStream(`${service.url}${ON_BROKER}`, TOKENS.editor);

  it('the audit trail is lost sends nothing more where it is required, and does not end as if all were well', async () => {
    const file = join(dir, 'audit.log');
    await startService([{ id: 'b', url: broker.url }], { audit: { file, required: true } });
    await service.brokerState('b');
    const stream = open();
    stream.write(lineOf(0), lineOf(1));
    await until(() => stream.lines.length === 2, 'two items have ended');
    // Their records are there before the file goes.
    await until(
      () => readFileSync(file, 'utf8').split('"outcome":"OK"').length === 3,
      'their records are there',
    );
    renameSync(file, `${file}.1`);
    mkdirSync(file);
    stream.write(lineOf(2), lineOf(3));
    await until(() => stream.lines.length === 4, 'all items have ended');
    const lines = await stream.end();
    expect(lines).toMatchObject([
      { index: 0, outcome: 'done' },
      { index: 1, outcome: 'done' },
      { index: 2, outcome: 'not-sent', status: 500, error: { code: 'INTERNAL_ERROR' } },
      { index: 3, outcome: 'not-sent', status: 500, error: { code: 'INTERNAL_ERROR' } },
    ]);
    expect(broker.commands.map(({ clientid }) => clientid)).toEqual(['c0', 'c1']);
  });

  it('the service is stopped lets what was sent end, never sends the rest, and says so of each', async () => {
    const held: ArrivedMessage[] = [];
    broker.script = (message) => void held.push(message);
    await startService([{ id: 'b', url: broker.url, requestTimeoutMs: 60_000 }]);
    await service.brokerState('b');
    const stream = open();
    // More than may be in flight, and more than may wait.
    stream.write(...Array.from({ length: 1000 }, (_, at) => lineOf(at)));
    await until(() => broker.commands.length > 0, 'commands arrive');
    const arrived = (): number => broker.commands.length;
    await settled(arrived);
    const stopped = service.stop();
    await settled(arrived);
    const sent = new Set(broker.commands.map(({ clientid }) => clientid));
    for (const { commands, reply } of held) reply(successFor(commands));
    const lines = await stream.end();
    await stopped;
    const { summary } = lines.at(-1) as unknown as BulkBody;
    const items = lines.slice(0, -1);
    expect(summary).toMatchObject({ done: sent.size, failed: 0, unknown: 0, total: items.length });
    expect(summary.notSent).toBe(items.length - sent.size);
    expect(summary.notSent).toBeGreaterThan(0);
    for (const { clientid, outcome, error } of items) {
      const expected = sent.has(String(clientid)) ? ['done', undefined] : ['not-sent', 'SHUTTING_DOWN'];
      expect([outcome, (error as { code?: string } | undefined)?.code]).toEqual(expected);
    }
    expect(new Set(broker.commands.map(({ clientid }) => clientid))).toEqual(sent);
  });

  it('a changed configuration takes over does everything in its order, over the one connection and then the other', async () => {
    const held: ArrivedMessage[] = [];
    broker.script = (message) => void held.push(message);
    const entry = { id: 'b', url: broker.url, protocolVersion: 4, maxBatch: 10 };
    await startService([entry]);
    await service.brokerState('b');
    const ref = { projectId: 'p', brokerId: 'b' };
    const before = service.gateway.ownClientId(ref);
    // Unsubscribed long after it was subscribed, so that one waits in the old connection's queue when the other is sent.
    const operations = Array.from({ length: 1000 }, (_, at) => [
      { action: 'subscribe', clientid: `c${at}`, topic: 't' },
      ...(at < 100 ? [] : [{ action: 'unsubscribe', clientid: `c${at - 100}`, topic: 't' }]),
    ]).flat();
    const called = bulk(operations);
    await until(() => held.length > 0, 'commands arrive');
    service.config.replace(testConfig({ brokers: [{ ...entry, maxBatch: 11 }] }));
    await until(() => service.gateway.ownClientId(ref) !== before, 'the change has taken over');
    broker.script = ({ succeed }) => succeed();
    for (const { succeed } of held) succeed();
    const { summary } = await called;
    expect(summary.done).toBe(operations.length);
    expect(Math.max(...broker.messages.map(({ commands }) => commands.length))).toBe(11);
    expect(broker.commands.map(({ command, clientid }) => [command, clientid])).toEqual(
      operations.map(({ action, clientid }) => [`${action}Client`, clientid]),
    );
  });

  it('the connection is lost and comes back waits until the broker has told what it can do', async () => {
    const describe = describedBy('disconnect', 'ifConnectedSince');
    broker.probeScript = describe;
    await startService([
      { id: 'b', url: broker.url, reconnect: { minDelayMs: 20, maxDelayMs: 50 } } as never,
    ]);
    await service.brokerState('b');
    const conditional = (at: number): object => ({ ...lineOf(at), ifConnectedSince: 1 });
    const stream = open();
    stream.write(conditional(0));
    await until(() => stream.lines.length === 1, 'the first has ended');
    const held: ArrivedMessage[] = [];
    broker.probeScript = (message) => void held.push(message);
    broker.cutConnections();
    await until(() => held.length === 3, 'it is asked again');
    stream.write(conditional(1), lineOf(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(stream.lines).toHaveLength(1);
    for (const message of held) describe(message);
    await until(() => stream.lines.length === 3, 'all have ended');
    const lines = await stream.end();
    expect(lines.at(-1)).toEqual({ summary: { total: 3, done: 3, failed: 0, notSent: 0, unknown: 0 } });
    expect(broker.messages.map(({ api }) => api)).toEqual(['extension', 'extension']);
  });

  it('the caller stops reading waits for it, with what comes next for each client of a selection, too', async () => {
    const clients = Array.from({ length: 300 }, (_, at) => ({ clientid: `c${at}-${'x'.repeat(10_000)}` }));
    broker.script = ({ api, commands: [command], reply, succeed }) => {
      if (api !== 'clientInspect') succeed();
      else
        reply({
          responses: [
            {
              command: command?.command,
              correlationData: command?.correlationData,
              data: { totalCount: clients.length, clients },
            },
          ],
        });
    };
    await startService([{ id: 'b', url: broker.url, requestTimeoutMs: 60_000 }]);
    await service.brokerState('b');
    const response = await fetch(`${service.url}${ON_BROKER}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKENS.editor}`,
        'content-type': 'application/json',
        accept: 'application/x-ndjson',
      },
      body: JSON.stringify({
        select: { clientid: 'c*-*' },
        expectCount: clients.length,
        actions: Array.from({ length: 10 }, (_, at) => ({ action: 'subscribe', topic: `t/${at}` })),
      }),
    });
    // More than what waits here and in the buffers of the sockets, and much less than there is.
    expect(await settled(() => broker.commands.length)).toBeLessThan(2500);
    const last = (await response.text()).trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ summary: { total: 3000, done: 3000 } });
  });

  it('the caller is slow goes on for longer than a request may take otherwise', async () => {
    await startService([{ id: 'b', url: broker.url }]);
    await service.brokerState('b');
    const server = service.app.getHttpServer() as { requestTimeout: number; headersTimeout: number };
    Object.assign(server, { requestTimeout: 100, headersTimeout: 100 });
    const stream = open();
    for (let at = 0; at < 12; at += 1) {
      stream.write(lineOf(at));
      await until(() => stream.lines.length === at + 1, `item ${at} has ended`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const lines = await stream.end();
    expect(lines.at(-1)).toEqual({ summary: { total: 12, done: 12, failed: 0, notSent: 0, unknown: 0 } });
  });
});
