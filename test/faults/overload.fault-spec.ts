import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { sized } from '../support/test-form.js';
import { TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';
import { FaultRun, keepFigures } from './support/fault-run.js';
import { encodeLaneRequest, HttpLane } from './support/http-lane.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const REQUESTS = sized(4000, 10_000);
const CONNECTIONS = 100;
const MAX_PENDING = sized(3000, 8000);
/** Requests at once when the broker answers again, all of which are done. */
const AFTERWARDS = 1000;
const TIMEOUT_MS = 2000;
const MEBIBYTE = 2 ** 20;
const REPEATS = sized(1, 5);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** Sends requests pipelined over some connections, all at once; each answer must be that of its request. */
async function burst(run: FaultRun, requests: number, connections = CONNECTIONS): Promise<void> {
  const lanes = Array.from({ length: connections }, () => new HttpLane(run.service.url));
  await Promise.all(lanes.map((lane) => lane.open()));
  await Promise.all(
    lanes.map(async (lane) => {
      const ids = Array.from({ length: requests / connections }, () => run.ledger.newId());
      for (const id of ids) run.ledger.issued(id);
      await lane.write(ids.map(disconnectRequest).join(''));
      for (const id of ids) {
        const answer = await lane.answer('PUT', 60_000);
        if (answer.headers['x-request-id'] !== id) run.ledger.failed(id, 'the answer belongs to another');
        run.ledger.answered(id, answer);
      }
    }),
  );
  for (const lane of lanes) lane.close();
}

const disconnectRequest = (clientid: string): string =>
  encodeLaneRequest({
    method: 'PUT',
    target: '/api/projects/p/brokers/b/client-control/disconnect',
    token: TOKENS.editor,
    headers: { 'X-Request-Id': clientid },
    body: { clientid },
  });

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

function memory(): Memory {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / MEBIBYTE, resident: rss / MEBIBYTE };
}

describe(`${REQUESTS} requests at once`, () => {
  it.each([
    [
      'a broker that takes commands and does not answer',
      (target: ScriptedTarget) => target.script(() => undefined),
    ],
    [
      'a broker that does not even acknowledge',
      (_target: ScriptedTarget, run: FaultRun) => run.proxy.stall('toService'),
    ],
  ])('to %s are all answered in time, at a bounded cost', async (name, silence) => {
    for (let repeat = 0; repeat < REPEATS; repeat += 1) await overload(name, silence);
  });

  async function overload(
    name: string,
    silence: (target: ScriptedTarget, run: FaultRun) => void,
  ): Promise<void> {
    const target = await ScriptedTarget.start();
    const settings = { requestTimeoutMs: TIMEOUT_MS, maxPending: MAX_PENDING, keepaliveSeconds: 60 };
    const slack = { answerWithinMs: TIMEOUT_MS + 40_000 };
    const options = { name, broker: target, settings, ledger: slack, answers: 'clientControl' } as const;
    await FaultRun.during(options, async (run) => {
      await burst(run, CONNECTIONS);
      const before = memory();
      silence(target, run);
      await burst(run, REQUESTS);
      const outcomes = Object.keys(run.ledger.figures.outcomes);
      expect(outcomes.filter((outcome) => !/^(200|50[34] BROKER_)/.test(outcome))).toEqual([]);

      target.answerAll();
      await run.recovered();
      const doneOfBurst = async (): Promise<number> => {
        const done = (): number => run.ledger.figures.outcomes['200'] ?? 0;
        const doneBefore = done();
        await burst(run, AFTERWARDS);
        return done() - doneBefore;
      };
      let done = 0;
      // A stall of the machine may let a burst run out of time, but not one after the other.
      for (let attempt = 0; attempt < 5 && done < AFTERWARDS; attempt += 1) done = await doneOfBurst();
      expect(done).toBe(AFTERWARDS);
      const after = memory();
      // The test's own ledger and the log lines it keeps are in this, too.
      expect(after.heap - before.heap).toBeLessThan(64);
      expect(after.resident - before.resident).toBeLessThan(400);
      expect(await run.settle()).toEqual([]);
    });
  }
});

describe('a broker that does not answer', () => {
  it('does not slow the requests for another broker', async () => {
    const SAMPLES = sized(300, 600);
    const WAITING = sized(2500, 5000);
    const target = await ScriptedTarget.start();
    const fast = await ScriptedBroker.start();
    const others = [{ id: 'fast', url: fast.url, protocolVersion: 4 }];
    const settings = { requestTimeoutMs: 60_000, keepaliveSeconds: 90 };
    const slack = { answerWithinMs: 100_000 };
    const options = {
      name: 'beside a fast broker',
      broker: target,
      settings,
      others,
      ledger: slack,
      answers: 'clientControl',
    } as const;
    await FaultRun.during(options, async (run) => {
      await run.answers('clientControl', 'fast');
      const lane = new HttpLane(run.service.url);
      const medianMs = async (): Promise<number> => {
        const samples: number[] = [];
        for (let sample = 0; sample < SAMPLES; sample += 1) {
          const startedAt = performance.now();
          const { status } = await lane.send({
            method: 'PUT',
            target: '/api/projects/p/brokers/fast/client-control/disconnect',
            token: TOKENS.editor,
            body: { clientid: 'c' },
          });
          samples.push(performance.now() - startedAt);
          expect(status).toBe(200);
        }
        return samples.sort((a, b) => a - b)[SAMPLES / 2] ?? 0;
      };
      await medianMs();
      const alone = await medianMs();
      target.script(() => undefined);
      const waiting = burst(run, WAITING);
      const slow = { projectId: 'p', brokerId: 'b' };
      await until(() => run.service.gateway.pendingCount(slow) >= WAITING, 'commands wait');
      // The best of some, as other processes take their share of the CPU.
      let beside = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 5 && beside > alone * 2; round += 1)
        beside = Math.min(beside, await medianMs());
      lane.close();
      // Ends the wait early.
      run.proxy.cut('rst');
      await waiting;
      const ratio = beside / alone;
      keepFigures(
        `a fast broker beside ${WAITING} waiting requests: median ${ratio.toFixed(2)} of alone`,
        0,
        {
          figures: {
            requests: 3 * SAMPLES,
            executed: 3 * SAMPLES,
            outcomes: { 200: 3 * SAMPLES },
            violations: 0,
          },
        },
      );
      expect(ratio).toBeLessThan(5);
      expect(await run.settle()).toEqual([]);
    });
    await fast.stop();
  });
});
