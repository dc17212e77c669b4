import { afterEach, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { preparePluginTarget } from '../broker-plugin/support/plugin-target.js';
import { Device } from '../support/device.js';
import { Mosquitto } from '../support/mosquitto.js';
import { passwordFile } from '../support/password-file.js';
import { ScriptedBroker, type ArrivedCommand } from '../support/scripted-broker.js';
import { ServiceProcess } from '../support/service-process.js';
import { settled, until } from '../support/until.js';

const REPLICAS = ['a', 'b', 'c'] as const;
const REQUESTS = 500;
const TOKEN = 'token-of-the-replicas';
/** MQTT 5 section 3.14.2.1: administrative action. */
const ADMINISTRATIVE_ACTION = 0x98;

/** What one request came to, as far as the answer names it. */
interface Outcome {
  readonly status: number;
  readonly code?: string;
  readonly info?: Readonly<Record<string, unknown>>;
}

let stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

async function startReplica(broker: object): Promise<string> {
  const config = {
    http: { port: 0 },
    rateLimit: { requestsPerMinute: 0 },
    auth: {
      tokens: [{ name: 'ops', sha256: sha256Hex(TOKEN), grants: [{ project: 'p', role: 'editor' }] }],
    },
    projects: [{ id: 'p', brokers: [{ id: 'b', requestTimeoutMs: 20_000, ...broker }] }],
  };
  const replica = ServiceProcess.spawn(JSON.stringify(config), { LOG_LEVEL: 'info' });
  stops.push(() => replica.stop());
  const url = await replica.url();
  await until(async () => {
    const ready = (await (await fetch(`${url}/health/ready`)).json()) as { brokersDown: unknown[] };
    return ready.brokersDown.length === 0;
  }, 'the replica is connected');
  return url;
}

/** Waits until what a replica asks the broker after its connect is answered. */
async function surveyed(url: string): Promise<void> {
  await until(async () => {
    const response = await fetch(`${url}/api/projects/p/brokers/b`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { features } = (await response.json()) as { readonly features: Readonly<Record<string, string>> };
    return !Object.values(features).includes('unknown');
  }, 'the replica knows what the broker answers');
}

async function disconnect(url: string, clientid: string): Promise<Outcome> {
  const response = await fetch(`${url}/api/projects/p/brokers/b/client-control/disconnect`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ clientid }),
  });
  const { code, info } = (await response.json()) as Omit<Outcome, 'status'>;
  return {
    status: response.status,
    ...(code !== undefined && { code }),
    ...(info !== undefined && { info }),
  };
}

/** All requests of all replicas at once. */
async function disconnectEverywhere(
  urls: readonly string[],
  clientIds: readonly (readonly string[])[],
): Promise<Outcome[][]> {
  return Promise.all(
    urls.map((url, replica) => Promise.all((clientIds[replica] ?? []).map((id) => disconnect(url, id)))),
  );
}

async function ignoredReplies(url: string, reason: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text
    .split('\n')
    .find((each) => each.startsWith('client_control_replies_ignored_total') && each.includes(`"${reason}"`));
  // A broker has no samples of them before the first one.
  return Number(line?.split(' ').at(-1) ?? 0);
}

const clientIdsOf = (replica: string): string[] =>
  Array.from({ length: REQUESTS }, (_, index) => `${replica}-${index}`);
const notFound = (clientid: string): Outcome => ({
  status: 404,
  code: 'CLIENT_NOT_FOUND',
  info: { clientid },
});

