import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

/** An MQTT string: two bytes of length, and the text. */
function mqttString(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** The first bytes of a packet: its type and the length of what follows (MQTT 3.1.1 section 2.2.3). */
function header(type: number, length: number): Buffer {
  const bytes = [type];
  for (let rest = length; ; rest >>>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}

function packet(type: number, body: Buffer): Buffer {
  return Buffer.concat([header(type, body.length), body]);
}

/** A device that says what it likes, byte for byte. */
async function rawDevice(clientId: string): Promise<Socket> {
  const socket = new Socket().connect(rig.broker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const flags = Buffer.from([0x04, 0x02, 0x00, 0x00]);
  socket.write(packet(0x10, Buffer.concat([mqttString('MQTT'), flags, mqttString(clientId)])));
  await once(socket, 'data');
  socket.resume();
  return socket;
}

async function isThere(clientid: string): Promise<boolean> {
  return (await rig.run('extension', { command: 'getClient', clientid })).error === undefined;
}

async function expectDisconnected(clientId: string): Promise<void> {
  await until(async () => !(await isThere(clientId)), `${clientId} is disconnected`);
}

describe('a hostile device', () => {
  it('is disconnected for announcing a packet longer than any that is taken', async () => {
    const socket = await rawDevice('huge');
    socket.write(Buffer.concat([header(0x30, 200_000_000), Buffer.alloc(100_000)]));
    await expectDisconnected('huge');
  });

  it.each([
    ['SUBSCRIBE', 0x82, [0]],
    ['UNSUBSCRIBE', 0xa2, []],
  ])('is disconnected for a %s of more topic filters than a client may have', async (name, type, qos) => {
    const socket = await rawDevice(name);
    const filters = Array.from({ length: 1001 }, (_, index) => [
      mqttString(String(index)),
      Buffer.from(qos),
    ]).flat();
    socket.write(packet(type, Buffer.concat([Buffer.from([0, 1]), ...filters])));
    await expectDisconnected(name);
  });

  it('keeps a broker from storing no more than its share of retained messages, which says so', async () => {
    const device = await rig.connect();
    const payload = 'x'.repeat(100_000);
    for (let index = 0; index < 400; index += 1) {
      await device.publish(`flood/${index}`, payload, { qos: index % 50 === 49 ? 1 : 0, retain: true });
    }
    const observer = await rig.connect();
    await observer.mqtt.subscribeAsync('flood/#');
    await until(() => observer.messages.length >= 300, 'the retained messages');
    expect(await rig.receivedUntilNow(observer)).not.toHaveLength(400);
    expect((await rig.ask('describe')).warnings).toContainEqual(
      expect.stringContaining('did not keep some retained messages'),
    );
  });

  it('fills no more than the queue of its own session', async () => {
    const session = { clientId: 'hoarder', clean: false };
    const hoarder = await rig.connect(session);
    await hoarder.mqtt.subscribeAsync('queue/#', { qos: 1 });
    await hoarder.end();
    const sender = await rig.connect();
    await Promise.all(
      Array.from({ length: 1500 }, (_, index) => sender.publish(`queue/${index}`, `${index}`)),
    );
    const again = await rig.connect(session);
    await again.message('999');
    expect((await rig.receivedUntilNow(again)).length).toBe(1000);
    expect((await rig.ask('describe')).warnings).toContainEqual(
      expect.stringContaining('did not keep some messages for persistent sessions'),
    );
    await rig.ask('disconnectClient', { clientid: 'hoarder', cleanSession: true });
  });

  it('is disconnected for QoS 2 messages that it never releases', async () => {
    const socket = await rawDevice('unreleased');
    for (let id = 1; id <= 101; id += 1) {
      const body = [mqttString('t'), Buffer.from([id >> 8, id & 255]), Buffer.from('x')];
      socket.write(packet(0x34, Buffer.concat(body)));
    }
    await expectDisconnected('unreleased');
  });

  it('holds nobody up with filters of many levels that all match', async () => {
    const device = await rig.connect({ clean: false });
    const filters = Array.from({ length: 390 }, (_, index) =>
      Array.from({ length: 12 }, (__, level) => ((index >> level) & 1 ? '+' : 'a')).join('/'),
    );
    await device.mqtt.subscribeAsync(
      Object.fromEntries(filters.map((filter) => [filter, { qos: 1 as const }])),
    );
    const topic = Array.from({ length: 12 }, () => 'a').join('/');
    const started = performance.now();
    for (let round = 0; round < 20; round += 1) await device.publish(topic, String(round));
    await rig.ask('describe');
    // Some 5 ms a message where the machine has nothing else to do.
    expect(performance.now() - started).toBeLessThan(5000);
    await rig.ask('disconnectClient', { clientid: device.clientId, cleanSession: true });
  });

  it.each(['__proto__', 'constructor', 'a\u202eb', '*', '?', '\\', 'x'.repeat(65_535), '😀'.repeat(16_000)])(
    'may be called %.20j, and is found, banned and disconnected by that name',
    async (clientId) => {
      const device = await rig.connect({ clientId, clean: false });
      const who = clientId.replaceAll(/[\\*?]/g, '\\$&');
      expect(await rig.ask('listClients', { filter: { clientid: who } })).toMatchObject({
        clients: [{ clientid: clientId }],
      });
      expect(await rig.ask('setBan', { as: 'clientid', who, until: null })).toMatchObject({
        disconnected: [clientId],
      });
      await device.closed;
      await expect(rig.connect({ clientId })).rejects.toMatchObject({ code: 5 });
      await rig.ask('deleteBan', { as: 'clientid', who });
      await rig.ask('disconnectClient', { clientid: clientId, cleanSession: true });
      expect(await isThere(clientId)).toBe(false);
    },
  );

  it('cannot make answers of any length with the longest ids: pages end early, and nobody is left out', async () => {
    const name = 'y'.repeat(65_000);
    const ids = Array.from({ length: 60 }, (_, index) => `${index}-${name}`);
    await Promise.all(ids.map((clientId) => rig.connect({ clientId })));
    const filter = { clientid: '*-yyy*' };
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const page = await rig.ask('listClients', {
        filter,
        limit: 1000,
        ...(typeof cursor === 'string' && { cursor }),
      });
      const clients = page.clients as { clientid: string }[];
      expect(clients.length).toBeLessThan(20);
      seen.push(...clients.map(({ clientid }) => clientid));
      ({ cursor } = page);
    } while (cursor !== null);
    expect(new Set(seen)).toEqual(new Set(ids));
    const { data } = await rig.run('clientInspect', { command: 'listClients', count: 1000 });
    expect((data?.clients as unknown[]).length).toBeLessThan(30);
    const banned = await rig.ask('setBan', { as: 'clientid', who: '*-yyyy*', until: null });
    expect(banned.disconnectedCount).toBe(60);
    expect((banned.disconnected as unknown[]).length).toBeLessThan(20);
    await rig.ask('deleteBan', { as: 'clientid', who: '*-yyyy*' });
  });
});
