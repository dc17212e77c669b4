import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig } from './support/endpoint-rig.js';

interface Standing {
  readonly name: string;
  readonly [field: string]: unknown;
}

interface StandingPage {
  readonly standingSubscriptions: Standing[];
  readonly cursor: string | null;
  readonly totalCount: number;
}

describe.each(ENDPOINT_BROKERS)('standing subscriptions with our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start, async ({ control }) => {
    const { standingSubscriptions } = await control.ask<StandingPage>('listStandingSubscriptions');
    for (const { name } of standingSubscriptions) await control.ask('deleteStandingSubscription', { name });
  });
  const set = (fields: object) =>
    rig.control.ask<{ clients: number; skipped: number; replaced: boolean }>('setStandingSubscription', {
      ...fields,
    });
  const list = (fields: object = {}) =>
    rig.control.ask<StandingPage>('listStandingSubscriptions', { ...fields });
  const clientsOf = async (name: string) =>
    (await rig.control.ask<{ clients: number }>('getStandingSubscription', { name })).clients;
  const topicsOf = async (clientid: string) =>
    (await rig.subscriptions(clientid)).map(({ topic, by }) => `${topic} by ${by}`).sort();

  it('subscribe those that are there and those that come', async () => {
    const prefix = rig.unique('fleet');
    const here = await rig.connect({ clientId: `${prefix}-1` });
    const fields = { name: 'all', select: { clientid: `${prefix}-*` }, topic: 'all/news', qos: 1, by: 'me' };
    expect(await set(fields)).toEqual({ clients: 1, skipped: 0, replaced: false });
    const comes = await rig.connect({ clientId: `${prefix}-2` });
    const other = await rig.connect();
    await until(async () => (await clientsOf('all')) === 2, 'both are subscribed');
    await rig.control.device.publish('all/news', 'news');
    for (const device of [here, comes]) expect(await device.message('news')).toMatchObject({ qos: 1 });
    expect(await rig.receivedUntilNow(other)).toEqual([]);
    expect(await topicsOf(here.clientId)).toEqual(expect.arrayContaining(['all/news by standing']));

    expect(await rig.control.ask('getStandingSubscription', { name: 'all' })).toEqual({
      name: 'all',
      select: { clientid: `${prefix}-*` },
      topic: 'all/news',
      qos: 1,
      options: { no_local: false, retain_as_published: false, send_retain: expect.any(String) },
      by: 'me',
      since: expect.any(Number),
      clients: 2,
    });
  });

  it('are there again when the client connects again', async () => {
    const clientId = rig.unique('again');
    await set({ name: 'again', select: { clientid: clientId }, topic: 'again' });
    for (let i = 0; i < 3; i++) {
      const device = await rig.connect({ clientId });
      await until(async () => (await topicsOf(clientId)).length === 1, 'subscribed');
      await rig.control.device.publish('again', `round ${i}`);
      await device.message(`round ${i}`);
      await device.end();
      await rig.untilOffline(clientId);
    }
  });

  it('put the client’s id into the topic, and skip those whose id cannot stand there', async () => {
    const prefix = rig.unique('own');
    const good = await rig.connect({ clientId: `${prefix}.a` });
    await rig.connect({ clientId: `${prefix}.a/b` });
    await rig.connect({ clientId: `${prefix}.+` });
    await rig.connect({ clientId: `${prefix}.#` });
    const topic = 'to/x-${clientid}/y';
    expect(await set({ name: 'own', select: { clientid: `${prefix}.*` }, topic })).toEqual({
      clients: 1,
      skipped: 3,
      replaced: false,
    });
    expect(await topicsOf(good.clientId)).toEqual([`to/x-${prefix}.a/y by standing`]);
    await rig.control.device.publish(`to/x-${prefix}.a/y`, 'own');
    await good.message('own');
  });

  it('select by username, those without one by <anonymous>', async () => {
    const anna = await rig.connect({ username: 'anna' });
    const nobody = await rig.connect();
    await set({ name: 'anna', select: { username: 'a?na' }, topic: 'for/anna' });
    await set({ name: 'nobody', select: { username: '<anonymous>' }, topic: 'for/nobody' });
    expect(await topicsOf(anna.clientId)).toEqual(['for/anna by standing']);
    expect(await topicsOf(nobody.clientId)).toEqual(['for/nobody by standing']);
  });

  it('never subscribe a connection that may command', async () => {
    await set({ name: 'control', select: { clientid: 'control-*' }, topic: 'for/control' });
    const other = await rig.connectControl();
    expect(await topicsOf(other.device.clientId)).not.toContain('for/control by standing');
    expect(await clientsOf('control')).toBe(0);
  });

  it('take away the old topic when they are changed', async () => {
    const device = await rig.connect();
    const select = { clientid: device.clientId };
    await set({ name: 'changed', select, topic: 'old' });
    expect(await set({ name: 'changed', select, topic: 'new' })).toEqual({
      clients: 1,
      skipped: 0,
      replaced: true,
    });
    expect(await topicsOf(device.clientId)).toEqual(['new by standing']);
    expect(await set({ name: 'changed', select: { clientid: rig.unique('nobody') }, topic: 'new' })).toEqual({
      clients: 0,
      skipped: 0,
      replaced: true,
    });
    expect(await topicsOf(device.clientId)).toEqual([]);
  });

  it('leave the subscriptions when they are deleted, or take them away when told to', async () => {
    const device = await rig.connect();
    const select = { clientid: device.clientId };
    await set({ name: 'left', select, topic: 'left' });
    await set({ name: 'taken', select, topic: 'taken' });
    expect(await rig.control.ask('deleteStandingSubscription', { name: 'left' })).toEqual({
      unsubscribed: 0,
    });
    expect(await rig.control.ask('deleteStandingSubscription', { name: 'taken', unsubscribe: true })).toEqual(
      { unsubscribed: 1 },
    );
    expect((await rig.subscriptions(device.clientId)).map(({ topic }) => topic)).toEqual(['left']);
    for (const command of ['getStandingSubscription', 'deleteStandingSubscription']) {
      expect(await rig.control.fail(command, { name: 'left' })).toEqual({
        code: 'STANDING_SUBSCRIPTION_NOT_FOUND',
      });
    }
  });

  it('leave a subscription alone that the client made itself', async () => {
    const device = await rig.connect();
    await device.mqtt.subscribeAsync('mine', { qos: 1 });
    await set({ name: 'mine', select: { clientid: device.clientId }, topic: 'mine' });
    await rig.control.ask('deleteStandingSubscription', { name: 'mine', unsubscribe: true });
    expect((await rig.subscriptions(device.clientId)).map(({ topic }) => topic)).toEqual(['mine']);
  });

  it('are listed by name, page by page', async () => {
    for (const name of ['c', 'a', 'B', 'b']) {
      await set({ name, select: { clientid: rig.unique('nobody') }, topic: 'x' });
    }
    const names: string[] = [];
    let page = await list({ limit: 3 });
    for (;;) {
      names.push(...page.standingSubscriptions.map(({ name }) => name));
      expect(page.totalCount).toBe(4);
      if (page.cursor === null) break;
      page = await list({ limit: 3, cursor: page.cursor });
    }
    expect(names).toEqual(['B', 'a', 'b', 'c']);
  });

  it.each([
    [{ name: '' }, /^name$/],
    [{ name: '.a' }, /^name$/],
    [{ name: 'a b' }, /^name$/],
    [{ name: 'a'.repeat(65) }, /^name$/],
    [{ select: {} }, /^select/],
    [{ select: undefined }, /^select/],
    [{ select: { address: '127.0.0.1' } }, /^select/],
    [{ select: { clientid: '' } }, /^select/],
    [{ topic: '' }, /^topic$/],
    [{ topic: 'a/#/b' }, /^topic$/],
    [{ topic: 'a/${clientid}#' }, /^topic$/],
    [{ qos: 3 }, /^qos$/],
    [{ options: { no_local: 1 } }, /^options|no_local/],
    [{ by: 7 }, /^by$/],
  ])('refuse %j', async (fields, field) => {
    const all = { name: 'a', select: { clientid: 'a' }, topic: 'a', ...fields };
    expect(await rig.control.fail('setStandingSubscription', all)).toEqual({
      code: 'INVALID',
      info: { field: expect.stringMatching(field) },
    });
    expect((await list()).totalCount).toBe(0);
  });
});
