import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Drain } from '../../src/http/drain.js';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService } from '../support/test-service.js';

describe('health', () => {
  let port: number;
  let service: TestService;
  let broker: ScriptedBroker | undefined;

  beforeAll(async () => {
    port = await freePort();
    const reconnect = { minDelayMs: 10, maxDelayMs: 50 };
    service = await TestService.start({
      brokers: [{ id: 'b', url: `mqtt://127.0.0.1:${port}`, protocolVersion: 4, reconnect }],
    });
  });

  afterAll(async () => {
    await service.stop();
    await broker?.stop();
  });

  it('is live as soon as it listens', async () => {
    expect(await service.get('/health/live', null)).toMatchObject({ status: 200, body: { status: 'live' } });
  });

  it('is ready while brokers are down, and lists them', async () => {
    await service.brokerState('b', 'disconnected');
    const { status, body } = await service.get('/health/ready', null);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'ready',
      brokersDown: [{ project: 'p', broker: 'b', state: expect.stringMatching(/^(dis)?connect(ing|ed)$/) }],
    });
  });

  it('lists a broker no more once it has come', async () => {
    broker = await ScriptedBroker.start(port);
    await service.brokerState('b');
    expect((await service.get('/health/ready', null)).body).toEqual({ status: 'ready', brokersDown: [] });
  });

  it('is outside of /api', async () => {
    expectError(await service.get('/api/health/live'), 'ROUTE_NOT_FOUND');
  });

  it('is unready but live while the service drains', async () => {
    await service.app.get(Drain).start(0);
    expectError(await service.get('/health/ready', null), 'SHUTTING_DOWN');
    expect((await service.get('/health/live', null)).status).toBe(200);
  });
});
