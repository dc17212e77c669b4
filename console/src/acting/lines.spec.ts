import { describe, expect, it } from '@jest/globals';
import { BLANK, type Intent, type Whom } from './intent.js';
import { bulkBody, commandLine, curlLine, quoted, type Plan } from './lines.js';

const MATCHING: Whom = {
  kind: 'matching',
  projectId: 'p',
  brokerId: undefined,
  select: { username: 'vendor-*', connected: true },
  words: '',
};
const LISTED: Whom = {
  kind: 'clients',
  projectId: 'p',
  clients: [
    { broker: 'b', clientid: 'gw-1' },
    { broker: 'c', clientid: "it's" },
  ],
};
const plan = (whom: Whom, intent: Intent, more: Partial<Plan> = {}): Plan => ({
  whom,
  intent,
  reason: '',
  perSecond: undefined,
  ...more,
});
const SUBSCRIBE: Intent = { ...BLANK.subscribe, topic: 'cmd/${clientid}', qos: 1, sendRetain: 'never' };

describe('the same from a terminal', () => {
  it('is one line for whoever matches', () => {
    const kick = { ...BLANK.disconnect, preventWillMessage: true, cleanSession: true };
    expect(commandLine(plan(MATCHING, kick, { reason: 'they flood', perSecond: 50 }))).toBe(
      "client-control kick --no-will --clean-session --project p --username 'vendor-*' --connected yes " +
        "--per-second 50 --reason 'they flood'",
    );
  });

  it('is a line for each broker of a list', () => {
    expect(commandLine(plan(LISTED, SUBSCRIBE))).toBe(
      "client-control sub -t 'cmd/${clientid}' --qos 1 --send-retain never --project p -b b -- gw-1\n" +
        "client-control sub -t 'cmd/${clientid}' --qos 1 --send-retain never --project p -b c -- 'it'\\''s'",
    );
  });

  it('reads the ids of a long list from standard input', () => {
    const clients = Array.from({ length: 21 }, (_, index) => ({ broker: 'b', clientid: `gw-${index}` }));
    const line = commandLine(plan({ kind: 'clients', projectId: 'p', clients }, BLANK.disconnect));
    expect(line).toBe('client-control kick --project p -b b - < ids-of-b.txt');
  });

  it('bans a client whose id holds a wildcard, and nobody else', () => {
    const whom: Whom = { kind: 'clients', projectId: 'p', clients: [{ broker: 'b', clientid: 'a*b' }] };
    expect(curlLine(plan(whom, BLANK.ban), 'http://s/')).toContain('"who":"a\\\\*b"');
    expect(commandLine(plan(whom, BLANK.ban))).toBe(
      "client-control ban --for 60m --project p -b b -- 'a\\*b'",
    );
  });

  it('holds no token', () => {
    const curl = curlLine(plan(MATCHING, BLANK.disconnect, { selection: 'abc' }), 'http://s/');
    expect(curl).toContain('"Authorization: Bearer $TOKEN"');
    expect(curl).toContain('http://s/api/projects/p/client-control/bulk');
    expect(curl).toContain('"selection":"abc"');
  });

  it.each([
    ['plain-1', 'plain-1'],
    ['with space', "'with space'"],
    ["'", "''\\'''"],
    ['$(reboot)', "'$(reboot)'"],
    ['', "''"],
  ])('quotes %j for a shell as %j', (text, expected) => expect(quoted(text)).toBe(expected));
});

describe('the body of a call for many', () => {
  it('of a list has the ids put into the topics', () => {
    expect(bulkBody(plan(LISTED, { ...BLANK.unsubscribe, topic: 'a/${clientid}' }))).toEqual({
      operations: [
        { action: 'unsubscribe', topic: 'a/gw-1', broker: 'b', clientid: 'gw-1' },
        { action: 'unsubscribe', topic: "a/it's", broker: 'c', clientid: "it's" },
      ],
    });
  });

  it('of a selection leaves that to the service, and moves with two actions', () => {
    const move: Intent = { kind: 'move', from: 'old/${clientid}', to: 'new/${clientid}', qos: 2 };
    expect(bulkBody(plan(MATCHING, move, { partial: true }))).toEqual({
      select: { username: 'vendor-*', connected: true },
      actions: [
        { action: 'subscribe', topic: 'new/${clientid}', qos: 2 },
        { action: 'unsubscribe', topic: 'old/${clientid}' },
      ],
      partial: true,
    });
  });
});
