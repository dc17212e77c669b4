import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../src/embedded-broker/broker/embedded-broker.js';
import { Device } from '../support/device.js';
import { expectError, issuesOf } from '../support/expect-error.js';
import { ScriptedBroker, type ArrivedCommand, type ArrivedMessage } from '../support/scripted-broker.js';
import { expectShortTurns } from '../support/longest-turn.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

interface Listed {
  readonly clientid: string;
  readonly [field: string]: unknown;
}

let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  service = await TestService.start({
    brokers: [{ id: 'b', url: broker.url, protocolVersion: 4, requestTimeoutMs: 5000 }],
  });
  await service.brokerState('b');
});
afterAll(async () => {
  await service.stop();
  await broker.stop();
});
beforeEach(() => {
  broker.messages.length = 0;
  broker.script = (message) => message.succeed();
});

/** What the broker answers to each command: the data of a success, or the text of an error. */
function answerWith(answer: (command: ArrivedCommand) => unknown): void {
  broker.script = ({ commands, reply }) =>
    reply({
      responses: commands.map((command) => {
        const result = answer(command);
        const { command: name, correlationData } = command;
        return typeof result === 'string'
          ? { command: name, error: result, correlationData }
          : { command: name, data: result, correlationData };
      }),
    });
}

/** A broker that pages through these clients. */
function serve(
  clients: readonly object[],
  { tellsTotal = true, pageLimit = Number.POSITIVE_INFINITY } = {},
): void {
  answerWith(({ offset, count }) => {
    const [from, wanted] = [Number(offset), Number(count)];
    const page = clients.slice(
      from,
      from + Math.min(wanted === -1 ? Number.POSITIVE_INFINITY : wanted, pageLimit),
    );
    return { clients: page, ...(tellsTotal && { totalCount: clients.length }) };
  });
}

const fleet = (length: number): Listed[] =>
  Array.from({ length }, (_, index) => ({
    clientid: `client-${index}`,
    username: index % 10 === 0 ? '<anonymous>' : `user-${index % 10}`,
    connected: index % 2 === 0,
    address: '10.0.0.1',
  }));

const list = (query = '', token: string | null = TOKENS.viewer): Promise<Answer> =>
  service.get(`/api/projects/p/brokers/b/client-inspect${query}`, token);
const detail = (query: string): Promise<Answer> =>
  service.get(`/api/projects/p/brokers/b/client-inspect/detail${query}`);
const idsOf = ({ body }: Answer): string[] => (body as Listed[]).map(({ clientid }) => clientid);
const total = ({ headers }: Answer): string | null => headers.get('x-total-count');
const pageSizes = (): number[] => broker.commands.map(({ count }) => Number(count));

