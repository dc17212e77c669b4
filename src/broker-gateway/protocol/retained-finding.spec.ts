import { describe, expect, it } from '@jest/globals';
import { readExtensionInfo, type ExtensionInfo } from './extension.js';
import { retainedFinding, type RetainedFacts } from './retained-finding.js';

const since = 5;
const endpoint = { state: 'available', since, words: 'the broker answers' } as const;
const plugin = (features: object, name = '1.1.0'): ExtensionInfo =>
  readExtensionInfo({ plugin: name, features });

describe('what is known of retained messages', () => {
  it.each<[string, string, Partial<RetainedFacts>]>([
    ['unknown before the broker has said what it can', 'unknown', { extension: null }],
    [
      'what is known of the endpoint where there is none',
      'silent',
      { extension: null, endpoint: { ...endpoint, state: 'silent' } },
    ],
    ['unsupported where nobody can subscribe clients', 'unsupported', { extension: plugin({}) }],
    [
      'unavailable where the plugin has not been told to take them',
      'unavailable',
      { extension: plugin({ subscribe: true }) },
    ],
    ['unavailable where the service has not been told to hand them over', 'unavailable', { isOn: false }],
    ['what keeps it from working', 'denied', { problem: { state: 'denied', since, words: 'x' } }],
    ['available where both have', 'available', {}],
    [
      'available where the broker sends them itself',
      'available',
      { isOn: false, extension: plugin({ subscribe: true, retained: true }, 'embedded') },
    ],
  ])('is %s', (_words, state, facts) => {
    const both = plugin({ subscribe: true, retained: true });
    const found = retainedFinding({ extension: both, endpoint, isOn: true, problem: undefined, ...facts });
    expect(found).toMatchObject({ state, since });
  });
});
