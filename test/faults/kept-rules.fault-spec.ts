import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { connectAsync } from 'mqtt';
import type { Mosquitto } from '../support/mosquitto.js';
import { sized } from '../support/test-form.js';
import { until } from '../support/until.js';
import { TOKENS } from '../support/test-service.js';
import {
  findPluginTarget,
  startEmbedded,
  startPluginMosquitto,
  type DeviceTarget,
} from './support/device-target.js';
import { FaultRun } from './support/fault-run.js';
import type { LaneRequest } from './support/http-lane.js';
import { BROKER_PASSWORD, logLinesWithSecrets } from './support/secrets.js';
import { endOf, throughStorm } from './support/storm.js';

type Target = DeviceTarget<{ readonly port: number; stop(): Promise<unknown> }>;

const RULES = sized(80, 300);
const RULES_PER_SECOND = sized(40, 100);
const plugin = findPluginTarget();
/** A broker that keeps something writes it to its disk first. */
const CALM_MS = 200;
const settings = { requestTimeoutMs: 1000 };
/** Statuses of a call whose broker did not answer in time, or whose connection was lost meanwhile. */
const OUT_OF_TIME: ReadonlySet<number> = new Set([503, 504]);

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** Something that a broker is told once and keeps: how it is set, lifted and listed. */
interface Rule {
  /** @param broker id of a configured broker */
  readonly set: (id: string, broker?: string) => LaneRequest;
  readonly lift: (id: string) => LaneRequest;
  readonly path: string;
  /** What names it in a list. */
  readonly nameOf: (listed: Record<string, unknown>) => unknown;
}

const ON_BROKER = '/api/projects/p/brokers';
const BAN: Rule = {
  path: 'bans',
  set: (id, broker = 'b') => ({
    method: 'POST',
    target: `${ON_BROKER}/${broker}/bans`,
    token: TOKENS.editor,
    body: { as: 'clientid', who: id, until: null, reason: 'fault injection' },
  }),
  lift: (id) => ({
    method: 'DELETE',
    target: `${ON_BROKER}/b/bans?as=clientid&who=${id}`,
    token: TOKENS.editor,
  }),
  nameOf: ({ who }) => who,
};
const STANDING: Rule = {
  path: 'standing-subscriptions',
  set: (id, broker = 'b') => ({
    method: 'PUT',
    target: `${ON_BROKER}/${broker}/standing-subscriptions/${id}`,
    token: TOKENS.editor,
    body: { select: { clientid: `nobody-${id}` }, topic: 'commands', qos: 1 },
  }),
  lift: (id) => ({
    method: 'DELETE',
    target: `${ON_BROKER}/b/standing-subscriptions/${id}`,
    token: TOKENS.editor,
  }),
  nameOf: ({ name }) => name,
};

/** What the broker has of a rule, page by page. */
async function listed({ service }: FaultRun, { path, nameOf }: Rule): Promise<ReadonlySet<unknown>> {
  const names: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    // The broker is asked again where a stall of the machine let it run out of time.
    const answer = await until(async () => {
      const page = await service.get(`${ON_BROKER}/b/${path}?limit=1000${query}`);
      return !OUT_OF_TIME.has(page.status) && page;
    }, 'the broker lists what it keeps');
    expect(answer.status).toBe(200);
    const [list = []] = Object.values(answer.body as Record<string, Record<string, unknown>[]>);
    names.push(...list.map(nameOf));
    cursor = answer.headers.get('x-next-cursor');
  }
  expect(new Set(names).size).toBe(names.length);
  return new Set(names);
}

/** The same broker once more, on a line that is always good and that the ledger does not see. */
const direct = ({ port, protocolVersion, username }: Target): object => ({
  id: 'direct',
  url: `mqtt://127.0.0.1:${port}`,
  protocolVersion,
  username,
  password: BROKER_PASSWORD,
  reconnect: { minDelayMs: 10, maxDelayMs: 100 },
});

/** How many were confirmed so far. */
const confirmed = ({ ledger: { figures } }: FaultRun): number =>
  (figures.outcomes['200'] ?? 0) + (figures.outcomes['204'] ?? 0);

interface Scenario {
  readonly name: string;
  readonly rule: Rule;
  readonly what: 'set' | 'lift';
  /** What goes wrong meanwhile. */
  readonly faults: (run: FaultRun, work: Promise<void>) => Promise<void>;
}

/**
 * Sets or lifts rules while things go wrong, and looks what the broker has in the end: what was confirmed is so, what was
 * told not to have been sent is not, and each was sent once. Of an unknown outcome both may be true.
 */
async function change(
  target: Target,
  { name, rule, what, faults }: Scenario,
  then?: (kept: ReadonlySet<unknown>, ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const options = {
    name,
    broker: target,
    settings,
    others: [{ ...direct(target), requestTimeoutMs: 60_000 }],
    unit: 'items',
    answers: 'extension',
  } as const;
  await FaultRun.during(options, async (run) => {
    await run.answers('extension', 'direct');
    const ids = Array.from({ length: RULES }, () => run.ledger.newId());
    if (what === 'lift') {
      const prepared = ids.map(async (id) => {
        const { method, target: path, body } = rule.set(id, 'direct');
        expect((await run.service.request(method, path, { body })).status).toBe(200);
      });
      await Promise.all(prepared);
    }
    const left = [...ids];
    const load = run.load({
      lanes: 8,
      perSecond: RULES_PER_SECOND,
      nextId: () => left.shift(),
      requestFor: what === 'set' ? (id) => rule.set(id) : rule.lift,
    });
    await until(() => confirmed(run) > RULES / 15, 'the first of them');
    await faults(run, load.finished());
    await run.recovered();
    const kept = await listed(run, rule);
    for (const id of ids) if (kept.has(id) === (what === 'set')) run.ledger.executed(id);
    expect(await run.settle()).toEqual([]);
    expect(run.ledger.figures.executed).toBeGreaterThan(RULES / 20);
    await then?.(kept, ids);
  });
}

/** A device of each banned id is refused, and of every other id served. */
async function keepsOut(target: Target, kept: ReadonlySet<unknown>, ids: readonly string[]): Promise<void> {
  const connected: string[] = [];
  const refused: string[] = [];
  await Promise.all(ids.map(async (id) => ((await isServed(target, id)) ? connected : refused).push(id)));
  expect(refused.sort()).toEqual([...kept].sort());
  expect(connected.length).toBe(ids.length - kept.size);
}

/** Whether a broker takes a device of that id. */
async function isServed({ port, protocolVersion }: Target, clientId: string): Promise<boolean> {
  try {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId,
      protocolVersion,
      reconnectPeriod: 0,
    });
    await client.endAsync(true);
    return true;
  } catch {
    return false;
  }
}