describe('listing clients', () => {
  it('asks the broker for the page and answers with its clients and its total', async () => {
    serve(fleet(30));
    const answer = await list('?offset=10&count=5');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual(fleet(30).slice(10, 15));
    expect(total(answer)).toBe('30');
    expect(broker.commands).toEqual([
      { command: 'listClients', verbose: true, offset: 10, count: 5, correlationData: expect.any(String) },
    ]);
  });

  it('begins at the first client and lists 100 by default', async () => {
    serve(fleet(150));
    expect(idsOf(await list())).toEqual(fleet(100).map(({ clientid }) => clientid));
  });

  it('tells no total when the broker does not', async () => {
    serve(fleet(3), { tellsTotal: false });
    const answer = await list();
    expect([idsOf(answer).length, total(answer)]).toEqual([3, null]);
  });

  it('passes on what the broker says of a client, no field more and none less', async () => {
    const clients = [{ clientid: 'a', queues: { incoming: 1 }, lastDisconnect: null, isNew: true }, {}];
    serve(clients);
    expect((await list()).body).toEqual(clients);
  });

  it('lists no clients when there are none', async () => {
    serve([]);
    for (const query of ['', '?count=-1', '?count=0', '?connected=true']) {
      expect((await list(query)).body).toEqual([]);
    }
  });

  it.each([
    ['tells the total', {}],
    ['does not tell the total', { tellsTotal: false }],
    ['answers with smaller pages than asked for', { tellsTotal: false, pageLimit: 700 }],
  ])('reads all clients in bounded pages from a broker that %s', async (_what, options) => {
    serve(fleet(2500), options);
    const answer = await list('?count=-1&offset=100');
    expect(answer.body).toEqual(fleet(2500).slice(100));
    expect(Math.max(...pageSizes())).toBe(1000);
    expect(pageSizes().every((size) => size > 0)).toBe(true);
  });

  it('reads a long page in bounded pages, too', async () => {
    serve(fleet(5000));
    expect((await list('?count=2500&offset=1')).body).toEqual(fleet(5000).slice(1, 2501));
    expect(pageSizes()).toEqual([1000, 1000, 500]);
  });

  it.each(['application/json', 'application/x-ndjson'])(
    'counts what it does not show when it pages, so that no client comes twice, in %s',
    async (accept) => {
      const own = service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' }) ?? '';
      const clients = fleet(4000).map((client, at) => (at < 5 ? { ...client, clientid: own } : client));
      answerWith(({ offset, count }) => ({
        clients: clients.slice(Number(offset), Number(offset) + Number(count)),
      }));
      const ids: string[] = [];
      for (const offset of [0, 1500, 3000]) {
        const query = `?offset=${offset}&count=1500`;
        const { body } = await service.request('GET', `/api/projects/p/brokers/b/client-inspect${query}`, {
          token: TOKENS.viewer,
          headers: { accept },
        });
        ids.push(...(JSON.stringify(body).match(/client-\d+/g) ?? []));
      }
      expect(ids).toEqual(
        fleet(4000)
          .slice(5)
          .map(({ clientid }) => clientid),
      );
    },
  );

  it('reads on where the broker gives less than a page of the size asked for', async () => {
    serve(fleet(30), { tellsTotal: false, pageLimit: 7 });
    expect((await list('?offset=2&count=20')).body).toEqual(fleet(30).slice(2, 22));
    expect(pageSizes()).toEqual([20, 13, 6]);
  });

  it('lists each client once and comes to an end on a broker that always answers with the same', async () => {
    answerWith(() => ({ clients: fleet(3) }));
    expect((await list('?count=-1')).body).toEqual(fleet(3));
  });

  it('answers an error of a later page instead of half a list', async () => {
    answerWith(({ offset }) => (offset === 0 ? { clients: fleet(1000), totalCount: 2000 } : 'out of order'));
    expectError(await list('?count=-1'), 'BROKER_ERROR', { brokerError: 'out of order' });
  });

  it.each([[{}], [{ clients: {} }], [{ clients: null }], [{ clients: ['a'] }], [{ clients: [[]] }]])(
    'calls the answer %j a broker error',
    async (data) => {
      answerWith(() => data);
      expectError(await list(), 'BROKER_ERROR', { brokerError: 'the answer holds no list of clients' });
    },
  );

  it('takes a total that is no number for none', async () => {
    answerWith(() => ({ clients: [], totalCount: 'many' }));
    expect(total(await list())).toBeNull();
  });

  it('needs the role viewer', async () => {
    expectError(await list('', TOKENS.nobody), 'NOT_ALLOWED');
    expectError(await list('', null), 'UNAUTHORIZED');
    expectError(await list('?count=x', TOKENS.otherAdmin), 'NOT_ALLOWED');
  });

  it('answers for a project or broker that does not exist before it looks at the query', async () => {
    const get = (path: string): Promise<Answer> => service.get(path, TOKENS.admin);
    expectError(await get('/api/projects/p/brokers/x/client-inspect?count=x'), 'BROKER_NOT_FOUND');
    expectError(await get('/api/projects/x/brokers/b/client-inspect?count=x'), 'PROJECT_NOT_FOUND');
  });

  it.each([
    ['?offset=-1', 'offset', 'must be an integer from 0 to 2147483647'],
    ['?offset=1.5', 'offset', 'must be an integer from 0 to 2147483647'],
    ['?offset=', 'offset', 'must be an integer from 0 to 2147483647'],
    ['?offset=1e2', 'offset', 'must be an integer from 0 to 2147483647'],
    ['?offset=%201', 'offset', 'must be an integer from 0 to 2147483647'],
    ['?count=-2', 'count', 'must be an integer from -1 to 2147483647'],
    ['?count=99999999999', 'count', 'must be an integer from -1 to 2147483647'],
    ['?count=1&count=2', 'count', 'must be given only once'],
    ['?connected=yes', 'connected', 'must be true or false'],
    ['?connected=true&connected=true', 'connected', 'must be given only once'],
    ['?username=', 'username', 'must not be empty'],
    ['?clientid=a&clientid=b', 'clientid', 'must be given only once'],
    [`?clientid=*${'a'.repeat(256)}`, 'clientid', 'must be at most 256 characters when it holds a wildcard'],
    [
      '?fields=clientid,secret',
      'fields',
      expect.stringContaining('must be names of fields') as unknown as string,
    ],
    [
      '?address=10.0.0',
      'address',
      expect.stringContaining('must be an IPv4 or IPv6 address') as unknown as string,
    ],
    [
      '?connectedBefore=yesterday',
      'connectedBefore',
      expect.stringContaining('must be a date') as unknown as string,
    ],
    ['?limit=1', 'limit', 'is not a known field'],
    ['?toString=1', 'toString', 'is not a known field'],
    ['?__proto__=1', '__proto__', 'is not a known field'],
  ])('refuses the query %s', async (query, path, message) => {
    expect(issuesOf(await list(query))).toContainEqual({ path, message });
    expect(broker.commands).toEqual([]);
  });

  it('names every problem of a query', async () => {
    const paths = issuesOf(await list('?offset=x&count=y&more=1')).map(({ path }) => path);
    expect(paths.sort()).toEqual(['count', 'more', 'offset']);
  });
});

