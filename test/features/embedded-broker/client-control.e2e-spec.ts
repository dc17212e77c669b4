import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { CONTROL_API_NAMES } from '../../../src/broker-gateway/protocol/control-api.js';
import { until } from '../../support/until.js';
import { EmbeddedRig, type Qos } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

describe('client control', () => {
  it('disconnects a client', async () => {
    const device = await rig.connect();
    await rig.succeed({ command: 'disconnectClient', clientid: device.clientId });
    await device.closed;
    expect(
      await rig.run('clientControl', { command: 'disconnectClient', clientid: device.clientId }),
    ).toMatchObject({
      error: 'Client not found',
    });
    expect(await rig.run('clientInspect', { command: 'getClient', clientid: device.clientId })).toMatchObject(
      {
        error: 'Client not found',
      },
    );
  });

  it.each([
    [0, 2, 0],
    [1, 2, 1],
    [2, 1, 1],
    [2, 2, 2],
  ] as const)(
    'subscribes at QoS %d: a message of QoS %d arrives with QoS %d',
    async (qos, sent, received) => {
      const [device, sender] = [await rig.connect(), await rig.connect()];
      for (const suffix of ['', '/#']) {
        const topic = rig.unique();
        await rig.subscribe(device, `${topic}${suffix}`, { qos });
        await sender.publish(topic, topic, { qos: sent });
        expect(await device.message(topic)).toEqual({ topic, payload: topic, qos: received, retain: false });
      }
    },
  );

  it('sends no more messages after it unsubscribed the client', async () => {
    const [device, sender] = [await rig.connect(), await rig.connect()];
    const topic = rig.unique();
    await rig.subscribe(device, topic, { qos: 1 });
    await sender.publish(topic, 'before');
    await device.message('before');
    await rig.unsubscribe(device, topic);
    await sender.publish(topic, 'after');
    expect(await rig.receivedUntilNow(device)).toEqual(['before']);
    await rig.unsubscribe(device, topic);
  });

  it('removes a subscription that the client made itself', async () => {
    const [device, sender] = [await rig.connect(), await rig.connect()];
    const topic = rig.unique();
    await device.mqtt.subscribeAsync(topic, { qos: 1 });
    await rig.unsubscribe(device, topic);
    await sender.publish(topic, 'after');
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });

  it('subscribes and unsubscribes a persistent session for good', async () => {
    const session = { clientId: 'kept', clean: false };
    const [first, sender] = [await rig.connect(session), await rig.connect()];
    const [kept, removed] = [rig.unique(), rig.unique()];
    await rig.subscribe(first, kept, { qos: 1 });
    await rig.subscribe(first, removed, { qos: 1 });
    await rig.unsubscribe(first, removed);
    await first.end();
    await until(
      async () =>
        (await rig.run('clientInspect', { command: 'getClient', clientid: 'kept' })).data?.connected ===
        false,
      'disconnected',
    );
    await sender.publish(removed, 'removed');
    await sender.publish(kept, 'kept');
    const second = await rig.connect(session);
    await second.message('kept');
    await sender.publish(removed, 'removed too');
    expect(await rig.receivedUntilNow(second)).toEqual(['kept']);
  });

  describe('with send_retain', () => {
    /** What the device has got after each of two subscribe commands. */
    async function retainedAfterEach(
      options: Record<string, unknown> | undefined,
      topic: string,
    ): Promise<string[][]> {
      const [device, sender] = [await rig.connect(), await rig.connect()];
      await sender.publish(`${topic}/a`, 'stored', { qos: 1, retain: true });
      const fields = { qos: 1 as Qos, ...(options && { options }) };
      await rig.subscribe(device, `${topic}/+`, fields);
      const first = await rig.receivedUntilNow(device);
      await rig.subscribe(device, `${topic}/+`, fields);
      const second = await rig.receivedUntilNow(device);
      for (const message of device.messages.filter(({ payload }) => payload === 'stored')) {
        expect(message).toMatchObject({ topic: `${topic}/a`, qos: 1, retain: true });
      }
      // The subscription itself is there, whatever the retained messages do.
      await sender.publish(`${topic}/b`, 'live');
      expect(await device.message('live')).toMatchObject({ qos: 1, retain: false });
      return [first, second];
    }

    it.each([
      ['not set', undefined, [['stored'], ['stored', 'stored']]],
      ['not set among other options', { no_local: false }, [['stored'], ['stored', 'stored']]],
      ['always', { send_retain: 'always' }, [['stored'], ['stored', 'stored']]],
      ['new', { send_retain: 'new' }, [['stored'], ['stored']]],
      ['never', { send_retain: 'never' }, [[], []]],
    ])('%s', async (_, options, received) => {
      expect(await retainedAfterEach(options, rig.unique())).toEqual(received);
    });

    it('new, a subscription that the client made itself is not new', async () => {
      const topic = rig.unique();
      const [device, sender] = [await rig.connect(), await rig.connect()];
      await device.mqtt.subscribeAsync(topic, { qos: 1 });
      await sender.publish(topic, 'stored', { retain: true });
      await device.message('stored');
      await rig.subscribe(device, topic, { qos: 1, options: { send_retain: 'new' } });
      expect(await rig.receivedUntilNow(device)).toEqual(['stored']);
    });

    it('never, a later SUBSCRIBE of the client itself gets its retained messages', async () => {
      const topic = rig.unique();
      const [device, sender] = [await rig.connect(), await rig.connect()];
      await sender.publish(topic, 'stored', { retain: true });
      await rig.subscribe(device, topic, { options: { send_retain: 'never' } });
      await device.mqtt.subscribeAsync(topic);
      await device.message('stored');
    });
  });

  it.each([true, false])('keeps the retain flag of live messages: retain_as_published %j', async (kept) => {
    const topic = rig.unique();
    const [device, sender] = [await rig.connect(), await rig.connect()];
    await rig.subscribe(device, topic, { qos: 1, options: { retain_as_published: kept } });
    await sender.publish(topic, 'retained', { retain: true });
    await sender.publish(topic, 'not retained');
    expect(await device.message('retained')).toMatchObject({ retain: kept });
    expect(await device.message('not retained')).toMatchObject({ retain: false });
  });

  it.each([true, false])('sends a client its own messages or not: no_local %j', async (noLocal) => {
    const topic = rig.unique();
    const [device, sender] = [await rig.connect(), await rig.connect()];
    await rig.subscribe(device, topic, { qos: 1, options: { no_local: noLocal } });
    await device.publish(topic, 'own');
    await sender.publish(topic, 'foreign');
    await device.message('foreign');
    expect(await rig.receivedUntilNow(device)).toEqual(noLocal ? ['foreign'] : ['own', 'foreign']);
  });

  it('replaces QoS and options when it subscribes again', async () => {
    const topic = rig.unique();
    const device = await rig.connect();
    const options = { no_local: true, retain_as_published: true, send_retain: 'never' };
    await rig.subscribe(device, topic, { qos: 0, options });
    await device.publish(topic, 'first', { retain: true });
    await rig.subscribe(device, topic, { qos: 2, options: { send_retain: 'never' } });
    await device.publish(topic, 'second', { qos: 2, retain: true });
    expect(await device.message('second')).toMatchObject({ qos: 2, retain: false });
    await rig.subscribe(device, topic, { qos: 1, options });
    await device.publish(topic, 'third', { qos: 1 });
    // Each message once: the older subscriptions are gone.
    expect(await rig.receivedUntilNow(device)).toEqual(['second']);
  });

  it.each([
    [{ command: 'disconnectClient' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: ['a'] }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '\ud800' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '__proto__' }, 'Client not found'],
    [{ command: 'disconnectClient', clientid: 'nobody' }, 'Client not found'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 't' }, 'Client not found'],
    [{ command: 'subscribeClient', clientid: 'nobody' }, 'Invalid/missing topic'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 'a#' }, 'Invalid/missing topic'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 't', qos: 3 }, 'Invalid/missing qos'],
    [{ command: 'unsubscribeClient', topic: 't' }, 'Invalid/missing clientid'],
    [{ command: 'unsubscribeClient', clientid: 'nobody' }, 'Invalid/missing topic'],
    [{ command: 'unsubscribeClient', clientid: 'nobody', topic: 't' }, 'Client not found'],
    [{ command: 'listClients' }, 'Unknown command'],
    [{ command: 'constructor' }, 'Unknown command'],
  ])('answers %j with "%s"', async (command, error) => {
    expect(await rig.run('clientControl', command)).toMatchObject({ command: command.command, error });
  });

  it('says what it cannot do: shared subscriptions, topics of more levels than aedes takes', async () => {
    const { clientId: clientid } = await rig.connect();
    const command = 'subscribeClient';
    const shared = await rig.run('clientControl', { command, clientid, topic: '$share/group/t' });
    expect(shared.error).toBe('Shared subscriptions are not supported');
    const deep = await rig.run('clientControl', { command, clientid, topic: 'a/'.repeat(200) });
    expect(deep.error).toBe('topic has too many levels');
    const huge = await rig.run('clientControl', { command, clientid, topic: 'x'.repeat(65_535) });
    expect(huge.data).toEqual({});
  });

  it('runs the rest of a batch after a malformed command', async () => {
    const device = await rig.connect();
    const topic = rig.unique();
    const commands = [
      { command: 'subscribeClient', clientid: device.clientId, correlationData: '1' },
      'rubbish',
      { command: 'subscribeClient', clientid: device.clientId, topic, qos: 1, correlationData: '3' },
      { command: 'getClient', clientid: device.clientId, correlationData: '4' },
    ];
    expect(await rig.exchange('clientControl', JSON.stringify({ commands }))).toEqual([
      { command: 'subscribeClient', error: 'Invalid/missing topic', correlationData: '1' },
      { command: 'Unknown command', error: 'Command not an object' },
      { command: 'subscribeClient', data: {}, correlationData: '3' },
      { command: 'getClient', error: 'Unknown command', correlationData: '4' },
    ]);
    await device.publish(topic, 'live');
    await device.message('live');
  });

  it('survives requests that are none', async () => {
    const device = await rig.connect();
    const hostile = [
      '',
      'no json',
      Buffer.from([0xff, 0x00, 0xc3, 0x28]),
      '['.repeat(100_000),
      `{"commands":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      '{"__proto__":{"commands":[]}}',
      '{"commands":[{"command":"getClient","clientid":{"__proto__":null},"correlationData":"\\ud800"}]}',
      JSON.stringify({ commands: Array.from({ length: 20_000 }, () => ({ command: 'disconnectClient' })) }),
    ];
    for (const payload of hostile) {
      for (const api of CONTROL_API_NAMES) {
        const replies = await rig.exchange(api, payload);
        expect(replies.length).toBeGreaterThan(0);
        expect(replies.every(({ error }) => error !== undefined && error !== 'Internal error')).toBe(true);
      }
    }
    await rig.subscribe(device, rig.unique());
  });

  it('answers when clients come and go while their commands run', async () => {
    for (let round = 0; round < 20; round += 1) {
      const device = await rig.connect({ clean: round % 2 === 0, clientId: `fleeting-${round}` });
      const target = { clientid: device.clientId, topic: 't' };
      const commands = [
        { command: 'subscribeClient', ...target },
        { command: 'unsubscribeClient', ...target },
        { command: 'disconnectClient', ...target },
        { command: 'subscribeClient', ...target },
        { command: 'unsubscribeClient', ...target },
      ];
      const answer = rig.exchange('clientControl', JSON.stringify({ commands }));
      if (round % 4 < 2) (device.mqtt.stream as unknown as Socket).destroy();
      expect(await answer).toHaveLength(commands.length);
      await device.closed;
    }
  });

  it('is not held up by a client that does not read', async () => {
    const topic = rig.unique();
    const [stuck, sender] = [await rig.connect(), await rig.connect()];
    await stuck.mqtt.subscribeAsync(topic);
    (stuck.mqtt.stream as unknown as Socket).pause();
    const flood = Array.from({ length: 200 }, () => sender.publish(topic, 'x'.repeat(100_000), { qos: 0 }));
    await Promise.all(flood);
    expect(await rig.run('clientInspect', { command: 'getClient', clientid: stuck.clientId })).toHaveProperty(
      'data',
    );
    await rig.succeed({ command: 'disconnectClient', clientid: stuck.clientId });
  });
});
