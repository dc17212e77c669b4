import { describe, expect, it } from '@jest/globals';
import type { BrokerInfo } from '@mqtt-client-control/client';
import { abilitiesOf, certificateOf, stateOf } from './broker-words.js';

const found = (state: string) => ({ state, since: 0, words: `words of ${state}` });

function broker(changes: object = {}): BrokerInfo {
  return {
    id: 'b',
    name: 'B',
    url: 'mqtt://b',
    connected: true,
    state: 'connected',
    since: 0,
    connectedSince: 0,
    certificateExpiresAt: null,
    lastError: null,
    features: { clientControl: 'available', clientInspect: 'silent', extension: 'unavailable' },
    featureDetails: {
      clientControl: found('available'),
      clientInspect: found('silent'),
      extension: found('unavailable'),
    },
    pendingChange: null,
    extension: null,
    commandsPending: 0,
    commandsSent: 0,
    ...changes,
  } as BrokerInfo;
}

describe("a broker's state in words", () => {
  it('says why it refuses us', () => {
    const lastError = 'bad user name or password';
    expect(stateOf(broker({ state: 'denied', lastError }))).toEqual({
      kind: 'bad',
      words: 'refused us: bad user name or password',
    });
  });

  it('does not call a broker fine that cannot be controlled', () => {
    const features = { clientControl: 'silent', clientInspect: 'silent', extension: 'silent' };
    expect(stateOf(broker({ features })).kind).toBe('busy');
  });
});

describe('what a broker can do', () => {
  it('is said with why not', () => {
    expect(abilitiesOf(broker())).toEqual([
      { name: 'control', can: true, why: 'words of available' },
      { name: 'inspect', can: false, why: 'words of silent' },
      ...['bans', 'standing', 'events', 'retained'].map((name) => ({
        name,
        can: false,
        why: 'needs the companion plugin: words of unavailable',
      })),
    ]);
  });

  it('is each on its own where the plugin is older', () => {
    const able = abilitiesOf(
      broker({
        featureDetails: {
          clientControl: found('silent'),
          clientInspect: found('silent'),
          extension: found('available'),
        },
        extension: {
          plugin: '1.0.0',
          broker: 'mosquitto 2.0.11',
          features: { disconnect: true, inspect: false, bans: true },
          warnings: [],
        },
      }),
    );
    expect(able.filter(({ can }) => can).map(({ name }) => name)).toEqual(['control', 'bans']);
    expect(able.find(({ name }) => name === 'events')?.why).toBe(
      'mosquitto 2.0.11 with 1.0.0 cannot do that',
    );
  });
});

describe("a broker's certificate", () => {
  it.each([
    [30, '30 days left', false],
    [3, '3 days left', true],
    [1, '1 day left', true],
    [-1, 'has expired', true],
  ])('with %s days', (days, words, isUrgent) => {
    const at = broker({ certificateExpiresAt: days * 86_400_000 });
    expect(certificateOf(at, 0)).toEqual({ words, isUrgent });
  });
});
