import { describe, expect, it } from '@jest/globals';
import { GatheredText } from './gathered-text.js';

describe('GatheredText', () => {
  it('gives what was added, in order, and begins anew', () => {
    const text = new GatheredText();
    text.add('ä"');
    text.add('漢🚀');
    expect(text.bytes).toBe(Buffer.byteLength('ä"漢🚀'));
    const taken = text.take();
    expect(text.bytes).toBe(0);
    text.add('later');
    expect(taken.toString()).toBe('ä"漢🚀');
    expect(text.take().toString()).toBe('later');
    expect(text.take()).toHaveLength(0);
  });

  it('takes more than a chunk, and texts longer than one', () => {
    const text = new GatheredText();
    const texts = [...Array.from({ length: 3000 }, (_, at) => `line ${at} ü\n`), 'x'.repeat(100_000), 'end'];
    for (const each of texts) text.add(each);
    expect(text.take().toString()).toBe(texts.join(''));
  });
});