describe('three replicas on one broker', () => {
  it('each get their own answers where the broker sends every answer to all of them', async () => {
    const broker = await ScriptedBroker.start();
    stops.push(() => broker.stop());
    // Three kinds of answers, two of which name the client, so that a mix-up would show.
    const answer = ({ clientid, command, correlationData }: ArrivedCommand): object => {
      const kind = Number(clientid.split('-')[1]) % 3;
      if (kind === 0) return { command, correlationData, data: {} };
      return {
        command,
        correlationData,
        error: kind === 1 ? 'Client not found' : `no luck with ${clientid}`,
      };
    };
    const expected = (clientid: string, index: number): Outcome => {
      if (index % 3 === 0) return { status: 200 };
      if (index % 3 === 1) return notFound(clientid);
      return { status: 502, code: 'BROKER_ERROR', info: { brokerError: `no luck with ${clientid}` } };
    };
    const waiting: ArrivedCommand[] = [];
    // Answers come late and in the opposite order, those of all replicas in one message.
    broker.script = ({ commands }) => {
      waiting.push(...commands);
      if (waiting.length === commands.length) {
        setImmediate(() => broker.publishReply({ responses: waiting.splice(0).reverse().map(answer) }));
      }
    };
    const urls = await Promise.all(REPLICAS.map(() => startReplica({ url: broker.url, protocolVersion: 4 })));

    const clientIds = REPLICAS.map(clientIdsOf);
    // The answers to what each replica asks after its connect reach the others, too, a moment later.
    await Promise.all(urls.map(surveyed));
    const ignoredByAll = async (): Promise<number> => {
      const foreign = await Promise.all(urls.map((url) => ignoredReplies(url, 'foreign')));
      return foreign.reduce((sum, count) => sum + count, 0);
    };
    await settled(ignoredByAll);
    const before = await Promise.all(
      urls.map(async (url) => ({
        foreign: await ignoredReplies(url, 'foreign'),
        late: await ignoredReplies(url, 'late-or-duplicate'),
      })),
    );
    const outcomes = await disconnectEverywhere(urls, clientIds);

    expect(outcomes).toEqual(clientIds.map((ids) => ids.map(expected)));
    const ids = broker.commands.map(({ correlationData }) => correlationData);
    expect(new Set(ids).size).toBe(REPLICAS.length * REQUESTS);
    for (const [index, url] of urls.entries()) {
      const { foreign = 0, late = 0 } = before[index] ?? {};
      const others = (REPLICAS.length - 1) * REQUESTS;
      // The last answers to the others may still be on their way.
      await until(
        async () => (await ignoredReplies(url, 'foreign')) - foreign >= others,
        'the answers to the others arrive',
      );
      expect((await ignoredReplies(url, 'foreign')) - foreign).toBe(others);
      expect((await ignoredReplies(url, 'late-or-duplicate')) - late).toBe(0);
    }
  });

  it('each get their own answers from Mosquitto, and every client that was there is disconnected', async () => {
    const { binary, library } = preparePluginTarget('2.1');
    const broker = await Mosquitto.start({
      binary,
      files: { passwords: passwordFile({ gateway: 'secret' }) },
      config: [
        'allow_anonymous true',
        'password_file {dir}/passwords',
        `plugin ${library}`,
        'plugin_opt_allow_username gateway',
      ],
    });
    stops.push(() => broker.stop());
    const urls = await Promise.all(
      REPLICAS.map(() => startReplica({ url: broker.url, username: 'gateway', password: 'secret' })),
    );
    const clientIds = REPLICAS.map(clientIdsOf);
    const isThere = (index: number): boolean => index % 10 === 0;
    const devices = await Promise.all(
      clientIds.flatMap((ids) =>
        ids.filter((_, index) => isThere(index)).map((clientId) => Device.connect(broker.url, { clientId })),
      ),
    );
    stops.push(() => Promise.all(devices.map((device) => device.end())));

    const outcomes = await disconnectEverywhere(urls, clientIds);

    expect(outcomes).toEqual(
      clientIds.map((ids) => ids.map((id, index) => (isThere(index) ? { status: 200 } : notFound(id)))),
    );
    await Promise.all(devices.map(({ closed }) => closed));
    expect(devices.map(({ disconnectReason }) => disconnectReason)).toEqual(
      devices.map(() => ADMINISTRATIVE_ACTION),
    );
  });
});
