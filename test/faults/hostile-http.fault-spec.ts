import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { expectShortTurns } from '../support/longest-turn.js';
import { IS_LONG, sized } from '../support/test-form.js';
import { TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';
import { errorBodyProblem } from './support/answer-meaning.js';
import { FaultRun } from './support/fault-run.js';
import { encodeLaneRequest, HttpLane, type LaneAnswer } from './support/http-lane.js';
import { takeAnswer } from './support/read-answer.js';
import { SEED, seededRandom } from './support/run-settings.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const TARGET = '/api/projects/p/brokers/b/client-control/disconnect';
const CONTROL = { method: 'PUT', target: TARGET, token: TOKENS.editor } as const;

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

/** A run whose broker a test can script. */
type ScriptedRun = FaultRun & { readonly broker: ScriptedTarget };

async function serve(
  name: string,
  scenario: (run: ScriptedRun) => Promise<void>,
  requestTimeoutMs = 20_000,
): Promise<void> {
  const broker = await ScriptedTarget.start();
  const options = { name, broker, settings: { requestTimeoutMs }, answers: 'clientControl' } as const;
  await FaultRun.during(options, async (run) => {
    await scenario(run as ScriptedRun);
    broker.answerAll();
    await expectWell(run);
    expect(await run.settle()).toEqual([]);
  });
}

/** A new caller is served. */
async function expectWell({ service }: FaultRun): Promise<void> {
  const answer = await service.control('disconnect', { clientid: 'c' }, { headers: { connection: 'close' } });
  expect(answer.status).toBe(200);
}

function openSockets({ service }: FaultRun, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(service.url);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    }),
  );
}

async function send(run: FaultRun, request: Parameters<HttpLane['send']>[0]): Promise<LaneAnswer> {
  const lane = new HttpLane(run.service.url);
  try {
    return await lane.send(request);
  } finally {
    lane.close();
  }
}

/** Sends a request that ends its connection, and throws the answer away. */
async function sendUnread(run: FaultRun, request: Parameters<HttpLane['send']>[0]): Promise<void> {
  const [socket] = await openSockets(run, 1);
  socket?.resume().write(encodeLaneRequest(request));
  if (socket !== undefined) await once(socket, 'close', { signal: AbortSignal.timeout(40_000) });
}

/** Everything that a connection gets until the service closes it. */
async function readAllAnswers(socket: Socket): Promise<LaneAnswer[]> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.destroyed) await once(socket, 'close', { signal: AbortSignal.timeout(40_000) });
  const answers: LaneAnswer[] = [];
  let rest: Buffer = Buffer.concat(chunks);
  for (let taken = takeAnswer(rest, 'PUT'); taken !== undefined; taken = takeAnswer(rest, 'PUT')) {
    answers.push(taken.answer);
    rest = Buffer.from(taken.rest);
  }
  expect(rest.toString('latin1')).toBe('');
  return answers;
}

/** What a connection gets until the service closes it. */
async function readToEnd(socket: Socket): Promise<LaneAnswer | undefined> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.destroyed) await once(socket, 'close');
  return takeAnswer(Buffer.concat(chunks), 'PUT')?.answer;
}