describe('filters', () => {
  it.each([
    ['?clientid=client-1?', ['client-10', 'client-12', 'client-11'], 10],
    ['?username=user-3', ['client-3', 'client-13'], 10],
    ['?username=%3Canonymous%3E', ['client-0', 'client-10'], 10],
    ['?connected=false', ['client-1', 'client-3'], 50],
    ['?connected=true&clientid=*9', [], 0],
    ['?connected=false&clientid=*9', ['client-9', 'client-99'], 10],
  ])('apply to %s', async (query, some, count) => {
    serve(fleet(100));
    const answer = await list(query);
    expect(idsOf(answer)).toEqual(expect.arrayContaining(some));
    expect(idsOf(answer)).toHaveLength(count);
    expect(total(answer)).toBe(String(count));
  });

  it('count offset and count over the clients that match, and look no further than they must', async () => {
    serve(fleet(5000));
    const answer = await list('?connected=false&offset=2&count=3');
    expect(idsOf(answer)).toEqual(['client-5', 'client-7', 'client-9']);
    expect(total(answer)).toBeNull();
    expect(pageSizes()).toEqual([1000]);
  });

  it('find clients on every page of the broker', async () => {
    serve(fleet(3500), { tellsTotal: false });
    const answer = await list('?clientid=*99&count=-1');
    expect(idsOf(answer)).toHaveLength(35);
    expect(total(answer)).toBe('35');
  });

  it('do not match a client about which the broker does not tell', async () => {
    serve([{ clientid: 'a' }, { connected: true, username: 'u' }]);
    for (const query of ['?username=x', '?connected=false', '?clientid=b']) {
      expect((await list(query)).body).toEqual([]);
    }
  });
});

