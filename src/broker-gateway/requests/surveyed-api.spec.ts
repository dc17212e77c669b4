import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { brokerUnavailable, notSupported } from '../gateway-error.js';
import { SurveyedApi } from './surveyed-api.js';

let api: SurveyedApi;
let told: string[];

beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  api = new SurveyedApi('clientControl', ({ state }) => told.push(state));
});
afterEach(() => {
  jest.useRealTimers();
});

function loseAfter(ms: number, isAlone = true): void {
  api.begin(undefined);
  api.noteQuestion();
  jest.advanceTimersByTime(ms);
  if (api.wasJustAsked) api.noteLoss(isAlone);
}

describe('an API that is asked', () => {
  it('is silent while there is no answer, and refuses; a late answer ends that', () => {
    api.begin(undefined);
    api.noteQuestion();
    api.noteEndOfQuestion(5000);
    expect(api.refusal).toMatchObject({ code: 'CLIENT_CONTROL_NOT_AVAILABLE', info: { reason: 'silent' } });
    api.noteSuccess();
    expect(api.refusal).toBeUndefined();
    expect(api.isAnswering).toBe(true);
    expect(told).toEqual(['silent', 'available']);
  });

  it('stays available when one command is not supported, or got no answer', () => {
    api.noteSuccess();
    api.noteFailure(notSupported('x'));
    api.noteFailure(brokerUnavailable('unknown', 0));
    api.noteEndOfQuestion(5000);
    expect(told).toEqual(['available']);
  });

  it('keeps the time since when it is in a state, whatever the words', () => {
    api.noteDenial('one');
    const { since } = api.finding;
    jest.advanceTimersByTime(1000);
    api.noteDenial('another');
    expect(api.finding).toMatchObject({ since, words: 'another' });
  });
});

describe('an API whose answers this service may not read', () => {
  it('refuses with the reason code, and is not asked on that connection', () => {
    api.begin(0x87);
    expect(api.refusal).toMatchObject({ code: 'BROKER_DENIED', info: { reasonCode: 0x87 } });
    expect(api.mayBeAsked).toBe(false);
    api.begin(undefined);
    expect(api.mayBeAsked).toBe(true);
    expect(told).toEqual(['denied', 'unknown']);
  });
});

describe('an API that costs connections', () => {
  it('is left alone for ten minutes after the third, also over new connections', () => {
    for (let loss = 0; loss < 3; loss += 1) loseAfter(100);
    api.begin(undefined);
    expect([api.mayBeAsked, api.state]).toEqual([false, 'denied']);
    jest.advanceTimersByTime(10 * 60_000);
    api.begin(undefined);
    expect([api.mayBeAsked, api.state]).toEqual([true, 'unknown']);
  });

  it('is only suspect while others were asked at the same time, and no more once it has answered', () => {
    for (let loss = 0; loss < 5; loss += 1) loseAfter(100, false);
    expect([api.mayBeAsked, api.isSuspect]).toEqual([true, true]);
    api.noteSuccess();
    expect(api.isSuspect).toBe(false);
  });

  it('is not blamed for one that is lost later', () => {
    for (let loss = 0; loss < 5; loss += 1) loseAfter(2000);
    expect(api.isSuspect).toBe(false);
  });
});
