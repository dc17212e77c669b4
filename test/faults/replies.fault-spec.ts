import { afterAll, describe, expect, it } from '@jest/globals';
import type { ArrivedCommand, ArrivedMessage } from '../support/scripted-broker.js';
import { sized } from '../support/test-form.js';
import { until } from '../support/until.js';
import { FaultRun } from './support/fault-run.js';
import type { Ledger } from './support/ledger.js';
import { SEED, seededRandom } from './support/run-settings.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const ACTIONS = ['disconnect', 'subscribe', 'unsubscribe'] as const;
const REQUESTS = sized(500, 30_000);
/** For what is answered; a busy machine has no part in it. */
const LONG_TIMEOUT_MS = 20_000;
/** For what is never answered. */
const SHORT_TIMEOUT_MS = 2000;

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

type Script = (message: ArrivedMessage, target: ScriptedTarget) => void;

/** Sends all requests to a broker that answers as scripted; nothing may be violated. */
async function sendAll(name: string, script: Script, requestTimeoutMs = LONG_TIMEOUT_MS): Promise<Ledger> {
  const broker = await ScriptedTarget.start();
  let ledger: Ledger | undefined;
  const options = { name, broker, settings: { requestTimeoutMs }, answers: 'clientControl' } as const;
  await FaultRun.during(options, async (run) => {
    ledger = run.ledger;
    broker.script((message) => {
      run.faults += 1;
      script(message, broker);
    });
    const nextId = idsOf(run, REQUESTS);
    await run.load({ lanes: 64, perSecond: 100_000, actions: ACTIONS, nextId }).finished();
    expect(await run.settle()).toEqual([]);
  });
  if (ledger === undefined) throw new Error('the scenario did not run');
  return ledger;
}

/** The client ids of that many requests. */
function idsOf({ ledger }: FaultRun, count: number): () => string | undefined {
  let left = count;
  return () => (left-- > 0 ? ledger.newId() : undefined);
}

async function expectOnlySuccess(name: string, script: Script): Promise<void> {
  const { figures } = await sendAll(name, script);
  expect(figures).toMatchObject({ requests: REQUESTS, executed: REQUESTS });
  expect(Object.keys(figures.outcomes).sort()).toEqual(['200', '204']);
}

const numberOf = ({ clientid }: ArrivedCommand): number => Number(clientid.split('-').at(-1));

describe('replies that come', () => {
  it.concurrent('in any order, one message each, some of them much later than others', () => {
    const random = seededRandom(SEED);
    return expectOnlySuccess('replies reordered', ({ commands, reply }, target) => {
      for (const command of commands) setTimeout(() => reply(target.execute([command])), random() * 100);
    });
  });

  it.concurrent('twice, and once more with another result', () =>
    expectOnlySuccess('replies duplicated', ({ commands, reply }, target) => {
      const success = target.execute(commands);
      reply(success);
      reply(success);
      reply({ responses: commands.map((command) => ({ ...command, error: 'Client not found' })) });
    }),
  );

  it.concurrent('after the deadline, when other requests are waiting', async () => {
    const isLate = (command: ArrivedCommand): boolean => numberOf(command) % 7 === 0;
    let lateMessages = 0;
    const script: Script = ({ commands, reply }, target) => {
      const late = commands.filter(isLate);
      reply(target.execute(commands.filter((command) => !isLate(command))));
      if (late.length === 0) return;
      lateMessages += 1;
      setTimeout(() => {
        reply(target.execute(late));
        lateMessages -= 1;
      }, SHORT_TIMEOUT_MS * 1.5);
    };
    const ledger = await sendAll('replies late', script, SHORT_TIMEOUT_MS);
    await until(() => lateMessages === 0, 'the late executions');
    expect(ledger.violations).toEqual([]);
    expect(ledger.figures.outcomes['504 BROKER_TIMEOUT unknown']).toBeGreaterThan(0);
    expect(ledger.figures.executed).toBeGreaterThan(0);
  });

  it.concurrent('for somebody else, with and without the right shape', () =>
    expectOnlySuccess('replies for somebody else', ({ commands, reply }, target) => {
      for (const correlationData of ['another-replica.1', '', null, 7, {}, '__proto__', 'constructor'])
        reply({
          responses: commands.map((command) => ({ ...command, correlationData, error: 'not yours' })),
        });
      reply({ responses: commands.map(({ command }) => ({ command, error: 'uncorrelated' })) });
      reply(target.execute(commands));
    }),
  );

  it.concurrent('under the name of another command, and on the other API, before the true ones', () =>
    expectOnlySuccess('replies that name another command', ({ commands, reply }, target) => {
      reply({ responses: commands.map((command) => ({ ...command, command: 'getClient', data: {} })) });
      const elsewhere = { responses: commands.map((command) => ({ ...command, data: {} })) };
      target.broker.publishReply(elsewhere, { api: 'clientInspect' });
      target.broker.publishReply(elsewhere, { api: 'extension' });
      setTimeout(() => reply(target.execute(commands)), 20);
    }),
  );
});

