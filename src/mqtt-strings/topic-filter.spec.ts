import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isBrokerInternal,
  isSharedSubscription,
  isTopicFilter,
  isTopicName,
  topicFilterProblem,
  topicMatches,
} from './topic-filter.js';

describe('topicFilterProblem', () => {
  it.each([
    'a',
    '/',
    '//',
    '#',
    '+',
    '+/+',
    '/#',
    'a/#',
    'a/+/b',
    '+/b/#',
    'a b/ü',
    '$SYS/#',
    '$share/group/a',
    '$share/group/#',
    '$share/group/+/a',
    '$share/group//',
    '$share/group/$SYS/#',
    '$shared/+',
    'a/$share',
  ])('takes %j', (topic) => {
    expect(topicFilterProblem(topic)).toBeUndefined();
  });

  it.each([
    ['a/#/b', /last level/],
    ['#/', /last level/],
    ['a#', /# alone/],
    ['a/b#', /# alone/],
    ['##', /# alone/],
    ['#+', /# alone/],
    ['a+', /\+ alone/],
    ['a/+b/c', /\+ alone/],
    ['++', /\+ alone/],
    ['', /empty/],
    ['a\0', /U\+0000/],
    ['\ud800', /surrogate/],
  ])('refuses %j', (topic, problem) => {
    expect(topicFilterProblem(topic)).toMatch(problem);
  });

  it.each([
    ['$share', /group/],
    ['$share/', /group/],
    ['$share//a', /group/],
    ['$share/+/a', /wildcards in the group/],
    ['$share/g#/a', /wildcards in the group/],
    ['$share/group', /filter after the group/],
    ['$share/group/', /filter after the group/],
    ['$share/group/a/#/b', /last level/],
    ['$share/group/a+', /\+ alone/],
  ])('refuses the shared subscription %j', (topic, problem) => {
    expect(topicFilterProblem(topic)).toMatch(problem);
  });

  it.each([undefined, null, 1, {}])('refuses %p, which is no string', (topic) => {
    expect(topicFilterProblem(topic)).toBe('must be a string');
  });

  it('takes exactly the filters that the grammar of MQTT 5 section 4.7 makes', () => {
    const level = fc.constantFrom('', 'a', 'b c', '+', '#', 'a+', '#b', '$x');
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), (levels) => {
        const filter = levels.join('/');
        fc.pre(filter !== '');
        const isValid = levels.every(
          (text, index) =>
            text === '+' || (text === '#' && index === levels.length - 1) || !/[+#]/.test(text),
        );
        expect(topicFilterProblem(filter) === undefined).toBe(isValid);
      }),
    );
  });
});

describe('isSharedSubscription', () => {
  it.each([
    ['$share/g/a', true],
    ['$shared/g/a', false],
    ['a/$share/g', false],
    ['$share', false],
  ])('%j: %p', (topic, expected) => {
    expect(isSharedSubscription(topic)).toBe(expected);
  });
});

describe('isBrokerInternal', () => {
  it.each(['$SYS/#', '$CONTROL/#', '$', '$share/g/$SYS/#', '$share/g/$CONTROL/x', '$shared/a', '$queue/a'])(
    'holds for %j',
    (topic) => {
      expect(isBrokerInternal(topic)).toBe(true);
    },
  );

  it.each(['#', '+/x', 'a/$SYS', '/$SYS', '$share/g/#', '$share/$g/a'])('does not hold for %j', (topic) => {
    expect(isBrokerInternal(topic)).toBe(false);
  });
});

describe('isTopicFilter and isTopicName', () => {
  it('tell them from other values, and names from filters with wildcards', () => {
    expect([isTopicFilter('a/#'), isTopicFilter('a#'), isTopicFilter(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([isTopicName('a/b'), isTopicName('$SYS/a')]).toEqual([true, true]);
    for (const value of ['a/+', '#', '', 'a\0', '\ud800', 'x'.repeat(65_536), 1]) {
      expect(isTopicName(value)).toBe(false);
    }
  });
});

describe('topicMatches', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
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
    ['+/+', '/a', true],
  ])('%j on topic %j: %j', (filter, topic, matches) => {
    expect(topicMatches(filter, topic)).toBe(matches);
  });
});
