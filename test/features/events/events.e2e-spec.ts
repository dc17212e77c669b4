import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Authenticator } from '../../../src/auth/authenticator.js';
import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
import { EventsService } from '../../../src/events/events.service.js';
import { Drain } from '../../../src/http/drain.js';
import { Device } from '../../support/device.js';
import { expectError } from '../../support/expect-error.js';
import { ScriptedBroker } from '../../support/scripted-broker.js';
import { TestService, TOKENS } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Listener, type Message } from './support/listener.js';

let broker: EmbeddedBroker;
let pro: ScriptedBroker;
let service: TestService;
const listeners: Listener[] = [];

const login = { username: 'control', password: 'of-the-tests' };

beforeAll(async () => {
  broker = await EmbeddedBroker.start({
    port: 0,
    fallbackToFreePort: false,
    controlUsername: login.username,
    controlPassword: login.password,
  });
  pro = await ScriptedBroker.start();
  service = await TestService.start({
    brokers: [
      { id: 'b', url: broker.url, protocolVersion: 4, ...login },
      { id: 'pro', url: pro.url, protocolVersion: 4 },
    ],
  });
  await service.brokerState('b');
  await until(
    () => service.gateway.capabilities({ projectId: 'p', brokerId: 'b' }).extension !== null,
    'the broker has described itself',
  );
  await service.brokerState('pro');
  await service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'pro' });
});

afterAll(async () => {
  for (const listener of listeners) listener.close();
  await service.stop();
  await broker.close();
  await pro.stop();
});

const listen = async (
  path = 'brokers/b/events',
  token: string = TOKENS.viewer,
  headers: Record<string, string> = {},
): Promise<Listener> => {
  const listener = await Listener.open(`${service.url}/api/projects/p/${path}`, token, headers);
  listeners.push(listener);
  return listener;
};
const device = (clientId: string): Promise<Device> =>
  Device.connect(broker.url, { protocolVersion: 4, clientId, username: 'vendor-x' });

describe('the events of a broker', () => {
  it('begin with its state, and whether it tells of its clients', async () => {
    const listener = await listen('events');
    expect(listener.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const own = await listener.next('broker', ({ broker: id }) => id === 'b');
    expect(own.data).toMatchObject({ project: 'p', state: 'connected', clientEvents: true });
    const other = await listener.next('broker', ({ broker: id }) => id === 'pro');
    expect(other.data).toMatchObject({ clientEvents: false });
  });

  it('tell who comes and who goes, and why', async () => {
    const listener = await listen();
    await until(() => listener.messages.length > 0, 'it listens');
    const client = await device('coming-1');
    const came = await listener.next('client.connected', ({ clientid }) => clientid === 'coming-1');
    expect(came.data).toMatchObject({
      project: 'p',
      broker: 'b',
      username: 'vendor-x',
      address: '127.0.0.1',
    });
    expect(came.id).toMatch(/^[0-9a-f]{12}\.\d+$/);
    await service.control('disconnect', { clientid: 'coming-1' });
    const went = await listener.next('client.disconnected', ({ clientid }) => clientid === 'coming-1');
    expect(went.data).toMatchObject({ reason: 'kicked', sessionStays: false });
    await client.end();
  });

  it('tell what was done, and only admins who did it', async () => {
    const [viewer, admin] = await Promise.all([listen(), listen('brokers/b/events', TOKENS.admin)]);
    await until(() => viewer.messages.length > 0 && admin.messages.length > 0, 'both listen');
    const client = await device('done-1');
    await service.control('subscribe', { clientid: 'done-1', topic: 'a/b' });
    const seen = await viewer.next('control', ({ clientid }) => clientid === 'done-1');
    expect(seen.data).toMatchObject({ action: 'subscribe', topic: 'a/b', outcome: 'OK' });
    expect(seen.data).not.toHaveProperty('caller');
    const known = await admin.next('control', ({ clientid }) => clientid === 'done-1');
    expect(known.data).toMatchObject({ caller: 'editor' });
    await service.control('unsubscribe', { clientid: 'not-there', topic: 'a/b' });
    const failed = await viewer.next('control', ({ clientid }) => clientid === 'not-there');
    expect(failed.data).toMatchObject({ outcome: 'CLIENT_NOT_FOUND' });
    await client.end();
  });

  it('can be narrowed to clients and types', async () => {
    const listener = await listen('brokers/b/events?clientid=narrow-*&type=client.connected');
    const all = await listen();
    await until(() => all.messages.length > 0, 'both listen');
    const clients = await Promise.all([device('narrow-1'), device('wide-1')]);
    await all.next('client.connected', ({ clientid }) => clientid === 'wide-1');
    await Promise.all(clients.map((client) => client.end()));
    await all.next('client.disconnected', ({ clientid }) => clientid === 'narrow-1');
    await listener.next('client.connected', ({ clientid }) => clientid === 'narrow-1');
    const told = listener.messages.filter(({ id }) => id !== undefined);
    expect(told.map(({ event, data }) => [event, data.clientid])).toEqual([['client.connected', 'narrow-1']]);
  });

  it.each(['type=everything', 'clientid=', 'type=', 'unknown=1'])(
    'refuse a query they do not know: %s',
    async (query) => {
      expectError(await service.get(`/api/projects/p/brokers/b/events?${query}`), 'INVALID');
    },
  );

  it('go on where a listener left, and tell a gap where that is not possible', async () => {
    const first = await listen();
    await until(() => first.messages.length > 0, 'it listens');
    const one = await device('resume-1');
    const { id = '' } = await first.next('client.connected', ({ clientid }) => clientid === 'resume-1');
    first.close();
    const two = await device('resume-2');
    const second = await listen('brokers/b/events', TOKENS.viewer, { 'Last-Event-ID': id });
    await second.next('client.connected', ({ clientid }) => clientid === 'resume-2');
    expect(second.of('client.connected').map(({ data }) => data.clientid)).not.toContain('resume-1');
    expect(second.of('gap')).toEqual([]);
    const stranger = await listen('brokers/b/events', TOKENS.viewer, { 'Last-Event-ID': 'abcdefabcdef.7' });
    await until(async () => {
      await service.control('disconnect', { clientid: 'nobody' });
      return stranger.of('gap').length > 0;
    }, 'a gap is told');
    await Promise.all([one.end(), two.end()]);
  });

  it('are for those who may see the broker', async () => {
    expectError(await service.get('/api/projects/p/brokers/pro/events', TOKENS.editorOfB), 'NOT_ALLOWED');
    expectError(await service.get('/api/projects/p/events', TOKENS.otherAdmin), 'NOT_ALLOWED');
    const limited = await listen('events', TOKENS.editorOfB);
    await until(() => limited.messages.length > 0, 'it listens');
    expect(limited.of('broker').map(({ data }) => data.broker)).toEqual(['b']);
  });
});

describe('many listeners', () => {
  it('are all told, none slowed by one that reads nothing, in bounded memory', async () => {
    const stalled = await fetch(`${service.url}/api/projects/p/brokers/b/events`, {
      headers: { Authorization: `Bearer ${TOKENS.viewer}` },
    });
    const crowd = await Promise.all(Array.from({ length: 100 }, () => listen()));
    await until(() => crowd.every(({ messages }) => messages.length > 0), 'all listen');
    const before = process.memoryUsage().rss;
    const storm = 200;
    for (let round = 0; round < storm; round += 20) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, (_, index) => device(`storm-${round + index}`)),
      );
      await Promise.all(clients.map((client) => client.end()));
    }
    const isStorm = ({ data }: Message): boolean => String(data.clientid).startsWith('storm-');
    await until(
      () => crowd.every((each) => each.of('client.connected').filter(isStorm).length === storm),
      'all are told of all',
    );
    // What listeners are told is written once for all of them, and nobody's messages were lost on the way.
    for (const each of crowd) expect(each.of('gap')).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    for (const each of crowd) each.close();
    await stalled.body?.cancel();
  }, 180_000);
});

