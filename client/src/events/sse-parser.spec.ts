import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SseParser } from './sse-parser.js';

describe('SseParser', () => {
  it('reads id, event and data, and keeps the id for what comes after', () => {
    const parser = new SseParser();
    expect(parser.push('id: r.1\nevent: ban\ndata: {"a":1}\n\ndata: x\ndata:y\n\n')).toEqual([
      { id: 'r.1', event: 'ban', data: '{"a":1}' },
      { id: 'r.1', event: '', data: 'x\ny' },
    ]);
  });

  it('leaves out comments, and messages without data', () => {
    expect(new SseParser().push(': heartbeat\n\nevent: ban\n\ndata: x\n\n')).toEqual([
      { id: undefined, event: '', data: 'x' },
    ]);
  });

  it('knows how long to wait before coming back', () => {
    const parser = new SseParser();
    parser.push('retry: 2500\n\nretry: soon\n\nretry: -1\n\n');
    expect(parser.retryMs).toBe(2500);
  });

  it('takes an incomplete message for none', () => {
    const parser = new SseParser();
    expect(parser.push('data: x\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ id: undefined, event: '', data: 'x' }]);
  });

  it('reads the same in whatever pieces it comes, with any kind of line end', () => {
    const text = '\uFEFFid: r.1\r\nevent: ban\r\ndata: ü\r\n\r\n: c\rdata: a\rdata: b\r\rid\ndata: c\n\n';
    const whole = new SseParser().push(text);
    expect(whole).toHaveLength(3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 60, maxLength: 60 }), (lengths) => {
        const parser = new SseParser();
        const messages = [];
        let at = 0;
        for (const length of lengths) {
          messages.push(...parser.push(text.slice(at, at + length)));
          at += length;
        }
        messages.push(...parser.push(text.slice(at)));
        expect(messages).toEqual(whole);
      }),
    );
  });

  it.each(['x'.repeat(2_000_000), 'data: x\n'.repeat(1_100_000)])('refuses a message without end', (text) => {
    expect(() => new SseParser().push(text)).toThrow(RangeError);
  });
});
