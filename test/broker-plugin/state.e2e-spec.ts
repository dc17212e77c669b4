import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IPublishPacket } from 'mqtt';

import { until, whileItLasts } from '../support/until.js';
import { ControlClient, OWN } from './support/control-client.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { GATEWAY, PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';
import { Recorder } from './support/recorder.js';

const VERSIONS: MosquittoVersion[] = ['2.0', '2.1'];
const BANS = 'client-control-bans.json';

beforeAll(() => void VERSIONS.map(preparePluginTarget), 180_000);

let broker: PluginBroker;
let own: OwnEndpoint;
afterEach(() => broker.stop());

const options = (version: MosquittoVersion, stateDir = '{dir}') => [
  `allow_username ${GATEWAY}`,
  `state_dir ${stateDir}`,
  ...(version === '2.0' ? ['track_clients true'] : []),
];

async function start(version: MosquittoVersion, more: Partial<PluginBrokerOptions> = {}): Promise<void> {
  broker = new PluginBroker({
    ...preparePluginTarget(version),
    pluginOptions: options(version),
    ...more,
  });
  await restart();
}

async function restart(): Promise<void> {
  await broker.start();
  own = new OwnEndpoint(await ControlClient.connect(broker, { clientId: 'control' }));
}

/** The text of a file with so many bans. */
const bansFile = (count: number, who: (index: number) => string) =>
  JSON.stringify({
    format: 'bans',
    version: 1,
    bans: Array.from({ length: count }, (_, i) => ({
      as: 'clientid',
      who: who(i),
      until: null,
      reason: null,
      by: null,
      since: 1,
    })),
  });

/** Sets one after the other until there is no room for more. @returns how many there were, and the answer to one more */
async function setUntilTooMany(command: string, fields: (index: number) => object) {
  for (let count = 0; ; count++) {
    const { data, code, info } = await own.run(command, { ...fields(count) });
    if (data === undefined) return { count, code, info };
  }
}

const refused = (clientId: string) => expect(broker.connect({ clientId })).rejects.toThrow(/refused/);

