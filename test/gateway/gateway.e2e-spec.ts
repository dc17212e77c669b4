import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CONTROL_APIS } from '../../src/broker-gateway/protocol/control-api.js';
import { TestGateway } from '../support/gateway.js';
import { describedBy, ScriptedBroker, successFor, type ArrivedMessage } from '../support/scripted-broker.js';
import { until } from '../support/until.js';

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
  await served();
}

/** The gateway is connected, and its own questions are answered. Where a stall has cost the connection, the next one is. */
async function served(): Promise<void> {
  await until(async () => {
    await gateway.state('connected');
    await gateway.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    const { state, features } = gateway.status();
    return state === 'connected' && features.clientControl !== 'silent';
  }, 'the gateway serves');
}

/** A deadline that a stall of the machine does not use up, for tests that let one command miss it and not the next. */
const FORGIVING_MS = 2500;

const NOT_SENT = { outcome: 'not-sent' };
const UNKNOWN = { outcome: 'unknown' };

describe('requests and answers', () => {
  it('sends the commands of one tick in one message, and matches answers that come in any order', async () => {
    await connect();
    broker.script = ({ commands, reply }) => {
      for (const { clientid, command, correlationData } of [...commands].reverse()) {
        const isMissing = clientid === 'c3';
        reply({
          responses: [
            { command, correlationData, ...(isMissing ? { error: 'Client not found' } : { data: {} }) },
          ],
        });
      }
    };
    const endings = await Promise.all(['c1', 'c2', 'c3', 'c4'].map((id) => gateway.disconnect(id)));
    const notFound = { code: 'CLIENT_NOT_FOUND', info: { clientid: 'c3' } };
    expect(endings).toEqual(['done', 'done', notFound, 'done']);
    expect(broker.messages).toHaveLength(1);
  });

  it('puts at most maxBatch commands into one message', async () => {
    await connect({ maxBatch: 10 });
    const endings = await Promise.all(Array.from({ length: 25 }, (_, i) => gateway.disconnect(`c${i}`)));
    expect(new Set(endings)).toEqual(new Set(['done']));
    expect(broker.messages.map(({ commands }) => commands.length)).toEqual([10, 10, 5]);
  });

  it('asks for acknowledgements until the broker has answered, on each connection', async () => {
    const qos: number[] = [];
    broker.aedes.on('publish', ({ topic, qos: each }, client) => {
      if (client !== null && topic === CONTROL_APIS.clientControl.requestTopic) qos.push(each);
    });
    await connect();
    await gateway.disconnect('c1');
    broker.cutConnections();
    await until(() => gateway.stats().connects === 2, 'a second connection');
    await gateway.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    await gateway.disconnect('c2');
    // The first of each connection is the gateway's own question.
    expect(qos).toEqual([1, 0, 1, 0]);
  });

  it('does not take a single missing answer for a dead line', async () => {
    await connect({ requestTimeoutMs: FORGIVING_MS, maxBatch: 1 });
    await gateway.disconnect('first');
    broker.script = (message) => {
      if (message.commands[0]?.clientid !== 'lost') message.succeed();
    };
    const lost = gateway.disconnect('lost');
    expect(await gateway.disconnect('next')).toBe('done');
    expect(await lost).toMatchObject({ code: 'BROKER_TIMEOUT', info: UNKNOWN });
    expect(await gateway.disconnect('last')).toBe('done');
    expect(gateway.stats().connects).toBe(1);
  });

  it('keeps one batch of commands apart from the next with ids that never repeat', async () => {
    await connect();
    await Promise.all(Array.from({ length: 500 }, (_, i) => gateway.disconnect(`c${i}`)));
    const ids = broker.commands.map(({ correlationData }) => correlationData);
    expect(new Set(ids).size).toBe(500);
  });

  it('takes the first answer for a command and ignores the second', async () => {
    await connect();
    broker.script = ({ commands, reply }) => {
      reply(successFor(commands));
      reply({ responses: commands.map((command) => ({ ...command, error: 'Client not found' })) });
    };
    expect(await gateway.disconnect('c')).toBe('done');
    await until(() => gateway.stats().ignored['late-or-duplicate'] === 1, 'the duplicate is counted');
  });

  it.each([
    ['another error', { error: 'Internal error' }, 'Internal error'],
    ['no valid answer', { error: 7 }, 'the answer is neither a success nor an error'],
  ])('fails with BROKER_ERROR for %s', async (_name, answer, brokerError) => {
    await connect();
    broker.script = ({ commands, reply }) =>
      reply({ responses: commands.map(({ correlationData }) => ({ correlationData, ...answer })) });
    expect(await gateway.disconnect('c')).toEqual({ code: 'BROKER_ERROR', info: { brokerError } });
  });

  it('ignores and counts foreign, uncorrelated, malformed and retained messages, and still answers', async () => {
    await connect();
    broker.script = (message) => {
      broker.publishReply({
        responses: [{ command: 'disconnectClient', data: {}, correlationData: 'of-another-replica' }],
      });
      broker.publishReply({
        responses: [{ command: 'Unknown command', error: 'Payload not valid JSON' }, null],
      });
      broker.publishReply('{"responses":[');
      broker.publishReply(Buffer.from([0xff, 0xfe, 0]));
      broker.publishReply({ responses: 'none' });
      broker.publishReply(JSON.stringify({ responses: [] }).padEnd(1_000_000));
      message.succeed();
    };
    expect(await gateway.disconnect('c')).toBe('done');
    expect(gateway.stats().ignored).toMatchObject({ foreign: 1, uncorrelated: 2, malformed: 3 });
  });

  it('is not taken in by a retained message, not even on a later connection', async () => {
    broker.publishReply({ error: 'endpoint not available' }, { retain: true });
    await connect();
    expect(await gateway.disconnect('c')).toBe('done');
    await until(() => gateway.stats().ignored.retained === 1, 'the retained message is counted');
  });
});