describe('connections', () => {
  it('that are idle, a thousand of them, are in nobody’s way', () =>
    serve('1,000 idle connections', async (run) => {
      const sockets = await openSockets(run, 1000);
      run.faults += sockets.length;
      await run.load({ lanes: 64, perSecond: 5000, nextId: upTo(run, sized(500, 10_000)) }).finished();
      for (const socket of sockets) socket.destroy();
    }));

  it('that send byte by byte are in nobody’s way, and end with a 408', () =>
    serve('slow-loris connections', async (run) => {
      const sockets = await openSockets(run, sized(200, 500));
      run.faults += sockets.length;
      const head = `PUT ${TARGET} HTTP/1.1\r\nHost: service.test\r\nX-Endless: `;
      let sent = 0;
      const timer = setInterval(() => {
        const byte = head[sent++] ?? 'x';
        for (const socket of sockets) if (socket.writable) socket.write(byte);
      }, 50);
      const ends = sockets.map(readToEnd);
      await run.load({ lanes: 64, perSecond: 1000, nextId: upTo(run, sized(1000, 10_000)) }).finished();
      if (IS_LONG) {
        for (const answer of await Promise.all(ends)) {
          expect(answer?.status).toBe(408);
          expect(errorBodyProblem(408, answer?.body)).toBeUndefined();
        }
      }
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    }));

  it('that callers abort at any moment leave nothing behind, and run no command twice', () =>
    serve('early aborts', async (run) => {
      const random = seededRandom(SEED);
      await Promise.all(
        Array.from({ length: sized(400, 30_000) }, async (_, index) => {
          await delay(index);
          const [socket] = await openSockets(run, 1);
          const id = run.ledger.newId();
          const bytes = encodeLaneRequest({ ...CONTROL, body: { clientid: id } });
          run.ledger.issued(id);
          run.ledger.abandoned(id);
          run.faults += 1;
          socket?.write(bytes.slice(0, Math.ceil(random() * bytes.length * 1.5)));
          await delay(random() * 5);
          if (random() < 0.5) socket?.resetAndDestroy();
          else socket?.destroy();
        }),
      );
    }));

  it('with pipelined requests get their answers in order', () =>
    serve('pipelined requests', async (run) => {
      const lane = new HttpLane(run.service.url);
      const ids = Array.from({ length: sized(200, 10_000) }, () => run.ledger.newId());
      for (const id of ids) run.ledger.issued(id);
      const requests = ids.map((id) =>
        encodeLaneRequest({ ...CONTROL, headers: { 'X-Request-Id': id }, body: { clientid: id } }),
      );
      await lane.write(requests.join(''));
      for (const id of ids) {
        const answer = await lane.answer('PUT');
        expect(answer.headers['x-request-id']).toBe(id);
        run.ledger.answered(id, answer);
      }
      lane.close();
    }));

  it('that end in the middle of a body are answered or closed', () =>
    serve('bodies that end early', async (run) => {
      const sockets = await openSockets(run, sized(100, 1000));
      run.faults += sockets.length;
      const bytes = encodeLaneRequest({ ...CONTROL, body: { clientid: 'half' } });
      const ends = sockets.map(readToEnd);
      for (const socket of sockets) socket.end(bytes.slice(0, -5));
      for (const answer of await Promise.all(ends)) {
        if (answer !== undefined) expect(errorBodyProblem(400, answer.body)).toBeUndefined();
      }
    }));
});

