import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { expectShortTurns } from '../../support/longest-turn.js';
import { until, whileItLasts } from '../../support/until.js';
import { EmbeddedRig, LOGIN } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

interface ListedBan {
  readonly as: string;
  readonly who: string;
}

afterEach(async () => {
  rig.control = await rig.connectControl();
  for (;;) {
    const { bans } = await rig.ask('listBans', { limit: 1000 });
    const commands = (bans as ListedBan[]).map(({ as, who }) => ({ command: 'deleteBan', as, who }));
    if (commands.length === 0) return;
    await rig.exchange('extension', JSON.stringify({ commands }));
  }
});

function ban(
  as: string,
  who: string,
  fields: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  return rig.ask('setBan', { as, who, until: null, ...fields });
}

const NOT_AUTHORIZED = { code: 5 };

describe('a ban', () => {
  it.each(['clientid', 'username'])('by %s keeps out and disconnects those that match', async (as) => {
    const name = rig.unique('banned-');
    const options = (who: string): object => ({ [as === 'clientid' ? 'clientId' : 'username']: who });
    const [matching, bystander] = [
      await rig.connect(options(`${name}-a`)),
      await rig.connect(options(`x-${name}`)),
    ];
    const { disconnected, disconnectedCount, replaced } = await ban(as, `${name}-*`);
    expect([disconnected, disconnectedCount, replaced]).toEqual([[matching.clientId], 1, false]);
    await matching.closed;
    await expect(rig.connect(options(`${name}-a`))).rejects.toMatchObject(NOT_AUTHORIZED);
    await expect(
      rig.connect({ ...options(`${name}-b`), protocolVersion: 3, protocolId: 'MQIsdp' }),
    ).rejects.toMatchObject(NOT_AUTHORIZED);
    expect(bystander.mqtt.connected).toBe(true);
    await rig.connect(options(name));
    await rig.ask('deleteBan', { as, who: `${name}-*` });
    await rig.connect(options(`${name}-a`));
  });

  it('by address keeps out everybody from there but those who may command', async () => {
    const device = await rig.connect();
    expect(await ban('address', '127.0.0.0/8')).toMatchObject({ disconnectedCount: 1 });
    await device.closed;
    expect(rig.control.mqtt.connected).toBe(true);
    await expect(rig.connect()).rejects.toMatchObject(NOT_AUTHORIZED);
    await rig.connectControl();
  });

  it('of the control user name, or of its client id, keeps out others only', async () => {
    await ban('username', LOGIN.username);
    await ban('clientid', rig.control.clientId);
    expect(rig.control.mqtt.connected).toBe(true);
    await rig.connectControl();
    await expect(rig.connect({ ...LOGIN, password: 'wrong' })).rejects.toMatchObject({ code: 4 });
  });

  it('leaves those alone that are connected, when told so', async () => {
    const device = await rig.connect();
    expect(await ban('clientid', device.clientId, { disconnect: false })).toEqual({
      disconnected: [],
      disconnectedCount: 0,
      replaced: false,
    });
    expect(device.mqtt.connected).toBe(true);
    await expect(rig.connect({ clientId: device.clientId })).rejects.toMatchObject(NOT_AUTHORIZED);
    expect(device.mqtt.connected).toBe(true);
  });

  it('of clients without a user name', async () => {
    const device = await rig.connect();
    await ban('username', '<anonymous>');
    await device.closed;
    await expect(rig.connect()).rejects.toMatchObject(NOT_AUTHORIZED);
    await rig.connect({ username: 'named' });
  });

  it('ends when its time has come', async () => {
    const clientId = await whileItLasts(700, async (endsAt) => {
      const id = rig.unique('soon-');
      await ban('clientid', id, { until: endsAt });
      await expect(rig.connect({ clientId: id })).rejects.toMatchObject(NOT_AUTHORIZED);
      return id;
    });
    await until(() => rig.connect({ clientId }).catch(() => undefined), 'it is let in');
    expect(await rig.ask('listBans')).toEqual({ bans: [], cursor: null, totalCount: 0 });
  });

  it.each([
    ['clientid', '*'],
    ['clientid', '?*'],
    ['username', '**'],
    ['username', '???'],
    ['address', '0.0.0.0/0'],
    ['address', '10.0.0.0/0'],
    ['address', '::/0'],
    ['address', '::ffff:0:0/96'],
  ])('of everybody is refused: %s %s', async (as, who) => {
    const device = await rig.connect();
    expect(await rig.fail('setBan', { as, who, until: null })).toMatchObject({ code: 'BAN_TOO_WIDE' });
    expect(device.mqtt.connected).toBe(true);
    expect(await rig.ask('listBans')).toMatchObject({ totalCount: 0 });
  });

  it('replaces one of the same kind and name; the list shows the newest first, page by page', async () => {
    const until = Date.now() + 3_600_000;
    for (const who of ['a', 'b', 'c'])
      await ban('clientid', who, { reason: `because ${who}`, by: 'somebody' });
    expect(await ban('clientid', 'a', { until })).toMatchObject({ replaced: true });
    await ban('username', 'a');
    const first = await rig.ask('listBans', { limit: 2 });
    expect(first).toEqual({
      bans: [
        { as: 'username', who: 'a', until: null, reason: null, by: null, since: expect.any(Number) },
        { as: 'clientid', who: 'a', until, reason: null, by: null, since: expect.any(Number) },
      ],
      cursor: expect.any(String),
      totalCount: 4,
    });
    await ban('clientid', 'd');
    const second = await rig.ask('listBans', { limit: 2, cursor: first.cursor });
    expect(second).toMatchObject({
      bans: [
        { who: 'c', reason: 'because c', by: 'somebody' },
        { who: 'b', reason: 'because b' },
      ],
      cursor: null,
    });
  });

  it('holds against clients that connect all the time while it is set', async () => {
    const clientId = rig.unique('racing-');
    const over = new AbortController();
    const racing = (async () => {
      while (!over.signal.aborted) await rig.connect({ clientId }).catch(() => undefined);
    })();
    for (let round = 0; round < 20; round += 1) {
      await ban('clientid', clientId);
      await delay(20);
      const { clients } = await rig.ask('listClients', { filter: { clientid: clientId } });
      expect(clients).toEqual([]);
      await rig.ask('deleteBan', { as: 'clientid', who: clientId });
      await delay(5);
    }
    over.abort();
    await racing;
  });

  it('is one of at most 10,000, which do not hold up who connects with the longest id', async () => {
    for (let start = 0; start < 10_000; start += 1000) {
      const commands = Array.from({ length: 1000 }, (_, index) => ({
        command: 'setBan',
        as: 'clientid',
        // Some of them have to look at the whole id.
        who: index < 10 ? `*${'a'.repeat(200)}${start + index}*` : `x-${start + index}-*`,
        until: null,
      }));
      const replies = await rig.exchange('extension', JSON.stringify({ commands }));
      expect(replies.filter(({ error }) => error !== undefined)).toEqual([]);
    }
    expect(await rig.fail('setBan', { as: 'clientid', who: 'one more', until: null })).toMatchObject({
      code: 'TOO_MANY',
      info: { limit: 10_000 },
    });
    const whileOneConnects = async (): Promise<void> => {
      const connecting = rig.connect({ clientId: 'a'.repeat(65_000) });
      await rig.ask('describe');
      await connecting;
    };
    // Some 10 ms; without turns it takes seconds.
    await expectShortTurns(whileOneConnects, 500, 3);
  }, 180_000);
});