describe('a missing endpoint', () => {
  it('fails all that is in flight on that topic, and nothing else', async () => {
    await connect();
    const other = gateway.gateway.request({ projectId: 'p', brokerId: 'b' }, 'clientInspect', {
      command: 'listClients',
    });
    broker.script = (message) => {
      if (message.api === 'clientInspect') setTimeout(() => message.succeed(), 50);
      else message.reply({ error: 'endpoint not available' });
    };
    const endings = await Promise.all([gateway.disconnect('c1'), gateway.disconnect('c2')]);
    const info = { topic: '$CONTROL/cedalo/client-control/v1', reason: 'unavailable' };
    expect(endings).toEqual(Array(2).fill({ code: 'CLIENT_CONTROL_NOT_AVAILABLE', info }));
    await expect(other).resolves.toEqual({});
    expect(gateway.status().features).toMatchObject({
      clientControl: 'unavailable',
      clientInspect: 'available',
    });
  });

  it('is found to be there again as soon as the broker answers', async () => {
    await connect();
    broker.script = ({ reply }) => reply({ error: 'endpoint not available' });
    await gateway.disconnect('c');
    broker.script = (message) => message.succeed();
    expect(await gateway.disconnect('c')).toBe('done');
    expect(gateway.status().features.clientControl).toBe('available');
  });
});

