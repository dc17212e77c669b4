import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { CONTROL_APIS } from '../../../src/broker-gateway/protocol/control-api.js';
import { until } from '../../support/until.js';
import { EmbeddedRig, LOGIN } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();
const { requestTopic, responseTopic } = CONTROL_APIS.clientControl;

describe('access', () => {
  it.each([
    ['anonymous', {}],
    ['with any user name', { username: 'someone', password: 'something' }],
  ])('lets a device in: %s', async (_, options) => {
    const device = await rig.connect(options);
    expect(device.mqtt.connected).toBe(true);
  });

  it.each(['wrong', '', 'secret\0'])('refuses the control user with the password %j', async (password) => {
    await expect(rig.connect({ ...LOGIN, password })).rejects.toMatchObject({ code: 4 });
  });

  it('refuses the control user without a password', async () => {
    await expect(rig.connect({ username: LOGIN.username })).rejects.toMatchObject({ code: 4 });
  });

  describe.each([0, 1, 2] as const)('at QoS %d', (qos) => {
    it('disconnects a device that publishes a command, and does not run it', async () => {
      const [victim, attacker] = [await rig.connect(), await rig.connect()];
      const command = { command: 'disconnectClient', clientid: victim.clientId };
      // Never acknowledged, so its promise may not settle.
      attacker.mqtt.publish(requestTopic, JSON.stringify({ commands: [command] }), { qos });
      await attacker.closed;
      expect(await rig.receivedUntilNow(victim)).toEqual([]);
      expect(victim.mqtt.connected).toBe(true);
      expect(await rig.receivedUntilNow(rig.control)).toEqual([]);
    });

    it('disconnects a device that publishes a response, and delivers and keeps it nowhere', async () => {
      const attacker = await rig.connect();
      attacker.mqtt.publish(responseTopic, '{"responses":[]}', { qos, retain: true });
      await attacker.closed;
      expect(await rig.receivedUntilNow(rig.control)).toEqual([]);
      const later = await rig.connectControl();
      expect(await rig.receivedUntilNow(later)).toEqual([]);
    });
  });

  it.each([requestTopic, responseTopic, '$SYS/x/new/clients', 'a/#'])(
    'publishes no last will on %s',
    async (topic) => {
      const victim = await rig.connect();
      await victim.mqtt.subscribeAsync(['$SYS/+/new/#', 'a/+']);
      const command = { command: 'disconnectClient', clientid: victim.clientId };
      const payload = JSON.stringify({ commands: [command] });
      const attacker = await rig.connect({
        will: { topic, payload: Buffer.from(payload), qos: 1, retain: true },
      });
      (attacker.mqtt.stream as unknown as Socket).destroy();
      await attacker.closed;
      expect(await rig.receivedUntilNow(victim)).not.toContain(payload);
      expect(victim.mqtt.connected).toBe(true);
      expect(await rig.receivedUntilNow(rig.control)).toEqual([]);
    },
  );

  it('shows replies to nobody but the one who asked, whatever others subscribe to', async () => {
    const other = await rig.connectControl();
    const filters = ['#', '$CONTROL/#', '$CONTROL/+/+/+/+', '+/cedalo/#', responseTopic, requestTopic];
    const spy = await rig.connect();
    const spies = [spy, await rig.connect({ clean: false })];
    for (const { mqtt } of spies) {
      for (const filter of filters) await mqtt.subscribeAsync(filter, { qos: 1 });
    }
    await rig.subscribe(spy, '$CONTROL/#', { qos: 1 });
    expect(rig.control.messages.map(({ topic }) => topic)).toEqual([responseTopic]);
    expect(rig.control.messages[0]).toMatchObject({ qos: 0, retain: false });
    for (const device of spies) {
      await rig.receivedUntilNow(device);
      expect(device.messages.filter(({ topic }) => topic.startsWith('$'))).toEqual([]);
    }
    expect(await rig.receivedUntilNow(other)).toEqual([]);
  });

  it('keeps no control message for a persistent session that subscribed to everything', async () => {
    const session = { clientId: 'persistent', clean: false };
    const before = await rig.connect(session);
    await before.mqtt.subscribeAsync(['#', '$CONTROL/#'], { qos: 1 });
    await before.end();
    await rig.run('clientControl', { command: 'disconnectClient', clientid: 'nobody' });
    const after = await rig.connect(session);
    expect(await rig.receivedUntilNow(after)).toEqual([]);
    await after.mqtt.unsubscribeAsync(['#', '$CONTROL/#']);
  });

  it('refuses a device that uses the client id of the control connection, which stays connected', async () => {
    const { clientId } = rig.control;
    for (const options of [{}, { username: 'someone' }, { clean: false }]) {
      await expect(rig.connect({ ...options, clientId })).rejects.toMatchObject({ code: 2 });
    }
    await expect(rig.connect({ ...LOGIN, password: 'no', clientId })).rejects.toMatchObject({
      code: 4,
    });
    expect(await rig.run('clientInspect', { command: 'getClient', clientid: clientId })).toHaveProperty(
      'data',
    );
  });

  it('lets the control connection have the client id that a device uses', async () => {
    const device = await rig.connect();
    const { clientId } = device;
    rig.control = await rig.connectControl({ clientId });
    await device.closed;
    expect(await rig.run('clientInspect', { command: 'getClient', clientid: clientId })).toMatchObject({
      data: { username: LOGIN.username },
    });
  });

  it('lets devices have the client id when the control connection is gone', async () => {
    const { clientId } = rig.control;
    await rig.control.end();
    await until(() => rig.connect({ clientId }).catch(() => undefined), 'the client id is free again');
  });

  it('keeps the control connection up against devices that connect with its client id all the time', async () => {
    const session = { clientId: 'wanted', clean: false };
    const first = await rig.connect(session);
    await first.mqtt.subscribeAsync(['a', 'b', 'c']);
    const racing = Array.from({ length: 20 }, () => rig.connect(session).catch(() => undefined));
    rig.control = await rig.connectControl({ clientId: 'wanted' });
    await Promise.all([...racing, ...racing.map(() => rig.connect(session).catch(() => undefined))]);
    expect(rig.control.mqtt.connected).toBe(true);
    expect(await rig.run('clientInspect', { command: 'getClient', clientid: 'wanted' })).toMatchObject({
      data: { username: LOGIN.username },
    });
  });
});