describe('a command is executed in the open:', () => {
  /** Requests for new client ids, pipelined. */
  const pipelined = (run: FaultRun, count: number, headers?: Record<string, string>): [string[], string] => {
    const ids = Array.from({ length: count }, () => run.ledger.newId());
    for (const id of ids) run.ledger.issued(id);
    const requests = ids.map((id) =>
      encodeLaneRequest({ ...CONTROL, headers: { 'X-Request-Id': id, ...headers }, body: { clientid: id } }),
    );
    return [ids, requests.join('')];
  };

  it('in the log once, and no longer under way, though its caller reset the connection behind pipelined requests', () =>
    serve('resets behind pipelined requests', async (run) => {
      for (let round = 0; round < sized(100, 10_000); round += 1) {
        const [socket] = await openSockets(run, 1);
        const [ids, bytes] = pipelined(run, 2 + (round % 3));
        for (const id of ids) run.ledger.abandoned(id);
        run.faults += 1;
        socket?.write(bytes);
        await delay(round % 3);
        socket?.resetAndDestroy();
      }
      // That no request stays under way, and that what was executed is in the log, is for the ledger to tell.
      await until(() => run.ledger.figures.executed > 0, 'some were executed');
    }));

  it('its answer is the only one when something else than HTTP comes behind it', () =>
    serve('garbage while an answer is owed', async (run) => {
      run.broker.script(({ commands, reply }) => {
        setTimeout(() => reply(run.broker.execute(commands)), 50);
      });
      const behind = [
        'FLY / HTTP/1.1\r\n\r\n',
        '\0\x01\x02\r\n\r\n',
        'GET / HTTP/9.9\r\n\r\n',
        `GET / HTTP/1.1\r\nX-Padding: ${'x'.repeat(20_000)}\r\n\r\n`,
        'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
      ];
      for (const garbage of Array.from({ length: sized(1, 20) }, () => behind).flat()) {
        for (const together of [true, false]) {
          const [socket] = await openSockets(run, 1);
          const [ids, bytes] = pipelined(run, 2);
          run.faults += 1;
          const end = socket && readAllAnswers(socket);
          if (together) socket?.write(bytes + garbage);
          else {
            socket?.write(bytes);
            await delay(10);
            socket?.write(garbage);
          }
          const answers = (await end) ?? [];
          expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(ids);
          answers.forEach((answer, index) => run.ledger.answered(ids[index] ?? '', answer));
        }
      }
    }));

  it('and so it is when it asks for the connection to be closed, and another request comes behind it', () =>
    serve('a request behind Connection: close', async (run) => {
      const [socket] = await openSockets(run, 1);
      const [[id = ''], bytes] = pipelined(run, 1, { Connection: 'close' });
      run.faults += 1;
      const end = socket && readAllAnswers(socket);
      socket?.write(bytes + encodeLaneRequest({ ...CONTROL, body: { clientid: 'too late' } }));
      const answers = (await end) ?? [];
      expect(answers.map(({ status }) => status)).toEqual([200]);
      if (answers[0] !== undefined) run.ledger.answered(id, answers[0]);
    }));

  it('and so it is when the request behind it does not arrive in time', () =>
    serve(
      'half a request behind another',
      async (run) => {
        const server = run.service.app.getHttpServer();
        server.headersTimeout = 100;
        run.broker.script(({ commands, reply }) => {
          // The request behind it has had more than its time by then.
          setTimeout(() => reply(run.broker.execute(commands)), 1500);
        });
        const [socket] = await openSockets(run, 1);
        const [[id = ''], bytes] = pipelined(run, 1);
        run.faults += 1;
        const end = socket && readAllAnswers(socket);
        socket?.write(`${bytes}PUT ${TARGET} HTTP/1.1\r\nHost: ser`);
        const answers = (await end) ?? [];
        expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual([id]);
        if (answers[0] !== undefined) run.ledger.answered(id, answers[0]);
      },
      20_000,
    ));

  it('a request whose own body cannot be read is refused under its own id', () =>
    serve('bodies that cannot be read', async (run) => {
      for (const chunk of ['zz\r\n', '5\r\nabcdefgh\r\n']) {
        const [socket] = await openSockets(run, 1);
        const end = socket && readAllAnswers(socket);
        run.faults += 1;
        const head = encodeLaneRequest({
          ...CONTROL,
          headers: {
            'X-Request-Id': 'half',
            'Content-Type': 'application/json',
            'Transfer-Encoding': 'chunked',
          },
        });
        socket?.write(head);
        await delay(20);
        socket?.write(chunk);
        const answers = (await end) ?? [];
        expect(answers.map(({ status, headers }) => [status, headers['x-request-id']])).toEqual([
          [400, 'half'],
        ]);
      }
    }));
});

