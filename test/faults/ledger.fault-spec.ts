import { describe, expect, it } from '@jest/globals';
import { Ledger } from './support/ledger.js';
import type { LaneAnswer } from './support/http-lane.js';

// The suite is worth what its ledger notices.

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const answer = (status: number, body: unknown): LaneAnswer => ({
  status,
  headers: JSON_TYPE,
  text: JSON.stringify(body),
  body,
});
const DONE = answer(200, {});
const error = (status: number, code: string, info?: object): LaneAnswer =>
  answer(status, { message: 'm', code, status, ...(info && { info }) });
const NOT_SENT = error(503, 'BROKER_UNAVAILABLE', { outcome: 'not-sent' });
const UNKNOWN = error(504, 'BROKER_TIMEOUT', { outcome: 'unknown', timeoutMs: 1 });

type Step = (ledger: Ledger, id: string) => void;
const executed: Step = (ledger, id) => ledger.executed(id);
const onWire: Step = (ledger, id) => ledger.wire(Buffer.from(`{"clientid":"${id}"}`), 1);
const answered =
  (with_: LaneAnswer): Step =>
  (ledger, id) =>
    ledger.answered(id, with_);

function violationsOf(steps: readonly Step[]): readonly string[] {
  const ledger = new Ledger('self', { answerWithinMs: 1000, executionsPrecedeReplies: true });
  const id = ledger.newId();
  ledger.issued(id);
  for (const step of steps) step(ledger, id);
  return ledger.close().map((violation) => violation.replace(`${id} `, ''));
}

describe('the ledger accepts', () => {
  it.each<[string, Step[]]>([
    ['a command that was sent, executed and confirmed', [onWire, executed, answered(DONE)]],
    ['one that was never sent', [answered(NOT_SENT)]],
    ['one of unknown outcome that was executed, even late', [onWire, answered(UNKNOWN), executed]],
    ['one of unknown outcome that was not executed', [onWire, answered(UNKNOWN)]],
    ['one for a client that is not there', [onWire, answered(error(404, 'CLIENT_NOT_FOUND'))]],
  ])('%s', (_name, steps) => {
    expect(violationsOf(steps)).toEqual([]);
  });
});

describe('the ledger notices', () => {
  it.each<[string, Step[], string]>([
    ['no answer', [executed], 'was never answered'],
    ['two answers', [executed, answered(DONE), answered(DONE)], 'was answered again'],
    ['two executions', [executed, answered(DONE), executed], 'was executed again'],
    ['a command sent twice', [onWire, onWire, answered(UNKNOWN)], 'was sent again'],
    [
      'an execution after “not sent”',
      [answered(NOT_SENT), executed],
      'was executed though its caller was told "not-sent"',
    ],
    [
      'a command sent before “not sent”',
      [onWire, answered(NOT_SENT)],
      'was sent though its caller was told "not-sent"',
    ],
    [
      'a refused command that is sent',
      [answered(error(400, 'INVALID')), onWire],
      'was sent though its caller was told "refused"',
    ],
    [
      'a success before the execution',
      [answered(DONE), executed],
      'was answered with success before it was executed',
    ],
    [
      'a body of another shape',
      [answered(answer(500, { error: 'x' }))],
      'got a 500 with the body {"error":"x"}',
    ],
    [
      'a code with another status',
      [answered(error(502, 'BROKER_TIMEOUT'))],
      'got a 502 with the body {"message":"m","code":"BROKER_TIMEOUT","status":502}',
    ],
  ])('%s', (_name, steps, violation) => {
    expect(violationsOf(steps)).toContain(violation);
  });

  it('an execution that nobody asked for', () => {
    const ledger = new Ledger('self', { answerWithinMs: 1000 });
    ledger.executed('lg-self-0');
    expect(ledger.close()).toEqual(['lg-self-0 was executed and belongs to no request']);
  });

  it('a command whose bytes come in pieces', () => {
    const ledger = new Ledger('self', { answerWithinMs: 1000 });
    const id = ledger.newId();
    ledger.issued(id);
    ledger.answered(id, NOT_SENT);
    ledger.wire(Buffer.from(`{"clientid":"${id.slice(0, 5)}`), 1);
    expect(ledger.violations).toEqual([]);
    ledger.wire(Buffer.from(`${id.slice(5)}"}`), 1);
    expect(ledger.violations).toEqual([`${id} was sent though its caller was told "not-sent"`]);
  });
});

describe('the ledger, when it reads the log,', () => {
  const reading = (steps: readonly Step[]): readonly string[] => {
    const ledger = new Ledger('log', { answerWithinMs: 1000, readsLog: true });
    const id = ledger.newId();
    ledger.issued(id);
    for (const step of steps) step(ledger, id);
    return ledger.close().map((violation) => violation.replace(`${id} `, ''));
  };
  const logged: Step = (ledger, id) => ledger.logged(id);

  it('accepts an executed command with its line, and one without a line that was not executed', () => {
    expect(reading([executed, answered(DONE), logged])).toEqual([]);
    expect(reading([answered(NOT_SENT)])).toEqual([]);
  });

  it('notices a command that nobody sees, and one that is seen twice', () => {
    expect(reading([executed, answered(DONE)])).toEqual(['was executed and is not in the log']);
    expect(reading([executed, answered(DONE), logged, logged])).toEqual(['was logged again']);
  });
});
