import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { LineStream, parseLines, type BulkBody, type Item } from '../features/fleet/fleet.js';
import { ScriptedBroker, successFor, type ArrivedMessage } from '../support/scripted-broker.js';
import { ServiceProcess } from '../support/service-process.js';
import { settled, until } from '../support/until.js';

const TOKEN = 'token-of-the-shutdown-of-a-bulk';
const PATH = '/api/projects/p/brokers/b/client-control/bulk';

let broker: ScriptedBroker;
let service: ServiceProcess;
let url: string;
let held: ArrivedMessage[];

beforeEach(async () => {
  held = [];
  broker = await ScriptedBroker.start();
  broker.script = (message) => held.push(message);
  const config = {
    auth: { tokens: [{ name: 'ops', sha256: sha256Hex(TOKEN), grants: [{ project: '*', role: 'editor' }] }] },
    audit: { file: 'audit.jsonl' },
    projects: [
      { id: 'p', brokers: [{ id: 'b', url: broker.url, protocolVersion: 4, requestTimeoutMs: 60_000 }] },
    ],
  };
  service = ServiceProcess.spawn(JSON.stringify(config));
  url = await service.url();
  await service.line(/connected/);
});
afterEach(async () => {
  await service.stop();
  await broker.stop();
});

/** Operations on clients of this name, numbered. */
const many = (name: string, count: number, from = 0): object[] =>
  Array.from({ length: count }, (_, at) => ({ action: 'disconnect', clientid: `${name}-${from + at}` }));

/** Client ids of this name that arrived at the broker. */
const seen = (name: string): Set<string> =>
  new Set(broker.commands.map(({ clientid }) => clientid).filter((id) => id.startsWith(`${name}-`)));

/** Waits until as much is in the broker's hands as it is given at once. */
async function noMoreArrive(): Promise<void> {
  await until(() => broker.commands.length > 0, 'commands arrive');
  await settled(async () => {
    // The service has had its turn, too, however busy the machine is.
    await (await fetch(`${url}/health/live`)).text();
    return broker.commands.length;
  });
}

interface Recorded {
  readonly action: string;
  readonly callId: string;
  readonly clientId?: string;
  readonly outcome: string;
  readonly outcomeDetail?: string;
  readonly details?: { readonly summary?: BulkBody['summary'] };
}

/** What the audit trail says of the call on clients of this name: of each item, and at the end of all. */
function trailOf(name: string): Pick<BulkBody, 'summary'> & { readonly items: string[][] } {
  const all = parseLines(readFileSync(service.path('audit.jsonl'), 'utf8')) as unknown as Recorded[];
  const id = all.find(({ clientId }) => clientId?.startsWith(`${name}-`))?.callId;
  const ofCall = all.filter(({ callId }) => callId === id);
  const [end, ...others] = ofCall.filter(({ action }) => action === 'bulk');
  expect(others).toEqual([]);
  if (end?.details?.summary === undefined) throw new Error(`no record of the call on ${name}`);
  const items = ofCall
    .filter((record) => record !== end)
    .map(({ clientId = '', outcome, outcomeDetail }) => [clientId, outcomeDetail ?? 'done', outcome]);
  return { summary: end.details.summary, items: items.sort() };
}

/** What became of each, as the broker knows: it did some, has others, and never saw the rest. */
const truth = (ids: readonly string[], did: ReadonlySet<string>, has: ReadonlySet<string>): string[][] =>
  ids
    .map((id) => {
      if (did.has(id)) return [id, 'done', 'OK'];
      return has.has(id) ? [id, 'unknown', 'BROKER_UNAVAILABLE'] : [id, 'not-sent', 'SHUTTING_DOWN'];
    })
    .sort();

const saidOf = (items: readonly Item[]): string[][] =>
  items.map(({ clientid = '', outcome, error }) => [clientid, outcome, error?.code ?? 'OK']).sort();

const idsOf = (items: readonly Item[]): string[] => items.map(({ clientid = '' }) => clientid);

