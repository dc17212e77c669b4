import { describe, expect, it } from '@jest/globals';
import { readTraceParent } from './trace-parent.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';

describe('readTraceParent', () => {
  it.each([
    ['version 00', `00-${TRACE_ID}-${SPAN_ID}-01`],
    ['a later version', `cc-${TRACE_ID}-${SPAN_ID}-01`],
    ['a later version with more', `cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-brings`],
  ])('reads trace and span: %s', (_case, header) => {
    expect(readTraceParent(header)).toEqual({ traceId: TRACE_ID, spanId: SPAN_ID });
  });

  it.each([
    ['no header', undefined],
    ['two headers', [`00-${TRACE_ID}-${SPAN_ID}-01`]],
    ['nothing', ''],
    ['the forbidden version', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['a span id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    ['a trace id that is too short', `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ['no flags', `00-${TRACE_ID}-${SPAN_ID}`],
    ['version 00 with more', `00-${TRACE_ID}-${SPAN_ID}-01-more`],
    ['a later version with more, not set off', `cc-${TRACE_ID}-${SPAN_ID}-01more`],
    ['something before it', ` 00-${TRACE_ID}-${SPAN_ID}-01`],
    ['a line break after it', `00-${TRACE_ID}-${SPAN_ID}-01\n`],
  ])('ignores %s', (_case, header) => {
    expect(readTraceParent(header)).toBeUndefined();
  });
});
