import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJsonInTurns } from './json-in-turns.js';

const parse = (text: string): Promise<unknown> => parseJsonInTurns(Buffer.from(text));
/** Long enough to be parsed in parts. */
const padding = `"padding":"${'x'.repeat(9000)}"`;
const operations = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({
    action: 'disconnect',
    clientid: `ü, "${at}" [{`,
    n: [at, {}],
  }));

describe('JSON that is parsed in turns', () => {
  it.each([
    ['a list', { operations: operations(3000), perSecond: 7 }],
    ['two lists', { a: operations(500), b: { c: [1, [2]] }, d: [[], [[]], 'x,]', null, 7] }],
    ['a short list beside long text', { text: 'x'.repeat(20_000), list: [1] }],
    ['an empty list', { text: 'x'.repeat(20_000), list: [] }],
    ['no object', operations(1000)],
    ['a list of one item', { text: 'x'.repeat(20_000), list: [{ a: 1 }] }],
  ])('is what JSON.parse says: %s', async (_what, value) => {
    expect(await parse(JSON.stringify(value))).toEqual(value);
    expect(await parse(JSON.stringify(value, null, 2))).toEqual(value);
  });

  it('is what JSON.parse says, whatever it is, and refused where JSON.parse refuses it', async () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"b\\""', '1', ' ', 'null', '[0]');
    const text = fc
      .array(piece, { maxLength: 12 })
      .map((pieces) => `{${padding},"list":[1,${pieces.join('')}]}`);
    await fc.assert(
      fc.asyncProperty(text, async (json) => {
        let expected: unknown;
        try {
          expected = JSON.parse(json);
        } catch {
          expected = undefined;
        }
        expect(await parse(json).catch(() => undefined)).toEqual(expected);
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  it('takes the last of two lists of a name, as JSON.parse does', async () => {
    expect(await parse(`{${padding},"a":[1],"a":[2,3]}`)).toMatchObject({ a: [2, 3] });
  });

  it.each([
    ['{', ',"a":[1,]}'],
    ['{', ',"a":[,]}'],
    ['{', ',"a":[1}'],
    ['{', ',"a":[1'],
    ['{', ',"a":[1]]}'],
    ['{', ',"a":[{"b":1]]}'],
    ['{', ',"__proto__":[1]}'],
    ['{', ',"a":[{"__proto__":{}}]}'],
  ])('is refused: %s…%s', async (before, after) => {
    await expect(parse(`${before}${padding}${after}`)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('is refused when it is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`{${padding},"a":["`), Buffer.from([0xff]), Buffer.from('"]}')]);
    await expect(parseJsonInTurns(bytes)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('has null for an item that holds more than describes one thing', async () => {
    const large = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`n${at}`, 1]));
    const items = [{ a: 1 }, large, { b: 2 }, large];
    const { list } = (await parse(`{${padding},"list":${JSON.stringify(items)}}`)) as {
      readonly list: readonly unknown[];
    };
    expect(list).toEqual([{ a: 1 }, null, { b: 2 }, null]);
  });

  it('holds nobody up, however its items are shaped', async () => {
    const names = Array.from({ length: 64 }, (_, at) => `n${at}`);
    const item = (seed: number): string =>
      `{${Array.from({ length: 10 }, (_, at) => `"${names[(seed * 7 + at * at * (seed % 13)) % 64]}${(seed * at) % 97}":1`).join(',')}}`;
    const text = `{"operations":[${Array.from({ length: 11_000 }, (_, at) => item(at)).join(',')}]}`;
    const bytes = Buffer.from(text);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 10 && best >= 20; round += 1) {
      let longest = 0;
      let last = performance.now();
      let isOver = false;
      const look = (): void => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        if (!isOver) setImmediate(look);
      };
      look();
      await parseJsonInTurns(bytes);
      isOver = true;
      best = Math.min(best, longest);
    }
    expect(best).toBeLessThan(20);
  });
});
