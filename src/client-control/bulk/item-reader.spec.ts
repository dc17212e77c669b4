import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { itemsIn, type RawItem } from './item-reader.js';

const MAX_LINE_BYTES = 40;

async function read(bytes: Buffer, sizes: readonly number[] = [bytes.length]): Promise<RawItem[]> {
  // eslint-disable-next-line @typescript-eslint/require-await -- stands for a body
  async function* chunks(): AsyncGenerator<Buffer> {
    let start = 0;
    for (const size of [...sizes, bytes.length]) {
      yield bytes.subarray(start, start + size);
      start += size;
    }
  }
  const items: RawItem[] = [];
  for await (const piece of itemsIn(chunks(), MAX_LINE_BYTES)) items.push(...piece);
  return items;
}

const lineBytes = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }).map((value) => Buffer.from(JSON.stringify(value))),
  fc.constantFrom(
    ...[
      '',
      '\r',
      '{"a":1}\r',
      '{',
      ' ',
      'x'.repeat(MAX_LINE_BYTES),
      `"${'ä'.repeat(19)}"`,
      `"${'ä'.repeat(20)}"`,
      '{"__proto__":1}',
      '{"\\u005f_proto__":1}',
      '{"constructor":{"prototype":1}}',
      '\uFEFF{"a":2}',
    ].map((text) => Buffer.from(text)),
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.from([0x22, 0xc3]),
  ),
);

describe('itemsIn', () => {
  it('says of each line what it says of the line alone, however the body is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lineBytes, { maxLength: 8 }), fc.array(fc.nat(30)), async (lines, sizes) => {
        const alone = await Promise.all(lines.map((line) => read(line)));
        const body = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
        expect(await read(body, sizes)).toEqual(alone.flat());
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"a":"ä"}', { value: { a: 'ä' } }],
    ['{"a":1}\r', { value: { a: 1 } }],
    ['\uFEFF{"a":2}', { value: { a: 2 } }],
    ['{"a"', { problem: 'the line is not valid JSON' }],
    ['{"__proto__":1}', { problem: 'the line is not valid JSON' }],
    ['{"\\u005f_proto__":1}', { problem: 'the line is not valid JSON' }],
    [`"${'ä'.repeat(19)}"`, { value: 'ä'.repeat(19) }],
    [`"${'ä'.repeat(20)}"`, { problem: 'the line is longer than 40 bytes' }],
    ['['.repeat(39), { problem: 'the line is not valid JSON' }],
    [`${'['.repeat(20)}${']'.repeat(20)}`, { problem: 'the line is nested too deeply' }],
  ])('reads %s', async (line, item) => {
    expect(await read(Buffer.from(`1\n${line}\n2`))).toEqual([{ value: 1 }, item, { value: 2 }]);
  });

  it('tells a line that is no UTF-8, and reads those beside it', async () => {
    const bytes = Buffer.concat([
      Buffer.from('"ä"\n'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from('\n"ö"\n'),
    ]);
    expect(await read(bytes)).toEqual([
      { value: 'ä' },
      { problem: 'the line is not valid UTF-8' },
      { value: 'ö' },
    ]);
  });

  it('keeps nothing of a line that is too long, and reads those after it', async () => {
    const bytes = Buffer.from(`${'x'.repeat(10_000)}\n1\n${'y'.repeat(10_000)}`);
    const tooLong = { problem: 'the line is longer than 40 bytes' };
    expect(await read(bytes, new Array<number>(300).fill(50))).toEqual([tooLong, { value: 1 }, tooLong]);
  });
});
