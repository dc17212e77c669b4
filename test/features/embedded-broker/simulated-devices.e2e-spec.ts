import { describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
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

  it('stop while the broker is gone', async () => {
    const shortLived = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    const simulated = await SimulatedDevices.start(shortLived.url, 2);
    await shortLived.close();
    await simulated.stop();
  });
});
