/** The caller's place in a distributed trace. */
export interface TraceContext {
  /** 32 hex digits: the same in every log line of the trace, whichever service wrote it. */
  readonly traceId: string;
  /** 16 hex digits: the caller's span, to which this request belongs. */
  readonly spanId: string;
}

/** Version, trace id, parent id, flags; versions after 00 may add more. */
const TRACE_PARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/**
 * Reads a `traceparent` header; undefined if there is none, or if it is not valid.
 *
 * Source: W3C Trace Context, section 3.2.
 */
export function readTraceParent(header: string | string[] | undefined): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, spanId, more] = TRACE_PARENT.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId };
}
