import { describe, expect, it, jest } from '@jest/globals';
import { brokerTimeout, type GatewayError } from '../gateway-error.js';
import type { CommandData, ControlCommand } from '../protocol/control-protocol.js';
import { ControlRequest } from './control-request.js';

const COMMAND: ControlCommand = { command: 'disconnectClient', clientid: 'c' };

function makeRequest(commands = [COMMAND]) {
  const resolve = jest.fn<(data: CommandData, place: number) => void>();
  const reject = jest.fn<(error: GatewayError, place: number) => void>();
  const onSettled = jest.fn<(request: ControlRequest, place: number, outcome: string) => void>();
  const parts = {
    number: 1,
    api: 'clientControl',
    commands,
    encoded: '{}',
    bytes: 2,
    lane: 'single',
    startedAt: 0,
    deadlineAt: 1,
  } as const;
  return { request: new ControlRequest(parts, { resolve, reject }, onSettled), resolve, reject, onSettled };
}

describe('ControlRequest', () => {
  it('waits, is sent, and is settled, in this order', () => {
    const { request, resolve, onSettled } = makeRequest();
    expect([request.isQueued, request.outcome]).toEqual([true, 'not-sent']);
    request.markSent({ kind: 'sent', message: 7 });
    expect([request.isQueued, request.outcome, request.state]).toEqual([
      false,
      'unknown',
      { kind: 'sent', message: 7 },
    ]);
    request.succeed({ a: 1 });
    expect(request.state).toEqual({ kind: 'settled' });
    expect(resolve).toHaveBeenCalledWith({ a: 1 }, 0);
    expect(onSettled).toHaveBeenCalledWith(request, 0, 'OK');
  });

  it('is settled once, whatever comes after', () => {
    const { request, resolve, reject, onSettled } = makeRequest();
    request.fail(brokerTimeout('not-sent', 1));
    request.succeed({});
    request.fail(brokerTimeout('unknown', 1));
    expect(reject).toHaveBeenCalledTimes(1);
    expect(resolve).not.toHaveBeenCalled();
    expect(onSettled.mock.calls).toEqual([[request, 0, 'BROKER_TIMEOUT']]);
  });

  it('cannot be sent after it was settled, nor twice', () => {
    const { request } = makeRequest();
    request.markSent({ kind: 'sent', message: 1 });
    request.markSent({ kind: 'sent', message: 2 });
    expect(request.state).toEqual({ kind: 'sent', message: 1 });
    request.fail(brokerTimeout('unknown', 1));
    request.markSent({ kind: 'sent', message: 3 });
    expect(request.state).toEqual({ kind: 'settled' });
  });

  it('settles each of several commands for itself, and is settled with the last', () => {
    const { request, resolve, reject, onSettled } = makeRequest([COMMAND, COMMAND, COMMAND]);
    request.markSent({ kind: 'sent', message: 1 });
    request.succeed({ a: 1 }, 1);
    request.succeed({ a: 2 }, 1);
    request.succeed({ a: 3 }, 3);
    expect([request.openCount, request.isOpen(0), request.isOpen(1), request.isOpen(3)]).toEqual([
      2,
      true,
      false,
      false,
    ]);
    expect(request.outcome).toBe('unknown');
    request.failOne(brokerTimeout('unknown', 1), 2);
    request.fail(brokerTimeout('unknown', 1));
    expect(request.state).toEqual({ kind: 'settled' });
    expect(resolve.mock.calls).toEqual([[{ a: 1 }, 1]]);
    expect(reject.mock.calls.map(([, place]) => place)).toEqual([2, 0]);
    expect(onSettled.mock.calls.map(([, place, outcome]) => [place, outcome])).toEqual([
      [1, 'OK'],
      [2, 'BROKER_TIMEOUT'],
      [0, 'BROKER_TIMEOUT'],
    ]);
  });
});
