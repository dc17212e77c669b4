import { describe, expect, it, jest } from '@jest/globals';
import { brokerTimeout, type GatewayError } from '../gateway-error.js';
import type { CommandData } from '../protocol/control-protocol.js';
import { ControlRequest } from './control-request.js';

function makeRequest() {
  const resolve = jest.fn<(data: CommandData) => void>();
  const reject = jest.fn<(error: GatewayError) => void>();
  const onSettled = jest.fn<(request: ControlRequest, outcome: string) => void>();
  const parts = {
    id: '1',
    api: 'clientControl',
    command: 'disconnectClient',
    clientid: 'c',
    encoded: '{}',
    bytes: 2,
    lane: 'single',
    startedAt: 0,
    deadlineAt: 1,
  } as const;
  return { request: new ControlRequest(parts, resolve, reject, onSettled), resolve, reject, onSettled };
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
    expect(resolve).toHaveBeenCalledWith({ a: 1 });
    expect(onSettled).toHaveBeenCalledWith(request, 'OK');
  });

  it('is settled once, whatever comes after', () => {
    const { request, resolve, reject, onSettled } = makeRequest();
    request.fail(brokerTimeout('not-sent', 1));
    request.succeed({});
    request.fail(brokerTimeout('unknown', 1));
    expect(reject).toHaveBeenCalledTimes(1);
    expect(resolve).not.toHaveBeenCalled();
    expect(onSettled.mock.calls).toEqual([[request, 'BROKER_TIMEOUT']]);
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
});
