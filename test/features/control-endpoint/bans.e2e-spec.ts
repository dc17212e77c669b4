import { describe, expect, it } from '@jest/globals';
import { until, whileItLasts } from '../../support/until.js';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig } from './support/endpoint-rig.js';

interface Ban {
  readonly as: string;
  readonly who: string;
  readonly [field: string]: unknown;
}

interface BanPage {
  readonly bans: Ban[];
  readonly cursor: string | null;
  readonly totalCount: number;
}

describe.each(ENDPOINT_BROKERS)('bans with our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start, async ({ control }) => {
    const { bans } = await control.ask<BanPage>('listBans', { limit: 1000 });
    for (const { as, who } of bans) await control.ask('deleteBan', { as, who });
  });
  const set = (fields: object) =>
    rig.control.ask<{ disconnected: string[]; disconnectedCount: number; replaced: boolean }>('setBan', {
      until: null,
      ...fields,
    });
  const list = (fields: object = {}) => rig.control.ask<BanPage>('listBans', { ...fields });

  /** MQTT 5: banned; MQTT 3.1.1: not authorized. */
  const bannedCode = () => (rig.broker.protocolVersion === 5 ? 0x8a : 5);

  it('disconnects a client and keeps it out until the ban is lifted', async () => {
    const device = await rig.connect();
    const { clientId } = device;
    expect(await set({ as: 'clientid', who: clientId })).toEqual({
      disconnected: [clientId],
      disconnectedCount: 1,
      replaced: false,
    });
    await device.closed;
    expect(await rig.refusal({ clientId })).toBe(bannedCode());
    await rig.connect();

    expect(await rig.control.ask('deleteBan', { as: 'clientid', who: clientId })).toEqual({});
    expect((await rig.connect({ clientId })).mqtt.connected).toBe(true);
    expect(await rig.control.fail('deleteBan', { as: 'clientid', who: clientId })).toEqual({
      code: 'BAN_NOT_FOUND',
    });
  });

  it('leaves the client connected when it is told to', async () => {
    const device = await rig.connect();
    expect(await set({ as: 'clientid', who: device.clientId, disconnect: false })).toEqual({
      disconnected: [],
      disconnectedCount: 0,
      replaced: false,
    });
    expect(await rig.receivedUntilNow(device)).toEqual([]);
    expect(await rig.refusal({ clientId: device.clientId })).toBe(bannedCode());
    expect(await rig.receivedUntilNow(device)).toEqual([]);
  });

  it('keeps out by pattern, by username and by address', async () => {
    const clientId = rig.unique('pattern');
    const flock = [
      await rig.connect({ clientId: `${clientId}/1` }),
      await rig.connect({ clientId: `${clientId}/2` }),
    ];
    const { disconnected } = await set({ as: 'clientid', who: `${clientId}/?` });
    expect([...disconnected].sort()).toEqual([`${clientId}/1`, `${clientId}/2`]);
    await Promise.all(flock.map(({ closed }) => closed));
    expect(await rig.refusal({ clientId: `${clientId}/3` })).toBe(bannedCode());
    await rig.connect({ clientId: `${clientId}/33` });

    const anna = await rig.connect({ username: 'anna' });
    await set({ as: 'username', who: 'ann?' });
    await anna.closed;
    expect(await rig.refusal({ username: 'anna' })).toBe(bannedCode());
    await rig.connect({ username: 'anton' });

    await set({ as: 'address', who: '10.0.0.0/8' });
    await rig.connect();
    await set({ as: 'address', who: '127.0.0.0/8' });
    expect(await rig.refusal({})).toBe(bannedCode());
  });

  it('keeps out those without a username', async () => {
    await set({ as: 'username', who: '<anonymous>' });
    expect(await rig.refusal({})).toBe(bannedCode());
    await rig.connect({ username: 'anna' });
  });

  it('never keeps out or disconnects who may command', async () => {
    const { disconnected } = await set({ as: 'clientid', who: 'control-*' });
    expect(disconnected).toEqual([]);
    await set({ as: 'username', who: 'gate*' });
    await set({ as: 'address', who: '127.0.0.1' });
    const other = await rig.connectControl();
    await other.ask('describe');
    await rig.control.ask('describe');
  });

  it('ends by itself', async () => {
    const clientId = await whileItLasts(700, async (endsAt) => {
      const id = rig.unique('brief');
      await set({ as: 'clientid', who: id, until: endsAt });
      expect(await rig.refusal({ clientId: id })).toBe(bannedCode());
      return id;
    });
    await until(
      () =>
        rig.connect({ clientId }).then(
          () => true,
          () => false,
        ),
      'the ban ends',
    );
    expect((await list()).bans.map(({ who }) => who)).not.toContain(clientId);
  });

  it('lists them newest first, page by page, with all that was said', async () => {
    const prefix = rig.unique('listed');
    const before = Date.now();
    for (let i = 0; i < 5; i++) {
      await set({ as: 'clientid', who: `${prefix}-${i}`, reason: `reason ${i}`, by: 'me', until: null });
    }
    const until_ = Date.now() + 60_000;
    expect(
      (await set({ as: 'clientid', who: `${prefix}-1`, reason: 'another', until: until_ })).replaced,
    ).toBe(true);
    const bans: Ban[] = [];
    let page = await list({ limit: 2 });
    for (;;) {
      bans.push(...page.bans);
      expect(page.totalCount).toBe(5);
      if (page.cursor === null) break;
      page = await list({ limit: 2, cursor: page.cursor });
    }
    expect(bans.map(({ who }) => who)).toEqual([1, 4, 3, 2, 0].map((i) => `${prefix}-${i}`));
    expect(bans[0]).toMatchObject({ as: 'clientid', until: until_, reason: 'another' });
    expect(bans[1]).toEqual({
      as: 'clientid',
      who: `${prefix}-4`,
      until: null,
      reason: 'reason 4',
      by: 'me',
      since: expect.any(Number),
    });
    expect(bans[1]?.since).toBeGreaterThanOrEqual(before - 1);
  });

  it.each([
    ['clientid', '*'],
    ['clientid', '**'],
    ['clientid', '?*'],
    ['username', '*?'],
    ['address', '0.0.0.0/0'],
    ['address', '::/0'],
    ['address', '::ffff:0:0/96'],
  ])('refuses to keep out everybody: %s %s', async (as, who) => {
    expect(await rig.control.fail('setBan', { as, who, until: null })).toMatchObject({
      code: 'BAN_TOO_WIDE',
    });
  });

  it.each([
    [{ as: 'name' }, 'as'],
    [{ who: '' }, 'who'],
    [{ who: 'a\\' }, 'who'],
    [{ as: 'address', who: 'here' }, 'who'],
    [{ as: 'address', who: '10.0.0.0/33' }, 'who'],
    [{ until: 'tomorrow' }, 'until'],
    [{ until: 1 }, 'until'],
    [{ until: undefined }, 'until'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ reason: 7 }, 'reason'],
    [{ by: 'x'.repeat(201) }, 'by'],
    [{ disconnect: 'yes' }, 'disconnect'],
  ])('refuses %j', async (fields, field) => {
    const ban = { as: 'clientid', who: 'a', until: null, ...fields };
    expect(await rig.control.fail('setBan', ban)).toEqual({ code: 'INVALID', info: { field } });
    expect((await list()).totalCount).toBe(0);
  });
});