describe('100,000 clients', () => {
  it('are listed without holding the event loop', async () => {
    serve(fleet(100_000));
    const { url } = service;
    const headers = { authorization: `Bearer ${TOKENS.viewer}` };
    const list = async (): Promise<{ total: string | null; bytes: ArrayBuffer }> => {
      const response = await fetch(`${url}/api/projects/p/brokers/b/client-inspect?count=-1`, { headers });
      return { total: response.headers.get('x-total-count'), bytes: await response.arrayBuffer() };
    };
    let listed: Awaited<ReturnType<typeof list>> | undefined;
    // The broker and the caller share this event loop, and so does the garbage of both. In one go the list takes a second.
    await expectShortTurns(
      async () => {
        broker.messages.length = 0;
        listed = await list();
      },
      150,
      3,
    );
    expect(listed?.total).toBe('100000');
    expect(JSON.parse(Buffer.from(listed?.bytes ?? new ArrayBuffer(0)).toString())).toEqual(fleet(100_000));
    expect(pageSizes()).toEqual(Array.from({ length: 100 }, () => 1000));
  });

  it('are searched without holding the event loop, a page at a time', async () => {
    serve(fleet(100_000));
    const answer = await list('?clientid=*-9999?&count=5');
    expect(idsOf(answer)).toEqual([0, 1, 2, 3, 4].map((digit) => `client-9999${digit}`));
    expect(broker.messages.every(({ commands }) => commands.length === 1)).toBe(true);
    expect(pageSizes()).toHaveLength(100);
  });

  it('are no longer asked for once the caller has gone away', async () => {
    const gone = new AbortController();
    serve(fleet(100_000));
    const answerPage = broker.script;
    broker.script = (message) => {
      const isGone = broker.messages.length >= 3;
      if (isGone) gone.abort();
      // Long enough for any machine to see it go before the list comes to its end.
      setTimeout(() => answerPage(message), isGone ? 300 : 0);
    };
    await fetch(`${service.url}/api/projects/p/brokers/b/client-inspect?count=-1`, {
      headers: { authorization: `Bearer ${TOKENS.viewer}` },
      signal: gone.signal,
    }).catch(() => undefined);
    await until(() => service.logLines.some((line) => line.includes('callerGone')), 'the end of the request');
    expect(broker.messages.length).toBeLessThan(10);
  });
});

describe('one client', () => {
  it('is shown in full, as the broker describes it', async () => {
    const client = { clientid: 'a b/ä', keepalive: 60, subscriptions: ['x/#'], will: { topic: 't' } };
    answerWith(() => client);
    const answer = await detail(`?clientid=${encodeURIComponent(client.clientid)}`);
    expect([answer.status, answer.body]).toEqual([200, client]);
    expect(broker.commands).toEqual([
      { command: 'getClient', clientid: client.clientid, correlationData: expect.any(String) },
    ]);
  });

  it('that the broker does not know is CLIENT_NOT_FOUND', async () => {
    answerWith(() => 'Client not found');
    expectError(await detail('?clientid=x'), 'CLIENT_NOT_FOUND', { clientid: 'x' });
  });

  it('of which the broker says nothing is a broker error', async () => {
    answerWith(() => ({}));
    expectError(await detail('?clientid=x'), 'BROKER_ERROR', {
      brokerError: 'the answer describes no client',
    });
  });

  it.each([
    ['', 'must be a string'],
    ['?clientid=', 'must not be empty'],
    ['?clientid=a&clientid=b', 'must be given only once'],
    ['?clientid=%00', 'must not contain U+0000'],
  ])('is not looked for with the query "%s"', async (query, message) => {
    expect(issuesOf(await detail(query))).toEqual([{ path: 'clientid', message }]);
    expect(broker.commands).toEqual([]);
  });

  it('is CLIENT_CONTROL_NOT_AVAILABLE on a broker without the inspect API', async () => {
    broker.script = ({ reply }) => reply({ error: 'endpoint not available' });
    expectError(await detail('?clientid=x'), 'CLIENT_CONTROL_NOT_AVAILABLE', {
      topic: '$CONTROL/cedalo/inspect/v1',
      reason: 'unavailable',
    });
  });
});