function summaryOf(items: readonly string[][]): BulkBody['summary'] {
  const count = (outcome: string): number => items.filter(([, each]) => each === outcome).length;
  return {
    total: items.length,
    done: count('done'),
    failed: 0,
    notSent: count('not-sent'),
    unknown: count('unknown'),
  };
}

/** Sends lines without end, and reads nothing. */
function callAndReadNothing(name: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/x-ndjson\r\n` +
      'Accept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  for (let from = 0; from < 200_000; from += 1000) {
    const lines = many(name, 1000, from)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    socket.write(`${Buffer.byteLength(lines).toString(16)}\r\n${lines}\r\n`);
  }
  return socket;
}

describe('SIGTERM in the middle of calls for many', () => {
  it('leaves each item with its true outcome in answer and audit trail, also for a caller that does not read', async () => {
    broker.script = (message) => {
      const { commands, reply } = message;
      const deaf = commands.filter(({ clientid }) => clientid.startsWith('deaf-'));
      if (deaf.length > 0) reply(successFor(deaf));
      if (deaf.length < commands.length) held.push(message);
    };
    const deaf = callAndReadNothing('deaf');
    await noMoreArrive();
    const answer = fetch(`${url}${PATH}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ operations: many('listed', 3000) }),
    });
    await until(() => held.length > 1, 'commands of the list arrive');
    await noMoreArrive();
    const sent = broker.commands.length;
    service.signal('SIGTERM');
    await service.line(/^shutting down/);
    // The broker does the half of what it has, and never says what became of the rest.
    const done = held.splice(0, Math.ceil(held.length / 2));
    for (const message of done) message.succeed();
    const response = await answer;
    expect(response.status).toBe(200);
    const { items, summary } = (await response.json()) as BulkBody;
    expect(items).toHaveLength(3000);
    expect(broker.commands).toHaveLength(sent);

    const did = new Set(done.flatMap(({ commands }) => commands.map(({ clientid }) => clientid)));
    const expected = truth(idsOf(items), did, seen('listed'));
    expect(saidOf(items)).toEqual(expected);
    expect(summary).toEqual(summaryOf(expected));
    expect(await service.exited).toBe(0);
    expect(trailOf('listed')).toEqual({ summary, items: expected });

    deaf.destroy();
    const unheard = trailOf('deaf');
    const ids = unheard.items.map(([id = '']) => id);
    expect(unheard.items).toEqual(truth(ids, seen('deaf'), seen('deaf')));
    expect(unheard.summary).toEqual(summaryOf(unheard.items));
    expect(unheard.summary.done).toBe(seen('deaf').size);
  });

  it('ends a stream of lines with a summary of what was read of it', async () => {
    const stream = new LineStream(`${url}${PATH}`, TOKEN);
    stream.write(...many('line', 5000));
    await noMoreArrive();
    service.signal('SIGTERM');
    await service.line(/^shutting down/);
    for (const message of held) message.succeed();
    const lines = await stream.end();
    const { summary } = lines.at(-1) as unknown as BulkBody;
    const items = lines.slice(0, -1) as unknown as Item[];
    expect(items.length).toBeLessThan(5000);
    const expected = truth(idsOf(items), seen('line'), seen('line'));
    expect(saidOf(items)).toEqual(expected);
    expect(summary).toEqual(summaryOf(expected));
    expect(await service.exited).toBe(0);
    expect(trailOf('line')).toEqual({ summary, items: expected });
  });

  it('ends, too, while the broker has not told yet what it can do', async () => {
    const questions: ArrivedMessage[] = [];
    broker.probeScript = (message) => void questions.push(message);
    broker.cutConnections();
    await until(() => questions.length === 3, 'the broker is asked again');
    const stream = new LineStream(`${url}${PATH}`, TOKEN);
    stream.write(...many('early', 1));
    // One after the other, so that the line has been read.
    for (let at = 0; at < 3; at += 1) await (await fetch(`${url}/health/live`)).text();
    service.signal('SIGTERM');
    const lines = await stream.end();
    expect(lines.at(-1)).toEqual({ summary: { total: 1, done: 0, failed: 0, notSent: 1, unknown: 0 } });
    expect(await service.exited).toBe(0);
    expect(broker.commands).toEqual([]);
  });
});
