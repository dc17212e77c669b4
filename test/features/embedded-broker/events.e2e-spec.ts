import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CONTROL_APIS } from '../../../src/broker-gateway/protocol/control-api.js';
import type { Device } from '../../support/device.js';
import { until } from '../../support/until.js';
import { EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

interface ClientEvent {
  readonly type: string;
  readonly clientid: string;
  readonly reason?: string;
  readonly sessionStays?: boolean;
}

interface EventsMessage {
  readonly events: ClientEvent[];
  readonly sequence: number;
  readonly missed: number;
}

function messagesOf(device: Device): EventsMessage[] {
  return device.messages
    .filter(
      ({ topic, payload }) =>
        topic === CONTROL_APIS.extension.responseTopic && payload.startsWith('{"events":'),
    )
    .map(({ payload }) => JSON.parse(payload) as EventsMessage);
}

function eventsOf(clientId: string, watcher = rig.control): ClientEvent[] {
  return messagesOf(watcher)
    .flatMap(({ events }) => events)
    .filter(({ clientid }) => clientid === clientId);
}

async function lastEventOf(clientId: string, count: number): Promise<ClientEvent | undefined> {
  await until(() => eventsOf(clientId).length >= count, `${count} events of ${clientId}`);
  expect(eventsOf(clientId)).toHaveLength(count);
  return eventsOf(clientId)[count - 1];
}

describe('events', () => {
  beforeEach(async () => {
    await rig.ask('watchEvents');
  });

  it('tell of a client that comes and says goodbye', async () => {
    const device = await rig.connect({ clientId: rig.unique('event-'), username: 'vendor' });
    const about = {
      time: expect.any(Number),
      clientid: device.clientId,
      username: 'vendor',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
    };
    expect(await lastEventOf(device.clientId, 1)).toEqual({ type: 'connected', ...about });
    await device.mqtt.endAsync();
    expect(await lastEventOf(device.clientId, 2)).toEqual({
      type: 'disconnected',
      ...about,
      reason: 'client',
      sessionStays: false,
    });
  });

  it.each<[string, boolean, (device: Device) => unknown]>([
    ['lost', true, (device) => (device.mqtt.stream as unknown as Socket).resetAndDestroy()],
    ['lost', true, (device) => (device.mqtt.stream as unknown as Socket).destroy()],
    ['kicked', true, ({ clientId }) => rig.ask('disconnectClient', { clientid: clientId })],
    ['kicked', true, ({ clientId }) => rig.ask('disconnectClient', { clientid: clientId, withWill: false })],
    [
      'kicked',
      false,
      ({ clientId }) => rig.ask('disconnectClient', { clientid: clientId, cleanSession: true }),
    ],
    ['banned', true, ({ clientId }) => rig.ask('setBan', { as: 'clientid', who: clientId, until: null })],
    ['taken-over', true, ({ clientId }) => rig.connect({ clientId, clean: false })],
    ['taken-over', false, ({ clientId }) => rig.connect({ clientId })],
    ['other', true, (device) => device.mqtt.publish('$CONTROL/x', 'y')],
  ])('tell why a client is gone: %s, session stays %j', async (reason, sessionStays, end) => {
    const device = await rig.connect({ clientId: rig.unique('gone-'), clean: false });
    await lastEventOf(device.clientId, 1);
    await end(device);
    await until(() => eventsOf(device.clientId).length >= 2, 'the end');
    expect(eventsOf(device.clientId)[1]).toMatchObject({ type: 'disconnected', reason, sessionStays });
    await device.closed;
  });

  it('tell of a client that was not heard of in time', async () => {
    const silent = new Socket().connect(rig.broker.port, '127.0.0.1');
    // CONNECT of MQTT 3.1.1: clean session, keep alive 1 s, client id "mute".
    silent.write(Buffer.from('\x10\x10\x00\x04MQTT\x04\x02\x00\x01\x00\x04mute', 'latin1'));
    expect(await lastEventOf('mute', 1)).toMatchObject({ type: 'connected' });
    expect(await lastEventOf('mute', 2)).toMatchObject({ type: 'disconnected', reason: 'keepalive' });
    silent.destroy();
  });

  it('are numbered without holes, in messages of at most 200, to each that watches and to nobody else', async () => {
    const [second, stranger] = [await rig.connectControl(), await rig.connect()];
    await stranger.mqtt.subscribeAsync(['#', CONTROL_APIS.extension.responseTopic]);
    const { sequence } = await rig.ask('watchEvents');
    const { responses } = JSON.parse(
      await new Promise<string>((resolve) => {
        second.mqtt.on('message', (_, payload) => resolve(payload.toString()));
        second.mqtt.publish(CONTROL_APIS.extension.requestTopic, '{"commands":[{"command":"watchEvents"}]}');
      }),
    ) as { responses: { data: { sequence: number } }[] };
    expect(responses[0]?.data.sequence).toBeGreaterThanOrEqual(Number(sequence));
    const ids = Array.from({ length: 150 }, () => rig.unique('crowd-'));
    await Promise.all(ids.map((clientId) => rig.connect({ clientId })));
    await rig.ask('disconnectClients', { filter: { clientid: 'crowd-*' } });
    for (const watcher of [rig.control, second]) {
      await until(() => ids.every((id) => eventsOf(id, watcher).length === 2), 'all events');
      let last: number | undefined;
      for (const { events, sequence: number, missed } of messagesOf(watcher)) {
        expect([events.length <= 200, missed]).toEqual([true, 0]);
        if (last !== undefined) expect(number).toBe(last + events.length);
        last = number;
      }
    }
    expect(await rig.receivedUntilNow(stranger)).toEqual([]);
  });

  it('mark connections that may command', async () => {
    const other = await rig.connectControl();
    expect(await lastEventOf(other.clientId, 1)).toMatchObject({ type: 'connected', control: true });
  });

  it('end with the lease', async () => {
    await rig.ask('unwatchEvents');
    const { clientId } = await rig.connect();
    await rig.ask('watchEvents');
    const marker = await rig.connect();
    await lastEventOf(marker.clientId, 1);
    expect(eventsOf(clientId)).toEqual([]);
  });
});
