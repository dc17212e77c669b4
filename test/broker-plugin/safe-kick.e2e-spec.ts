import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient, INSPECT } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';
import { connectPacket, sendByWebSocket } from './support/raw-client.js';
import { reconnectRecording } from './support/reconnect-recording.js';

const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 600 } };
const disconnectAway = { command: 'disconnectClient', clientid: 'away' };
const failed = expect.objectContaining({ error: expect.any(String) });

// Fetching and building have no part in the time of a test.
beforeAll(() => void (['2.0', 'trixie', 'trixie-asan'] as const).map(preparePluginTarget), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(
  version: MosquittoVersion,
  options: Partial<PluginBrokerOptions> = {},
): Promise<PluginBroker> {
  broker = new PluginBroker({ ...preparePluginTarget(version), ...options });
  return broker.start();
}

/** A session that is left offline with a subscription. */
async function leaveSession(): Promise<void> {
  const client = await broker.connect(session);
  await client.subscribeAsync('kept/#', { qos: 1 });
  await client.endAsync();
}

describe('disconnectClient of an offline session', () => {
  it('that Debian 13’s Mosquitto read from disk leaves the broker’s memory alone', async () => {
    await start('trixie-asan', {
      env: { ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' },
      config: ['persistence true', 'persistence_location {dir}/'],
    });
    await leaveSession();
    expect(await broker.shutDown()).toBe(0);
    await broker.start();

    const control = await ControlClient.connect(broker);
    expect(await control.command(disconnectAway)).toEqual(failed);
    await (await broker.connect(session)).endAsync();
    await (await broker.connect({ ...session, clientId: 'another' })).endAsync();
    await (await broker.connect(session)).endAsync();

    expect(await broker.shutDown()).toBe(0);
    expect(broker.log).not.toMatch(/ERROR: AddressSanitizer/);
  });

  it('keeps its subscriptions on Debian 13’s Mosquitto with per_listener_settings', async () => {
    await start('trixie', { globalConfig: ['per_listener_settings true'] });
    await leaveSession();
    const control = await ControlClient.connect(broker);
    // 2.0 may leave the first one without an answer here; the second one comes after it in any case.
    await control.publish(JSON.stringify({ commands: [disconnectAway] }));
    await control.command({ command: 'disconnectClient', clientid: 'nobody' });

    // 2.0 itself queues nothing for offline sessions with this setting, but has to keep what they subscribed to.
    const back = await reconnectRecording(broker, session);
    await control.mqtt.publishAsync('kept/when-back', 'x', { qos: 1 });
    expect(await back.until('kept/when-back')).toHaveLength(1);
  });

  it.each<MosquittoVersion>(['2.0', 'trixie'])(
    'is no success on Mosquitto %s because the client comes and is taken over meanwhile',
    async (version) => {
      await start(version);
      await leaveSession();
      const control = await ControlClient.connect(broker);
      const answer = control.command(disconnectAway);
      const first = await broker.connect(session);
      const takenOver = eventOf(first, 'close');
      const second = await broker.connect(session);
      await takenOver;

      expect(await answer).toEqual(failed);
      await second.subscribeAsync('still/here');
      expect(second.connected).toBe(true);
    },
  );

  it.each<MosquittoVersion>(['trixie'])(
    'is no success on Mosquitto %s because somebody fails to log in with its id meanwhile',
    async (version) => {
      await start(version);
      await leaveSession();
      const control = await ControlClient.connect(broker);
      const answer = control.command(disconnectAway);
      await expect(
        broker.connect({ ...session, username: 'stranger', password: 'wrong', clean: true }),
      ).rejects.toThrow();

      expect(await answer).toEqual(failed);
    },
  );
});

describe('a login by WebSocket that fails', () => {
  it.each<MosquittoVersion>(['2.0', 'trixie'])(
    'hides nobody of the same client id on Mosquitto %s',
    async (version) => {
      await start(version, { webSocket: true });
      const client = await broker.connect({ clientId: 'victim', username: 'u1' });
      const control = await ControlClient.connect(broker);
      const failing = connectPacket({ clientId: 'victim', username: 'u1', password: 'wrong' });
      const socket = await sendByWebSocket(broker.webSocketPort, failing);

      const get = { command: 'getClient', clientid: 'victim' };
      for (let i = 0; i < 5; i++) {
        expect((await control.command(get, INSPECT)).data).toEqual(
          expect.objectContaining({ protocol: 'MQTT', connected: true }),
        );
      }
      const closed = eventOf(client, 'close');
      await control.command({ command: 'disconnectClient', clientid: 'victim' });
      await closed;
      socket.destroy();
    },
  );
});
