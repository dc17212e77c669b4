import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { type ClientEvent, EndpointRig } from './support/endpoint-rig.js';

describe.each(ENDPOINT_BROKERS)('events of our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start);

  /** Waits for an event about a client. */
  const eventOf = (clientid: string, type: string) =>
    until(
      () =>
        rig.control
          .arrived<ClientEvent>('events')
          .find((event) => event.clientid === clientid && event.type === type),
      `${type} ${clientid}`,
    );

  it('tell of clients that come', async () => {
    await rig.control.ask('watchEvents');
    const before = Date.now();
    const device = await rig.connect({ username: 'anna' });
    const event = await eventOf(device.clientId, 'connected');
    expect(event).toEqual({
      type: 'connected',
      time: expect.any(Number),
      clientid: device.clientId,
      username: 'anna',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: rig.broker.protocolVersion === 5 ? 'v5' : 'v3.1.1',
    });
    expect(event.time).toBeGreaterThanOrEqual(before - 1);
  });

  it('tell why they go', async () => {
    await rig.control.ask('watchEvents');
    const leaves = await rig.connect();
    await leaves.mqtt.endAsync();
    const lost = await rig.connect();
    lost.mqtt.stream.destroy();
    const kicked = await rig.connect();
    await rig.control.ask('disconnectClient', { clientid: kicked.clientId });
    const banned = await rig.connect();
    await rig.control.ask('setBan', { as: 'clientid', who: banned.clientId, until: null });
    await rig.control.ask('deleteBan', { as: 'clientid', who: banned.clientId });
    const taken = await rig.connect();
    await rig.connect({ clientId: taken.clientId });
    const reasons = [];
    for (const { clientId } of [leaves, lost, kicked, banned, taken]) {
      reasons.push((await eventOf(clientId, 'disconnected')).reason);
    }
    expect(reasons).toEqual(['client', 'lost', 'kicked', 'banned', 'taken-over']);
  });

  it('tell of a keep-alive that ran out', async () => {
    await rig.control.ask('watchEvents');
    const device = await rig.connect({ keepalive: 1, reschedulePings: false, timerVariant: 'native' });
    // Silence on the wire, as when the network is gone.
    device.mqtt.stream.write = () => true;
    const { reason } = await eventOf(device.clientId, 'disconnected');
    expect(reason).toMatch(/^(keepalive|lost)$/);
  }, 60_000);

  it('tell whether the session stays', async () => {
    await rig.control.ask('watchEvents');
    const clientId = rig.unique('stays');
    await rig.leaveSession(clientId);
    expect((await eventOf(clientId, 'disconnected')).sessionStays).not.toBe(false);
    const device = await rig.connect();
    await device.mqtt.endAsync();
    expect((await eventOf(device.clientId, 'disconnected')).sessionStays).not.toBe(true);
  });

  it('go to those who asked, and only while they want them', async () => {
    const other = await rig.connectControl();
    await rig.control.ask('watchEvents');
    const first = await rig.connect();
    await eventOf(first.clientId, 'connected');
    expect(other.arrived('events')).toEqual([]);

    await rig.control.ask('unwatchEvents');
    const before = rig.control.arrived('events').length;
    await rig.connect();
    // A later answer comes after what would have been sent before it.
    await until(() => rig.control.ask('describe').then(() => true), 'an answer');
    expect(rig.control.arrived('events').length).toBe(before);
  });

  it('mark connections that may command', async () => {
    await rig.control.ask('watchEvents');
    const other = await rig.connectControl();
    expect(await eventOf(other.device.clientId, 'connected')).toMatchObject({ control: true });
  });

  it('are counted without a hole, and come in few messages', async () => {
    const { sequence } = await rig.control.ask<{ sequence: number }>('watchEvents', { seconds: 300 });
    const devices = await Promise.all(Array.from({ length: 150 }, () => rig.connect()));
    await Promise.all(devices.map((device) => device.end()));
    const mine = new Set(devices.map(({ clientId }) => clientId));
    const messages = () =>
      rig.control.device.messages
        .map(
          ({ payload }) =>
            JSON.parse(payload) as { events?: ClientEvent[]; sequence: number; missed: number },
        )
        .filter(({ events }) => events !== undefined);
    await until(
      () =>
        messages()
          .flatMap(({ events }) => events ?? [])
          .filter(({ clientid }) => mine.has(clientid)).length === 300,
      'all events',
    );
    let last = sequence;
    for (const { events, sequence: number, missed } of messages()) {
      expect(missed).toBe(0);
      last += events?.length ?? 0;
      expect(number).toBe(last);
      expect(events?.length).toBeLessThanOrEqual(200);
    }
    expect(messages().length).toBeLessThan(100);
  });

  it.each([9, 301, 1.5, '60'])('refuse a lease of %j seconds', async (seconds) => {
    expect(await rig.control.fail('watchEvents', { seconds })).toEqual({
      code: 'INVALID',
      info: { field: 'seconds' },
    });
  });

  it('may be asked for again, and ended twice', async () => {
    const first = await rig.control.ask<{ sequence: number; run: string }>('watchEvents', { seconds: 10 });
    const second = await rig.control.ask<{ sequence: number; run: string }>('watchEvents', { seconds: 10 });
    expect(second.sequence).toBeGreaterThanOrEqual(first.sequence);
    expect(second.run).toBe(first.run);
    expect(first.run).toMatch(/^[0-9a-f]{16,}$/);
    await rig.control.ask('unwatchEvents');
    await rig.control.ask('unwatchEvents');
  });
});
