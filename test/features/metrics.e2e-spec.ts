import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MetricsRegistry } from '../../src/metrics/metrics-registry.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { Samples } from '../support/samples.js';
import { TestService, type TestServiceOptions } from '../support/test-service.js';
import { RawHttp } from '../support/raw-http.js';
import { until } from '../support/until.js';

const BROKER = { project: 'p', broker: 'b' };
const HASTY = { project: 'p', broker: 'hasty' };
const DISCONNECT = {
  route: '/api/projects/:projectId/brokers/:brokerId/client-control/disconnect',
  method: 'PUT',
};

let broker: ScriptedBroker;
let service: TestService;

beforeEach(async () => {
  broker = await ScriptedBroker.start();
  service = await start();
});
afterEach(async () => {
  await service.stop();
  await broker.stop();
});

function brokerConfig(id: string, more: object = {}): object {
  return { id, url: broker.url, protocolVersion: 4, reconnect: { minDelayMs: 20, maxDelayMs: 50 }, ...more };
}

async function start(options: TestServiceOptions = {}): Promise<TestService> {
  const started = await TestService.start({
    brokers: [brokerConfig('b', { requestTimeoutMs: 20_000 })],
    ...options,
  });
  await started.brokerState('b');
  return started;
}

/** The service with a second entry for its broker, which soon takes silence for what it is. */
async function startWithHasty(): Promise<void> {
  await service.stop();
  service = await start({
    brokers: [
      brokerConfig('b', { requestTimeoutMs: 20_000 }),
      brokerConfig('hasty', { requestTimeoutMs: 1000 }),
    ],
  });
  await service.brokerAnswers('hasty');
}

async function scrape(of = service): Promise<Samples> {
  return Samples.scrape(of.url);
}

