import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';

let broker: ScriptedBroker;
let service: TestService;
let deadUrl: string;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  deadUrl = `mqtt://127.0.0.1:${await freePort()}`;
  const settings = { protocolVersion: 4, username: 'gateway', password: 'hunter2' };
  service = await TestService.start({
    brokers: [
      { id: 'b', name: 'Broker B', url: broker.url, ...settings },
      { id: 'down', url: deadUrl, ...settings, reconnect: { minDelayMs: 60_000, maxDelayMs: 60_000 } },
    ],
  });
  await service.brokerState('b');
  await service.brokerState('down', 'disconnected');
});

afterAll(async () => {
  await service.stop();
  await broker.stop();
});

const ids = (body: unknown): string[] => (body as { id: string }[]).map(({ id }) => id);

describe('GET /api/projects', () => {
  it.each([
    ['admin', ['p', 'other']],
    ['editor', ['p']],
    ['editorOfB', ['p']],
    ['otherAdmin', ['other']],
    ['nobody', []],
  ] as const)('lists to %s only what the caller may see', async (who, expected) => {
    const { status, body } = await service.get('/api/projects', TOKENS[who]);
    expect({ status, ids: ids(body) }).toEqual({ status: 200, ids: expected });
  });

  it('shows id and name, the id for want of a name', async () => {
    expect((await service.get('/api/projects', TOKENS.admin)).body).toEqual([
      { id: 'p', name: 'Project P' },
      { id: 'other', name: 'other' },
    ]);
  });
});

describe('GET /api/projects/{projectId}/brokers', () => {
  it('lists the brokers with the state of their connection', async () => {
    const { status, body } = await service.get('/api/projects/p/brokers');
    expect(status).toBe(200);
    expect(ids(body)).toEqual(['b', 'down']);
  });

  it('lists only the brokers that the grant names', async () => {
    expect(ids((await service.get('/api/projects/p/brokers', TOKENS.editorOfB)).body)).toEqual(['b']);
  });

  it('is empty for a project without brokers', async () => {
    expect(await service.get('/api/projects/other/brokers', TOKENS.otherAdmin)).toMatchObject({
      status: 200,
      body: [],
    });
  });
});

describe('GET /api/projects/{projectId}/brokers/{brokerId}', () => {
  it('shows a broker that is connected, without its credentials', async () => {
    const { status, body } = await service.get('/api/projects/p/brokers/b');
    expect(status).toBe(200);
    expect(body).toEqual({
      id: 'b',
      name: 'Broker B',
      url: broker.url,
      connected: true,
      state: 'connected',
      since: expect.any(Number),
      connectedSince: expect.any(Number),
      certificateExpiresAt: null,
      lastError: null,
      features: {
        clientControl: expect.any(String),
        clientInspect: expect.any(String),
        extension: expect.any(String),
        retained: expect.any(String),
      },
      featureDetails: expect.any(Object),
      pendingChange: null,
      extension: null,
      commandsPending: 0,
      commandsSent: 0,
    });
    const { since } = body as { since: number };
    expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('shows one that is not, and why', async () => {
    const { status, body } = await service.get('/api/projects/p/brokers/down');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'down',
      name: 'down',
      connected: false,
      state: 'disconnected',
      lastError: expect.stringContaining('ECONNREFUSED'),
      features: { clientControl: 'unknown', clientInspect: 'unknown' },
    });
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('learns from the first answer whether the broker has client control', async () => {
    const clientControl = async (): Promise<unknown> => {
      const { body } = await service.get('/api/projects/p/brokers/b');
      return (body as { features: { clientControl: string } }).features.clientControl;
    };
    await service.control('disconnect', { clientid: 'x' });
    expect(await clientControl()).toBe('available');
    broker.script = ({ reply }) => reply({ error: 'endpoint not available' });
    expectError(await service.control('disconnect', { clientid: 'x' }), 'CLIENT_CONTROL_NOT_AVAILABLE');
    expect(await clientControl()).toBe('unavailable');
  });

  it('answers 404 to an unknown broker', async () => {
    expectError(await service.get('/api/projects/p/brokers/x'), 'BROKER_NOT_FOUND', { broker: 'x' });
  });
});
