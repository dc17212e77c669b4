import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';

const IDS = ['b', 'c', 'd', 'e'] as const;
const CLIENTS = 3500;

interface Found {
  readonly clients: readonly { readonly clientid: string; readonly broker: string }[];
  readonly truncated: boolean;
}

let service: TestService;
const brokers = new Map<string, ScriptedBroker>();
/** What is run when a page is asked of any broker. */
let onPage: () => void;

/** Brokers with 3,500 clients each, of which every tenth has a user name that starts with `pump`. */
beforeAll(async () => {
  for (const id of IDS) {
    const broker = await ScriptedBroker.start();
    const clients = Array.from({ length: CLIENTS }, (_, at) => ({
      clientid: `${id}-${at}`,
      username: at % 10 === 0 ? `pump-${at}` : 'other',
    }));
    broker.script = ({ commands, reply }) => {
      onPage();
      reply({
        responses: commands.map(({ command, correlationData, offset, count }) => {
          const [from, wanted] = [Number(offset), Number(count)];
          const page = clients.slice(from, from + wanted);
          return { command, correlationData, data: { clients: page, totalCount: clients.length } };
        }),
      });
    };
    brokers.set(id, broker);
  }
  service = await TestService.start({
    brokers: [...brokers].map(([id, { url }]) => ({ id, url, protocolVersion: 4 })),
  });
  for (const id of IDS) await service.brokerAnswers(id);
});
afterAll(async () => {
  await service.stop();
  for (const broker of brokers.values()) await broker.stop();
});
beforeEach(() => {
  onPage = () => undefined;
  for (const { messages } of brokers.values()) messages.length = 0;
});

async function find(query: string): Promise<Found & { readonly cursor: string | null }> {
  const { status, body, headers } = await service.get(`/api/clients?fields=clientid&${query}`);
  expect(status).toBe(200);
  return { ...(body as Found), cursor: headers.get('x-next-cursor') };
}

async function findAll(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const found = await find(`${query}${from}`);
    ids.push(...found.clients.map(({ clientid }) => clientid));
    expect(found.truncated).toBe(found.cursor !== null);
    ({ cursor } = found);
  }
  return ids;
}

const pagesAsked = (): number[] => [...brokers.values()].map(({ messages }) => messages.length);
const all = (step = 1): string[] =>
  IDS.flatMap((id) => Array.from({ length: CLIENTS / step }, (_, at) => `${id}-${at * step}`));

describe('GET /api/clients over several brokers', () => {
  it('reads of the brokers behind the first one page each, until it is known that there is room', async () => {
    const { clients, truncated } = await find('limit=3000');
    expect(clients.map(({ clientid }) => clientid)).toEqual(all().slice(0, 3000));
    expect(truncated).toBe(true);
    expect(pagesAsked()).toEqual([3, 1, 1, 1]);
  });

  it('finds each client once, page after page, and reads little more than it gives', async () => {
    expect(await findAll('limit=5000')).toEqual(all());
    // Sixteen are needed, as a broker's last is only half full.
    expect(pagesAsked().reduce((sum, count) => sum + count, 0)).toBeLessThan(26);
  });

  it.each([100, 350, 351, 1000])(
    'finds each client that matches once, %d at a time, also where few of a page do',
    async (limit) => {
      expect(await findAll(`username=pump*&limit=${limit}`)).toEqual(all(10));
    },
  );

  it('asks no further once the caller has gone away', async () => {
    const gone = new AbortController();
    onPage = () => gone.abort();
    await fetch(`${service.url}/api/clients?limit=10000`, {
      headers: { authorization: `Bearer ${TOKENS.viewer}` },
      signal: gone.signal,
    }).catch(() => undefined);
    await until(() => service.logLines.some((line) => line.includes('callerGone')), 'the end of the request');
    const counts = pagesAsked();
    await service.get('/health/live', null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const [at, count] of pagesAsked().entries())
      expect(count).toBeLessThanOrEqual((counts[at] ?? 0) + 1);
    expect(Math.max(...pagesAsked())).toBeLessThan(4);
  });
});
