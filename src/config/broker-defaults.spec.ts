import { describe, expect, it } from '@jest/globals';
import { withBrokerDefaults } from './broker-defaults.js';

const merged = (defaults: Readonly<Record<string, unknown>>, broker: object): unknown => {
  const tree = withBrokerDefaults({ projects: [{ brokers: [broker] }] }, defaults);
  return (tree as { projects: { brokers: unknown[] }[] }).projects[0]?.brokers[0];
};

describe('withBrokerDefaults', () => {
  it.each([
    ['a key that the broker does not have', { maxBatch: 1 }, { id: 'b' }, { id: 'b', maxBatch: 1 }],
    ["the broker's own key", { maxBatch: 1 }, { maxBatch: 2 }, { maxBatch: 2 }],
    [
      'delays, one by one',
      { reconnect: { minDelayMs: 1, maxDelayMs: 2 } },
      { reconnect: { maxDelayMs: 3 } },
      { reconnect: { minDelayMs: 1, maxDelayMs: 3 } },
    ],
    [
      'TLS, key by key',
      { tls: { ca: 'ca', cert: 'c', key: 'k' } },
      { url: 'mqtts://h', tls: { servername: 's' } },
      { url: 'mqtts://h', tls: { ca: 'ca', cert: 'c', key: 'k', servername: 's' } },
    ],
    [
      "the broker's own client certificate, with its own key",
      { tls: { ca: 'ca', cert: 'c', key: 'k' } },
      { url: 'wss://h', tls: { cert: 'C' } },
      { url: 'wss://h', tls: { ca: 'ca', cert: 'C' } },
    ],
    ['no TLS for a plain url', { tls: { ca: 'ca' } }, { url: 'mqtt://h' }, { url: 'mqtt://h' }],
    ['a password in place of a passwordFile', { passwordFile: 'f' }, { password: 'p' }, { password: 'p' }],
    [
      'a passwordFile in place of a password',
      { password: 'p' },
      { passwordFile: 'f' },
      { passwordFile: 'f' },
    ],
  ])('gives %s', (_what, defaults, broker, expected) => {
    expect(merged(defaults, broker)).toEqual(expected);
  });

  it.each([
    [null],
    ['text'],
    [{}],
    [{ projects: 'x' }],
    [{ projects: [null, { brokers: 1 }, { brokers: [1] }] }],
  ])('leaves what has the wrong type to the schema: %j', (tree) => {
    expect(withBrokerDefaults(tree, { maxBatch: 1 })).toEqual(tree);
  });
});
