import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import type { Device } from '../../support/device.js';
import { expectError, issuesOf } from '../../support/expect-error.js';
import { describedBy, ScriptedBroker, type ArrivedMessage } from '../../support/scripted-broker.js';
import { testConfig, TestService, type Answer } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Fleet } from './fleet.js';

const WILL = { topic: 'wills', payload: Buffer.from('gone'), qos: 0 as const, retain: false };

describe.each(CONTROL_BROKERS)('disconnect, with choices, on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
  }, 120_000);
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  const disconnect = (clientid: string, choices: object = {}): Promise<Answer> =>
    fleet.service.control('disconnect', { clientid, ...choices });
  const detail = async (clientid: string): Promise<Record<string, unknown>> =>
    (await fleet.service.get(`/api/projects/p/brokers/b/client-inspect/detail?clientid=${clientid}`))
      .body as Record<string, unknown>;
  const persistent = (clientId: string): Promise<Device> =>
    fleet.connect('b', {
      clientId,
      clean: false,
      ...(fleet.brokers.b?.protocolVersion === 5 && { properties: { sessionExpiryInterval: 3600 } }),
    });

  it('publishes the will, unless that is prevented', async () => {
    const listener = await fleet.connect('b');
    await listener.mqtt.subscribeAsync('wills');
    const quiet = await fleet.connect('b', { will: { ...WILL, payload: Buffer.from('quiet') } });
    expect((await disconnect(quiet.clientId, { preventWillMessage: true })).body).toEqual({});
    await quiet.closed;
    const loud = await fleet.connect('b', { will: { ...WILL, payload: Buffer.from('loud') } });
    expect((await disconnect(loud.clientId, { preventWillMessage: false })).status).toBe(200);
    await listener.message('loud');
    expect(listener.messages.map(({ payload }) => payload)).toEqual(['loud']);
  });

  it('tells a session that is stored from a client that was never there', async () => {
    const device = await persistent('stored-1');
    expect((await disconnect('stored-1')).status).toBe(200);
    await device.closed;
    expectError(await disconnect('stored-1'), 'CLIENT_NOT_CONNECTED', { clientid: 'stored-1' });
    expectError(await disconnect('never was here'), 'CLIENT_NOT_FOUND');
    expect((await disconnect('stored-1', { cleanSession: true })).status).toBe(200);
    expectError(await disconnect('stored-1'), 'CLIENT_NOT_FOUND');
  });

  it('removes the session of a client that is connected when asked to', async () => {
    const device = await persistent('stored-2');
    await device.mqtt.subscribeAsync('kept');
    expect((await disconnect('stored-2', { cleanSession: true })).status).toBe(200);
    await device.closed;
    expectError(await disconnect('stored-2'), 'CLIENT_NOT_FOUND');
  });

  it('ends only the connection that is meant', async () => {
    const first = await fleet.connect('b', { clientId: 'meant-1' });
    const { lastConnect } = await detail('meant-1');
    await first.end();
    // The clock that tells connections apart has milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await fleet.connect('b', { clientId: 'meant-1' });
    const { lastConnect: newer } = await detail('meant-1');
    const refused = await disconnect('meant-1', { ifConnectedSince: lastConnect });
    expectError(refused, 'CLIENT_RECONNECTED', { lastConnect: newer });
    expect(second.mqtt.connected).toBe(true);
    expect((await disconnect('meant-1', { ifConnectedSince: newer })).status).toBe(200);
    await second.closed;
  });

  it('watches whether the client comes back', async () => {
    const device = await fleet.connect('b', { clientId: 'back-1' });
    const watching = disconnect('back-1', { watchMs: 10_000 });
    await device.closed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await fleet.connect('b', { clientId: 'back-1' });
    const { body } = await watching;
    const { reconnected } = body as { reconnected: { afterMs: number; lastConnect: number } };
    expect(reconnected.afterMs).toBeGreaterThan(0);
    expect(reconnected.lastConnect).toBe((await detail('back-1')).lastConnect);
  });

  it('says so when it does not come back', async () => {
    const device = await fleet.connect('b', { clientId: 'away-1' });
    expect((await disconnect('away-1', { watchMs: 300 })).body).toEqual({ reconnected: null });
    await device.closed;
  });

  it('says so when there was nothing to unsubscribe', async () => {
    const device = await fleet.connect('b');
    await device.mqtt.subscribeAsync('there');
    const unsubscribe = (topic: string): Promise<Answer> =>
      fleet.service.control('unsubscribe', { clientid: device.clientId, topic });
    const [there, absent] = [await unsubscribe('there'), await unsubscribe('not there')];
    expect([there.status, there.headers.get('x-subscription')]).toEqual([204, null]);
    expect([absent.status, absent.headers.get('x-subscription')]).toEqual([204, 'absent']);
  });

  it.each([
    [{ preventWillMessage: 'no' }, 'preventWillMessage'],
    [{ cleanSession: 1 }, 'cleanSession'],
    [{ ifConnectedSince: '2026-01-01' }, 'ifConnectedSince'],
    [{ watchMs: 0 }, 'watchMs'],
    [{ watchMs: 30_001 }, 'watchMs'],
  ])('refuses %j', async (choices, path) => {
    expect(issuesOf(await disconnect('x', choices)).map((issue) => issue.path)).toEqual([path]);
  });
});

