import { describe, expect, it } from '@jest/globals';
import { MAX_MQTT_STRING_BYTES, mqttStringProblem } from './mqtt-string.js';

describe('mqttStringProblem', () => {
  it.each([
    ['one character', 'a'],
    ['spaces, slashes and wildcards, which a client id may hold', ' a/+/#'],
    ['characters beyond the basic plane', '🌡️ sensor'],
    ['control characters other than U+0000', 'a\u0001\u007f'],
    ['the longest one in ASCII', 'x'.repeat(MAX_MQTT_STRING_BYTES)],
    ['the longest one in three-byte characters', '€'.repeat(MAX_MQTT_STRING_BYTES / 3)],
  ])('finds nothing wrong with %s', (_what, value) => {
    expect(mqttStringProblem(value)).toBeUndefined();
  });

  it.each([undefined, null, 1, true, {}, ['a'], new String('a')])(
    'refuses %p, which is no string',
    (value) => {
      expect(mqttStringProblem(value)).toBe('must be a string');
    },
  );

  it('refuses the empty string', () => {
    expect(mqttStringProblem('')).toBe('must not be empty');
  });

  it.each(['\ud800', 'a\udc00b', '\udc00\ud800'])('refuses the lone surrogate in %j', (value) => {
    expect(mqttStringProblem(value)).toMatch(/surrogate/);
  });

  it.each(['\0', 'a\0b', 'a\0'])('refuses U+0000 in %j', (value) => {
    expect(mqttStringProblem(value)).toMatch(/U\+0000/);
  });

  it.each([
    ['ASCII', 'x'.repeat(MAX_MQTT_STRING_BYTES + 1)],
    ['two-byte characters', 'ä'.repeat(MAX_MQTT_STRING_BYTES / 2 + 1)],
    ['three-byte characters', '€'.repeat(MAX_MQTT_STRING_BYTES / 3 + 1)],
    ['four-byte characters', '🌡'.repeat(MAX_MQTT_STRING_BYTES / 4 + 1)],
  ])('counts bytes, not characters: refuses what is too long in %s', (_what, value) => {
    expect(mqttStringProblem(value)).toMatch(/65535 bytes/);
  });
});
