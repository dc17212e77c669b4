import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
import { Device } from '../../support/device.js';
import { freePort } from '../../support/free-port.js';
import { CONTROL, EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

describe('the embedded broker', () => {
  it('takes a free port when the wanted one is taken, on loopback only', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const started = await EmbeddedBroker.start({ port, fallbackToFreePort: true, ...CONTROL });
    expect(started.port).not.toBe(port);
    expect(started.url).toBe(`mqtt://127.0.0.1:${started.port}`);
    await started.close();
    await expect(EmbeddedBroker.start({ port, fallbackToFreePort: false, ...CONTROL })).rejects.toThrow(
      'EADDRINUSE',
    );
    taken.close();
  });

  it('takes the wanted port when it is free', async () => {
    const port = await freePort();
    const started = await EmbeddedBroker.start({ port, fallbackToFreePort: true, ...CONTROL });
    expect(started.port).toBe(port);
    await started.close();
  });

  it('disconnects everybody when it closes, connections that never said a word included', async () => {
    const started = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    const device = await Device.connect(started.url, { protocolVersion: 4 });
    const silent = new Socket().connect(started.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.resume();
    await Promise.all([started.close(), started.close(), device.closed, once(silent, 'close')]);
    await expect(Device.connect(started.url, { protocolVersion: 4 })).rejects.toThrow('ECONNREFUSED');
  });

  it('loses no message that follows a retained one at once', async () => {
    const topic = rig.unique();
    const [receiver, sender] = [await rig.connect(), await rig.connect()];
    await receiver.mqtt.subscribeAsync(`${topic}/#`);
    // One network write, so that the broker has all of them at once.
    (sender.mqtt.stream as unknown as Socket).cork();
    const published = ['1', '2', '3'].map((payload) =>
      sender.publish(`${topic}/${payload}`, payload, { qos: 0, retain: payload !== '2' }),
    );
    (sender.mqtt.stream as unknown as Socket).uncork();
    await Promise.all(published);
    await Promise.all(['1', '2', '3'].map((payload) => receiver.message(payload)));
  });

  it('gives a subscription with wildcards no higher QoS than it asked for', async () => {
    const topic = rig.unique();
    const device = await rig.connect();
    await device.publish(`${topic}/stored`, 'stored', { qos: 1, retain: true });
    await device.mqtt.subscribeAsync(`${topic}/#`, { qos: 0 });
    expect(await device.message('stored')).toMatchObject({ qos: 0, retain: true });
    await device.mqtt.subscribeAsync(`${topic}/#`, { qos: 1 });
    await device.publish(`${topic}/live`, 'live', { qos: 2 });
    expect(await device.message('live')).toMatchObject({ qos: 1, retain: false });
  });
});
