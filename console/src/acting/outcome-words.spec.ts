import { describe, expect, it } from '@jest/globals';
import type { ItemOutcome } from '@mqtt-client-control/client';
import { outcomeOf, toCsv } from './outcome-words.js';

const item = (more: Partial<ItemOutcome>): ItemOutcome => ({
  index: 0,
  broker: 'b',
  clientid: 'a',
  action: 'disconnect',
  outcome: 'done',
  status: 200,
  ...more,
});
const error: NonNullable<ItemOutcome['error']> = {
  message: 'The broker knows no client with this id',
  code: 'CLIENT_NOT_FOUND',
  status: 404,
  info: { clientid: 'a' },
};

describe('what became of an item, in words', () => {
  it.each<[Partial<ItemOutcome>, string]>([
    [{}, 'disconnected'],
    [{ action: 'unsubscribe', absent: true }, 'was not subscribed'],
    [{ outcome: 'failed', error }, 'The broker knows no client with this id'],
    [{ outcome: 'not-sent' }, 'not sent'],
    [{ outcome: 'unknown', error }, 'unknown, may have been done: The broker knows no client with this id'],
  ])('of %j', (more, words) => expect(outcomeOf(item(more)).words).toBe(words));
});

describe('outcomes as CSV', () => {
  it('have a head, and quotes where they are needed', () => {
    const items = [item({ clientid: 'a "b", c' }), item({ outcome: 'failed', status: 404, error })];
    expect(toCsv(items)).toBe(
      'broker,clientid,action,outcome,status,code,message\r\n' +
        'b,"a ""b"", c",disconnect,done,200,,\r\n' +
        'b,a,disconnect,failed,404,CLIENT_NOT_FOUND,The broker knows no client with this id\r\n',
    );
  });

  it.each(['=HYPERLINK("x")', '+1', '-1', '@x'])('make no formula of the id %j', (clientid) => {
    expect(toCsv([item({ clientid })]).split('\r\n')[1]).toMatch(/^b,"?'/);
  });
});
