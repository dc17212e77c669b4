import { describe, expect, it } from '@jest/globals';
import { CutOffError, UnexpectedAnswerError } from '../errors/api-error.js';
import { readLines } from './read-lines.js';

function answer(...chunks: readonly (string | Uint8Array)[]): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks)
        controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'application/x-ndjson' } });
}

async function read(response: Response): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const group of readLines(response)) lines.push(...group);
  return lines;
}

describe('readLines', () => {
  it('reads lines across chunks, characters across them too', async () => {
    const ue = new TextEncoder().encode('ü');
    const lines = await read(answer('{"a":1}\n{"b"', ':"', ue.slice(0, 1), ue.slice(1), '"}\n\n{"c":3}\n'));
    expect(lines).toEqual([{ a: 1 }, { b: 'ü' }, { c: 3 }]);
  });

  it('takes a last line without its end for cut off', async () => {
    await expect(read(answer('{"a":1}\n{"b":2}'))).rejects.toBeInstanceOf(CutOffError);
  });

  it('refuses what is no JSON object, and an endless line', async () => {
    for (const text of ['{"a":\n', '1\n', 'null\n', '[1]\n'])
      await expect(read(answer(text))).rejects.toBeInstanceOf(UnexpectedAnswerError);
    const mega = 'x'.repeat(1_000_000);
    await expect(read(answer(...Array.from({ length: 18 }, () => mega)))).rejects.toBeInstanceOf(
      UnexpectedAnswerError,
    );
  });

  it('reads nothing more once its reader has enough', async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('{}\n')),
      cancel: () => void (isCancelled = true),
    });
    const endless = new Response(body, { headers: { 'Content-Type': 'application/x-ndjson' } });
    for await (const group of readLines(endless)) if (group.length > 0) break;
    expect(isCancelled).toBe(true);
  });
});
