import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { CLIENT_CONTROL, ControlClient, INSPECT, OWN } from './support/control-client.js';
import { PASSWORD, PluginBroker } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';
import { RawClient } from './support/raw-client.js';

/** 40 kB that would be 20,000 commands. */
const MANY_COMMANDS = `{"commands":[${Array(20_000).fill('1').join(',')}]}`;

describe.each<MosquittoVersion>(['2.0', '2.1'])('who may not command, on Mosquitto %s', (version) => {
  let broker: PluginBroker;
  let stranger: ControlClient;

  beforeAll(async () => {
    broker = await new PluginBroker(preparePluginTarget(version)).start();
  }, 180_000);
  beforeEach(async () => {
    stranger = await ControlClient.connect(broker, { username: 'stranger' });
  });
  afterAll(() => broker.stop());

  it.each([
    ['text', 'hello'],
    ['20,000 commands', MANY_COMMANDS],
    ['1.9 MB of nesting', `{"commands":[${'['.repeat(1_900_000)}`],
    ['2 MB of spaces', ' '.repeat(1_990_000)],
    ['a command that is well-formed', '{"commands":[{"command":"describe","correlationData":"1"}]}'],
  ])('gets one short answer to %s, before anything is parsed', async (_, payload) => {
    for (const topic of [CLIENT_CONTROL, INSPECT, OWN]) {
      const logBefore = broker.log.length;
      await stranger.publish(payload, topic);
      const answer = await stranger.next();

      expect(answer.error).toBe('Not authorized');
      expect(JSON.stringify(answer).length).toBeLessThan(200);
      await stranger.mqtt.subscribeAsync('barrier');
      expect(stranger.received).toEqual([]);
      const lines = broker.log.slice(logBefore).match(/client-control: /g) ?? [];
      expect(lines.length).toBeLessThanOrEqual(1);
    }
  });

  it('cannot make the broker keep answers that it does not read', async () => {
    const client = await RawClient.connect(broker.port, {
      clientId: 'unread',
      username: 'stranger',
      password: PASSWORD,
    });
    const before = broker.residentKiB;
    client.socket.pause();
    for (let i = 0; i < 100; i++) {
      await client.publish(CLIENT_CONTROL, MANY_COMMANDS);
    }
    // Read after all that went before it.
    const other = await RawClient.connect(broker.port, { clientId: 'barrier' });
    await other.ping();
    await client.end();
    await other.ping();

    expect(broker.residentKiB - before).toBeLessThan(4096);
  });

  it('cannot make the broker answer or log for ever with small messages', async () => {
    const logBefore = broker.log.length;
    const residentBefore = broker.residentKiB;
    const client = await RawClient.connect(broker.port, {
      clientId: 'many',
      username: 'stranger',
      password: PASSWORD,
    });
    client.socket.pause();
    for (let i = 0; i < 20_000; i++) {
      await client.publish(OWN, '{}');
    }
    client.socket.resume();
    await client.ping();

    expect(client.received).toBeLessThan(10_000);
    expect(broker.residentKiB - residentBefore).toBeLessThan(2048);
    const lines = broker.log.slice(logBefore).match(/client-control: /g) ?? [];
    expect(lines.length).toBeLessThan(50);
    await client.end();
  });
});
