import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

describe('subscribeClient of the extension endpoint', () => {
  it('tells whether the subscription was there, and whether retained messages were sent', async () => {
    const [device, sender] = [await rig.connect(), await rig.connect()];
    const topic = rig.unique();
    const subscribe = (options: Record<string, unknown>): Promise<unknown> =>
      rig.ask('subscribeClient', { clientid: device.clientId, topic, options });
    expect(await subscribe({})).toEqual({ connected: true, existed: false, retained: 'none' });
    await sender.publish(topic, 'stored', { retain: true });
    expect(await subscribe({})).toEqual({ connected: true, existed: true, retained: 'sent' });
    expect(await subscribe({ send_retain: 'new' })).toEqual({
      connected: true,
      existed: true,
      retained: 'none',
    });
    expect(await subscribe({ send_retain: 'never' })).toEqual({
      connected: true,
      existed: true,
      retained: 'none',
    });
    const wide = { clientid: device.clientId, topic: `${topic}/#`, options: { send_retain: 'new' } };
    expect(await rig.ask('subscribeClient', wide)).toEqual({
      connected: true,
      existed: false,
      retained: 'sent',
    });
  });

  it('subscribes the session of a client that is offline, and unsubscribes it', async () => {
    const session = { clientId: rig.unique('offline-'), clean: false };
    const clientid = session.clientId;
    const sender = await rig.connect();
    await (await rig.connect(session)).end();
    await until(async () => (await rig.ask('getClient', { clientid })).connected === false, 'offline');
    const [kept, removed] = [rig.unique(), rig.unique()];
    for (const topic of [kept, removed]) {
      const subscribed = await rig.ask('subscribeClient', { clientid, topic, qos: 1 });
      expect(subscribed).toEqual({ connected: false, existed: false, retained: 'none' });
    }
    expect(await rig.ask('subscribeClient', { clientid, topic: kept, qos: 1 })).toMatchObject({
      existed: true,
    });
    expect(await rig.ask('unsubscribeClient', { clientid, topic: removed })).toEqual({ absent: false });
    expect(await rig.ask('unsubscribeClient', { clientid, topic: removed })).toEqual({ absent: true });
    await sender.publish(removed, 'removed');
    await sender.publish(kept, 'kept');
    const device = await rig.connect(session);
    await device.message('kept');
    expect(await rig.receivedUntilNow(device)).toEqual(['kept']);
    await rig.ask('disconnectClient', { clientid, cleanSession: true });
  });

  it('says what it cannot do', async () => {
    const { clientId: clientid } = await rig.connect();
    expect(await rig.fail('subscribeClient', { clientid, topic: '$share/g/t' })).toEqual({
      error: 'Shared subscriptions are not supported',
      code: 'NOT_SUPPORTED',
      info: { feature: 'sharedSubscriptions' },
    });
    expect(await rig.fail('subscribeClient', { clientid, topic: 'a/'.repeat(200) })).toEqual({
      error: 'topic has too many levels',
      code: 'INVALID',
      info: { field: 'topic' },
    });
  });

  it('lets a client make 1000 subscriptions itself, and gives it more on its behalf', async () => {
    const device = await rig.connect();
    const own = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`own/${index}`, { qos: 0 as const }]),
    );
    await device.mqtt.subscribeAsync(own);
    await expect(device.mqtt.subscribeAsync('own/1000')).rejects.toThrow('Unspecified error');
    const target = { clientid: device.clientId, topic: 'added' };
    await rig.ask('subscribeClient', target);
    await rig.ask('unsubscribeClient', target);
    await rig.ask('unsubscribeClient', { ...target, topic: 'own/7' });
    await device.mqtt.subscribeAsync('own/1000');
  });

  it('gives a session at most 10,000 subscriptions', async () => {
    const session = { clientId: rig.unique('full-'), clean: false };
    await (await rig.connect(session)).end();
    await until(async () => {
      const { connected } = await rig.ask('getClient', { clientid: session.clientId });
      return connected === false;
    }, 'offline');
    const commands = Array.from({ length: 10_001 }, (_, index) => ({
      command: 'subscribeClient',
      clientid: session.clientId,
      topic: `t/${index}`,
    }));
    const replies = await rig.exchange('extension', JSON.stringify({ commands }));
    expect(replies.filter(({ error }) => error !== undefined)).toMatchObject([
      { code: 'TOO_MANY', info: { limit: 10_000 } },
    ]);
    await rig.ask('disconnectClient', { clientid: session.clientId, cleanSession: true });
  });
});

describe('unsubscribeClient of the extension endpoint', () => {
  it('tells whether there was something to unsubscribe', async () => {
    const device = await rig.connect();
    const topic = rig.unique();
    await device.mqtt.subscribeAsync(topic);
    const target = { clientid: device.clientId, topic };
    expect(await rig.ask('unsubscribeClient', target)).toEqual({ absent: false });
    expect(await rig.ask('unsubscribeClient', target)).toEqual({ absent: true });
    await (await rig.connect()).publish(topic, 'after');
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });
});
