import { describe, expect, it } from '@jest/globals';
import type { ServiceEvent } from '@mqtt-client-control/client';
import { wordsOfEvent } from './event-words.js';

const at = { time: '2026-11-26T03:00:00.000Z', project: 'p', broker: 'b' };

describe('an event in words', () => {
  it.each<[ServiceEvent, string, string]>([
    [
      {
        ...at,
        type: 'client.connected',
        clientid: 'c',
        username: 'u',
        address: '10.0.0.7',
        protocolVersion: 'v5',
      },
      'came',
      'from 10.0.0.7, as u, MQTT 5',
    ],
    [{ ...at, type: 'client.connected', clientid: 'c' }, 'came', ''],
    [
      { ...at, type: 'client.disconnected', clientid: 'c', reason: 'kicked', sessionStays: true },
      'went',
      'it was disconnected, its session stays',
    ],
    [
      {
        ...at,
        type: 'control',
        action: 'subscribe',
        clientid: 'c',
        topic: 't/#',
        outcome: 'OK',
        caller: 'ops',
      },
      'acted',
      'subscribe t/#, by ops',
    ],
    [
      { ...at, type: 'control', action: 'disconnect', outcome: 'BROKER_TIMEOUT', outcomeDetail: 'unknown' },
      'acted',
      'disconnect: BROKER_TIMEOUT, unknown',
    ],
    [
      {
        ...at,
        type: 'control',
        action: 'bulk',
        outcome: 'OK',
        reason: 'new firmware',
        details: { summary: { total: 3, done: 2, failed: 1, notSent: 0, unknown: 0 } },
      },
      'acted',
      'bulk, 2 done, 1 failed, “new firmware”',
    ],
    [
      { ...at, type: 'ban', action: 'ban', outcome: 'OK', details: { as: 'clientid', who: 'gw-*' } },
      'ban',
      'ban clientid gw-*',
    ],
    [{ ...at, type: 'broker', state: 'denied', lastError: 'bad password' }, 'broker', 'denied: bad password'],
    [{ type: 'gap', time: at.time, missed: 1, why: 'too slow' }, 'gap', '1 event missed: too slow'],
    [{ type: 'gap', time: at.time, missed: null }, 'gap', 'Events missed'],
  ])('%j', (event, word, sentence) => {
    expect(wordsOfEvent(event)).toMatchObject({ word, sentence });
  });
});
