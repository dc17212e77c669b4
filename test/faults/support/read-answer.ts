/** An HTTP answer, read off a socket. */
export interface LaneAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came. */
  readonly text: string;
  /** Parsed when it is JSON; undefined when there is none. */
  readonly body: unknown;
}

const HEAD_END = '\r\n\r\n';

/** Takes one complete answer from the front of the bytes received; undefined if there is none yet. */
export function takeAnswer(
  received: Buffer,
  method: string,
): { readonly answer: LaneAnswer; readonly rest: Buffer } | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${statusLine.slice(0, 100)}`);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const after = received.subarray(headEnd + HEAD_END.length);
  if (status === 100) return takeAnswer(after, method);
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
  const body = hasBody ? takeBody(after, headers) : { bytes: Buffer.alloc(0), rest: after };
  if (body === undefined) return undefined;
  const text = body.bytes.toString('utf8');
  const isJson = headers['content-type']?.startsWith('application/json') === true;
  const parsed = text === '' ? undefined : isJson ? (JSON.parse(text) as unknown) : text;
  return { answer: { status, headers, text, body: parsed }, rest: body.rest };
}

function takeBody(
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): { readonly bytes: Buffer; readonly rest: Buffer } | undefined {
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(bytes);
  const length = Number(headers['content-length'] ?? 0);
  return bytes.length < length
    ? undefined
    : { bytes: bytes.subarray(0, length), rest: bytes.subarray(length) };
}

function takeChunks(bytes: Buffer): { readonly bytes: Buffer; readonly rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { bytes: Buffer.concat(chunks), rest: bytes.subarray(end) };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}
