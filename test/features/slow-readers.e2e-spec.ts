import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { ServiceProcess } from '../support/service-process.js';
import { settled, until } from '../support/until.js';

const CLIENTS = 100_000;
const READERS = 24;
/** What the lists would take if they were held: each is some 26 MB. */
const MAX_MB = 400;

describe('callers that ask for all of 100,000 clients and never read', () => {
  let broker: ScriptedBroker;
  let service: ServiceProcess;
  let url: URL;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    broker = await ScriptedBroker.start();
    const fleet = Array.from({ length: CLIENTS }, (_, index) => ({
      clientid: `client-${index}`,
      username: `user-${index % 100}`,
      address: '10.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v5',
      connected: true,
      lastConnect: 1_795_435_200_000,
      lastDisconnect: null,
      queues: { in: 0, out: 0, bytes: 0, dropped: 0 },
    }));
    broker.script = ({ commands, reply }) =>
      reply({
        responses: commands.map(({ command, correlationData, offset = 0, count = 0 }) => {
          const page = fleet.slice(Number(offset), Number(offset) + Number(count));
          return { command, correlationData, data: { clients: page, totalCount: CLIENTS } };
        }),
      });
    service = ServiceProcess.spawn(
      JSON.stringify({
        http: { port: 0 },
        rateLimit: { requestsPerMinute: 0 },
        auth: {
          tokens: [{ name: 'v', sha256: sha256Hex('viewer'), grants: [{ project: 'p', role: 'viewer' }] }],
        },
        projects: [{ id: 'p', brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }] }],
      }),
    );
    url = new URL(await service.url());
    await until(async () => (await status('?count=1')) === 200, 'the broker is used');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await service.stop();
    await broker.stop();
  });

  const path = '/api/projects/p/brokers/b/client-inspect';
  const status = async (query: string): Promise<number> => {
    const response = await fetch(new URL(`${path}${query}`, url), {
      headers: { authorization: 'Bearer viewer' },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const residentMb = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1000;

  it('cost a page each, and others are answered', async () => {
    for (let reader = 0; reader < READERS; reader += 1) {
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `GET ${path}?count=-1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer viewer\r\n\r\n`,
      );
      socket.pause();
      sockets.push(socket);
    }
    let most = 0;
    const asked = (): number => {
      most = Math.max(most, residentMb());
      return broker.messages.length;
    };
    await until(() => asked() > READERS, 'they are served');
    // Until the broker is asked for nothing more: whoever holds lists asks for all of them.
    await settled(asked, 1000);
    expect(most).toBeLessThan(MAX_MB);
    expect(await status('?count=10')).toBe(200);
  });

  it('get the whole list when they read after all', async () => {
    const response = await fetch(new URL(`${path}?count=-1`, url), {
      headers: { authorization: 'Bearer viewer' },
    });
    expect(response.headers.get('x-total-count')).toBe(String(CLIENTS));
    expect((await response.json()) as unknown[]).toHaveLength(CLIENTS);
  });
});