describe('a stream', () => {
  it('ends at once when the service began to stop while its caller was authenticated', async () => {
    const other = await TestService.start();
    const authorization = `Bearer ${TOKENS.viewer}`;
    const caller = await other.app.get(Authenticator).authenticate(authorization);
    await other.app.get(Drain).start(0);
    const stream = other.app.get(EventsService).listen({
      caller,
      authorization,
      project: 'p',
      broker: undefined,
      clientid: undefined,
      types: undefined,
      lastEventId: undefined,
    });
    expect((await stream.toArray()).join('')).toMatch(/^id: .*\nretry: /);
    await other.stop();
  });

  it('ends when the service begins to stop, without holding it up', async () => {
    const other = await TestService.start({
      brokers: [{ id: 'b', url: broker.url, protocolVersion: 4, ...login }],
    });
    await other.brokerState('b');
    const listener = await Listener.open(`${other.url}/api/projects/p/events`, TOKENS.viewer);
    await until(() => listener.messages.length > 0, 'it listens');
    const before = performance.now();
    await other.stop();
    // Well before the six seconds after which the service waits for nobody.
    expect(performance.now() - before).toBeLessThan(5500);
    await until(() => listener.isOver, 'the stream is over');
  });

  it('ends within a minute after its credential was revoked', async () => {
    const slowly = globalThis.setInterval;
    const faster = jest
      .spyOn(globalThis, 'setInterval')
      .mockImplementation(((run: () => void, everyMs: number) => slowly(run, everyMs / 60)) as typeof slowly);
    const other = await TestService.start({
      brokers: [{ id: 'b', url: broker.url, protocolVersion: 4, ...login }],
    });
    try {
      await other.brokerState('b');
      const listener = await Listener.open(`${other.url}/api/projects/p/events`, TOKENS.viewer);
      await until(() => listener.messages.length > 0, 'it listens');
      const { current } = other.config;
      const tokens = current.auth.tokens.filter(({ name }) => name !== 'viewer');
      other.config.replace({ ...current, auth: { ...current.auth, tokens } });
      await until(() => listener.isOver, 'the stream is over');
    } finally {
      faster.mockRestore();
      await other.stop();
    }
  }, 180_000);
});
