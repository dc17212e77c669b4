import { describe, expect, it } from '@jest/globals';
import { changesBetween, deliverCommand, type RetainedMessage } from './retained-message.js';

const message = (topic: string, payload: string, more: Partial<RetainedMessage> = {}): RetainedMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  ...more,
});

const snapshot = (...messages: RetainedMessage[]): Map<string, RetainedMessage> =>
  new Map(messages.map((each) => [each.topic, each]));

describe('the command that hands a retained message over', () => {
  it('has the lower QoS of message and subscription, and says which subscription it is for', () => {
    const target = { clientid: 'c', topic: 'a/#', qos: 2 } as const;
    expect(deliverCommand(target, message('a/1', 'hi'))).toEqual({
      command: 'deliverRetained',
      clientid: 'c',
      subscription: 'a/#',
      topic: 'a/1',
      qos: 1,
      payload: 'aGk=',
    });
    expect(deliverCommand({ ...target, qos: 0 }, message('a/1', 'hi')).qos).toBe(0);
  });

  it('spells the properties as the control protocol does, and leaves out what is empty', () => {
    const properties = {
      contentType: '',
      responseTopic: 'r',
      correlationData: Buffer.from([255]),
      payloadFormatIndicator: false,
      messageExpiryInterval: 0,
      userProperties: { a: ['1', '2'], b: '' },
    };
    const target = { clientid: 'c', topic: 'a', qos: 0 } as const;
    expect(deliverCommand(target, message('a', '', { properties })).properties).toEqual({
      responseTopic: 'r',
      correlationData: '/w==',
      payloadFormatIndicator: 0,
      messageExpiryInterval: 0,
      userProperties: [
        ['a', '1'],
        ['a', '2'],
        ['b', ''],
      ],
    });
  });
});

describe('what a client lacks', () => {
  it('is what is new and what has another payload', () => {
    const before = snapshot(message('same', '1'), message('other', '1'));
    const now = snapshot(message('same', '1', { qos: 0 }), message('other', '2'), message('new', '3'));
    expect(changesBetween(before, now)).toEqual([message('other', '2'), message('new', '3')]);
  });

  it('is an empty message where one was cleared, but not where it may have expired or is empty already', () => {
    const expiring = message('expires', '1', { properties: { messageExpiryInterval: 5 } });
    const before = snapshot(message('cleared', '1'), message('empty', ''), expiring);
    expect(changesBetween(before, snapshot())).toEqual([message('cleared', '')]);
  });
});
