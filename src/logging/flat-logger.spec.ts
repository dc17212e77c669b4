import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { flatLogger } from './flat-logger.js';

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: false }),
  fc.integer(),
  fc.boolean(),
  fc.constant(undefined),
);
// pino leaves out what is undefined, and so does JSON.stringify; one field is always there.
const fields = fc
  .dictionary(fc.stringMatching(/^[a-z]{4,9}$/), value, { maxKeys: 12 })
  .map((some) => ({ requestId: 'r', ...some }));

it('writes what pino itself writes', () => {
  const lines: string[] = [];
  const options = { timestamp: () => ',"time":"now"' };
  const logger = pino(options, { write: (line: string) => void lines.push(line) });
  const flat = flatLogger(logger.child({ part: 'http' }));
  fc.assert(
    fc.property(fields, fc.constantFrom('info', 'warn'), (some, level) => {
      lines.length = 0;
      logger.child({ part: 'http' })[level](some, 'request');
      flat[level](some, 'request');
      const [theirs = '', ours = ''] = lines;
      expect(JSON.parse(ours)).toEqual(JSON.parse(theirs));
      expect(ours.endsWith('}\n')).toBe(true);
      expect(ours.indexOf('\n')).toBe(ours.length - 1);
    }),
  );
});

it('leaves the logger alone that it was derived from', () => {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  flatLogger(logger.child({}));
  logger.info({ err: new Error('with a stack') }, 'failed');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { type: 'Error', message: 'with a stack' } });
});
