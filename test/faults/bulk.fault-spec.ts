import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../../src/embedded-broker/broker/embedded-broker.js';
import { Drain } from '../../src/http/drain.js';
import { LineStream, parseLines, type Item } from '../features/fleet/fleet.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { sized } from '../support/test-form.js';
import { TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';
import {
  findPluginTarget,
  startEmbedded,
  startPluginMosquitto,
  type DeviceTarget,
} from './support/device-target.js';
import { FaultRun } from './support/fault-run.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';
import { throughStorm } from './support/storm.js';

const DEVICES = sized(200, 3000);
const LINES = sized(2500, 150_000);
const LINES_PER_SECOND = sized(1500, 3000);
const REPEATS = sized(1, 5);
const plugin = findPluginTarget();
/** An item may wait for those before it. */
const ledger = { answerWithinMs: sized(60_000, 600_000) };
const settings = { requestTimeoutMs: 500 };

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** Tells the ledger what a call said of its items. */
function note(run: FaultRun, lines: readonly Record<string, unknown>[]): void {
  for (const line of lines) {
    const { clientid, status, error } = line as unknown as Partial<Item>;
    if (clientid === undefined || status === undefined) continue;
    const body = error ?? (status === 200 ? {} : undefined);
    run.ledger.answered(clientid, {
      status,
      headers: { 'content-type': 'application/json' },
      text: JSON.stringify(body ?? null),
      body,
    });
  }
}

/** A call on broker `b`, or over the project, whose answer comes as lines; all of its ids are in the ledger. */
async function call(
  run: FaultRun,
  ids: readonly string[],
  body: object,
  broker = 'brokers/b/',
): Promise<void> {
  for (const id of ids) run.ledger.issued(id);
  const post = (): Promise<Answer> =>
    run.service.request('POST', `/api/projects/p/${broker}client-control/bulk`, {
      body,
      headers: { accept: 'application/x-ndjson' },
    });
  let answer = await post();
  // A selection is listed first; a stall of the machine may let the broker run out of time for that, and then nothing is done.
  for (let attempt = 1; attempt < 5 && 'select' in body && answer.status === 504; attempt += 1) {
    expect(run.ledger.figures.executed).toBe(0);
    answer = await post();
  }
  expect(answer.status).toBe(200);
  const lines = parseLines(String(answer.body));
  note(run, lines);
  expect(lines.at(-1)).toMatchObject({ summary: { total: ids.length } });
}

type Target = DeviceTarget<{ readonly port: number; stop(): Promise<unknown> }>;

async function withDevices(
  name: string,
  startTarget: () => Promise<Target>,
  scenario: (run: FaultRun, ids: readonly string[]) => Promise<void>,
  others: readonly object[] = [],
): Promise<void> {
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const target = await startTarget();
    const answers = 'extension';
    const options = { name, broker: target, settings, ledger, others, unit: 'items', answers } as const;
    await FaultRun.during(options, async (run) => {
      const ids = Array.from({ length: DEVICES }, () => run.ledger.newId());
      await target.connectDevices(ids);
      await scenario(run, ids);
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.executed).toBeGreaterThan(DEVICES / 20);
    });
  }
}
const disconnects = (ids: readonly string[]): object[] =>
  ids.map((clientid) => ({ action: 'disconnect', clientid }));