describe('a broker that does not answer what it is asked after the connect', () => {
  it.concurrent('is sent nothing until it does, and then everything', async () => {
    const broker = await ScriptedTarget.start();
    const waiting: ArrivedMessage[] = [];
    broker.broker.probeScript = (message) => void waiting.push(message);
    // Also how long the service waits for answers to its own questions.
    const settings = { requestTimeoutMs: 3000 };
    await FaultRun.during({ name: 'a silent endpoint, then an answer', broker, settings }, async (run) => {
      const service = { projectId: 'p', brokerId: 'b' };
      await run.service.gateway.capabilitiesKnown(service);
      run.faults += waiting.length;
      await run.load({ lanes: 64, perSecond: 100_000, actions: ACTIONS, nextId: idsOf(run, 300) }).finished();
      expect(run.ledger.figures).toMatchObject({
        executed: 0,
        outcomes: { '501 CLIENT_CONTROL_NOT_AVAILABLE not-sent': 300 },
      });
      for (const message of waiting) message.succeed();
      await until(
        () => run.service.gateway.status(service).features.clientControl === 'available',
        'the answer is heard',
      );
      await run.load({ lanes: 64, perSecond: 100_000, actions: ACTIONS, nextId: idsOf(run, 300) }).finished();
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.executed).toBe(300);
    });
  });
});

describe('messages that are no answer', () => {
  const NOISE: readonly (readonly [string, (text: string) => readonly unknown[]])[] = [
    ['cut in half', (text) => [text.slice(0, text.length / 2)]],
    ['not JSON', () => ['not JSON', '', Buffer.from([0xff, 0x00, 0xfe])]],
    [
      'of the wrong shape',
      () => [
        [],
        'null',
        '7',
        { responses: 'none' },
        { responses: [null, 7, []] },
        { error: 'no such thing' },
      ],
    ],
    ['1 MB long and of no use', () => [`{"padding":"${'x'.repeat(1_000_000)}"}`]],
  ];
  const EVERY = 5;

  it.concurrent.each(NOISE)('%s, are ignored, and the answer that follows counts', (name, noise) => {
    let arrived = 0;
    return expectOnlySuccess(`messages ${name}`, ({ commands, reply }, target) => {
      const text = JSON.stringify(target.execute(commands));
      if (arrived++ % EVERY === 0) for (const payload of noise(text)) reply(payload);
      reply(text);
    });
  });

  it.concurrent('leave a request that gets nothing else to its deadline', async () => {
    const script: Script = ({ commands, reply }, target) => {
      const text = JSON.stringify(target.execute(commands));
      reply(commands.some((command) => numberOf(command) % 50 === 0) ? text.slice(0, -20) : text);
    };
    const { figures } = await sendAll('only half an answer', script, SHORT_TIMEOUT_MS);
    expect(figures.outcomes['504 BROKER_TIMEOUT unknown']).toBeGreaterThan(0);
    expect(figures.outcomes['204']).toBeGreaterThan(0);
  });
});

describe('answers', () => {
  it.concurrent('of 1 MB count like any other', () => {
    let arrived = 0;
    return expectOnlySuccess('answers of 1 MB', ({ commands, reply }, target) => {
      const text = JSON.stringify(target.execute(commands));
      reply(arrived++ % 5 === 0 ? text.padEnd(1_000_000) : text);
    });
  });

  it.concurrent('of the wrong shape fail their own request only', async () => {
    const WRONG = [{ data: 7 }, { data: [] }, { data: null }, { error: 7 }, { error: null }, { error: {} }];
    const { figures } = await sendAll('answers of the wrong shape', ({ commands, reply }, target) => {
      const responses = commands.map((command) => {
        const number = numberOf(command);
        return number % 10 === 0
          ? { correlationData: command.correlationData, ...WRONG[(number / 10) % WRONG.length] }
          : target.execute([command]).responses[0];
      });
      reply({ responses });
    });
    expect(figures.outcomes['502 BROKER_ERROR']).toBe(REQUESTS / 10);
    expect(figures.executed).toBe(REQUESTS - REQUESTS / 10);
  });

  it.concurrent(
    '“endpoint not available”, in the middle of a burst, fail what is in flight and nothing after',
    async () => {
      let arrived = 0;
      const { figures } = await sendAll('endpoint not available', ({ commands, reply }, target) => {
        if (++arrived % 5 === 0) reply({ error: 'endpoint not available' });
        else reply(target.execute(commands));
      });
      expect(Object.keys(figures.outcomes).sort()).toEqual([
        '200',
        '204',
        '501 CLIENT_CONTROL_NOT_AVAILABLE',
      ]);
    },
  );

  it.concurrent('“endpoint not available”, when as much is under way as can be, do not stop the rest', () => {
    const LARGEST_BURST = 64;
    const settings = { requestTimeoutMs: LONG_TIMEOUT_MS, maxBatch: 1 };
    const scenario = async (run: FaultRun, target: ScriptedTarget): Promise<void> => {
      await run.load({ lanes: 1, perSecond: 1000, nextId: idsOf(run, 5) }).finished();
      let arrived = 0;
      target.script(({ commands, reply }) => {
        arrived += 1;
        // The window is full long before this many have arrived and none is answered.
        if (arrived < 16) return;
        if (arrived === 16) reply({ error: 'endpoint not available' });
        else reply(target.execute(commands));
      });
      run.faults += 1;
      const burst = { lanes: LARGEST_BURST, perSecond: 100_000, nextId: idsOf(run, LARGEST_BURST) };
      await run.load(burst).finished();
      expect(await run.settle()).toEqual([]);
      expect(run.ledger.figures.outcomes).toEqual({
        '200': 5 + LARGEST_BURST - 16,
        '501 CLIENT_CONTROL_NOT_AVAILABLE': 16,
      });
    };
    return ScriptedTarget.start().then((broker) =>
      FaultRun.during(
        { name: 'endpoint not available, window full', broker, settings, answers: 'clientControl' },
        (run) => scenario(run, broker),
      ),
    );
  });
});
