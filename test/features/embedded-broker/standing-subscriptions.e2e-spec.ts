import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

interface Named {
  readonly name: string;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
  readonly by: string;
}

afterEach(async () => {
  rig.control = await rig.connectControl();
  const { standingSubscriptions } = await rig.ask('listStandingSubscriptions', { limit: 1000 });
  const commands = (standingSubscriptions as Named[]).map(({ name }) => ({
    command: 'deleteStandingSubscription',
    name,
  }));
  if (commands.length > 0) await rig.exchange('extension', JSON.stringify({ commands }));
});

function set(name: string, fields: Record<string, unknown>): Promise<Record<string, unknown>> {
  return rig.ask('setStandingSubscription', { name, ...fields });
}

/** The client's subscriptions as `topic qos by`. */
async function subscriptionsOf(clientid: string): Promise<string[]> {
  const { subscriptions } = await rig.ask('getClient', { clientid });
  return (subscriptions as Subscription[]).map(({ topic, qos, by }) => `${topic} ${qos} ${by}`);
}

async function clientsOf(name: string): Promise<unknown> {
  return (await rig.ask('getStandingSubscription', { name })).clients;
}

describe('a standing subscription', () => {
  it('is given to those who are there and to those who come', async () => {
    const prefix = rig.unique('gw-');
    const there = await rig.connect({ clientId: `${prefix}-1` });
    const bystander = await rig.connect();
    expect(await set('s', { select: { clientid: `${prefix}-*` }, topic: 'cmd/${clientid}', qos: 1 })).toEqual(
      {
        clients: 1,
        skipped: 0,
        replaced: false,
      },
    );
    const comes = await rig.connect({ clientId: `${prefix}-2` });
    const expected = (id: string): string[] => [`cmd/${id} 1 standing`];
    expect(await subscriptionsOf(there.clientId)).toEqual(expected(there.clientId));
    await until(async () => (await subscriptionsOf(comes.clientId)).length === 1, 'the one who comes has it');
    expect(await subscriptionsOf(comes.clientId)).toEqual(expected(comes.clientId));
    expect(await subscriptionsOf(bystander.clientId)).toEqual([]);
    await bystander.publish(`cmd/${comes.clientId}`, 'do');
    expect(await comes.message('do')).toMatchObject({ qos: 1 });
    expect(await clientsOf('s')).toBe(2);
    await comes.end();
    await until(async () => (await clientsOf('s')) === 1, 'the one who left is not counted');
  });

  it('gives retained messages once at each connect', async () => {
    const username = rig.unique('vendor-');
    const topic = rig.unique();
    await (await rig.connect()).publish(topic, 'stored', { retain: true });
    await set('s', { select: { username }, topic });
    const device = await rig.connect({ username });
    await device.message('stored');
    expect(await rig.receivedUntilNow(device)).toEqual(['stored']);
  });

  it('stays with a persistent session, without giving retained messages again', async () => {
    const session = { clientId: rig.unique('session-'), clean: false };
    const topic = rig.unique();
    await set('s', { select: { clientid: session.clientId }, topic, qos: 1 });
    const first = await rig.connect(session);
    await until(async () => (await clientsOf('s')) === 1, 'it has it');
    await first.end();
    const sender = await rig.connect();
    await sender.publish(topic, 'queued', { retain: true });
    const second = await rig.connect(session);
    await second.message('queued');
    expect(await rig.receivedUntilNow(second)).toEqual(['queued']);
    expect(await clientsOf('s')).toBe(1);
    await rig.ask('disconnectClient', { clientid: session.clientId, cleanSession: true });
    expect(await clientsOf('s')).toBe(0);
  });

  it('of another topic or other clients takes the old one away; another QoS changes it', async () => {
    const prefix = rig.unique('move-');
    const [a, b] = [`${prefix}-a`, `${prefix}-b`];
    await rig.connect({ clientId: a });
    await rig.connect({ clientId: b });
    const both = { select: { clientid: `${prefix}-*` } };
    await set('s', { ...both, topic: 'old' });
    expect(await set('s', { ...both, topic: 'old', qos: 2 })).toEqual({
      clients: 2,
      skipped: 0,
      replaced: true,
    });
    expect(await subscriptionsOf(a)).toEqual(['old 2 standing']);
    expect(await set('s', { ...both, topic: 'new' })).toMatchObject({ clients: 2, replaced: true });
    expect(await subscriptionsOf(a)).toEqual(['new 0 standing']);
    expect(await set('s', { select: { clientid: b }, topic: 'new' })).toMatchObject({ clients: 1 });
    expect([await subscriptionsOf(a), await subscriptionsOf(b)]).toEqual([[], ['new 0 standing']]);
  });

  it('that is deleted stays with those who have it, or is taken away', async () => {
    const { clientId } = await rig.connect();
    const select = { clientid: clientId };
    await set('s', { select, topic: 'kept' });
    expect(await rig.ask('deleteStandingSubscription', { name: 's' })).toEqual({ unsubscribed: 0 });
    expect(await subscriptionsOf(clientId)).toEqual(['kept 0 standing']);
    await set('s', { select, topic: 'taken' });
    expect(await rig.ask('deleteStandingSubscription', { name: 's', unsubscribe: true })).toEqual({
      unsubscribed: 1,
    });
    expect(await subscriptionsOf(clientId)).toEqual(['kept 0 standing']);
  });

  it('is taken away from a session that is offline, too', async () => {
    const session = { clientId: rig.unique('offline-'), clean: false };
    const device = await rig.connect(session);
    await set('s', { select: { clientid: session.clientId }, topic: 'a', qos: 1 });
    await device.end();
    await until(
      async () => (await rig.ask('getClient', { clientid: session.clientId })).connected === false,
      'offline',
    );
    expect(await clientsOf('s')).toBe(1);
    expect(await rig.ask('deleteStandingSubscription', { name: 's', unsubscribe: true })).toEqual({
      unsubscribed: 1,
    });
    expect(await subscriptionsOf(session.clientId)).toEqual([]);
    await rig.ask('disconnectClient', { clientid: session.clientId, cleanSession: true });
  });

  it('leaves alone what a client, or somebody by hand, subscribed to', async () => {
    const device = await rig.connect();
    const { clientId: clientid } = device;
    await device.mqtt.subscribeAsync('own', { qos: 1 });
    await rig.ask('subscribeClient', { clientid, topic: 'by-hand', qos: 1 });
    for (const topic of ['own', 'by-hand']) {
      await set('s', { select: { clientid }, topic, qos: 2 });
      expect(await clientsOf('s')).toBe(0);
      await rig.ask('deleteStandingSubscription', { name: 's', unsubscribe: true });
    }
    expect(await subscriptionsOf(clientid)).toEqual(['own 1 client', 'by-hand 1 control']);
  });

  it('that ends gives way to another one for the same topic', async () => {
    const { clientId: clientid } = await rig.connect();
    await set('first', { select: { clientid }, topic: 't', qos: 1 });
    await set('second', { select: { clientid }, topic: 't', qos: 2 });
    expect(await subscriptionsOf(clientid)).toEqual(['t 1 standing']);
    await rig.ask('deleteStandingSubscription', { name: 'first', unsubscribe: true });
    expect(await subscriptionsOf(clientid)).toEqual(['t 2 standing']);
    expect(await clientsOf('second')).toBe(1);
  });

  it('skips clients whose id would name other topics, and never goes to who may command', async () => {
    const prefix = rig.unique('skip-');
    for (const suffix of ['a', '+', '#', 'a/b']) await rig.connect({ clientId: `${prefix}${suffix}` });
    const select = { clientid: `${prefix}*` };
    expect(await set('s', { select, topic: 'cmd/${clientid}' })).toMatchObject({ clients: 1, skipped: 3 });
    expect(await set('s', { select, topic: 'cmd/all' })).toMatchObject({ clients: 4, skipped: 0 });
    expect(await set('own', { select: { clientid: rig.control.clientId }, topic: 'x' })).toMatchObject({
      clients: 0,
    });
  });

  it('to the control topics shows nobody the answers of others', async () => {
    const device = await rig.connect();
    await set('s', { select: { clientid: device.clientId }, topic: '$CONTROL/#', qos: 1 });
    await rig.ask('describe');
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });

  it('is listed by name, page by page', async () => {
    const options = { no_local: true, retain_as_published: false, send_retain: 'new' };
    const select = { clientid: 'nobody-*', username: 'vendor' };
    for (const name of ['c', 'a', 'b']) await set(name, { select, topic: 't', qos: 1, options, by: 'me' });
    const first = await rig.ask('listStandingSubscriptions', { limit: 2 });
    const shown = { select, topic: 't', qos: 1, options, by: 'me', since: expect.any(Number), clients: 0 };
    expect(first).toEqual({
      standingSubscriptions: [
        { name: 'a', ...shown },
        { name: 'b', ...shown },
      ],
      cursor: expect.any(String),
      totalCount: 3,
    });
    expect(await rig.ask('listStandingSubscriptions', { limit: 2, cursor: first.cursor })).toMatchObject({
      standingSubscriptions: [{ name: 'c' }],
      cursor: null,
    });
    expect(await rig.ask('getStandingSubscription', { name: 'b' })).toEqual({ name: 'b', ...shown });
  });

  it('is one of at most 1000', async () => {
    const commands = Array.from({ length: 1001 }, (_, index) => ({
      command: 'setStandingSubscription',
      name: `n${index}`,
      select: { clientid: 'nobody' },
      topic: 't',
    }));
    const replies = await rig.exchange('extension', JSON.stringify({ commands }));
    expect(replies.filter(({ code }) => code !== undefined)).toMatchObject([
      { code: 'TOO_MANY', info: { limit: 1000 } },
    ]);
  });
});