describe('deadlines', () => {
  it('answers BROKER_TIMEOUT, outcome unknown, when the broker stays silent', async () => {
    await connect({ requestTimeoutMs: 600 });
    broker.script = () => undefined;
    expect(await gateway.disconnect('c')).toEqual({
      code: 'BROKER_TIMEOUT',
      info: { ...UNKNOWN, timeoutMs: 600 },
    });
  });

  it('ignores an answer that comes after its deadline', async () => {
    await connect({ requestTimeoutMs: 600 });
    let answerLate: () => void = () => undefined;
    broker.script = (message) => {
      answerLate = () => message.succeed();
      // The line is alive.
      broker.publishReply({ responses: [] });
    };
    await until(async () => {
      await served();
      expect(await gateway.disconnect('c')).toMatchObject({ code: 'BROKER_TIMEOUT' });
      // A stall of the machine may have cost the line.
      return gateway.status().state === 'connected';
    }, 'a deadline passes on a line that is alive');
    answerLate();
    await until(() => gateway.stats().ignored['late-or-duplicate'] === 1, 'the late answer is counted');
  });

  it('counts the time in the queue, and never sends what timed out there', async () => {
    await connect({ requestTimeoutMs: 1500, maxBatch: 1 });
    // Without PUBACKs, the window of unacknowledged messages fills up and the rest waits.
    broker.aedes.authorizePublish = () => undefined;
    const endings = await Promise.all(Array.from({ length: 40 }, (_, i) => gateway.disconnect(`c${i}`)));
    const outcomes = endings.map((ending) =>
      ending === 'done' ? ending : (ending.info as { outcome: string }).outcome,
    );
    expect(outcomes.slice(0, 16)).toEqual(Array(16).fill('unknown'));
    expect(outcomes.slice(16)).toEqual(Array(24).fill('not-sent'));

    broker.aedes.authorizePublish = (_client, _packet, done) => done(null);
    await gateway.state('connected');
    await until(async () => (await gateway.disconnect('afterwards')) === 'done', 'it is served again');
    expect(new Set(broker.commands.map(({ clientid }) => clientid))).toEqual(new Set(['afterwards']));
  });

  it('keeps a connection on which it hears from the broker, and sends again what room that leaves', async () => {
    await connect({ requestTimeoutMs: FORGIVING_MS, maxBatch: 1 });
    await gateway.disconnect('first');
    // Silent on all that is asked, so that the window of messages under way fills up, but not dead.
    broker.script = () =>
      broker.publishReply({
        responses: [{ command: 'listClients', data: {}, correlationData: 'of-another-replica' }],
      });
    const endings = await Promise.all(Array.from({ length: 20 }, (_, i) => gateway.disconnect(`c${i}`)));
    for (const ending of endings) expect(ending).toMatchObject({ code: 'BROKER_TIMEOUT' });
    broker.script = (message) => message.succeed();
    expect(await gateway.disconnect('last')).toBe('done');
    expect(gateway.stats().connects).toBe(1);
  });

  it('ends a connection on which nothing is acknowledged any more', async () => {
    await connect({ requestTimeoutMs: 600 });
    broker.aedes.authorizePublish = () => undefined;
    const before = gateway.stats().connects;
    await gateway.disconnect('c');
    await until(() => gateway.stats().connects > before, 'another connection');
  });

  it('refuses with BROKER_BUSY when too many commands wait, and recovers', async () => {
    await connect({ maxPending: 5, requestTimeoutMs: 20_000 });
    broker.script = () => undefined;
    const waiting = Array.from({ length: 5 }, (_, i) => gateway.disconnect(`c${i}`));
    expect(await gateway.disconnect('one too many')).toEqual({ code: 'BROKER_BUSY', info: { limit: 5 } });
    await until(() => broker.messages.length === 1, 'the commands arrive');
    broker.messages[0]?.succeed();
    expect(await Promise.all(waiting)).toEqual(Array(5).fill('done'));
    broker.script = (message) => message.succeed();
    expect(await gateway.disconnect('next')).toBe('done');
  });
});