describe('nothing that a caller sends holds the event loop', () => {
  const unknownKeys = `{${Array.from({ length: 26_000 }, (_, i) => `"${i.toString(36)}":1`).join(',')}}`;
  const lists = `{"clientid":"c","topic":"t","options":[${Array(76_000).fill('{}').join(',')}]}`;

  it.each([
    ['26,000 unknown keys', { ...CONTROL, body: unknownKeys }],
    [
      'options that are a list of objects',
      { ...CONTROL, target: TARGET.replace('disconnect', 'subscribe'), body: lists },
    ],
    ['a name of 200,000 characters', { ...CONTROL, body: `{"${'k'.repeat(200_000)}":1}` }],
    [
      '3,000 parameters in a query',
      {
        method: 'GET',
        token: TOKENS.editor,
        target: `/api/projects/p/brokers/b/client-inspect?${Array.from({ length: 3000 }, (_, i) => `a${i % 10}=`).join('&')}`,
      },
    ],
  ])('be it %s: 400 with a short body, and others are served meanwhile', (name, request) =>
    serve(name, async (run) => {
      const answers = Promise.all(Array.from({ length: 20 }, () => send(run, request)));
      run.faults += 20;
      await run.load({ lanes: 8, perSecond: 500, nextId: upTo(run, 100) }).finished();
      for (const answer of await answers) {
        expect([answer.status, errorBodyProblem(400, answer.body)]).toEqual([400, undefined]);
        expect(answer.text.length).toBeLessThan(32_768);
      }
      await expectShortTurns(() => send(run, request), 20);
    }),
  );

  it('be it a call for many of 9,900 items with names and shapes of their own', () =>
    serve('9,900 shapes', async (run) => {
      const item = (at: number): string =>
        `{${Array.from({ length: 11 }, (_, name) => `"n${(at * (name + 1)) % 1009}x${name}":1`).join(',')}}`;
      const request = {
        method: 'POST',
        target: TARGET.replace('disconnect', 'bulk'),
        token: TOKENS.editor,
        body: `{"operations":[${Array.from({ length: 9900 }, (_, at) => item(at)).join(',')}]}`,
      };
      run.faults += 1;
      const { status, body } = await send(run, request);
      expect([status, (body as { summary?: object }).summary]).toMatchObject([200, { failed: 9900 }]);
      // Read by nobody: parsing an answer of megabytes would be the test's own turn.
      const headers = { Connection: 'close' };
      // Its turns are short; collecting the garbage of 3 MB of refusals is not.
      await expectShortTurns(() => sendUnread(run, { ...request, headers }), 100);
    }));

  it('nor fills the log with what it made up', () =>
    serve('ids of 12,000 characters', async (run) => {
      const before = run.service.logLines.length;
      const target = `/api/projects/${'p'.repeat(12_000)}/brokers/${'b'.repeat(2000)}`;
      expect((await send(run, { method: 'GET', target, token: TOKENS.nobody })).status).toBe(403);
      await until(() => run.service.logLines.length > before, 'the line');
      for (const line of run.service.logLines.slice(before)) expect(line.length).toBeLessThan(4000);
    }));
});

describe('sizes', () => {
  it('of 10 KB of headers are served, of 20 KB are refused with 431', () =>
    serve('large headers', async (run) => {
      const withHeaders = (bytes: number): Promise<LaneAnswer> =>
        send(run, { ...CONTROL, headers: { 'X-Padding': 'x'.repeat(bytes) }, body: { clientid: 'c' } });
      expect((await withHeaders(10_240)).status).toBe(200);
      const refused = await withHeaders(20_480);
      expect([refused.status, errorBodyProblem(431, refused.body)]).toEqual([431, undefined]);
    }));

  it('over the limit are refused with 413, told or not', () =>
    serve('bodies over the limit', async (run) => {
      const large = JSON.stringify({ clientid: 'x'.repeat(300_000) });
      const told = await send(run, { ...CONTROL, body: large });
      expect([told.status, errorBodyProblem(413, told.body)]).toEqual([413, undefined]);
      const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
      const lane = new HttpLane(run.service.url);
      const head = encodeLaneRequest({
        ...CONTROL,
        headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
      });
      await lane.write(head + chunk);
      const untold = await lane.answer('PUT');
      expect([untold.status, errorBodyProblem(413, untold.body)]).toEqual([413, undefined]);
      lane.close();
    }));
});

/** Client ids of the ledger's, a number of them. */
function upTo({ ledger }: FaultRun, count: number): () => string | undefined {
  let left = count;
  return () => (left-- > 0 ? ledger.newId() : undefined);
}