describe('on the embedded broker', () => {
  const login = { controlUsername: 'client-control', controlPassword: 'secret' };
  let embedded: EmbeddedBroker;
  let device: Device;
  let onEmbedded: TestService;
  const get = (query: string): Promise<Answer> =>
    onEmbedded.get(`/api/projects/p/brokers/e/client-inspect${query}`);

  beforeAll(async () => {
    embedded = await EmbeddedBroker.start({ ...login, port: 0, fallbackToFreePort: false });
    const { controlUsername: username, controlPassword: password } = login;
    onEmbedded = await TestService.start({
      brokers: [{ id: 'e', url: embedded.url, protocolVersion: 4, username, password }],
    });
    await onEmbedded.brokerState('e');
    device = await Device.connect(embedded.url, {
      protocolVersion: 4,
      clientId: 'pump-1',
      username: 'pumps',
    });
    await device.mqtt.subscribeAsync('pumps/#');
  });
  afterAll(async () => {
    await device.end();
    await onEmbedded.stop();
    await embedded.close();
  });

  it('the connected clients are listed, filtered and described', async () => {
    const all = await get('?count=-1');
    // A viewer is not shown the service's own connection, which the broker counts.
    expect(idsOf(all)).toEqual(['pump-1']);
    expect(total(all)).toBe('2');
    const asEditor = await onEmbedded.get('/api/projects/p/brokers/e/client-inspect?count=-1', TOKENS.editor);
    expect(idsOf(asEditor)).toHaveLength(2);
    expect(idsOf(await get('?clientid=pump-*'))).toEqual(['pump-1']);
    expect(idsOf(await get('?username=pumps&connected=true'))).toEqual(['pump-1']);
    const one = await get('/detail?clientid=pump-1');
    expect(one.body).toMatchObject({
      clientid: 'pump-1',
      connected: true,
      subscriptions: [{ topic: 'pumps/#', qos: 0, by: 'client' }],
      subscriptionsKnown: 'all',
    });
    expectError(await get('/detail?clientid=pump-2'), 'CLIENT_NOT_FOUND', { clientid: 'pump-2' });
  });
});

describe('GET /api/clients over a broker without our endpoint', () => {
  const clients = ['a-1', 'a-2', 'b-1'].map((clientid) => ({ clientid, username: 'u', connected: true }));
  const find = async (query: string) => {
    const { status, body, headers } = await service.get(
      `/api/clients?fields=clientid&${query}`,
      TOKENS.viewer,
    );
    expect(status).toBe(200);
    return { found: (body as { clients: Listed[] }).clients.map(({ clientid }) => clientid), headers };
  };

  it.each([true, false])(
    'ends with the list, also when fewer match than may (total told: %j)',
    async (tellsTotal) => {
      serve(clients, { tellsTotal, pageLimit: 2 });
      expect((await find('clientid=nobody-*')).found).toEqual([]);
      expect((await find('clientid=a-*')).found).toEqual(['a-1', 'a-2']);
      expect((await find('limit=100')).found).toEqual(['a-1', 'a-2', 'b-1']);
      expect(broker.messages.length).toBeLessThan(30);
    },
  );

  it('refuses a cursor for lines, which are one answer and not pages', async () => {
    serve(clients);
    const { headers } = await find('limit=1');
    broker.messages.length = 0;
    const answer = await service.request(
      'GET',
      `/api/clients?cursor=${encodeURIComponent(headers.get('x-next-cursor') ?? '')}`,
      { token: TOKENS.viewer, headers: { accept: 'application/x-ndjson' } },
    );
    expect(issuesOf(answer)).toEqual([
      { path: 'cursor', message: 'is not for application/x-ndjson, which has no pages' },
    ]);
    expect(broker.messages).toEqual([]);
  });

  it('names a broker whose list does not end, and asks it no longer', async () => {
    answerWith(() => ({ clients: clients.slice(0, 1) }));
    const { body } = await service.get('/api/clients?clientid=nobody-*', TOKENS.viewer);
    expect(body).toMatchObject({ clients: [], notAnswered: [{ broker: 'b', code: 'BROKER_ERROR' }] });
    const { length } = broker.messages;
    await service.get('/health/live', null);
    expect(broker.messages).toHaveLength(length);
  });
});