const BROKERS: readonly (readonly [string, () => Promise<Target>])[] = [
  ['the embedded broker', startEmbedded],
  ...(plugin === undefined
    ? []
    : [['Mosquitto with the plugin', () => startPluginMosquitto(plugin)] as const]),
];

const storm =
  (seed: number): Scenario['faults'] =>
  (run, work) =>
    throughStorm(run, seed, work, CALM_MS);

describe.each(BROKERS)('through a storm, what %s keeps is what callers were told:', (kind, start) => {
  it.concurrent('bans', async () => {
    const target = await start();
    const scenario = {
      name: `bans set, ${kind}, a storm`,
      rule: BAN,
      what: 'set',
      faults: storm(21),
    } as const;
    await change(target, scenario, (kept, ids) => keepsOut(target, kept, ids));
  });

  it.concurrent('bans that are lifted', async () => {
    await change(await start(), {
      name: `bans lifted, ${kind}, a storm`,
      rule: BAN,
      what: 'lift',
      faults: storm(22),
    });
  });

  it.concurrent('standing subscriptions', async () => {
    await change(await start(), {
      name: `standing subscriptions set, ${kind}, a storm`,
      rule: STANDING,
      what: 'set',
      faults: storm(23),
    });
  });

  it.concurrent('standing subscriptions that are ended', async () => {
    await change(await start(), {
      name: `standing subscriptions ended, ${kind}, a storm`,
      rule: STANDING,
      what: 'lift',
      faults: storm(24),
    });
  });
});

if (plugin !== undefined) {
  describe('what was confirmed is there after SIGKILL of Mosquitto:', () => {
    it.concurrent.each([
      ['bans set', BAN, 'set'],
      ['bans lifted', BAN, 'lift'],
      ['standing subscriptions set', STANDING, 'set'],
      ['standing subscriptions ended', STANDING, 'lift'],
    ] as const)('%s', async (name, rule, what) => {
      const target: DeviceTarget<Mosquitto> = await startPluginMosquitto(plugin);
      const faults: Scenario['faults'] = async (run, work) => {
        const isOver = endOf(work);
        // Where it takes the broker long to come back, all is over before it is killed three times.
        for (let kill = 0; kill < 3 && !isOver(); kill += 1) {
          run.faults += 1;
          await target.broker.kill();
          await target.broker.start();
          const before = confirmed(run);
          await until(() => isOver() || confirmed(run) > before + RULES / 10, 'some are confirmed');
        }
        await work;
      };
      await change(target, { name: `${name}, Mosquitto, SIGKILL`, rule, what, faults });
    });
  });
}

describe('a ban on all brokers of a project, one of them in a storm,', () => {
  it('is told for each broker as it is', async () => {
    const target = await startEmbedded();
    const good = await startEmbedded();
    const options = {
      name: 'bans set on a project, a storm',
      broker: target,
      settings,
      others: [{ ...direct(good), id: 'good' }],
      unit: 'items',
      answers: 'extension',
    } as const;
    await FaultRun.during(options, async (run) => {
      await run.answers('extension', 'good');
      const ids = Array.from({ length: RULES }, () => run.ledger.newId());
      let onGood = 0;
      const banOnAll = async (id: string): Promise<void> => {
        run.ledger.issued(id);
        const { body } = BAN.set(id);
        const path = '/api/projects/p/bans';
        const headers = { 'x-request-id': id };
        const answer = await run.service.request('POST', path, { body, headers, token: TOKENS.editor });
        const { brokers } = answer.body as {
          readonly brokers: readonly { broker: string; status: number; error?: object }[];
        };
        const of = (broker: string): (typeof brokers)[number] | undefined =>
          brokers.find((entry) => entry.broker === broker);
        if (of('good')?.status === 200) onGood += 1;
        const { status = 0, error } = of('b') ?? {};
        run.ledger.answered(id, {
          status,
          headers: { 'content-type': 'application/json' },
          text: '',
          body: error ?? {},
        });
      };
      const work = async (): Promise<void> => {
        const left = [...ids];
        await Promise.all(
          Array.from({ length: 8 }, async () => {
            for (let id = left.shift(); id !== undefined; id = left.shift()) {
              await banOnAll(id);
              await delay(20);
            }
          }),
        );
      };
      await throughStorm(run, 25, work());
      await run.recovered();
      const kept = await listed(run, BAN);
      for (const id of ids) if (kept.has(id)) run.ledger.executed(id);
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.executed).toBeGreaterThan(RULES / 20);
      // One broker's storm is no other's.
      expect(onGood).toBe(ids.length);
    });
    await good.stop();
  });
});
