import { describe, expect, it } from '@jest/globals';
import { AUDITED_ACTIONS } from '../../../../src/access/actions.js';
import { ACTIONS, auditQuery, outcomeOf } from './audit-query.js';

describe('the filters of the audit trail', () => {
  it('are those of the address that the API knows', () => {
    const address = new URLSearchParams(
      'clientid=a%2Fb&action=ban&from=2026-01-01T00:00:00Z&started=true&record=x&caller=',
    );
    expect(auditQuery(address)).toEqual({
      clientid: 'a/b',
      action: 'ban',
      from: '2026-01-01T00:00:00Z',
      started: true,
    });
  });

  it('offer every action that the service records', () => {
    expect(ACTIONS).toEqual(AUDITED_ACTIONS);
  });
});

describe('an outcome', () => {
  it.each([
    [{ outcome: 'OK' }, 'ok', 'done'],
    [{ outcome: 'STARTED' }, 'busy', 'begun'],
    [{ outcome: 'CLIENT_NOT_FOUND' }, 'bad', 'CLIENT_NOT_FOUND'],
    [{ outcome: 'BROKER_TIMEOUT', outcomeDetail: 'unknown' }, 'bad', 'BROKER_TIMEOUT, unknown whether done'],
    [{ outcome: 'BROKER_UNAVAILABLE', outcomeDetail: 'not-sent' }, 'bad', 'BROKER_UNAVAILABLE, not sent'],
  ] as const)('%j', (record, kind, words) => {
    expect(outcomeOf(record)).toEqual({ kind, words });
  });
});
