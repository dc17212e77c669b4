import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ScriptedBroker, successFor, type ArrivedMessage } from '../support/scripted-broker.js';
import { sized } from '../support/test-form.js';
import { TestService } from '../support/test-service.js';
import { errorBodyProblem, outcomeOf } from './support/answer-meaning.js';
import { HttpLane, type LaneAnswer } from './support/http-lane.js';
import {
  requestArbitrary,
  routesOf,
  type ApiDocument,
  type FuzzedRequest,
} from './support/request-arbitrary.js';
import { SEED } from './support/run-settings.js';
import { BROKER_PASSWORD, holdsSecret, logLinesWithSecrets, noteLogs } from './support/secrets.js';
import { keepFigures } from './support/fault-run.js';

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as ApiDocument;
const REQUESTS_AT_ONCE = 20;
const RUNS = sized(100, 5000);
const TEST_TIMEOUT_MS = sized(120_000, 900_000);
const ANSWER_WITHIN_MS = 30_000;

/** Answers any request may get before it reaches its operation: no such path or method, not well-formed, headers too large. */
const BEFORE_ROUTING = new Set([400, 401, 403, 404, 405, 431]);

const auditDir = mkdtempSync(join(tmpdir(), 'fuzz-audit-'));

afterAll(() => {
  rmSync(auditDir, { recursive: true, force: true });
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** What is wrong with an answer; undefined if nothing is. */
function problemOf(
  request: FuzzedRequest,
  answer: LaneAnswer,
  allowed5xx: ReadonlySet<string>,
): string | undefined {
  const { status, headers, body, text } = answer;
  if (headers['x-request-id'] === undefined) return 'no X-Request-Id';
  if (holdsSecret(text)) return 'the answer holds a credential';
  // An answer to HEAD does not tell its code.
  if (request.method === 'HEAD') return status >= 500 && allowed5xx.size === 0 ? `a ${status}` : undefined;
  const { code } = (status >= 400 ? body : {}) as { readonly code?: string };
  if (status >= 500 && !allowed5xx.has(code ?? '')) return `a ${status} ${code ?? ''}`;
  if (!request.statuses.includes(String(status)) && !BEFORE_ROUTING.has(status))
    return `an undocumented ${status}`;
  return status >= 400 ? errorBodyProblem(status, body) : undefined;
}

/** Sends requests at the same time, and gives each one's problem. */
async function send(
  lanes: readonly HttpLane[],
  requests: readonly FuzzedRequest[],
  allowed5xx: ReadonlySet<string>,
  outcomes: Record<string, number>,
): Promise<string[]> {
  const problems = await Promise.all(
    requests.map(async (request, index) => {
      const lane = lanes[index];
      if (lane === undefined) throw new Error('more requests than lanes');
      try {
        await lane.write(Buffer.concat([Buffer.from(request.head, 'latin1'), request.body]));
        const answer = await lane.answer(request.method, ANSWER_WITHIN_MS);
        const outcome = outcomeOf(answer);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        const problem = problemOf(request, answer, allowed5xx);
        // What a request left unread, or sent too much, must not become the next one's.
        if (answer.status >= 400 || lane.hasUnaskedBytes) lane.close();
        return problem === undefined ? undefined : `${request.head.slice(0, 300)}: ${problem}`;
      } catch (error) {
        lane.close();
        return `${request.head.slice(0, 300)}: ${String(error)}`;
      }
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** A broker that answers both APIs as a real one would. */
function realistic({ api, commands, reply }: ArrivedMessage): void {
  if (api === 'clientControl') {
    reply(successFor(commands));
    return;
  }
  const client = { clientid: 'c', username: '<anonymous>', connected: true };
  reply({
    responses: commands.map(({ command, correlationData }) => ({
      command,
      correlationData,
      data: command === 'listClients' ? { clients: [client], totalCount: 1 } : client,
    })),
  });
}

async function fuzz(
  name: string,
  isBrokerUp: boolean,
  runs: number,
  allowed5xx: ReadonlySet<string>,
): Promise<void> {
  const broker = await ScriptedBroker.start();
  broker.script = realistic;
  const service = await TestService.start({
    brokers: [
      {
        id: 'b',
        url: broker.url,
        protocolVersion: 4,
        username: 'gateway',
        password: BROKER_PASSWORD,
        // A busy machine is no reason for a 504.
        requestTimeoutMs: 25_000,
      },
    ],
    config: {
      audit: { file: join(auditDir, 'audit.jsonl') },
      rateLimit: { requestsPerMinute: 0, unauthenticatedPerMinute: 0 },
    },
  });
  noteLogs(service.logLines);
  await service.brokerState('b');
  await service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
  if (!isBrokerUp) {
    await broker.stop();
    await service.brokerState('b', 'disconnected');
  }
  const lanes = Array.from({ length: REQUESTS_AT_ONCE }, () => new HttpLane(service.url));
  const batch = fc.array(requestArbitrary(document), {
    minLength: REQUESTS_AT_ONCE,
    maxLength: REQUESTS_AT_ONCE,
  });
  const outcomes: Record<string, number> = {};
  try {
    await fc.assert(
      fc.asyncProperty(batch, async (requests) => {
        expect(await send(lanes, requests, allowed5xx, outcomes)).toEqual([]);
      }),
      { numRuns: runs, seed: SEED, endOnFailure: true },
    );
    expect((await service.get('/health/live', null)).status).toBe(200);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const requests = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    const executed = broker.commands.length;
    keepFigures(name, 0, { figures: { requests, executed, outcomes, violations: 0 } });
  } finally {
    for (const lane of lanes) lane.close();
    await service.stop();
    if (isBrokerUp) await broker.stop();
  }
}

describe(`any request to the ${routesOf(document).length} documented operations`, () => {
  // This broker has the Pro endpoints and no more.
  const CANNOT = 'NOT_SUPPORTED_BY_BROKER';

  it(
    'is answered in time with a documented status and the one error body, and with a 5xx only where the broker cannot do it',
    async () => {
      await fuzz('fuzzed requests', true, RUNS, new Set([CANNOT]));
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'is answered with no other 5xx than that and BROKER_UNAVAILABLE while the broker is down',
    async () => {
      await fuzz('fuzzed requests, broker down', false, RUNS / 10, new Set(['BROKER_UNAVAILABLE', CANNOT]));
    },
    TEST_TIMEOUT_MS,
  );
});
