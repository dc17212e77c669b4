import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IPublishPacket } from 'mqtt';

import { ControlClient } from './support/control-client.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';
import { Recorder } from './support/recorder.js';

const checked = ['allow_anonymous true', 'password_file {dir}/passwords'];

beforeAll(() => void preparePluginTarget('2.1'), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(
  pluginOptions: readonly string[],
  more: Partial<PluginBrokerOptions> = {},
): Promise<void> {
  broker = await new PluginBroker({
    ...preparePluginTarget('2.1'),
    pluginOptions: ['allow_username gateway', ...pluginOptions],
    ...more,
  }).start();
}

describe('the option allow_listener', () => {
  it('takes commands on the listeners that it names and on no other', async () => {
    await start(['allow_listener {port}'], { secondListener: checked });
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    expect(await own.ask('describe')).toMatchObject({ you: { username: 'gateway' } });
    const elsewhere = await ControlClient.connect(broker, { second: true });
    expect(await new OwnEndpoint(elsewhere).codeOf('describe')).toBe('NOT_AUTHORIZED');
    // Who may not command there is no control client either: it can be disconnected.
    const clientid = elsewhere.mqtt.options.clientId;
    expect(await own.ask('disconnectClient', { clientid })).toMatchObject({ wasConnected: true });
  });

  it('may be given several times', async () => {
    await start(['allow_listener {port}', 'allow_listener {second}'], { secondListener: checked });
    for (const second of [false, true]) {
      const own = new OwnEndpoint(await ControlClient.connect(broker, { second }));
      expect(await own.ask('describe')).toMatchObject({ you: { username: 'gateway' } });
    }
  });

  it.each(['0', '65536', 'x', ''])('keeps the broker from starting with the value "%s"', async (value) => {
    broker = new PluginBroker({
      ...preparePluginTarget('2.1'),
      pluginOptions: ['allow_username gateway', `allow_listener ${value}`],
    });
    expect(await broker.runToEnd()).not.toBe(0);
    expect(broker.log).toMatch(/allow_listener/);
  });
});

describe('the option deliver_retained', () => {
  const hand = (more: object = {}): Record<string, unknown> => ({
    clientid: 'device',
    topic: 'a/1',
    payload: Buffer.from('kept').toString('base64'),
    ...more,
  });

  async function device(): Promise<{ packets: IPublishPacket[]; own: OwnEndpoint; recorder: Recorder }> {
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    const mqtt = await broker.connect({ clientId: 'device' });
    const packets: IPublishPacket[] = [];
    mqtt.on('message', (_topic, _payload, packet) => packets.push(packet));
    return { packets, own, recorder: new Recorder(mqtt) };
  }

  it('is off by default: nothing is taken, and subscribing and describe say so', async () => {
    await start([]);
    const { own } = await device();
    expect(await own.codeOf('deliverRetained', hand())).toBe('NOT_SUPPORTED');
    expect(await own.ask('describe')).toMatchObject({ features: { retained: false } });
    const subscribed = await own.ask('subscribeClient', { clientid: 'device', topic: 'a/#' });
    expect(subscribed).toMatchObject({ retained: 'not-enabled' });
  });

  it('hands the client a message with the retain flag and without a trace of how it came', async () => {
    await start(['deliver_retained true']);
    const { own, packets, recorder } = await device();
    expect(await own.ask('describe')).toMatchObject({ features: { retained: true } });
    const subscribed = await own.ask('subscribeClient', { clientid: 'device', topic: 'a/#', qos: 1 });
    expect(subscribed).toMatchObject({ retained: 'deliver' });
    const properties = { contentType: 'text/plain', userProperties: [['n', 'v']] };
    expect(await own.ask('deliverRetained', hand({ qos: 1, subscription: 'a/#', properties }))).toEqual({});
    await recorder.until('a/1');
    const [packet] = packets;
    expect(packet).toMatchObject({
      topic: 'a/1',
      qos: 1,
      retain: true,
      properties: { contentType: 'text/plain' },
    });
    expect({ ...packet?.properties?.userProperties }).toEqual({ n: 'v' });
    expect(packet?.payload.toString()).toBe('kept');
    // Published messages are left as they are, also those that imitate the mark.
    const userProperties = { 'client-control-retained': '0'.repeat(32) };
    await own.control.mqtt.publishAsync('a/2', 'x', { qos: 1, properties: { userProperties } });
    await recorder.until('a/2');
    expect(packets[1]).toMatchObject({ retain: false, properties: { userProperties } });
  });

  it('hands nothing to who is not, or no longer, subscribed, not connected, or may command', async () => {
    await start(['deliver_retained true']);
    const { own, packets } = await device();
    expect(await own.codeOf('deliverRetained', hand({ subscription: 'a/#' }))).toBe('NOT_SUBSCRIBED');
    await own.ask('subscribeClient', { clientid: 'device', topic: 'a/#' });
    // It connects again, without a session: it is no longer who was subscribed.
    const again = await broker.connect({ clientId: 'device' });
    again.on('message', (_topic, _payload, packet) => packets.push(packet));
    expect(await own.codeOf('deliverRetained', hand({ subscription: 'a/#' }))).toBe('NOT_SUBSCRIBED');
    expect(await own.codeOf('deliverRetained', hand({ clientid: 'nobody' }))).toBe('CLIENT_NOT_FOUND');
    const clientid = own.control.mqtt.options.clientId;
    expect(await own.codeOf('deliverRetained', hand({ clientid }))).toBe('CONTROL_CLIENT');
    const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 100 } };
    await (await broker.connect(session)).endAsync();
    expect(await own.codeOf('deliverRetained', hand({ clientid: 'away' }))).toBe('CLIENT_NOT_CONNECTED');
    expect(packets).toEqual([]);
  });

  it('asks for it only where the subscription wants it', async () => {
    await start(['deliver_retained true']);
    const { own } = await device();
    const retained = async (topic: string, send_retain?: string): Promise<unknown> => {
      const options = send_retain === undefined ? {} : { options: { send_retain } };
      return (await own.ask('subscribeClient', { clientid: 'device', topic, ...options })).retained;
    };
    expect(await retained('new', 'new')).toBe('deliver');
    expect(await retained('new', 'new')).toBe('none');
    expect(await retained('new', 'always')).toBe('deliver');
    expect(await retained('new')).toBe('deliver');
    expect(await retained('new', 'never')).toBe('none');
    expect(await retained('$share/g/x', 'always')).toBe('none');
  });

  it('refuses what is no message', async () => {
    await start(['deliver_retained true']);
    const { own } = await device();
    for (const more of [
      { topic: 'a/#' },
      { topic: '' },
      { payload: 'not base64' },
      { payload: null },
      { qos: 3 },
      { subscription: 7 },
      { properties: [] },
      { properties: { contentType: 1 } },
      { properties: { userProperties: [['only a name']] } },
      { more: 1 },
    ])
      expect([more, await own.codeOf('deliverRetained', hand(more))]).toEqual([more, 'INVALID']);
  });
});
