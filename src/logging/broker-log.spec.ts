import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import type { CloseReason } from '../broker-gateway/connection/close-reason.js';
import type { BrokerObserver } from '../broker-gateway/gateway-observer.js';
import { BrokerLog } from './broker-log.js';

const MINUTE = 60_000;
const lost = (message: string): CloseReason => ({ kind: 'lost', cause: 'network', message });

let lines: Record<string, unknown>[];
let log: BrokerObserver;

beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  log = new BrokerLog(pino({}, { write })).onBrokerAdded({ projectId: 'p', brokerId: 'b' });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('BrokerLog', () => {
  it('tells once that a broker is down, with the reason, and once that it is back', () => {
    for (let i = 0; i < 50; i += 1) log.onConnectionFailed?.(lost('refused'), 250);
    jest.advanceTimersByTime(5000);
    log.onConnected?.();
    expect(lines).toMatchObject([
      { level: 40, project: 'p', broker: 'b', reason: 'refused', retryInMs: 250, failedAttempts: 1 },
      { level: 30, project: 'p', broker: 'b', downForMs: 5000, failedAttempts: 50 },
    ]);
  });

  it('tells of a new reason at once, and of the same after ten minutes', () => {
    log.onConnectionFailed?.(lost('refused'), 1);
    log.onConnectionFailed?.(lost('no route'), 1);
    jest.advanceTimersByTime(11 * MINUTE);
    log.onConnectionFailed?.(lost('no route'), 1);
    expect(lines.map(({ reason }) => reason)).toEqual(['refused', 'no route', 'no route']);
  });

  it('bounds the lines of a broker that comes and goes, and says how many it left out', () => {
    for (let i = 0; i < 100; i += 1) {
      log.onConnected?.();
      log.onConnectionFailed?.(lost('the connection was lost'), 1);
    }
    expect(lines).toHaveLength(10);
    jest.advanceTimersByTime(30_000);
    log.onConnected?.();
    expect(lines).toHaveLength(11);
    expect(lines[10]).toMatchObject({ linesLeftOut: 190 });
  });

  it('warns where the broker gives the connection another client id', () => {
    const info = {
      plugin: '1.1.0',
      broker: 'mosquitto 2.1.2',
      clientId: 'gateway',
      features: {} as never,
      subscriptionsKnown: 'all',
      warnings: ['loaded after dynamic-security'],
    } as const;
    log.onDescribed?.(info, 'client-control-mcc-1');
    expect(lines).toMatchObject([
      { level: 40, clientId: 'gateway' },
      { level: 40, msg: 'the broker warns: loaded after dynamic-security' },
    ]);
  });
});
