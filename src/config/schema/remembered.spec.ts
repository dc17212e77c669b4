import { expect, it } from '@jest/globals';
import { remembered } from './remembered.js';

it('a check is made once for the same texts, and for no others', () => {
  const checked: string[][] = [];
  const isPair = remembered((one: string, other: string) => {
    checked.push([one, other]);
    return one === other;
  });
  for (let times = 0; times < 3; times += 1) {
    expect([isPair('a', 'a'), isPair('a', 'b'), isPair('b', 'a')]).toEqual([true, false, false]);
    expect([isPair('a","', 'b'), isPair('a', '","b')]).toEqual([false, false]);
  }
  expect(checked).toHaveLength(5);
});

it('what is remembered is bounded', () => {
  let count = 0;
  const check = remembered((text: string) => ++count > 0 && text !== '');
  for (let index = 0; index < 10_001; index += 1) check(String(index));
  check('10000');
  expect(count).toBe(10_001);
  check('0');
  expect(count).toBe(10_002);
});
