import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerEvent } from '../../src/broker-gateway/broker-event.js';
import { requestExtension } from '../../src/broker-gateway/extension-request.js';
import type { GatewayError } from '../../src/broker-gateway/gateway-error.js';
import { TestGateway } from '../support/gateway.js';
import { describedBy, ScriptedBroker, type ArrivedMessage } from '../support/scripted-broker.js';
import { until } from '../support/until.js';

const REF = { projectId: 'p', brokerId: 'b' };
let broker: ScriptedBroker;
let gateway: TestGateway;

beforeEach(async () => {
  broker = await ScriptedBroker.start();
});
afterEach(async () => {
  await gateway.stop();
  await broker.stop();
});

async function connect(settings: object = {}): Promise<void> {
  gateway = new TestGateway({ url: broker.url, ...settings });
  await gateway.state('connected');
  await gateway.gateway.capabilitiesKnown(REF);
}

/** Answers the gateway's own questions as a broker with the extension endpoint does. */
const withExtension = ({ api, commands, reply, succeed }: ArrivedMessage): void => {
  if (api !== 'extension') succeed();
  else
    reply({
      responses: commands.map(({ command, correlationData }) => ({
        command,
        correlationData,
        data: { plugin: '1.1.0', broker: 'scripted', features: { events: true } },
      })),
    });
};

describe('an answer', () => {
  it('that names another command does not count', async () => {
    await connect({ requestTimeoutMs: 10_000 });
    broker.script = ({ commands, reply, succeed }) => {
      reply({ responses: commands.map((each) => ({ ...each, command: 'subscribeClient', data: {} })) });
      reply({
        responses: commands.map((each) => ({ ...each, command: 'listClients', error: 'Client not found' })),
      });
      setTimeout(succeed, 50);
    };
    expect(await gateway.disconnect('c')).toBe('done');
    expect(gateway.stats().ignored.mismatched).toBe(2);
  });

  it("that comes on another API's topic does not count", async () => {
    await connect({ requestTimeoutMs: 600 });
    broker.script = ({ commands }) =>
      broker.publishReply(
        {
          responses: commands.map(({ command, correlationData }) => ({ command, correlationData, data: {} })),
        },
        { api: 'clientInspect' },
      );
    expect(await gateway.disconnect('c')).toMatchObject({
      code: 'BROKER_TIMEOUT',
      info: { outcome: 'unknown' },
    });
    expect(gateway.stats().ignored.mismatched).toBe(1);
  });

  it('without a correlation id that refuses this service is the answer to all that is in flight', async () => {
    await connect();
    const refusal = { command: 'disconnectClient', error: 'Not authorized', code: 'NOT_AUTHORIZED' };
    broker.script = ({ reply }) => reply({ responses: [refusal] });
    const endings = await Promise.all(['c1', 'c2'].map((id) => gateway.disconnect(id)));
    for (const ending of endings) expect(ending).toMatchObject({ code: 'BROKER_DENIED' });
    expect(gateway.status().features.clientControl).toBe('denied');
  });
});

describe('heavy lists', () => {
  it('travel one in a message, however many are asked for at once', async () => {
    await connect();
    const list = (): Promise<unknown> =>
      gateway.gateway.request(REF, 'clientInspect', { command: 'listClients', count: 10 });
    await Promise.all([list(), list(), list()]);
    expect(broker.messages.map(({ commands }) => commands.length)).toEqual([1, 1, 1]);
  });
});

describe('lanes and signals', () => {
  const bulk = (clientid: string, signal?: AbortSignal): Promise<unknown> =>
    gateway.gateway
      .request(
        REF,
        'clientControl',
        { command: 'disconnectClient', clientid },
        { lane: 'bulk', ...(signal && { signal }) },
      )
      .catch((error: unknown) => error);

  it('a bulk does not count against maxPending, and single commands overtake it', async () => {
    await connect({ maxPending: 2, maxBatch: 1 });
    const many = Array.from({ length: 30 }, (_, i) => bulk(`bulk-${i}`));
    expect(await gateway.disconnect('single')).toBe('done');
    await Promise.all(many);
    const ids = broker.commands.map(({ clientid }) => clientid);
    expect(ids).toHaveLength(31);
    expect(ids.indexOf('single')).toBeLessThan(6);
  });

  it('an aborted request that was not sent never is; one that was sent goes on', async () => {
    await connect({ maxBatch: 1, requestTimeoutMs: 5000 });
    const waiting: ArrivedMessage[] = [];
    broker.script = (message) => void waiting.push(message);
    const controller = new AbortController();
    const requests = Array.from({ length: 10 }, (_, i) => bulk(`c${i}`, controller.signal));
    await until(() => waiting.length === 4, 'as many are sent as may be');
    controller.abort();
    const aborted = await Promise.all(requests.slice(4));
    for (const error of aborted)
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE', info: { outcome: 'not-sent' } });
    for (const message of waiting) message.succeed();
    expect(await Promise.all(requests.slice(0, 4))).toEqual(Array(4).fill({}));
    expect(await gateway.disconnect('afterwards')).toMatchObject({});
    expect(broker.commands.map(({ clientid }) => clientid)).toEqual(['c0', 'c1', 'c2', 'c3', 'afterwards']);
  }, 60_000);
});

