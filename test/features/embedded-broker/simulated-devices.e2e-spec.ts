import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
import { sensors } from '../../../src/embedded-broker/devices/device-profiles.js';
import { SimulatedDevices } from '../../../src/embedded-broker/devices/simulated-devices.js';
import { until } from '../../support/until.js';
import { CONTROL, EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

describe('the simulated devices', () => {
  it('publish readings, listen for commands, and come back when they are disconnected', async () => {
    const observer = await rig.connect();
    const simulated = await SimulatedDevices.start(rig.broker.url);
    try {
      await observer.mqtt.subscribeAsync('devices/+/temperature');
      const topics = [1, 2, 3].map((number) => `devices/sensor-${number}/temperature`);
      await until(
        () => topics.every((wanted) => observer.messages.some(({ topic }) => topic === wanted)),
        'a reading of every device',
      );
      expect(JSON.parse(observer.messages[0]?.payload ?? '')).toEqual({
        celsius: expect.any(Number),
        at: expect.any(String),
      });
      const sensor = async (): Promise<Readonly<Record<string, unknown>> | undefined> =>
        (await rig.run('clientInspect', { command: 'getClient', clientid: 'sensor-1' })).data;
      const isListening = async (): Promise<boolean> =>
        JSON.stringify((await sensor())?.subscriptions) === '["devices/sensor-1/commands"]';
      await until(isListening, 'sensor-1 listens');
      const connectedAt = (await sensor())?.lastConnect;
      await rig.succeed({ command: 'disconnectClient', clientid: 'sensor-1' });
      expect(await sensor()).toBeUndefined();
      await until(isListening, 'sensor-1 is back');
      expect((await sensor())?.lastConnect).toBeGreaterThan(Number(connectedAt));
    } finally {
      await simulated.stop();
    }
    await until(async () => {
      const { data } = await rig.run('clientInspect', { command: 'listClients' });
      return !JSON.stringify(data).includes('sensor-');
    }, 'all devices are gone');
  });

  it('are 50, of three user names beside the sensors, some with wills, some with sessions that stay, a few offline', async () => {
    const simulated = await SimulatedDevices.start(rig.broker.url);
    try {
      const count = async (filter: Record<string, unknown>): Promise<number> =>
        ((await rig.ask('listClients', { filter, limit: 1000 })).clients as unknown[]).length;
      await until(async () => (await count({ clientid: '*-*', connected: false })) === 4, 'four are offline');
      expect(await count({ clientid: 'sensor-?', username: '<anonymous>', connected: true })).toBe(3);
      expect(await count({ username: 'vendor-x' })).toBe(20);
      expect(await count({ clientid: 'gw-*', username: 'vendor-x', connected: true })).toBe(18);
      expect(await count({ username: 'vendor-y', connected: true })).toBe(14);
      expect(await count({ username: 'plant', connected: true })).toBe(11);
      expect(await rig.ask('getClient', { clientid: 'pump-01' })).toMatchObject({
        cleanSession: false,
        will: { topic: 'devices/pump-01/state', qos: 1, retain: true },
      });
      expect(await rig.ask('getClient', { clientid: 'gw-20' })).toMatchObject({
        connected: false,
        subscriptions: [{ topic: 'devices/gw-20/commands', qos: 1, by: 'client' }],
      });
    } finally {
      await simulated.stop();
    }
  });

  it('come back when a ban is lifted', async () => {
    const simulated = await SimulatedDevices.start(rig.broker.url, sensors(1));
    const ban = { as: 'clientid', who: 'sensor-1' };
    const isThere = async (): Promise<boolean> =>
      (await rig.run('extension', { command: 'getClient', clientid: 'sensor-1' })).error === undefined;
    try {
      await rig.ask('setBan', { ...ban, until: null });
      await delay(1500);
      expect(await isThere()).toBe(false);
      await rig.ask('deleteBan', ban);
      await until(isThere, 'sensor-1 is back');
    } finally {
      await simulated.stop();
    }
  });

  it('stop while the broker is gone', async () => {
    const shortLived = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    const simulated = await SimulatedDevices.start(shortLived.url, sensors(2));
    await shortLived.close();
    await simulated.stop();
  });
});
