import { expect, it } from '@jest/globals';
import { visibleText } from './visible-text.js';

it.each([
  ['plain 1 ü 漢 👩‍🔧', 'plain 1 ü 漢 👩‍🔧'],
  ['\u202egnp.exe', '[202E]gnp.exe'],
  ['a\u200bb', 'a[200B]b'],
  ['a\tb', 'a[0009]b'],
])('of %j is seen %j', (text, seen) => expect(visibleText(text)).toBe(seen));
