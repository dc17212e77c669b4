import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { TOKENS } from '../support/test-service.js';
import { errorBodyProblem } from './support/answer-meaning.js';
import { FaultRun } from './support/fault-run.js';
import { encodeLaneRequest, HttpLane, type LaneAnswer } from './support/http-lane.js';
import { takeAnswer } from './support/read-answer.js';
import { IS_LONG, SEED, seededRandom, sized } from './support/run-settings.js';
import { ScriptedTarget } from './support/scripted-target.js';
import { logLinesWithSecrets } from './support/secrets.js';

const TARGET = '/api/projects/p/brokers/b/client-control/disconnect';
const CONTROL = { method: 'PUT', target: TARGET, token: TOKENS.editor } as const;

afterAll(() => {
  expect(logLinesWithSecrets().found).toEqual([]);
});

async function serve(name: string, scenario: (run: FaultRun) => Promise<void>): Promise<void> {
  const broker = await ScriptedTarget.start();
  await FaultRun.during({ name, broker, settings: { requestTimeoutMs: 5000 } }, async (run) => {
    await scenario(run);
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
      await run.load({ lanes: 64, perSecond: 5000, nextId: upTo(run, 500) }).finished();
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
      await run.load({ lanes: 64, perSecond: 1000, nextId: upTo(run, 1000) }).finished();
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
        Array.from({ length: sized(400, 4000) }, async (_, index) => {
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
      const ids = Array.from({ length: 200 }, () => run.ledger.newId());
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
      const sockets = await openSockets(run, 100);
      run.faults += sockets.length;
      const bytes = encodeLaneRequest({ ...CONTROL, body: { clientid: 'half' } });
      const ends = sockets.map(readToEnd);
      for (const socket of sockets) socket.end(bytes.slice(0, -5));
      for (const answer of await Promise.all(ends)) {
        if (answer !== undefined) expect(errorBodyProblem(400, answer.body)).toBeUndefined();
      }
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