describe('on a broker with the Pro API only', () => {
  let broker: ScriptedBroker;
  let service: TestService;

  beforeAll(async () => {
    broker = await ScriptedBroker.start();
    service = await TestService.start({ brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }] });
    await service.brokerState('b');
  });
  afterAll(async () => {
    await service.stop();
    await broker.stop();
  });

  it.each([
    [{ preventWillMessage: true }, 'preventWill'],
    [{ cleanSession: true }, 'purge'],
    [{ ifConnectedSince: 1 }, 'ifConnectedSince'],
  ])('%j is refused before anything is sent', async (choices, feature) => {
    broker.messages.length = 0;
    const answer = await service.control('disconnect', { clientid: 'x', ...choices });
    expectError(answer, 'NOT_SUPPORTED_BY_BROKER', { feature });
    expect(broker.commands.filter(({ command }) => command === 'disconnectClient')).toEqual([]);
  });

  it('choices that say no change nothing', async () => {
    const choices = { preventWillMessage: false, cleanSession: false };
    expect((await service.control('disconnect', { clientid: 'x', ...choices })).status).toBe(200);
  });
});

describe('a watch on a broker with our endpoint only', () => {
  const settings = { id: 'b', protocolVersion: 4 };
  const ref = { projectId: 'p', brokerId: 'b' };
  const described = describedBy('disconnect', 'inspect');
  const answer = (message: ArrivedMessage): void =>
    message.api === 'extension' ? described(message) : message.reply({ error: 'endpoint not available' });
  let broker: ScriptedBroker;
  let service: TestService;

  beforeAll(async () => {
    broker = await ScriptedBroker.start();
    broker.probeScript = answer;
    service = await TestService.start({ brokers: [{ ...settings, url: broker.url }] });
    await service.brokerAnswers('b');
  });
  afterAll(async () => {
    await service.stop();
    await broker.stop();
  });

  it('waits for what the broker can do when it is connected anew, and goes on', async () => {
    let lastConnect = 1;
    broker.script = (message) => {
      if (message.api !== 'extension') answer(message);
      else
        message.reply({
          responses: message.commands.map(({ command, correlationData }) => ({
            command,
            correlationData,
            data:
              command === 'getClient'
                ? { clientid: 'c', connected: lastConnect > 1, lastConnect }
                : { connectedSince: 1 },
          })),
        });
    };
    const watching = service.control('disconnect', { clientid: 'c', watchMs: 30_000 });
    await until(() => broker.commands.some(({ command }) => command === 'getClient'), 'the first look');
    const held: ArrivedMessage[] = [];
    broker.probeScript = (message) => void held.push(message);
    const before = service.gateway.servedBy(ref);
    service.config.replace(testConfig({ brokers: [{ ...settings, url: broker.url, maxBatch: 7 }] }));
    await until(() => service.gateway.servedBy(ref) !== before && held.length === 3, 'the new connection');
    // Longer than between two looks.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    lastConnect = 2;
    held.forEach(answer);
    expect((await watching).body).toMatchObject({ reconnected: { lastConnect } });
    expect(broker.messages.filter(({ api }) => api !== 'extension')).toEqual([]);
  });
});