describe('connections', () => {
  it('fails at once, not sent, while there is no connection, and sends nothing of it later', async () => {
    await connect();
    const { port } = broker;
    await broker.stop();
    await gateway.state('disconnected');
    expect(await gateway.disconnect('c')).toEqual({ code: 'BROKER_UNAVAILABLE', info: NOT_SENT });

    broker = await ScriptedBroker.start(port);
    await gateway.state('connected');
    expect(await gateway.disconnect('d')).toBe('done');
    expect(broker.commands.map(({ clientid }) => clientid)).toEqual(['d']);
  });

  it('fails all that is in flight at once, outcome unknown, when the connection is lost, and does not send it again', async () => {
    await connect({ requestTimeoutMs: 10_000 });
    broker.script = () => broker.cutConnections();
    const endings = await Promise.all(['c1', 'c2', 'c3'].map((id) => gateway.disconnect(id)));
    expect(endings).toEqual(Array(3).fill({ code: 'BROKER_UNAVAILABLE', info: UNKNOWN }));
    broker.script = (message) => message.succeed();
    await gateway.state('connected');
    expect(await gateway.disconnect('d')).toBe('done');
    expect(broker.commands.map(({ clientid }) => clientid)).toEqual(['c1', 'c2', 'c3', 'd']);
  });

  it('picks a broker up that was not there at the start', async () => {
    const { port } = broker;
    await broker.stop();
    gateway = new TestGateway({ url: `mqtt://127.0.0.1:${port}` });
    await gateway.state('disconnected');
    expect(gateway.status().lastError).toMatch(/ECONNREFUSED/);
    broker = await ScriptedBroker.start(port);
    await gateway.state('connected');
    expect(gateway.status().lastError).toBeNull();
    expect(await gateway.disconnect('c')).toBe('done');
  });

  it('goes on reconnecting, however often it fails', async () => {
    await connect();
    for (let i = 1; i <= 15; i++) {
      broker.cutConnections();
      await until(() => gateway.stats().connects === i + 1, `connection ${i + 1}`);
    }
    expect(await gateway.disconnect('c')).toBe('done');
  });

  it('has subscribed to the responses before the first command of each connection', async () => {
    const seen: string[] = [];
    broker.aedes.on('subscribe', () => seen.push('subscribe'));
    broker.script = (message) => {
      seen.push('command');
      message.succeed();
    };
    await connect();
    await gateway.disconnect('c');
    broker.cutConnections();
    await until(() => gateway.stats().connects === 2, 'a second connection');
    await gateway.disconnect('d');
    expect(seen).toEqual(['subscribe', 'command', 'subscribe', 'command']);
  });

  it('is denied, not unavailable, when the broker refuses the subscription', async () => {
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic.endsWith('/response') ? null : subscription);
    gateway = new TestGateway({ url: broker.url });
    await gateway.state('denied');
    expect(await gateway.disconnect('c')).toEqual({ code: 'BROKER_DENIED', info: { reasonCode: 128 } });
  });

  it('refuses only the API whose response subscription was refused', async () => {
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic.includes('inspect') ? null : subscription);
    await connect();
    expect(await gateway.disconnect('c')).toBe('done');
    const inspect = gateway.gateway.request({ projectId: 'p', brokerId: 'b' }, 'clientInspect', {
      command: 'listClients',
    });
    await expect(inspect).rejects.toMatchObject({ code: 'BROKER_DENIED', info: { reasonCode: 128 } });
    expect(gateway.status().features.clientInspect).toBe('denied');
  });
});

describe('what a broker can do', () => {
  it('is waited for on the connection that serves, also when that of a changed configuration has taken over', async () => {
    const held: ArrivedMessage[] = [];
    broker.probeScript = (message) => void held.push(message);
    gateway = new TestGateway({ url: broker.url });
    await until(() => held.length === 3, 'it is asked');
    const ref = { projectId: 'p', brokerId: 'b' };
    let isKnown = false;
    const known = gateway.gateway.capabilitiesKnown(ref).finally(() => (isKnown = true));
    gateway.configure({ url: broker.url, maxBatch: 7 });
    await until(() => held.length === 6, 'it is asked over the new connection');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isKnown).toBe(false);
    held.slice(3).forEach(describedBy('bans'));
    expect((await known).extension?.features.bans).toBe(true);
  });

  it('is not waited for any more when the connection is lost', async () => {
    const held: ArrivedMessage[] = [];
    broker.probeScript = (message) => void held.push(message);
    gateway = new TestGateway({ url: broker.url, requestTimeoutMs: 100 });
    await until(() => held.length === 3, 'it is asked');
    const known = gateway.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedAt = performance.now();
    await broker.stop();
    expect((await known).extension).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('closing', () => {
  it('lets what is in flight finish and refuses what is new', async () => {
    await connect();
    broker.script = (message) => setTimeout(() => message.succeed(), 100);
    const inFlight = gateway.disconnect('c');
    await until(() => broker.messages.length === 1, 'the command arrives');
    const closed = gateway.gateway.close(5000);
    expect(await gateway.disconnect('d')).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await inFlight).toBe('done');
    await closed;
    expect(gateway.status().state).toBe('disconnected');
  });

  it('fails what does not finish in time, outcome unknown', async () => {
    await connect();
    broker.script = () => undefined;
    const inFlight = gateway.disconnect('c');
    await until(() => broker.messages.length === 1, 'the command arrives');
    await gateway.gateway.close(50);
    expect(await inFlight).toEqual({ code: 'BROKER_UNAVAILABLE', info: UNKNOWN });
  });
});
