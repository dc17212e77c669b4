import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../../src/auth/token-table.js';
import { ScriptedBroker } from '../../support/scripted-broker.js';
import { TestService } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Listener } from './support/listener.js';

/** Tokens, by what they may do on which brokers of the project. */
const GRANTS = {
  'admin-of-all': { role: 'admin' },
  'admin-of-one': { role: 'admin', brokers: ['one'] },
  'viewer-of-two': { role: 'viewer', brokers: ['two'] },
} as const;

let one: ScriptedBroker;
let two: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  [one, two] = await Promise.all([ScriptedBroker.start(), ScriptedBroker.start()]);
  const tokens = Object.entries(GRANTS).map(([name, grant]) => ({
    name,
    sha256: sha256Hex(`${name}-in-the-tests`),
    grants: [{ project: 'p', ...grant }],
  }));
  service = await TestService.start({
    brokers: [
      { id: 'one', url: one.url, protocolVersion: 4 },
      { id: 'two', url: two.url, protocolVersion: 4 },
    ],
    auth: { tokens },
  });
  await Promise.all([service.brokerState('one'), service.brokerState('two')]);
});

afterAll(async () => {
  await service.stop();
  await Promise.all([one.stop(), two.stop()]);
});

const token = (name: keyof typeof GRANTS): string => `${name}-in-the-tests`;

describe('a call for many clients of all brokers', () => {
  it('is told only to those whose grants cover all brokers, as it may say what was done on any', async () => {
    const listen = (name: keyof typeof GRANTS): Promise<Listener> =>
      Listener.open(`${service.url}/api/projects/p/events`, token(name));
    const [all, ofOne, ofTwo] = await Promise.all([
      listen('admin-of-all'),
      listen('admin-of-one'),
      listen('viewer-of-two'),
    ]);
    const listeners = [all, ofOne, ofTwo];
    await until(() => listeners.every(({ messages }) => messages.length > 0), 'all listen');
    const { status } = await service.request('POST', '/api/projects/p/client-control/bulk', {
      token: token('admin-of-all'),
      body: { operations: [{ broker: 'two', action: 'disconnect', clientid: 'd-1' }], reason: 'its own' },
    });
    expect(status).toBe(200);
    // What comes after it on each broker is there, so it would be, too.
    for (const broker of ['one', 'two'])
      await service.control('disconnect', { clientid: 'after' }, { token: token('admin-of-all'), broker });
    const isAfter = (data: Record<string, unknown>): boolean => data.clientid === 'after';
    await Promise.all(listeners.map((listener) => listener.next('control', isAfter)));
    const toldOf = (listener: Listener): unknown[] =>
      listener.of('control').map(({ data }) => [data.broker, data.clientid, data.caller]);
    expect(toldOf(ofOne)).toEqual([['one', 'after', 'admin-of-all']]);
    expect(toldOf(ofTwo)).toEqual([['two', 'after', undefined]]);
    expect(all.of('control')[0]?.data).toMatchObject({ caller: 'admin-of-all', reason: 'its own' });
    expect(all.of('control')[0]?.data).not.toHaveProperty('broker');
    for (const listener of listeners) listener.close();
  });
});
