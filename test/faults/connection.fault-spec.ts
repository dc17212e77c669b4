import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { sized } from '../support/test-form.js';
import { until } from '../support/until.js';
import type { FaultProxy } from './support/fault-proxy.js';
import { FaultRun, type FaultRunOptions } from './support/fault-run.js';
import type { Ledger } from './support/ledger.js';
import { SEED, seededRandom } from './support/run-settings.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const ACTIONS = ['disconnect', 'subscribe', 'unsubscribe'] as const;
const ROUNDS = sized(3, 100);
const FAULTS_OF_THE_STORM = sized(15, 1200);
/** Callers, and requests per second that they try to reach: five scenarios share a process, and deadlines are short. */
const LANES = sized(12, 64);
const RATE = sized(80, 600);

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

async function through(
  name: string,
  scenario: (run: FaultRun) => Promise<void>,
  settings: FaultRunOptions['settings'] = { requestTimeoutMs: 500, keepaliveSeconds: 2 },
): Promise<void> {
  const broker = await ScriptedTarget.start();
  // A fault meets the commands of callers, and none of the service's own questions after the connect.
  const answers = 'clientControl';
  await FaultRun.during({ name, broker, settings, answers }, async (run) => {
    await run.service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    await scenario(run);
  });
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
      const load = run.load({ lanes: LANES, perSecond: RATE, actions: ACTIONS });
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = confirmed(ledger);
        await until(() => confirmed(ledger) > before + LANES, 'requests go through');
        fault(proxy, random);
        await delay(lastsMs);
        proxy.heal();
      }
      await load.stop();
      await run.recovered();
      expect(await run.settle()).toEqual([]);
      expect(ledger.figures.executed).toBeGreaterThan(ROUNDS * LANES);
    }),
  );

  it.concurrent('a latency of 0 to 2 s with jitter, which costs time and nothing else', () => {
    const patient = { requestTimeoutMs: 20_000, keepaliveSeconds: 60, connectTimeoutMs: 10_000 };
    const scenario = async (run: FaultRun): Promise<void> => {
      run.proxy.reshape({ latencyMs: [0, 1000] });
      const load = run.load({ lanes: 256, perSecond: sized(500, 5000), actions: ACTIONS });
      await until(() => confirmed(run.ledger) >= sized(300, 15_000), 'requests go through', 600_000);
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
      const load = run.load({ lanes: LANES * 4, perSecond: RATE * 2, actions: ACTIONS });
      for (let count = 0; count < FAULTS_OF_THE_STORM; count += 1) {
        const before = confirmed(ledger);
        const [, fault] = FAULTS[Math.floor(random() * FAULTS.length)] ?? [];
        fault?.(proxy, random);
        await delay(20 + random() * 250);
        // Faults may pile up.
        if (random() < 0.3) continue;
        proxy.heal();
        await delay(random() * 200);
        await until(() => confirmed(ledger) > before + 5, 'requests go through');
      }
      await run.recovered();
      await load.stop();
      expect(await run.settle()).toEqual([]);
      expect(ledger.figures.executed).toBeGreaterThan(FAULTS_OF_THE_STORM);
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
      let isFirst = true;
      const nextId = (): string | undefined => {
        if (!isFirst) return undefined;
        isFirst = false;
        return ledger.newId();
      };
      await run.load({ lanes: 1, perSecond: 1000, nextId }).finished();
      expect(ledger.figures.outcomes).toEqual({ '504 BROKER_TIMEOUT unknown': 1 });
      const load = run.load({ lanes: LANES, perSecond: RATE });
      await until(() => proxy.accepted > accepted && confirmed(ledger) > LANES, 'a new connection is used');
      await load.stop();
      expect(await run.settle()).toEqual([]);
    };
    return through('half-open, found by a request', scenario, {
      requestTimeoutMs: 300,
      keepaliveSeconds: 60,
    });
  });
});