describe('each item of a call for many is done at most once, and its outcome is true', () => {
  it('a list, through a storm', async () => {
    await withDevices('bulk: a list, a storm', startEmbedded, async (run, ids) => {
      await throughStorm(run, 11, call(run, ids, { operations: disconnects(ids), perSecond: DEVICES / 2 }));
    });
  });

  it('a selection, through a storm', async () => {
    await withDevices('bulk: a selection, a storm', startEmbedded, async (run, ids) => {
      const [first = ''] = ids;
      const clientid = `${first.slice(0, first.lastIndexOf('-'))}-*`;
      const body = { select: { clientid }, actions: [{ action: 'disconnect' }], perSecond: DEVICES / 2 };
      const selected = call(run, ids, body);
      // The ids are frozen first; a broker that does not list them then is no matter of this test.
      await until(() => run.ledger.figures.executed > 0, 'the first of them');
      await throughStorm(run, 13, selected);
    });
  });

  it('wherever the client is, with one broker in a storm', async () => {
    const other = await EmbeddedBroker.start({
      port: 0,
      fallbackToFreePort: true,
      controlUsername: 'gateway',
      controlPassword: 'password of the other broker',
    });
    const others = [
      {
        id: 'c',
        url: `mqtt://127.0.0.1:${other.port}`,
        protocolVersion: 4,
        username: 'gateway',
        password: 'password of the other broker',
      },
    ];
    const scenario = async (run: FaultRun, ids: readonly string[]): Promise<void> => {
      await run.answers('extension', 'c');
      const operations = disconnects(ids).map((operation) => ({ ...operation, broker: '*' }));
      await throughStorm(run, 14, call(run, ids, { operations, perSecond: DEVICES / 2 }, ''));
    };
    await withDevices('bulk: fan-out, a storm', startEmbedded, scenario, others);
    await other.close();
  });

  it('lines whose caller goes away in the middle', async () => {
    await withDevices('bulk: the caller goes', startEmbedded, async (run, ids) => {
      // So slow that it is far from done when the caller goes, whatever else the machine does.
      const path = `/api/projects/p/brokers/b/client-control/bulk?perSecond=${DEVICES / 20}`;
      const stream = new LineStream(`${run.service.url}${path}`, TOKENS.editor);
      for (const id of ids) run.ledger.issued(id);
      stream.write(...disconnects(ids));
      await until(() => run.ledger.figures.executed > DEVICES / 20, 'some are done');
      stream.destroy();
      run.faults += 1;
      note(run, stream.lines);
      const answered = new Set(stream.lines.map(({ clientid }) => clientid));
      for (const id of ids) if (!answered.has(id)) run.ledger.abandoned(id);
      const drain = run.service.app.get(Drain);
      await until(() => drain.inFlight === 0, 'the call has ended');
      // What was on its way to the broker then is done, and nothing after it.
      await run.recovered();
      const { executed } = run.ledger.figures;
      expect(executed).toBeLessThan(DEVICES);
      await delay(500);
      expect(run.ledger.figures.executed).toBe(executed);
    });
  });

  it('lines that go on and on, through a storm', async () => {
    const target = await ScriptedTarget.start();
    const options = {
      name: `bulk: lines, a storm`,
      broker: target,
      settings,
      ledger,
      unit: 'items',
      answers: 'clientControl',
    } as const;
    await FaultRun.during(options, async (run) => {
      const path = `/api/projects/p/brokers/b/client-control/bulk?perSecond=${LINES_PER_SECOND}`;
      const stream = new LineStream(`${run.service.url}${path}`, TOKENS.editor);
      const work = async (): Promise<void> => {
        for (let sent = 0; sent < LINES; sent += 500) {
          const ids = Array.from({ length: 500 }, () => run.ledger.newId());
          for (const id of ids) run.ledger.issued(id);
          if (!stream.write(...disconnects(ids))) await stream.drained();
        }
        await stream.end();
      };
      await throughStorm(run, 15, work());
      note(run, stream.lines);
      expect(stream.lines.at(-1)).toMatchObject({ summary: { total: LINES } });
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.executed).toBeGreaterThan(LINES / 20);
    });
  });

  if (plugin !== undefined) {
    it('a list, while Mosquitto is killed and comes back', async () => {
      let mosquitto: Mosquitto | undefined;
      const start = async (): Promise<Target> => {
        const target = await startPluginMosquitto(plugin);
        mosquitto = target.broker;
        return target;
      };
      await withDevices('bulk: Mosquitto, SIGKILL', start, async (run, ids) => {
        const working = call(run, ids, { operations: disconnects(ids), perSecond: DEVICES / 2 });
        await until(() => run.ledger.figures.executed > DEVICES / 20, 'some are done');
        run.faults += 1;
        await mosquitto?.kill();
        await delay(300);
        await mosquitto?.start();
        await working;
      });
    });
  }
});
