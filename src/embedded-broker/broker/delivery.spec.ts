import { describe, expect, it } from '@jest/globals';
import { cappedQos } from './delivery.js';

describe('the QoS of a delivered message', () => {
  it('is that of the subscription when the message has a higher one', () => {
    expect(cappedQos({ topic: 'a/b', qos: 2 }, { 'a/#': { qos: 1 } })).toBe(1);
    expect(cappedQos({ topic: 'a/b', qos: 1 }, { '+/b': { qos: 0 } })).toBe(0);
  });

  it('is its own when the subscription has a higher one', () => {
    expect(cappedQos({ topic: 'a/b', qos: 1 }, { 'a/#': { qos: 2 } })).toBe(1);
    expect(cappedQos({ topic: 'a/b', qos: 0 }, { 'a/#': { qos: 2 } })).toBe(0);
  });

  it('is the highest of all subscriptions that match', () => {
    const subscriptions = { 'a/#': { qos: 0 }, 'a/b': { qos: 1 }, 'c/#': { qos: 2 } };
    expect(cappedQos({ topic: 'a/b', qos: 2 }, subscriptions)).toBe(1);
  });

  it('is its own when no subscription matches any more', () => {
    expect(cappedQos({ topic: 'a', qos: 2 }, {})).toBe(2);
  });
});