/** A service with a broker that answers our own endpoint's `listClients` by a script. */
class WithListScript {
  #broker!: ScriptedBroker;
  #service!: TestService;

  static use(page: (fields: Readonly<Record<string, unknown>>) => object): WithListScript {
    const made = new WithListScript();
    beforeAll(() => made.#start(page));
    afterAll(async () => {
      await made.#service.stop();
      await made.#broker.stop();
    });
    return made;
  }

  async #start(page: (fields: Readonly<Record<string, unknown>>) => object): Promise<void> {
    const answer =
      (data: typeof page) =>
      ({ commands, reply }: ArrivedMessage): void =>
        reply({
          responses: commands.map((fields) => ({
            command: fields.command,
            data: data(fields),
            correlationData: fields.correlationData,
          })),
        });
    const describe = answer(() => ({ plugin: 'test', broker: 'test', features: { inspect: true } }));
    this.#broker = await ScriptedBroker.start();
    this.#broker.probeScript = (message) =>
      message.api === 'extension' ? describe(message) : message.succeed();
    this.#broker.script = answer(page);
    this.#service = await TestService.start({
      brokers: [{ id: 'b', url: this.#broker.url, protocolVersion: 4 }],
    });
    await this.#service.brokerState('b');
    const ref = { projectId: 'p', brokerId: 'b' };
    await until(() => this.#service.gateway.capabilities(ref).extension?.features.inspect, 'it is described');
  }

  async find(accept: string): Promise<string> {
    const response = await fetch(`${this.#service.url}/api/clients?fields=clientid`, {
      headers: { authorization: `Bearer ${TOKENS.viewer}`, accept },
    });
    return response.text();
  }

  async select(): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`${this.#service.url}/api/projects/p/brokers/b/client-control/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.editor}`, 'content-type': 'application/json' },
      body: JSON.stringify({ select: { clientid: '*' }, actions: [{ action: 'disconnect' }], dryRun: true }),
    });
    return { status: response.status, body: await response.json() };
  }
}

let counter = 0;

describe.each([
  ['never ends its list', () => `after-${counter++}`],
  ['always says to go on at the same place', () => 'again'],
])('GET /api/clients over a broker whose endpoint %s', (_, nextCursor) => {
  const endless = WithListScript.use(() => ({ clients: [], cursor: nextCursor() }));

  it.each(['application/json', 'application/x-ndjson'])('names it, in %s', async (accept) => {
    expect(await endless.find(accept)).toContain('BROKER_ERROR');
  });

  it('refuses a selection on it', async () => {
    expect(await endless.select()).toMatchObject({ status: 502, body: { code: 'BROKER_ERROR' } });
  });
});

describe('GET /api/clients over a broker whose pages hold fewer clients than they may, and some none', () => {
  const pages: readonly string[][] = [[], ['a'], [], [], ['b', 'c'], ['d'], []];
  const sparse = WithListScript.use(({ cursor }) => {
    const at = Number(cursor ?? 0);
    const clients = (pages[at] ?? []).map((clientid) => ({ clientid }));
    return { clients, cursor: at + 1 < pages.length ? String(at + 1) : null };
  });

  it.each(['application/json', 'application/x-ndjson'])('goes on to the end, in %s', async (accept) => {
    const found = (await sparse.find(accept)).match(/(?<="clientid":")[^"]+/g);
    expect(found).toEqual(['a', 'b', 'c', 'd']);
  });

  it('selects all of them', async () => {
    expect(await sparse.select()).toMatchObject({ status: 200, body: { count: 4 } });
  });
});
