import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Mosquitto } from '../support/mosquitto.js';
import { sized } from '../support/test-form.js';
import { until } from '../support/until.js';
import {
  findPluginTarget,
  startDebianMosquitto,
  startEmbedded,
  startPluginMosquitto,
  type DeviceTarget,
} from './support/device-target.js';
import { FaultRun } from './support/fault-run.js';
import { SEED, seededRandom } from './support/run-settings.js';
import { logLinesWithSecrets } from './support/secrets.js';

type ProcessTarget = DeviceTarget<Mosquitto>;

const DEVICES = sized(160, 3000);
const RESTARTS = sized(3, 30);
const DEBIAN = 'Debian’s Mosquitto';
const plugin = findPluginTarget();
// Without the plugin's toolchain the other brokers are all there is.
const BROKERS = [DEBIAN, ...(plugin === undefined ? [] : ['Mosquitto 2.1 with the companion plugin'])];

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** Runs a scenario under a load whose every request disconnects a device of its own, spread over some seconds. */
async function underLoad(
  name: string,
  target: Pick<ProcessTarget, 'connectDevices'> & Parameters<typeof FaultRun.during>[0]['broker'],
  seconds: number,
  scenario: (run: FaultRun, isLoadOver: () => boolean) => Promise<void>,
): Promise<void> {
  const answers = name.startsWith(DEBIAN) ? undefined : 'clientControl';
  const options = { name, broker: target, settings: { requestTimeoutMs: 500 }, answers } as const;
  await FaultRun.during(options, async (run) => {
    const ids = Array.from({ length: DEVICES }, () => run.ledger.newId());
    await target.connectDevices(ids);
    const load = run.load({ lanes: sized(16, 64), perSecond: DEVICES / seconds, nextId: () => ids.shift() });
    const finished = load.finished();
    const isUnderLoad = (): boolean => {
      const { requests, executed } = run.ledger.figures;
      return requests > DEVICES / 8 && (name.startsWith(DEBIAN) || executed > DEVICES / 10);
    };
    await until(isUnderLoad, 'load');
    await scenario(run, () => ids.length === 0);
    await finished;
    expect(await run.settle()).toEqual([]);
    const { executed, outcomes } = run.ledger.figures;
    // Without the plugin nothing is executed, and nobody is told otherwise.
    if (name.startsWith(DEBIAN)) expect([executed, outcomes['200']]).toEqual([0, undefined]);
    else expect(executed).toBeGreaterThan(DEVICES / 10);
  });
}

it.concurrent('the embedded broker does each command once through a storm of faults', async () => {
  const random = seededRandom(SEED + 2);
  await underLoad('embedded broker, a storm', await startEmbedded(), 3, async ({ proxy }, isLoadOver) => {
    while (!isLoadOver()) {
      const fault = Math.floor(random() * 4);
      if (fault === 0) proxy.cut('rst');
      if (fault === 1) proxy.stall('toService');
      if (fault === 2) proxy.cutInPacket('toBroker', 1 + Math.floor(random() * 300));
      if (fault === 3) proxy.reshape({ latencyMs: [0, 300] });
      await delay(50 + random() * 200);
      proxy.heal();
      await delay(random() * 200);
    }
  });
});

describe.each(BROKERS)('%s', (kind) => {
  const start = (): Promise<ProcessTarget> =>
    plugin === undefined || kind === DEBIAN ? startDebianMosquitto() : startPluginMosquitto(plugin);

  it.concurrent('is killed under load', async () => {
    const target = await start();
    await underLoad(`${kind}, SIGKILL`, target, 2, async (run) => {
      run.faults += 1;
      await target.broker.kill();
      await run.service.brokerState('b', 'disconnected');
      await target.broker.start();
    });
  });

  it.concurrent('is stopped under load, and goes on later', async () => {
    const target = await start();
    await underLoad(`${kind}, SIGSTOP`, target, 2, async (run) => {
      run.faults += 1;
      target.broker.signal('SIGSTOP');
      await delay(1200);
      target.broker.signal('SIGCONT');
    });
  });

  it.concurrent('restarts every second under load', async () => {
    const target = await start();
    await underLoad(`${kind}, a restart every second`, target, RESTARTS, async (run) => {
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        const nextAt = performance.now() + 1000;
        run.faults += 1;
        await target.broker.kill();
        await target.broker.start();
        await delay(Math.max(0, nextAt - performance.now()));
      }
      await run.service.brokerState('b');
    });
  });
});
