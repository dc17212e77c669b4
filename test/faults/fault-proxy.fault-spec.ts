import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { FaultProxy } from './support/fault-proxy.js';

// The suite is worth what its proxy really does to a connection.

let server: Server;
let proxy: FaultProxy;
let client: Socket;
let served: Socket;
let atClient = '';
let atServer = '';
let clientEnd: string | undefined;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.listen((server.address() as AddressInfo).port, { seed: 1 });
  atClient = atServer = '';
  clientEnd = undefined;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  client.on('data', (chunk: Buffer) => (atClient += chunk.toString()));
  client.on('error', (error: NodeJS.ErrnoException) => (clientEnd = error.code));
  client.on('end', () => (clientEnd = 'FIN'));
  [served] = await accepted;
  served.on('data', (chunk: Buffer) => (atServer += chunk.toString()));
  served.on('error', () => undefined);
  client.write('hello');
  served.write('welcome');
  await until(() => atServer === 'hello' && atClient === 'welcome', 'both directions work');
});
afterEach(async () => {
  client.destroy();
  served.destroy();
  await proxy.close();
  server.close();
});

describe('the proxy', () => {
  it('cuts with FIN', async () => {
    proxy.cut('fin');
    expect(await until(() => clientEnd, 'the end')).toBe('FIN');
  });

  it('cuts with RST', async () => {
    proxy.cut('rst');
    expect(await until(() => clientEnd, 'the end')).toBe('ECONNRESET');
  });

  it('makes a connection half-open: the other side is gone, and this one is told nothing', async () => {
    proxy.blackHole();
    await once(served, 'end');
    client.write('more');
    proxy.heal();
    await proxyTurns();
    expect([clientEnd, atServer]).toEqual([undefined, 'hello']);
  });

  it('stalls one direction and delivers later', async () => {
    proxy.stall('toBroker');
    client.write(' again');
    served.write(' back');
    await until(() => atClient === 'welcome back', 'the other direction works');
    expect(atServer).toBe('hello');
    proxy.heal();
    await until(() => atServer === 'hello again', 'the stalled bytes');
  });

  it('cuts in the middle of what is sent', async () => {
    proxy.cutInPacket('toBroker', 3);
    client.write('123456');
    await until(() => clientEnd === 'ECONNRESET', 'the reset');
    await until(() => atServer === 'hello123', 'what came before it');
  });

  it('delays, and keeps the order', async () => {
    proxy.reshape({ latencyMs: [100, 200] });
    const startedAt = performance.now();
    for (const digit of '123456') client.write(digit);
    await until(() => atServer.endsWith('6'), 'everything');
    expect(atServer).toBe('hello123456');
    expect(performance.now() - startedAt).toBeGreaterThan(95);
  });

  it('narrows the line', async () => {
    proxy.reshape({ bytesPerSecond: 1024 });
    const startedAt = performance.now();
    client.write('x'.repeat(512));
    await until(() => atServer.length === 5 + 512, 'everything');
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });
});

/** Time for bytes to pass that must not. */
async function proxyTurns(): Promise<void> {
  const probe = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  const [other] = (await once(server, 'connection')) as [Socket];
  other.write('x');
  await once(probe, 'data');
  probe.destroy();
  other.destroy();
}