describe('GET /metrics', () => {
  it('answers in the Prometheus text format, outside /api, to anybody', async () => {
    const { status, headers, body } = await service.get('/metrics', null);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('# TYPE client_control_http_requests_total counter\n');
    expect((await service.get('/api/metrics')).status).toBe(404);
  });

  it('takes GET only', async () => {
    expect(await service.request('PUT', '/metrics')).toMatchObject({
      status: 405,
      body: { code: 'METHOD_NOT_ALLOWED', info: { allowed: ['GET', 'HEAD'] } },
    });
  });

  it('has a prefix on every metric, and names each once', async () => {
    const { body } = await service.get('/metrics', null);
    const names = [...String(body).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => name?.startsWith('client_control_') !== true)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('keeps the applications of one process apart', async () => {
    const other = await start();
    try {
      await service.control('disconnect', { clientid: 'c' });
      const labels = { ...BROKER, command: 'disconnectClient', outcome: 'OK' };
      expect((await scrape()).value('commands_total', labels)).toBe(1);
      expect((await scrape(other)).value('commands_total', labels)).toBeUndefined();
    } finally {
      await other.stop();
    }
  });

  it('tells of the process', async () => {
    const samples = await scrape();
    expect(samples.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    expect(samples.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(samples.value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(samples.value('build_info', { version: '1.0.0' })).toBe(1);
  });
});

describe('HTTP metrics', () => {
  it('count requests by route template, method and status, and time them', async () => {
    await service.control('disconnect', { clientid: 'c1' });
    await service.control('disconnect', { clientid: 'c2' });
    await service.control('disconnect', {});
    await service.control('disconnect', { clientid: 'c' }, { token: null });
    const samples = await scrape();
    expect(samples.value('http_requests_total', { ...DISCONNECT, status: '200' })).toBe(2);
    expect(samples.value('http_requests_total', { ...DISCONNECT, status: '400' })).toBe(1);
    expect(samples.value('http_requests_total', { ...DISCONNECT, status: '401' })).toBe(1);
    expect(samples.value('http_request_duration_seconds_count', DISCONNECT)).toBe(4);
    expect(samples.value('http_request_duration_seconds_bucket', { ...DISCONNECT, le: '+Inf' })).toBe(4);
    expect(samples.value('http_request_duration_seconds_sum', DISCONNECT)).toBeGreaterThan(0);
  });

  it('have one label value for all paths that match no route', async () => {
    await service.get('/api/nothing/here');
    await service.get('/.env');
    await service.request('POST', '/api/projects');
    await RawHttp.exchange(service.url, 'GET /api/%c0%zz HTTP/1.1\r\nHost: x\r\n\r\n');
    const samples = await scrape();
    const unmatched = samples.all('http_requests_total', { route: 'unmatched' });
    expect(unmatched.map(({ labels, value }) => [labels.method, labels.status, value]).sort()).toEqual([
      ['GET', '400', 1],
      ['GET', '404', 2],
      ['POST', '405', 1],
    ]);
  });

  it('count a request whose caller has gone before the answer', async () => {
    await startWithHasty();
    broker.script = () => undefined;
    const http = await RawHttp.open(service.url);
    const body = JSON.stringify({ clientid: 'c' });
    http.write(
      `PUT /api/projects/p/brokers/hasty/client-control/disconnect HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer editor-token-of-the-tests\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => broker.commands.length === 1, 'the command arrives');
    http.destroy();
    await until(
      async () => (await scrape()).value('http_requests_total', { ...DISCONNECT, status: '504' }) === 1,
      'the request is counted',
    );
  });

  it('hold nothing that callers choose', async () => {
    const secret = 'a-client-id-nobody-else-has';
    await service.control('subscribe', { clientid: secret, topic: `${secret}/t` });
    await service.get(`/api/projects/${secret}/brokers`);
    await service.get(`/${secret}?${secret}`);
    expect((await scrape()).text).not.toContain(secret);
  });
});

describe('broker metrics', () => {
  it('count commands by outcome, and time those that were sent', async () => {
    await startWithHasty();
    await service.control('disconnect', { clientid: 'c' });
    await service.control('subscribe', { clientid: 'c', topic: 't' });
    broker.script = ({ commands, reply }) =>
      reply({ responses: commands.map((command) => ({ ...command, error: 'Client not found' })) });
    await service.control('disconnect', { clientid: 'c' });
    broker.script = () => undefined;
    await service.control('disconnect', { clientid: 'c' }, { broker: 'hasty' });
    const samples = await scrape();
    const disconnect = { ...BROKER, command: 'disconnectClient' };
    const silent = { ...HASTY, command: 'disconnectClient' };
    expect(samples.value('commands_total', { ...disconnect, outcome: 'OK' })).toBe(1);
    expect(samples.value('commands_total', { ...disconnect, outcome: 'CLIENT_NOT_FOUND' })).toBe(1);
    expect(samples.value('commands_total', { ...silent, outcome: 'BROKER_TIMEOUT' })).toBe(1);
    expect(samples.value('commands_total', { ...BROKER, command: 'subscribeClient', outcome: 'OK' })).toBe(1);
    expect(samples.value('command_duration_seconds_count', disconnect)).toBe(2);
    expect(samples.value('command_duration_seconds_count', silent)).toBe(1);
    expect(samples.value('command_duration_seconds_sum', silent)).toBeGreaterThan(0.3);
  });

  it('count a command that was refused, without a duration', async () => {
    await broker.stop();
    await service.brokerState('b', 'disconnected');
    await service.control('disconnect', { clientid: 'c' });
    const samples = await scrape();
    const disconnect = { ...BROKER, command: 'disconnectClient' };
    expect(samples.value('commands_total', { ...disconnect, outcome: 'BROKER_UNAVAILABLE' })).toBe(1);
    expect(samples.value('command_duration_seconds_count', disconnect)).toBeUndefined();
  });

  it('show what is pending, and of how much', async () => {
    broker.script = () => undefined;
    const waiting = ['c1', 'c2'].map((clientid) => service.control('disconnect', { clientid }));
    await until(() => broker.commands.length === 2, 'the commands arrive');
    const samples = await scrape();
    expect(samples.value('commands_pending', BROKER)).toBe(2);
    expect(samples.value('commands_pending_limit', BROKER)).toBe(10_000);
    for (const message of broker.messages) message.succeed();
    await Promise.all(waiting);
    expect((await scrape()).value('commands_pending', BROKER)).toBe(0);
  });

  it('show how many commands travel in one message', async () => {
    const request = (clientid: string): Promise<unknown> =>
      service.gateway.request({ projectId: 'p', brokerId: 'b' }, 'clientControl', {
        command: 'disconnectClient',
        clientid,
      });
    await Promise.all(['c1', 'c2', 'c3'].map(request));
    const samples = await scrape();
    expect(samples.value('batch_commands_count', BROKER)).toBe(1);
    expect(samples.value('batch_commands_sum', BROKER)).toBe(3);
    expect(samples.value('batch_commands_bucket', { ...BROKER, le: '2' })).toBe(0);
    expect(samples.value('batch_commands_bucket', { ...BROKER, le: '5' })).toBe(1);
  });

  it('show the state of the connection, and how often it came up', async () => {
    const states = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await scrape())
          .all('broker_state', BROKER)
          .map(({ labels: { state = '' }, value }) => [state, value]),
      );
    expect(await states()).toEqual({ connected: 1, connecting: 0, disconnected: 0, denied: 0 });
    broker.cutConnections();
    await until(
      async () => (await scrape()).value('broker_connects_total', BROKER) === 2,
      'a second connection',
    );
    expect((await scrape()).value('broker_reconnects_total', BROKER)).toBe(1);

    broker.aedes.authenticate = (_client, _username, _password, done) =>
      done(Object.assign(new Error('no'), { returnCode: 5 }), false);
    broker.cutConnections();
    await service.brokerState('b', 'denied');
    expect(await states()).toEqual({ connected: 0, connecting: 0, disconnected: 0, denied: 1 });
  });

  it('of a thousand brokers are written in slices, between which others have their turn', async () => {
    await service.stop();
    const brokers = Array.from({ length: 1000 }, (_, at) =>
      brokerConfig(`b${at}`, { url: 'mqtt://127.0.0.1:9' }),
    );
    service = await TestService.start({ brokers });
    let turns = 0;
    let turn = setImmediate(function next() {
      turns += 1;
      turn = setImmediate(next);
    });
    const chunks = await service.app.get(MetricsRegistry).toChunks();
    clearImmediate(turn);
    expect(Buffer.concat(chunks).toString()).toContain('broker="b999",state="disconnected"');
    expect(turns).toBeGreaterThan(2);
  });

  it('count ignored replies by reason', async () => {
    broker.publishReply({ responses: [{ command: 'x', data: {}, correlationData: 'of-another-replica' }] });
    broker.publishReply('no JSON');
    const ignored = async (reason: string): Promise<number | undefined> =>
      (await scrape()).value('replies_ignored_total', { ...BROKER, reason });
    await until(async () => (await ignored('malformed')) === 1, 'the malformed reply is counted');
    expect(await ignored('foreign')).toBe(1);
    expect(await ignored('retained')).toBe(0);
  });
});

describe('traceparent', () => {
  const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
  const SPAN_ID = '00f067aa0ba902b7';

  async function logLine(traceparent: string): Promise<unknown> {
    const requestId = `request-${traceparent.length}`;
    await service.request('GET', '/api/projects', { headers: { traceparent, 'x-request-id': requestId } });
    return until(
      () =>
        service.logLines
          .map((line) => JSON.parse(line) as Record<string, unknown>)
          .find((line) => line.requestId === requestId),
      'the request is logged',
    );
  }

  it('puts trace and span into the request log', async () => {
    expect(await logLine(`00-${TRACE_ID}-${SPAN_ID}-01`)).toMatchObject({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
    });
  });

  it('is ignored when it is not valid', async () => {
    const line = await logLine(`00-${TRACE_ID}-${SPAN_ID}`);
    expect(line).not.toHaveProperty('traceId');
    expect(line).not.toHaveProperty('spanId');
  });
});
