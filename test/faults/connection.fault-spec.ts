import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import type { FaultProxy } from './support/fault-proxy.js';
import { FaultRun, type FaultRunOptions } from './support/fault-run.js';
import type { Ledger } from './support/ledger.js';
import { SEED, seededRandom, sized } from './support/run-settings.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const ACTIONS = ['disconnect', 'subscribe', 'unsubscribe'] as const;
const ROUNDS = sized(3, 100);

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

async function through(
  name: string,
  scenario: (run: FaultRun) => Promise<void>,
  settings: FaultRunOptions['settings'] = { requestTimeoutMs: 500, keepaliveSeconds: 2 },
): Promise<void> {
  await FaultRun.during({ name, broker: await ScriptedTarget.start(), settings }, scenario);
}

const confirmed = ({ figures: { outcomes } }: Ledger): number =>
  (outcomes['200'] ?? 0) + (outcomes['204'] ?? 0);

type Fault = (proxy: FaultProxy, random: () => number) => void;

/** Each fault, and how long it lasts before the line is good again, milliseconds. */
const FAULTS: readonly (readonly [name: string, fault: Fault, lastsMs: number])[] = [
  ['a cut with FIN', (proxy) => proxy.cut('fin'), 60],
  ['a cut with RST', (proxy) => proxy.cut('rst'), 60],
  ['a black hole without RST', (proxy) => proxy.blackHole(), 700],
  [
    'a cut in the middle of a packet to the broker',
    (proxy, random) => proxy.cutInPacket('toBroker', 1 + Math.floor(random() * 400)),
    100,
  ],
  [
    'a cut in the middle of a packet to the service',
    (proxy, random) => proxy.cutInPacket('toService', 1 + Math.floor(random() * 400)),
    100,
  ],
  ['a stall towards the broker', (proxy) => proxy.stall('toBroker'), 700],
  ['a stall towards the service', (proxy) => proxy.stall('toService'), 700],
  ['a bandwidth of 1 KB/s', (proxy) => proxy.reshape({ bytesPerSecond: 1024 }), 700],
  [
    'a line that resets new connections',
    (proxy) => {
      proxy.refuseConnections();
      proxy.cut('rst');
    },
    150,
  ],
];

describe('under load, nothing is lost and nothing done twice through', () => {
  it.concurrent.each(FAULTS)('%s', (name, fault, lastsMs) =>
    through(name, async (run) => {
      const { proxy, ledger } = run;
      const random = seededRandom(SEED);
      const load = run.load({ lanes: 64, perSecond: 600, actions: ACTIONS });
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = confirmed(ledger);
        await until(() => confirmed(ledger) > before + 20, 'requests go through', 30_000);
        fault(proxy, random);
        await delay(lastsMs);
        proxy.heal();
      }
      await load.stop();
      await run.recovered();
      expect(await run.settle()).toEqual([]);
      expect(ledger.figures.executed).toBeGreaterThan(60);
    }),
  );

  it.concurrent('a latency of 0 to 2 s with jitter, which costs time and nothing else', () => {
    const patient = { requestTimeoutMs: 20_000, keepaliveSeconds: 60, connectTimeoutMs: 10_000 };
    const scenario = async (run: FaultRun): Promise<void> => {
      run.proxy.reshape({ latencyMs: [0, 1000] });
      const load = run.load({ lanes: 256, perSecond: 5000, actions: ACTIONS });
      await until(() => confirmed(run.ledger) >= sized(500, 15_000), 'requests go through', 600_000);
      await load.stop();
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.executed).toBe(run.ledger.figures.requests);
    };
    return through('latency 0 to 2 s', scenario, patient);
  });

  it.concurrent('a storm of all of them, one after the other, at random', () =>
    through('a storm of faults', async (run) => {
      const { proxy, ledger } = run;
      const random = seededRandom(SEED + 1);
      const load = run.load({ lanes: 256, perSecond: 1000, actions: ACTIONS });
      const end = performance.now() + sized(5000, 240_000);
      // On a busy machine it takes longer until enough came through to tell.
      const isEnough = (): boolean => confirmed(ledger) > 120 || performance.now() > end + 20_000;
      while (performance.now() < end || !isEnough()) {
        const [, fault] = FAULTS[Math.floor(random() * FAULTS.length)] ?? [];
        fault?.(proxy, random);
        await delay(20 + random() * 250);
        // Faults may pile up.
        if (random() < 0.7) {
          proxy.heal();
          await delay(random() * 200);
        }
      }
      await run.recovered();
      await load.stop();
      expect(await run.settle()).toEqual([]);
      expect(ledger.figures.executed).toBeGreaterThan(100);
    }),
  );
});

describe('a half-open connection', () => {
  it.concurrent('is found by the keepalive when nobody asks for anything', () => {
    const scenario = async (run: FaultRun): Promise<void> => {
      const { accepted } = run.proxy;
      run.proxy.blackHole();
      await until(() => run.proxy.accepted > accepted, 'a new connection');
      await run.recovered();
      expect(await run.settle()).toEqual([]);
    };
    return through('half-open, found by the keepalive', scenario, {
      requestTimeoutMs: 500,
      keepaliveSeconds: 1,
    });
  });

  it.concurrent('is found by the first request that is not acknowledged, long before the keepalive', () => {
    const scenario = async (run: FaultRun): Promise<void> => {
      const { proxy, ledger } = run;
      const accepted = proxy.accepted;
      proxy.blackHole();
      const load = run.load({ lanes: 20, perSecond: 1000 });
      await until(() => proxy.accepted > accepted && confirmed(ledger) > 20, 'a new connection is used');
      await load.stop();
      expect(await run.settle()).toEqual([]);
      expect(ledger.figures.outcomes['504 BROKER_TIMEOUT unknown']).toBeGreaterThan(0);
    };
    return through('half-open, found by a request', scenario, {
      requestTimeoutMs: 300,
      keepaliveSeconds: 60,
    });
  });
});
