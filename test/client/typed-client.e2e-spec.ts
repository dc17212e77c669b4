import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ApiError,
  ConnectionError,
  createClient,
  CutOffError,
  isApiError,
  isClientNotFound,
  UnexpectedAnswerError,
  type ControlClient,
  type Operation,
  type ServiceEvent,
} from '@mqtt-client-control/client';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fleet } from '../features/fleet/fleet.js';
import { freePort } from '../support/free-port.js';
import { TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';

const b = { projectId: 'p', brokerId: 'b' };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function* kicks(count: number, name: string): Generator<Operation> {
  for (let at = 0; at < count; at++) yield { action: 'disconnect', clientid: `${name}${at}` };
}

describe('the typed client', () => {
  let fleet: Fleet;
  let client: ControlClient;
  beforeAll(async () => {
    fleet = await Fleet.onEmbedded();
    client = createClient({ url: `${fleet.service.url}/`, token: TOKENS.admin });
  });
  afterAll(() => fleet.stop());

  it('disconnects a client', async () => {
    const device = await fleet.connect('b');
    const { data } = await client.disconnectClient({ path: b, body: { clientid: device.clientId } });
    expect(data).toEqual({});
    await device.closed;
  });

  it('throws what the service refuses, by its code', async () => {
    const error: unknown = await client
      .disconnectClient({ path: b, body: { clientid: 'nobody' } })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(isClientNotFound(error) && error.info.clientid).toBe('nobody');
    expect(isApiError(error, 'CLIENT_NOT_FOUND') && error.status).toBe(404);
    expect(isApiError(error) && error.requestId).toMatch(/.{8}/);
  });

  it('asks for the token before every request', async () => {
    const tokens = ['wrong', TOKENS.viewer];
    const careful = createClient({ url: fleet.service.url, token: () => Promise.resolve(tokens.shift()) });
    await expect(careful.listProjects()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const { data } = await careful.listProjects();
    expect(data).toEqual([{ id: 'p', name: 'Project P' }]);
  });

  it('lists clients one by one, with where they are', async () => {
    await fleet.connectMany('b', 5, 'listed-');
    for (const where of [{}, { projectId: 'p' }, b]) {
      const list = client.clients(where, { clientid: 'listed-*', fields: 'clientid' });
      expect(list.end).toBeUndefined();
      const clients = await all(list);
      expect(clients).toContainEqual({ clientid: 'listed-0', project: 'p', broker: 'b' });
      expect(list.end).toMatchObject({ clients: 5, notAnswered: [] });
    }
  });

  it('carries out a list of operations, however long, each with its outcome', async () => {
    await fleet.connectMany('b', 3, 'many-');
    const call = client.bulk(b, kicks(5000, 'many-'), { reason: 'a test' });
    const items = await all(call);
    expect(items).toHaveLength(5000);
    expect(items.find(({ clientid }) => clientid === 'many-2')).toMatchObject({ index: 2, outcome: 'done' });
    expect(items.find(({ index }) => index === 4999)?.error).toMatchObject({ code: 'CLIENT_NOT_FOUND' });
    expect(call.summary).toEqual({ total: 5000, done: 3, failed: 4997, notSent: 0, unknown: 0 });
    expect(call.open).toEqual([]);
    expect(await all(call.rest())).toEqual([]);
  });

  it('does the same in parts where bodies cannot be streamed, as in browsers', async () => {
    await fleet.connectMany('b', 3, 'parts-');
    const call = client.bulk(b, kicks(1200, 'parts-'), { streamed: false });
    const items = await all(call);
    expect(items.map(({ index }) => index).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 1200 }, (_, at) => at),
    );
    expect(items[1]).toMatchObject({ index: 1, clientid: 'parts-1', outcome: 'done' });
    expect(call.requestIds).toHaveLength(3);
    expect(call.summary).toMatchObject({ total: 1200, done: 3 });
  });

  it.each([true, false])('knows after a stop what was not handed over (streamed: %s)', async (streamed) => {
    const call = client.bulk(b, kicks(1000, 'stop-'), { perSecond: 50, streamed });
    const items = [];
    for await (const item of call) {
      items.push(item);
      if (items.length === 20) call.stop();
    }
    expect(call.open).toEqual([]);
    const rest = await all(call.rest());
    expect(items.length).toBeLessThan(200);
    expect(items.length + rest.length).toBe(1000);
    expect(rest[0]?.clientid).toBe(`stop-${items.length}`);
  });

  it('goes no faster than it was told to in parts, and stops at once while it waits for the next one', async () => {
    const from = performance.now();
    const paced = client.bulk(b, kicks(3, 'nobody-'), { perSecond: 1, streamed: false });
    expect(await all(paced)).toHaveLength(3);
    expect(performance.now() - from).toBeGreaterThan(1950);
    const call = client.bulk(b, kicks(100, 'nobody-'), { perSecond: 1, streamed: false });
    for await (const { index } of call) if (index === 0) call.stop();
    expect(call.summary.total).toBe(1);
    expect(await all(call.rest())).toHaveLength(99);
  });

  it('knows after an abort what was not handed over, and what is open', async () => {
    const abort = new AbortController();
    const call = client.bulk(b, kicks(1000, 'abort-'), { perSecond: 50, signal: abort.signal });
    let ended = 0;
    const iteration = (async () => {
      for await (const { outcome } of call) if (outcome === 'failed' && ++ended === 10) abort.abort();
    })();
    await expect(iteration).rejects.toMatchObject({ name: 'AbortError' });
    const rest = await all(call.rest());
    expect(ended + call.open.length + rest.length).toBe(1000);
    expect(call.open.length).toBeLessThanOrEqual(50);
  });

  it('stops although the source of operations has nothing for now', async () => {
    async function* slowly(): AsyncGenerator<Operation> {
      yield* kicks(2, 'slowly-');
      await new Promise(() => undefined);
    }
    const call = client.bulk(b, slowly());
    let ended = 0;
    for await (const { outcome } of call) if (outcome === 'failed' && ++ended === 2) call.stop();
    expect(ended).toBe(2);
  });

  it('passes on what the source of operations throws', async () => {
    function* broken(): Generator<Operation> {
      yield* kicks(2, 'broken-');
      throw new RangeError('line 3 is no operation');
    }
    await expect(all(client.bulk(b, broken()))).rejects.toThrow('line 3 is no operation');
  });

  it('throws when the call is refused as a whole', async () => {
    const viewer = createClient({ url: fleet.service.url, token: TOKENS.viewer });
    for (const streamed of [true, false]) {
      const call = viewer.bulk(b, kicks(3000, 'refused-'), { streamed });
      await expect(all(call)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    }
  });

  it('previews a selection, and does it to exactly those', async () => {
    const devices = await fleet.connectMany('b', 3, 'chosen-');
    const work = { select: { clientid: 'chosen-*' }, actions: [{ action: 'disconnect' as const }] };
    const preview = await client.preview(b, work);
    expect(preview.count).toBe(3);
    const { selection } = preview;
    const items = await all(client.bulk(b, { ...work, selection }));
    expect(items.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
    await Promise.all(devices.map(({ closed }) => closed));
    await expect(all(client.bulk({ projectId: 'p' }, { ...work, selection }))).rejects.toMatchObject({
      code: 'SELECTION_CHANGED',
      info: { count: 0 },
    });
  });

  it('listens to events, and goes on after the connection was lost', async () => {
    const abort = new AbortController();
    const events: ServiceEvent[] = [];
    const states: string[] = [];
    const sockets: (() => void)[] = [];
    const through: typeof fetch = async (input, init) => {
      const cut = new AbortController();
      sockets.push(() => cut.abort(new TypeError('the connection was cut')));
      const signal = AbortSignal.any([cut.signal, ...(init?.signal ? [init.signal] : [])]);
      return fetch(input, { ...init, signal });
    };
    const listening = (async () => {
      const listenerClient = createClient({ url: fleet.service.url, token: TOKENS.admin, fetch: through });
      const stream = listenerClient.events(b, {
        signal: abort.signal,
        onState: ({ state }) => states.push(state),
      });
      for await (const event of stream) events.push(event);
    })();
    await until(() => events.some(({ type }) => type === 'broker'), 'the state of the broker');
    const came = (name: string): ServiceEvent | undefined =>
      events.find((event) => event.type === 'client.connected' && event.clientid === name);
    await fleet.connect('b', { clientId: 'seen-1' });
    await until(() => came('seen-1'), 'the first event');
    sockets.at(-1)?.();
    await fleet.connect('b', { clientId: 'seen-2' });
    await until(() => came('seen-2'), 'the event in between', 10_000);
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
    expect(
      events.filter((event) => event.type === 'client.connected' && event.clientid === 'seen-1'),
    ).toHaveLength(1);
    expect(states).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
    abort.abort();
    await listening;
  });

  it('tells nothing but what was asked for', async () => {
    const abort = new AbortController();
    let isOpen = false;
    const events = client.events(b, {
      types: ['client.connected'],
      signal: abort.signal,
      onState: ({ state }) => (isOpen = state === 'open'),
    });
    const first = events.next();
    await until(() => isOpen, 'the stream is open');
    await fleet.connect('b', { clientId: 'asked-for' });
    expect((await first).value).toMatchObject({ type: 'client.connected', clientid: 'asked-for' });
    abort.abort();
    await events.return();
  });

  it('stops listening when the service refuses for good', async () => {
    const nobody = createClient({ url: fleet.service.url, token: 'unknown' });
    await expect(all(nobody.events(b))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(all(client.events({ projectId: 'p', brokerId: 'none' }))).rejects.toMatchObject({
      code: 'BROKER_NOT_FOUND',
    });
  });
});

describe('the typed client, when something else answers', () => {
  async function withServer(
    answer: RequestListener,
    test: (client: ControlClient) => Promise<void>,
  ): Promise<void> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await test(createClient({ url: `http://127.0.0.1:${port}`, token: 't' }));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  const html: RequestListener = (_, response) =>
    response.setHeader('Content-Type', 'text/html').end('<p>Log in</p>');

  it('says so, rather than to take a page for an answer', async () => {
    await withServer(html, async (client) => {
      await expect(client.listProjects()).rejects.toBeInstanceOf(UnexpectedAnswerError);
      await expect(all(client.clients())).rejects.toBeInstanceOf(UnexpectedAnswerError);
      await expect(all(client.bulk(b, kicks(1, 'x')))).rejects.toBeInstanceOf(UnexpectedAnswerError);
      await expect(all(client.events(b))).rejects.toBeInstanceOf(UnexpectedAnswerError);
    });
  });

  it('does not follow to another address with the token', async () => {
    await withServer(
      (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end(),
      (client) => expect(client.listProjects()).rejects.toBeInstanceOf(ConnectionError),
    );
  });

  it('tells an answer that was cut off from a whole one', async () => {
    const line = JSON.stringify({ index: 0, outcome: 'done', status: 200 });
    await withServer(
      (request, response) => {
        request.resume();
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).end(`${line}\n`);
      },
      async (client) => {
        const call = client.bulk(b, kicks(2, 'x'));
        await expect(all(call)).rejects.toBeInstanceOf(CutOffError);
        expect(call.summary).toMatchObject({ total: 1, done: 1 });
        expect(call.open).toEqual([{ action: 'disconnect', clientid: 'x1' }]);
        await expect(all(client.clients())).rejects.toBeInstanceOf(CutOffError);
      },
    );
  });

  it.each(['not json\n', '[]\n', 'null\n', '{"outcome":{}}\n'])(
    'takes no nonsense for outcomes: %j',
    async (text) => {
      await withServer(
        (request, response) => {
          request.resume();
          response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).end(text);
        },
        (client) => expect(all(client.bulk(b, kicks(2, 'x')))).rejects.toBeInstanceOf(UnexpectedAnswerError),
      );
    },
  );

  it('tells that a request never left from one whose answer was lost', async () => {
    const nobody = createClient({ url: `http://127.0.0.1:${await freePort()}` });
    await expect(nobody.listProjects()).rejects.toMatchObject({ name: 'ConnectionError', isSent: false });
    await withServer(
      (request) => request.socket.destroy(),
      (client) =>
        expect(client.listProjects()).rejects.toMatchObject({ name: 'ConnectionError', isSent: true }),
    );
  });

  it.each(['nothing', 'ftp://host', 'http://user:password@host', 'http://host/?a=b'])(
    'refuses the address %s',
    (url) => {
      expect(() => createClient({ url })).toThrow(TypeError);
    },
  );
});