describe('questions after the connect', () => {
  it('end a silence when the answer comes late', async () => {
    const late: ArrivedMessage[] = [];
    broker.probeScript = (message) => void late.push(message);
    await connect({ requestTimeoutMs: 600 });
    expect(gateway.status().features).toMatchObject({ clientControl: 'silent', clientInspect: 'silent' });
    expect(await gateway.disconnect('c')).toMatchObject({ info: { reason: 'silent' } });
    for (const message of late) message.succeed();
    await until(() => gateway.status().features.clientControl === 'available', 'it is found to be there');
    expect(await gateway.disconnect('c')).toBe('done');
  });

  it('are not put again for a while where one of them costs the connection each time', async () => {
    broker.probeScript = (message) => {
      if (message.api === 'extension') broker.cutConnections();
      else message.succeed();
    };
    gateway = new TestGateway({ url: broker.url });
    await until(() => gateway.status().features.extension === 'denied', 'it is left alone');
    await gateway.state('connected');
    const { connects } = gateway.stats();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(gateway.stats().connects).toBe(connects);
    expect(await gateway.disconnect('c')).toBe('done');
  });
});

describe('a command that only our own endpoint knows', () => {
  const setBan = (): Promise<unknown> =>
    requestExtension(gateway.gateway, REF, 'bans', { command: 'setBan' }).then(
      () => 'done',
      (error: unknown) => {
        const { code, info } = error as GatewayError;
        return { code, info };
      },
    );
  const answerDescribe =
    (answer: object) =>
    ({ api, commands, reply, succeed }: ArrivedMessage): void => {
      if (api !== 'extension') succeed();
      else reply({ responses: commands.map((command) => ({ ...command, ...answer })) });
    };

  it('is not sent while the endpoint is silent, and is when its word on what it can do comes late', async () => {
    const late: ArrivedMessage[] = [];
    broker.probeScript = (message) => void late.push(message);
    await connect({ requestTimeoutMs: 600 });
    expect(await setBan()).toEqual({ code: 'NOT_SUPPORTED_BY_BROKER', info: { feature: 'bans' } });
    expect(broker.commands).toEqual([]);
    late.forEach(describedBy('bans'));
    await until(() => gateway.status().features.extension === 'available', 'it is found to be there');
    expect(gateway.gateway.capabilities(REF).extension?.features.bans).toBe(true);
    expect(await setBan()).toBe('done');
  });

  it('is for the endpoint to judge when it could not say what it can do', async () => {
    broker.probeScript = answerDescribe({ error: 'out of memory' });
    await connect();
    expect(gateway.status().features.extension).toBe('available');
    expect(await setBan()).toBe('done');
  });

  it.each([
    ['has not the feature', describedBy('inspect')],
    ['does not know the question', answerDescribe({ error: 'Unknown command', code: 'UNKNOWN_COMMAND' })],
    ['refuses this service', answerDescribe({ error: 'Not authorized', code: 'NOT_AUTHORIZED' })],
    ['is not there', ({ reply }: ArrivedMessage) => reply({ error: 'endpoint not available' })],
  ])('is NOT_SUPPORTED_BY_BROKER and not sent to an endpoint that %s', async (_what, probeScript) => {
    broker.probeScript = probeScript;
    await connect();
    expect(await setBan()).toEqual({ code: 'NOT_SUPPORTED_BY_BROKER', info: { feature: 'bans' } });
    expect(broker.commands).toEqual([]);
  });
});

describe('events', () => {
  it('are asked for while somebody listens, and what was missed is told', async () => {
    broker.probeScript = withExtension;
    await connect();
    const events: BrokerEvent[] = [];
    broker.script = ({ commands, reply }) =>
      reply({
        responses: commands.map(({ command, correlationData }) => ({
          command,
          correlationData,
          data: command === 'watchEvents' ? { sequence: 7 } : {},
        })),
      });
    const stop = gateway.gateway.subscribeEvents(REF, (event) => events.push(event));
    await until(() => broker.commands.some(({ command }) => command === 'watchEvents'), 'the lease');
    const event = { type: 'connected', time: 1, clientid: 'c', username: '<anonymous>' };
    broker.publishReply({ events: [event], sequence: 8, missed: 0 }, { api: 'extension' });
    broker.publishReply({ events: [event], sequence: 12, missed: 0 }, { api: 'extension' });
    await until(() => events.length === 3, 'two events and a gap');
    expect(events).toMatchObject([
      { kind: 'connected', clientid: 'c' },
      { kind: 'gap', missed: 3 },
      { kind: 'connected', clientid: 'c' },
    ]);
    stop();
    await until(
      () => broker.commands.some(({ command }) => command === 'unwatchEvents'),
      'the end of the lease',
    );
  });
});

describe("a broker's url", () => {
  it('cannot set the client id, and keeps its path and query', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const head = new Promise<string>((resolve) =>
      server.once('connection', (socket) => socket.once('data', (data) => resolve(data.toString()))),
    );
    gateway = new TestGateway({ url: `ws://127.0.0.1:${port}/mqtt?clientId=mine&token=t` });
    expect(await head).toMatch(/^GET \/mqtt\?clientId=mine&token=t HTTP/);
    expect(gateway.gateway.ownClientId(REF)).toMatch(/^client-control-mcc-[0-9a-f]{24}$/);
    server.close();
    await gateway.stop();
    gateway = new TestGateway({ url: `${broker.url}?clientId=mine` });
    await gateway.state('connected');
    expect(Object.keys((broker.aedes as unknown as { clients: object }).clients)).toEqual([
      gateway.gateway.ownClientId(REF),
    ]);
  });
});
