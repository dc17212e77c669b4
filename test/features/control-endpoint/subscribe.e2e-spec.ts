import { describe, expect, it } from '@jest/globals';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig } from './support/endpoint-rig.js';

describe.each(ENDPOINT_BROKERS)('subscribing with our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start);
  const publish = (topic: string, payload = 'x') => rig.control.device.publish(topic, payload);

  it('makes a client receive, and stops it again', async () => {
    const device = await rig.connect();
    const topic = rig.unique('data');
    const about = { clientid: device.clientId, topic };
    expect(await rig.control.ask('subscribeClient', { ...about, qos: 1 })).toMatchObject({
      connected: true,
      existed: false,
    });
    await publish(topic, 'first');
    expect(await device.message('first')).toMatchObject({ qos: 1, retain: false });

    expect(await rig.control.ask('unsubscribeClient', about)).toEqual({ absent: false });
    await publish(topic, 'second');
    expect(await rig.receivedUntilNow(device)).toEqual(['first']);
    expect(await rig.control.ask('unsubscribeClient', about)).toEqual({ absent: true });
  });

  it('says when there was one already, and changes it', async () => {
    const device = await rig.connect();
    const topic = rig.unique('data');
    await device.mqtt.subscribeAsync(topic, { qos: 0 });
    const about = { clientid: device.clientId, topic };
    expect(await rig.control.ask('subscribeClient', { ...about, qos: 1 })).toMatchObject({ existed: true });
    await publish(topic, 'x');
    expect(await device.message('x')).toMatchObject({ qos: 1 });
    expect(await rig.receivedUntilNow(device)).toEqual(['x']);
  });

  it('takes all options and shows them', async () => {
    const device = await rig.connect();
    const topic = rig.unique('data');
    await rig.control.ask('subscribeClient', {
      clientid: device.clientId,
      topic,
      qos: 2,
      options: { no_local: true, retain_as_published: true, send_retain: 'never' },
    });
    expect(await rig.subscriptions(device.clientId)).toEqual([
      {
        topic,
        qos: 2,
        options: { no_local: true, retain_as_published: true, retain_handling: 2 },
        by: 'control',
      },
    ]);
    await device.publish(topic, 'own');
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });

  it('is honest about retained messages', async () => {
    const device = await rig.connect();
    const topic = rig.unique('retained');
    await rig.control.device.publish(topic, 'kept', { retain: true });
    const about = { clientid: device.clientId, topic };
    expect(await rig.control.ask('subscribeClient', about)).toMatchObject({ retained: rig.broker.retained });
    const expected = rig.broker.retained === 'sent' ? ['kept'] : [];
    expect(await rig.receivedUntilNow(device)).toEqual(expected);
    await rig.control.device.publish(topic, '', { retain: true });
  });

  it('works on a session that nobody is connected to', async () => {
    const clientid = rig.unique('away');
    await rig.leaveSession(clientid);
    const topic = rig.unique('news');
    expect(await rig.control.ask('subscribeClient', { clientid, topic, qos: 1 })).toMatchObject({
      connected: false,
      existed: false,
    });
    expect(await rig.subscriptions(clientid)).toEqual([expect.objectContaining({ topic, by: 'control' })]);
    await publish(topic, 'while away');
    // What comes with the CONNACK is there before anybody could listen: a message that comes later shows the subscription.
    const back = await rig.connect(rig.persistent(clientid));
    await publish(topic, 'news');
    await back.message('news');
    expect(await rig.control.ask('unsubscribeClient', { clientid, topic })).toEqual({ absent: false });
  });

  it('subscribes to a shared subscription, or says that it cannot', async () => {
    const topic = '$share/group/work';
    const device = await rig.connect();
    const fields = { clientid: device.clientId, topic, qos: 1 };
    if (!rig.broker.sharedSubscriptions) {
      expect(await rig.control.fail('subscribeClient', fields)).toEqual({
        code: 'NOT_SUPPORTED',
        info: { feature: 'sharedSubscriptions' },
      });
      return;
    }
    await rig.control.ask('subscribeClient', fields);
    const other = await rig.connect();
    await rig.control.ask('subscribeClient', { ...fields, clientid: other.clientId });
    for (const payload of ['1', '2', '3', '4']) await publish('work', payload);
    const got = [await rig.receivedUntilNow(device), await rig.receivedUntilNow(other)];
    expect(got.flat().sort()).toEqual(['1', '2', '3', '4']);
    expect(got.every((each) => each.length === 2)).toBe(true);
    expect(await rig.subscriptions(device.clientId)).toContainEqual(
      expect.objectContaining({ topic, by: 'control' }),
    );
  });

  it('does not find a client that is not there, and leaves those alone that may command', async () => {
    const nobody = { clientid: rig.unique('nobody'), topic: 'a' };
    const control = { clientid: rig.control.device.clientId, topic: 'a' };
    for (const command of ['subscribeClient', 'unsubscribeClient']) {
      expect(await rig.control.fail(command, nobody)).toEqual({ code: 'CLIENT_NOT_FOUND' });
      expect(await rig.control.fail(command, control)).toEqual({ code: 'CONTROL_CLIENT' });
    }
  });

  it('lets nobody hear the answers to others through a subscription to control topics', async () => {
    const device = await rig.connect();
    await rig.control.run({ command: 'subscribeClient', clientid: device.clientId, topic: '$CONTROL/#' });
    await rig.control.ask('describe');
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });

  it.each([
    [{ topic: '' }, 'topic'],
    [{ topic: 'a/#/b' }, 'topic'],
    [{ topic: 'a+' }, 'topic'],
    [{ topic: 'a\u0000b' }, 'topic'],
    [{ topic: '$share/g' }, 'topic'],
    [{ topic: 7 }, 'topic'],
    [{ topic: 'a', qos: 3 }, 'qos'],
    [{ topic: 'a', qos: '1' }, 'qos'],
    [{ topic: 'a', options: { no_local: 1 } }, /^options|no_local/],
    [{ topic: 'a', options: { send_retain: 'sometimes' } }, /^options|send_retain/],
    [{ topic: 'a', options: 'none' }, 'options'],
    [{ clientid: '', topic: 'a' }, 'clientid'],
  ])('refuses %j', async (fields, field) => {
    const device = await rig.connect();
    expect(await rig.control.fail('subscribeClient', { clientid: device.clientId, ...fields })).toEqual({
      code: 'INVALID',
      info: { field: expect.stringMatching(field) },
    });
  });
});
