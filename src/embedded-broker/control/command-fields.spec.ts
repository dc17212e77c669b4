import { describe, expect, it } from '@jest/globals';
import {
  readBoolean,
  readClientId,
  readInteger,
  readSubscription,
  readTopicFilter,
} from './command-fields.js';

const FROM_ALL = { minimum: -1, fallback: -1 };
const NOT_STRINGS = [undefined, null, '', 1, true, [], {}, ['x'], 'a\0b', '\udfff', 'x'.repeat(65_536)];

describe('the fields of a command', () => {
  it.each(NOT_STRINGS)('refuse the client id %p', (clientid) => {
    expect(() => readClientId({ clientid })).toThrow('Invalid/missing clientid');
  });

  it.each([...NOT_STRINGS, 'a#', '+a'])('refuse the topic %p', (topic) => {
    expect(() => readTopicFilter({ topic })).toThrow('Invalid/missing topic');
  });

  it('have the defaults of MQTT', () => {
    expect(readSubscription({ clientid: 'c', topic: 't' })).toEqual({
      topic: 't',
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      sendRetain: 'always',
    });
  });

  it('are read from the command and its options', () => {
    const options = { no_local: true, retain_as_published: true, send_retain: 'new' };
    expect(readSubscription({ clientid: 'c', topic: 't', qos: 2, options })).toEqual({
      topic: 't',
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      sendRetain: 'new',
    });
  });

  it.each([
    ['qos', { qos: 3 }],
    ['qos', { qos: '1' }],
    ['qos', { qos: null }],
    ['options', { options: [] }],
    ['options', { options: null }],
    ['options', { options: 'never' }],
    ['no_local', { options: { no_local: 1 } }],
    ['retain_as_published', { options: { retain_as_published: 'true' } }],
    ['send_retain', { options: { send_retain: 'sometimes' } }],
    ['send_retain', { options: { send_retain: null } }],
  ])('name the wrong field: %s', (name, fields) => {
    expect(() => readSubscription({ clientid: 'c', topic: 't', ...fields })).toThrow(
      `Invalid/missing ${name}`,
    );
  });

  it('do not come from a prototype', () => {
    const fields = JSON.parse('{"__proto__":{"clientid":"c"}}') as Record<string, unknown>;
    expect(() => readClientId(fields)).toThrow('Invalid/missing clientid');
  });

  it('may be booleans and integers', () => {
    expect(readBoolean({}, 'verbose')).toBe(false);
    expect(readBoolean({ verbose: true }, 'verbose')).toBe(true);
    expect(() => readBoolean({ verbose: null }, 'verbose')).toThrow('Invalid/missing verbose');
    expect(readInteger({}, 'count', FROM_ALL)).toBe(-1);
    expect(readInteger({ count: 7 }, 'count', FROM_ALL)).toBe(7);
  });

  it.each([-2, 1.5, '1', null, Number.NaN, 1e300])('refuse the count %p', (count) => {
    expect(() => readInteger({ count }, 'count', FROM_ALL)).toThrow('Invalid/missing count');
  });
});