describe.each(VERSIONS)('bans on Mosquitto %s', (version) => {
  it('are there again after the broker was restarted, in a file that only its user may read', async () => {
    await start(version);
    await own.ban('kept', 'clientid', { reason: 'Grund mit "Ümlaut"\n', by: 'me' });
    const { before, endsAt } = await whileItLasts(500, async (endsAt) => {
      await own.ban('for a moment', 'clientid', { until: endsAt });
      await own.ban('10.1.0.0/16', 'address');
      await refused('kept');
      const list = await own.ask<{ bans: { who: string }[] }>('listBans');
      expect(list.bans.map(({ who }) => who)).toContain('for a moment');
      return { before: list, endsAt };
    });
    expect(statSync(join(broker.dir, BANS)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(broker.dir, BANS), 'utf8'))).toMatchObject({ version: 1 });

    await broker.shutDown();
    await until(() => Date.now() > endsAt, 'the brief one is over');
    await restart();
    const after = await own.ask<{ bans: { who: string }[] }>('listBans');
    expect(after.bans).toEqual(before.bans.filter(({ who }) => who !== 'for a moment'));
    await refused('kept');
    await broker.connect({ clientId: 'for a moment' });
  });

  it('that were confirmed are there after the broker was killed in the middle of many', async () => {
    await start(version);
    let confirmed = 0;
    for (let round = 0; round < 5; round++) {
      const sent = 400;
      const commands = Array.from({ length: sent }, (_, i) => ({
        command: 'setBan',
        as: 'clientid',
        who: `round-${round}-${i}`,
        until: null,
        correlationData: `${i}`,
      }));
      own.control.received.length = 0;
      for (let i = 0; i < sent; i += 4) {
        own.control.mqtt.publish(OWN, JSON.stringify({ commands: commands.slice(i, i + 4) }));
      }
      await until(() => own.control.received.length > round * 10, 'some are confirmed');
      await broker.kill();
      const done = own.control.received
        .filter(({ data }) => data !== undefined)
        .map(({ correlationData }) => `round-${round}-${correlationData}`);
      confirmed += done.length;

      await restart();
      const kept = new Set(await allBans());
      expect(done.filter((who) => !kept.has(who))).toEqual([]);
    }
    expect(confirmed).toBeGreaterThan(50);
  });

  async function allBans(): Promise<string[]> {
    const found: string[] = [];
    let cursor: unknown;
    do {
      const page = await own.ask<{ bans: { who: string }[]; cursor: string | null }>('listBans', {
        limit: 1000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.bans.map(({ who }) => who));
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  it.each([
    ['no JSON', '{"version":1,"bans":['],
    ['of another version', '{"format":"bans","version":2,"bans":[]}'],
    ['of another kind', '{"format":"standing-subscriptions","version":1,"standingSubscriptions":[]}'],
    ['empty', ''],
    ['not complete', '{"format":"bans","version":1,"bans":[{"as":"clientid"}]}'],
    [
      'with a ban of everybody',
      '{"format":"bans","version":1,"bans":[{"as":"clientid","who":"*","until":null,"since":1}]}',
    ],
    ['with more wildcards than there may be', bansFile(1001, (i) => `*-${i}`)],
  ])('do not get lost: the broker does not start with a file that is %s', async (_, content) => {
    broker = new PluginBroker({
      ...preparePluginTarget(version),
      pluginOptions: options(version),
      files: { [BANS]: content },
    });
    await expect(broker.start()).rejects.toThrow('the broker ended');
    expect(broker.log).toMatch(/Error: client-control: .*client-control-bans\.json/);
    expect(readFileSync(join(broker.dir, BANS), 'utf8')).toBe(content);
  });

  it('are all there after a restart when there are as many as there may be, the last one replaced', async () => {
    broker = new PluginBroker({ ...preparePluginTarget(version), pluginOptions: options(version) });
    writeFileSync(
      join(broker.dir, BANS),
      bansFile(9999, (i) => (i < 1000 ? `*-lab-${i}` : `thief-${i}`)),
    );
    await restart();
    await own.ban('the last one');
    const more = { as: 'clientid', who: 'one more', until: null };
    expect(await own.codeOf('setBan', more)).toBe('TOO_MANY');
    await own.ban('*-lab-7', 'clientid', { reason: '😀'.repeat(500), by: 'é'.repeat(200) });
    const { bans: newest } = await own.ask<{ bans: object[] }>('listBans', { limit: 3 });

    for (let starts = 0; starts < 2; starts++) {
      await broker.shutDown();
      await restart();
      const after = await own.ask<{ bans: object[]; totalCount: number }>('listBans', { limit: 3 });
      expect(after).toMatchObject({ bans: newest, totalCount: 10_000 });
      await refused('thief-9998');
      await refused('a-lab-7');
      expect(await own.codeOf('setBan', more)).toBe('TOO_MANY');
    }
  });

  it('are all there after a restart when their file is as long as it may be', async () => {
    await start(version);
    const long = (i: number) => `${'\u{1F600}'.repeat(16_000)}-${i}`;
    const filled = await setUntilTooMany('setBan', (i) => ({ as: 'clientid', who: long(i), until: null }));
    expect(filled).toEqual({ count: 65, code: 'TOO_MANY', info: { limit: 4 * 1024 * 1024 } });
    await broker.shutDown();
    await restart();
    expect(await own.ask('listBans', { limit: 1 })).toMatchObject({ totalCount: 65 });
    await refused(long(0));
  });

  it('that cannot be stored are not set', async () => {
    broker = new PluginBroker({
      ...preparePluginTarget(version),
      pluginOptions: options(version, '{dir}/state'),
    });
    mkdirSync(join(broker.dir, 'state'));
    await restart();
    rmdirSync(join(broker.dir, 'state'));
    const device = await broker.connect({ clientId: 'device' });
    expect(await own.codeOf('setBan', { as: 'clientid', who: 'device', until: null })).toBe('STORE_FAILED');
    expect(await own.bans()).toEqual([]);
    await device.subscribeAsync('still/here');
    await broker.connect({ clientId: 'device' });

    mkdirSync(join(broker.dir, 'state'));
    await own.ban('device');
    expect(existsSync(join(broker.dir, 'state', BANS))).toBe(true);
  });

  it('are refused where there is no place for them, and it is said', async () => {
    await start(version, { pluginOptions: options(version).filter((line) => !line.startsWith('state_dir')) });
    const { features, warnings } = await own.ask<{ features: Record<string, boolean>; warnings: string[] }>(
      'describe',
    );
    expect([features.bans, features.standingSubscriptions]).toEqual([false, false]);
    expect(warnings.join()).toContain('plugin_opt_state_dir');
    expect(await own.codeOf('setBan', { as: 'clientid', who: 'a', until: null })).toBe('NOT_SUPPORTED');
  });

  it('are not written through a link that somebody put there', async () => {
    broker = new PluginBroker({ ...preparePluginTarget(version), pluginOptions: options(version) });
    writeFileSync(join(broker.dir, 'elsewhere'), 'mine');
    symlinkSync(join(broker.dir, 'elsewhere'), join(broker.dir, `${BANS}.new`));
    await restart();
    expect(await own.codeOf('setBan', { as: 'clientid', who: 'a', until: null })).toBe('STORE_FAILED');
    expect(readFileSync(join(broker.dir, 'elsewhere'), 'utf8')).toBe('mine');
    expect(await own.bans()).toEqual([]);
  });
});

describe('standing subscriptions on Mosquitto 2.1', () => {
  it('are there again after the broker was restarted, for who comes then', async () => {
    await start('2.1');
    const fields = {
      name: 'news',
      select: { clientid: 'fleet-*' },
      topic: 'news/${clientid}',
      qos: 1,
      by: 'me',
    };
    await own.ask('setStandingSubscription', fields);
    const before = await own.ask('getStandingSubscription', { name: 'news' });
    await broker.kill();
    await restart();
    expect(await own.ask('getStandingSubscription', { name: 'news' })).toEqual(before);
    await broker.connect({ clientId: 'fleet-1' });
    const client = await own.ask<{ subscriptions: object[] }>('getClient', { clientid: 'fleet-1' });
    expect(client.subscriptions).toEqual([
      expect.objectContaining({ topic: 'news/fleet-1', by: 'standing' }),
    ]);
  });

  it('reach a session that the broker read from disk, and take themselves away from it', async () => {
    await start('2.1', { config: ['persistence true', 'persistence_location {dir}/'] });
    const session = { clientId: 'fleet-1', clean: false, properties: { sessionExpiryInterval: 600 } };
    await (await broker.connect(session)).endAsync();
    const fields = { name: 'news', select: { clientid: 'fleet-*' }, topic: 'news' };
    await own.ask('setStandingSubscription', fields);
    await broker.shutDown();
    await restart();
    expect(await own.ask('getStandingSubscription', { name: 'news' })).toMatchObject({ clients: 1 });
    expect(await own.ask('deleteStandingSubscription', { name: 'news', unsubscribe: true })).toEqual({
      unsubscribed: 1,
    });
    expect(await own.ask('getClient', { clientid: 'fleet-1' })).toMatchObject({ numSubscriptions: 0 });
  });

  it('are all there after a restart when there are as many as there may be, one replaced', async () => {
    broker = new PluginBroker({ ...preparePluginTarget('2.1'), pluginOptions: options('2.1') });
    const fields = (i: number) => ({
      name: `${'n'.repeat(60)}${i}`,
      select: { clientid: 'fleet-*' },
      topic: `news/${i}/` + '${clientid}',
      by: 'é'.repeat(200),
    });
    writeFileSync(
      join(broker.dir, 'client-control-standing-subscriptions.json'),
      JSON.stringify({
        format: 'standing-subscriptions',
        version: 1,
        standingSubscriptions: Array.from({ length: 1000 }, (_, i) => ({ ...fields(i), qos: 0, since: 1 })),
      }),
    );
    await restart();
    expect(await own.codeOf('setStandingSubscription', fields(1000))).toBe('TOO_MANY');
    expect(await own.ask('setStandingSubscription', fields(0))).toMatchObject({ replaced: true });
    const before = await own.ask('listStandingSubscriptions', { limit: 1000 });
    expect(before).toMatchObject({ totalCount: 1000 });
    await broker.shutDown();
    await restart();
    expect(await own.ask('listStandingSubscriptions', { limit: 1000 })).toEqual(before);
  });

  it('are all there after a restart when their file is as long as it may be', async () => {
    await start('2.1');
    const filled = await setUntilTooMany('setStandingSubscription', (i) => ({
      name: `long-${i}`,
      select: { clientid: 'fleet-*' },
      topic: `${i}/${'x'.repeat(65_000)}`,
    }));
    expect(filled).toEqual({ count: 64, code: 'TOO_MANY', info: { limit: 4 * 1024 * 1024 } });
    await broker.shutDown();
    await restart();
    expect(await own.ask('listStandingSubscriptions', { limit: 1 })).toMatchObject({ totalCount: 64 });
  });
});

describe('retained messages that were handed over on Mosquitto 2.1', () => {
  it('reach a client as such that connects again after the broker was restarted', async () => {
    await start('2.1', {
      config: ['persistence true', 'persistence_location {dir}/'],
      pluginOptions: [...options('2.1'), 'deliver_retained true'],
    });
    const packets: IPublishPacket[] = [];
    const session = (acknowledges: boolean) => ({
      clientId: 'device',
      clean: false,
      properties: { sessionExpiryInterval: 600, receiveMaximum: 1 },
      customHandleAcks: (
        _topic: string,
        _message: Buffer,
        packet: IPublishPacket,
        acknowledge: (code: 0) => void,
      ) => {
        packets.push(packet);
        if (acknowledges) acknowledge(0);
      },
    });
    await broker.connect(session(false));
    await own.ask('subscribeClient', { clientid: 'device', topic: 'kept/#', qos: 1 });
    const properties = { userProperties: [['n', 'v']] };
    const topics = ['kept/0', 'kept/1', 'kept/2'];
    for (const topic of topics) {
      await own.ask('deliverRetained', { clientid: 'device', topic, qos: 1, payload: '', properties });
    }
    await until(() => packets.length === 1, 'the first is there, and not acknowledged');
    await broker.shutDown();
    expect(statSync(join(broker.dir, 'client-control-retained-mark.json')).mode & 0o777).toBe(0o600);

    packets.length = 0;
    await restart();
    await broker.connect(session(true));
    await until(() => packets.length === 3, 'all are there');
    const seen = packets.map((packet) => ({
      topic: packet.topic,
      retain: packet.retain,
      userProperties: { ...packet.properties?.userProperties },
    }));
    expect(seen).toEqual(topics.map((topic) => ({ topic, retain: true, userProperties: { n: 'v' } })));
  });

  it.each([
    ['damaged', '{"mark":"'],
    ['of something else', '{"mark":"client-control"}'],
    ['empty', ''],
  ])('are handed over, too, after the file of their mark was %s', async (_, content) => {
    broker = new PluginBroker({
      ...preparePluginTarget('2.1'),
      pluginOptions: [...options('2.1'), 'deliver_retained true'],
    });
    const file = join(broker.dir, 'client-control-retained-mark.json');
    writeFileSync(file, content);
    await restart();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mark: expect.stringMatching(/^[0-9a-f]{32}$/) });
    const device = await broker.connect({ clientId: 'device' });
    const recorder = new Recorder(device);
    await own.ask('subscribeClient', { clientid: 'device', topic: 'kept' });
    await own.ask('deliverRetained', { clientid: 'device', topic: 'kept', payload: '' });
    expect(await recorder.until('kept')).toEqual([expect.objectContaining({ retain: true })]);
  });
});
