import { describe, expect, it } from '@jest/globals';
import { filterMatches, isMqttString, isTopicFilter, isTopicName } from './topic-filter.js';

describe('topic filters', () => {
  it.each(['a', '/', 'a/b', '#', '+', '+/+', 'a/#', 'a/+/b', '/+', '$SYS/#', 'ä/€/😀'])(
    'takes %j',
    (filter) => {
      expect(isTopicFilter(filter)).toBe(true);
    },
  );

  it.each(['', 'a#', 'a/#/b', '#/a', 'a+', '+a', 'a/+b', 'a/b+/c', 'a\0b', '\ud800', 'x'.repeat(65_536)])(
    'refuses %j',
    (filter) => {
      expect(isTopicFilter(filter)).toBe(false);
    },
  );

  it('counts the length in bytes of UTF-8', () => {
    expect(isMqttString('x'.repeat(65_535))).toBe(true);
    expect(isMqttString('€'.repeat(21_846))).toBe(false);
  });

  it('refuses wildcards in a topic name', () => {
    expect(isTopicName('a/b')).toBe(true);
    expect(isTopicName('a/+')).toBe(false);
    expect(isTopicName('#')).toBe(false);
    expect(isTopicName('')).toBe(false);
  });

  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b', false],
    ['#', 'a/b', true],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['a/b/c', 'a/b', false],
    ['+', '', true],
  ])('%j on topic %j: %j', (filter, topic, matches) => {
    expect(filterMatches(filter, topic)).toBe(matches);
  });
});
