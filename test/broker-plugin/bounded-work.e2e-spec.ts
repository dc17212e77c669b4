import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient, INSPECT, OWN, present } from './support/control-client.js';
import { GATEWAY, PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';
import { makeSessions, RawClient } from './support/raw-client.js';
import { Recorder } from './support/recorder.js';

// Fetching and building have no part in the time of a test.
beforeAll(() => void preparePluginTarget('2.1'), 180_000);

let broker: PluginBroker;
let control: ControlClient;
afterEach(() => broker.stop());

async function start(options: Partial<PluginBrokerOptions> = {}): Promise<void> {
  broker = await new PluginBroker({ ...preparePluginTarget('2.1'), ...options }).start();
  control = await ControlClient.connect(broker, { clientId: 'control' });
}

/** Pings until all responses are there; gives how often it was answered meanwhile. */
async function pingsDuring(run: Promise<unknown>): Promise<number> {
  const other = await RawClient.connect(broker.port, { clientId: 'other' });
  const state = { over: false };
  const ended = run.finally(() => (state.over = true));
  let answered = 0;
  while (!state.over) {
    await other.ping();
    answered++;
  }
  await ended;
  await other.end();
  return answered;
}

describe('long work on Mosquitto 2.1', () => {
  it('lets others have their turn while 5,000 clients are subscribed to one topic', async () => {
    await start();
    await makeSessions(broker.port, 'session-', 5000);
    const commands = Array.from({ length: 5000 }, (_, i) => ({
      command: 'subscribeClient',
      clientid: `session-${i}`,
      topic: 'one/topic',
    }));

    // The best of some: where the machine takes the CPU from the one that asks, it is not the broker that keeps it waiting.
    let most = 0;
    for (let round = 0; round < 5 && most <= 5; round++) {
      const run = control.batch(commands).then((responses) => {
        expect(responses.filter(({ data }) => data)).toHaveLength(5000);
      });
      most = Math.max(most, await pingsDuring(run));
    }
    expect(most).toBeGreaterThan(5);
  });

  it('answers many listClients commands of one message', async () => {
    await start();
    await makeSessions(broker.port, 'session-', 600);
    const responses = await control.batch(
      Array.from({ length: 200 }, () => ({ command: 'listClients', count: 1 })),
      INSPECT,
    );
    expect(responses.map(({ error }) => error).filter(Boolean)).toEqual([]);
    expect(new Set(responses.map(({ data }) => present(data).totalCount))).toEqual(new Set([601]));
  });
});

describe.each<MosquittoVersion>(['2.0', '2.1'])('a login on Mosquitto %s', (version) => {
  beforeAll(() => void preparePluginTarget(version), 180_000);

  const LONGEST = 65_535;
  const longest = (text: string) => text.repeat(LONGEST / text.length).padEnd(LONGEST, '!');
  const LAB = longest('-lab-').slice(2);
  const HOSTILE = [LAB, ...['-lab-1', 'a', '-', 'ab'].map(longest)];
  const PATTERNS: [string, (index: number) => string][] = [
    ['*-lab-${i}*', (i) => `*-lab-${i}*`],
    ['*?ab${i}', (i) => `*?ab${i}`],
    ['*a*-${i}-*b', (i) => `*a*-${i}-*b`],
    ['a*${i}', (i) => `a*${i}`],
    ['*aaaaa…${i}*', (i) => `*${'a'.repeat(40)}${i}*`],
  ];

  async function startWithStored(list: string, items: object[]): Promise<void> {
    const file = { format: list, version: 1, [list.replace('-s', 'S')]: items };
    await start({
      ...preparePluginTarget(version),
      pluginOptions: [
        `allow_username ${GATEWAY}`,
        'state_dir {dir}',
        ...(version === '2.0' ? ['track_clients true'] : []),
      ],
      files: { [`client-control-${list}.json`]: JSON.stringify(file) },
    });
  }

  const attempt = (clientId: string, username?: string) =>
    RawClient.connect(broker.port, { clientId, ...(username === undefined ? {} : { username }) })
      .then((client) => client.end())
      .catch(() => undefined);

  /** The broker's processor time for some logins with each of the ids, as user names too. */
  async function cpuMsFor(ids: string[]): Promise<number> {
    const before = broker.cpuMs;
    for (let round = 0; round < 5; round++) {
      for (const id of ids) await Promise.all([attempt(id), attempt('somebody', id)]);
    }
    return broker.cpuMs - before;
  }

  it.each(PATTERNS)(
    'takes milliseconds with 1,000 bans like %s, whatever the client calls itself',
    async (_, who) => {
      const half = (as: string) =>
        Array.from({ length: 500 }, (__, i) => ({
          as,
          who: who(i),
          until: null,
          reason: null,
          by: null,
          since: 1,
        }));
      await startWithStored('bans', [...half('clientid'), ...half('username')]);
      // 50 logins: 1 to 4 ms each here; with no bound, up to 200 ms.
      expect(await cpuMsFor(HOSTILE)).toBeLessThan(1500);

      await expect(broker.connect({ clientId: who(7).replace(/[*?]/g, 'a') })).rejects.toThrow(/refused/);
      await broker.connect({ clientId: `sensor-lba-1000-${'0123456789'.repeat(20)}` });
      await ControlClient.connect(broker, { clientId: LAB });
    },
  );

  it('of the longest id there is gets in with bans that are not about it', async () => {
    const bans = ['*-lab-7*', 'b*', '*?x'].map((who) => ({ as: 'clientid', who, until: null, since: 1 }));
    await startWithStored('bans', bans);
    for (const clientId of HOSTILE) await broker.connect({ clientId });
    await expect(broker.connect({ clientId: LAB.replace('lab', 'lab-7') })).rejects.toThrow(/refused/);
  });

  if (version === '2.1') {
    it.each(PATTERNS)('takes milliseconds with 1,000 standing subscriptions for %s', async (_, clientid) => {
      const items = Array.from({ length: 1000 }, (__, i) => ({
        name: `n${i}`,
        select: { clientid: clientid(i) },
        topic: `t/${i}`,
        qos: 0,
        since: 1,
      }));
      await startWithStored('standing-subscriptions', items);
      expect(await cpuMsFor(HOSTILE)).toBeLessThan(1500);

      const clientId = clientid(7).replace(/[*?]/g, 'a');
      await broker.connect({ clientId });
      const { data } = await control.command({ command: 'getClient', clientid: clientId }, OWN);
      expect(data?.subscriptions).toEqual(
        expect.arrayContaining([expect.objectContaining({ topic: 't/7' })]),
      );
    });
  }
});

describe('what is logged', () => {
  it('is actions at level notice, and looking only at level information', async () => {
    await start({ config: ['log_dest stderr', 'log_dest topic', 'log_type all'] });
    const notices = new Recorder(control.mqtt);
    await control.mqtt.subscribeAsync(['$SYS/broker/log/N', 'end']);

    await control.command({ command: 'listClients' }, INSPECT);
    await control.command({ command: 'getClient', clientid: 'control' }, INSPECT);
    await control.command({ command: 'disconnectClient', clientid: 'nobody' });
    await control.mqtt.publishAsync('end', '');
    const lines = (await notices.until('end'))
      .map(({ payload }) => payload)
      .filter((line) => line.includes('client-control: '));
    expect(lines).toEqual([expect.stringContaining('disconnectClient')]);
  });
});
