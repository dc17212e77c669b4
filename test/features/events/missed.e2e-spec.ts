import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
import { Device } from '../../support/device.js';
import { TestService, testConfig, TOKENS } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Listener } from './support/listener.js';

const LOGIN = { username: 'control', password: 'of-the-tests' };
const REF = { projectId: 'p', brokerId: 'b' };

const startBroker = (port: number): Promise<EmbeddedBroker> =>
  EmbeddedBroker.start({
    port,
    fallbackToFreePort: false,
    controlUsername: LOGIN.username,
    controlPassword: LOGIN.password,
  });

let broker: EmbeddedBroker;
let service: TestService;
let listeners: Listener[];

const isDescribed = (): boolean => service.gateway.capabilities(REF).extension !== null;

beforeAll(async () => {
  broker = await startBroker(0);
  service = await TestService.start({ brokers: [settings()] });
});
afterAll(async () => {
  await service.stop();
  await broker.close();
});

beforeEach(async () => {
  listeners = [];
  await until(isDescribed, 'the broker has described itself');
});
afterEach(() => {
  for (const listener of listeners) listener.close();
});

function settings(): object {
  return { id: 'b', url: broker.url, protocolVersion: 4, ...LOGIN };
}

async function listen(path: string, headers: Record<string, string> = {}): Promise<Listener> {
  const listener = await Listener.open(`${service.url}/api/projects/p/${path}`, TOKENS.viewer, headers);
  listeners.push(listener);
  await until(() => listener.messages.length > 0, 'it listens');
  return listener;
}

/** A device comes and goes. */
async function visit(clientId: string): Promise<void> {
  const device = await Device.connect(broker.url, { protocolVersion: 4, clientId });
  await device.end();
}

const hasSeen = (listener: Listener, clientid: string): Promise<unknown> =>
  listener.next('client.disconnected', (data) => data.clientid === clientid);

describe('a listener to events', () => {
  it('is told of a gap when the broker began anew, although it has counted as many events as before', async () => {
    const listener = await listen('brokers/b/events');
    await visit('before');
    await hasSeen(listener, 'before');
    const count = async (): Promise<number> =>
      Number(
        (await service.gateway.request(REF, 'extension', { command: 'watchEvents', seconds: 60 })).sequence,
      );
    const counted = await count();
    const { port } = broker;
    await broker.close();
    await service.brokerState('b', 'disconnected');
    broker = await startBroker(port);
    // Comings and goings, and the service's own connection, until it has counted as many.
    for (let number = 1; number + 1 < counted; number += 2) await visit(`unseen-${number}`);
    await until(isDescribed, 'the broker is back');
    await listener.next('gap', ({ missed }) => missed === null);
    await visit('after');
    await hasSeen(listener, 'after');
  });

  it('goes on with a broker that leaves the configuration and comes back, and so does everybody later', async () => {
    const listener = await listen('events');
    const config = (brokers: object[]) => testConfig({ brokers });
    service.config.replace(config([]));
    await listener.next('broker', ({ state }) => state === 'disconnected');
    await visit('unseen');
    service.config.replace(config([settings()]));
    await listener.next('broker', ({ state }) => state === 'connected');
    // It is the same run of the broker, so the number is known: the visit, and our own connection that went and came.
    await listener.next('gap', ({ missed }) => Number(missed) >= 2);
    const later = await listen('brokers/b/events');
    await visit('seen');
    await Promise.all([listener, later].map((each) => hasSeen(each, 'seen')));
    expect(listener.of('client.connected').map(({ data }) => data.clientid)).not.toContain('unseen');
  });

  it('misses nothing when it is cut before its first event', async () => {
    const listener = await listen('brokers/b/events');
    const { lastEventId = '' } = listener;
    listener.close();
    await visit('meanwhile');
    const back = await listen('brokers/b/events', { 'Last-Event-ID': lastEventId });
    await hasSeen(back, 'meanwhile');
    expect(back.of('gap')).toEqual([]);
  });

  it('is told whether a broker tells of its clients when the broker comes', async () => {
    const { port } = broker;
    await broker.close();
    await service.brokerState('b', 'disconnected');
    const listener = await listen('events');
    expect(listener.of('broker')[0]?.data).not.toHaveProperty('clientEvents');
    broker = await startBroker(port);
    await listener.next(
      'broker',
      ({ state, clientEvents }) => state === 'connected' && clientEvents === true,
    );
  });
});
