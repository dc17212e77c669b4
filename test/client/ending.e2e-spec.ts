import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type ControlClient } from '@mqtt-client-control/client';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from '../support/until.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Long work, and a service with many callers, collect garbage in the middle of a call. */
async function collectGarbage(): Promise<void> {
  for (let at = 0; at < 3; at++) {
    collect();
    await nextTurn();
  }
}

const p = { projectId: 'p' };
const line = `${JSON.stringify({ index: 0, outcome: 'done', status: 200 })}\n`;

describe('the typed client, told to end after a garbage collection', () => {
  /** Its answers begin, or do not even that, and never end. */
  const server = createServer();
  let open: ServerResponse | undefined;
  let client: ControlClient;
  let begin: { readonly type: string; readonly text: string } | undefined;
  beforeAll(async () => {
    server.on('request', (request, response) => {
      open = response;
      request.resume();
      if (begin !== undefined) response.writeHead(200, { 'Content-Type': begin.type }).write(begin.text);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(() => (open = undefined));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Takes one thing of what comes, collects garbage, ends, and waits for both sides to see the end. */
  async function endsAfterGarbageCollection(
    items: AsyncIterable<unknown>,
    end: () => void,
    read: number,
  ): Promise<unknown> {
    let count = 0;
    const reading = (async (): Promise<unknown> => {
      try {
        for await (const item of items) count += item === undefined ? 0 : 1;
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    const { socket } = await until(() => count >= read && open, 'the answer has begun');
    await collectGarbage();
    end();
    await until(() => socket?.destroyed !== false, 'the connection is closed', 5000);
    return reading;
  }

  it('stops a selection', async () => {
    begin = { type: 'application/x-ndjson', text: line };
    const work = { select: { clientid: '*' }, actions: [{ action: 'disconnect' as const }] };
    const call = client.bulk(p, work);
    expect(await endsAfterGarbageCollection(call, () => call.stop(), 1)).toBeUndefined();
    expect(call.summary.done).toBe(1);
  });

  it('ends a call for many by its signal, with the reason of it', async () => {
    begin = { type: 'application/x-ndjson', text: line };
    const { signal, abort } = aborting();
    const call = client.bulk(p, [0, 1].map(kick), { signal });
    expect(await endsAfterGarbageCollection(call, abort, 1)).toBe(signal.reason);
    expect(call.open).toEqual([kick(1)]);
  });

  it('ends a call whose answer has not begun', async () => {
    begin = undefined;
    const { signal, abort } = aborting();
    const call = client.bulk(p, [0, 1].map(kick), { signal });
    expect(await endsAfterGarbageCollection(call, abort, 0)).toMatchObject({ name: 'AbortError' });
    expect(call.open).toEqual([kick(0), kick(1)]);
  });

  it('stops listening to events', async () => {
    begin = { type: 'text/event-stream', text: 'event: client.connected\ndata: {}\n\n' };
    const { signal, abort } = aborting();
    expect(await endsAfterGarbageCollection(client.events(p, { signal }), abort, 0)).toBeUndefined();
  });

  it('stops reading a list', async () => {
    begin = { type: 'application/x-ndjson', text: '{"project":"p","broker":"b","clientid":"a"}\n' };
    const { signal, abort } = aborting();
    expect(await endsAfterGarbageCollection(client.clients(p, {}, signal), abort, 1)).toMatchObject({
      name: 'AbortError',
    });
  });

  it('ends a single call', async () => {
    begin = undefined;
    const { signal, abort } = aborting();
    async function* single(): AsyncGenerator<unknown, void> {
      yield await client.listProjects({ signal });
    }
    expect(await endsAfterGarbageCollection(single(), abort, 0)).toMatchObject({ name: 'AbortError' });
  });
});

function kick(at: number): { action: 'disconnect'; clientid: string } {
  return { action: 'disconnect', clientid: `c${at}` };
}

function aborting(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
