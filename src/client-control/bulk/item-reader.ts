import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parse } from 'secure-json-parse';
import { isNestedTooDeeply } from '../../http/body/json-body.js';
import { ClientConnection } from '../../http/exchange.js';

/** What one line or list entry holds: a value, or why it holds none. */
export type RawItem = { readonly value: unknown } | { readonly problem: string };

const IDLE_TIMEOUT_MS = 120_000;
/** Lines that are read at once: others have their turn in between, and what is read and not sent yet stays little. */
const PIECE = 50;
const NEWLINE = 0x0a;

/**
 * Reads a body of one JSON value per line as it arrives, no faster than the chunks are taken. Empty lines are left out. A
 * line that is too long, no UTF-8 or no JSON is an item that says so; those after it are read on.
 *
 * @param maxLineBytes longest line
 * @throws {Error} when the body ends early, after the whole lines that came before
 */
export function readLines(
  body: IncomingMessage,
  maxLineBytes: number,
): AsyncGenerator<readonly RawItem[], void> {
  return itemsIn(chunksOf(body), maxLineBytes);
}

/** {@link readLines} of a body that arrives in these chunks. */
export async function* itemsIn(
  chunks: AsyncIterable<Buffer>,
  maxLineBytes: number,
): AsyncGenerator<readonly RawItem[], void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    const end = chunk.lastIndexOf(NEWLINE);
    if (end !== -1) {
      if (restBytes > maxLineBytes) {
        yield [tooLong(maxLineBytes)];
        start = chunk.indexOf(NEWLINE) + 1;
      }
      const whole = chunk.subarray(start, Math.max(start, end));
      yield* itemsOf(rest.length === 0 ? whole : Buffer.concat([...rest, whole]), maxLineBytes);
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    const tail = chunk.subarray(start);
    restBytes += tail.length;
    // Of a line that is too long anyway, nothing is kept.
    if (restBytes > maxLineBytes) rest = [];
    else if (tail.length > 0) rest.push(tail);
  }
  if (restBytes > maxLineBytes) yield [tooLong(maxLineBytes)];
  else yield* itemsOf(Buffer.concat(rest), maxLineBytes);
}

/** What may make `JSON.parse` alone say another thing than the parser that is made for what strangers send. */
const SUSPECT = ['__proto__', 'constructor', '\\u', '\uFEFF'];

/** The items of whole lines, in pieces. All of them are decoded at once: each for itself would take as long as parsing it. */
function* itemsOf(lines: Buffer, maxLineBytes: number): Generator<readonly RawItem[], void> {
  const isText = isUtf8(lines);
  const text = lines.toString(isText ? 'utf8' : 'latin1');
  const isSuspect = !isText || SUSPECT.some((part) => text.includes(part));
  const parseLine = isSuspect ? parseWarily : parsePlainly;
  let items: RawItem[] = [];
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end);
    start = end + 1;
    if (line === '' || line === '\r') continue;
    const own = isText ? line : wellEncoded(line);
    if (own === undefined) items.push({ problem: 'the line is not valid UTF-8' });
    else items.push(isLonger(own, maxLineBytes) ? tooLong(maxLineBytes) : itemOf(own, parseLine));
    if (items.length < PIECE) continue;
    yield items;
    items = [];
  }
  if (items.length > 0) yield items;
}

/** A line whose bytes were read as one character each; undefined if they are no UTF-8. */
function wellEncoded(line: string): string | undefined {
  const bytes = Buffer.from(line, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

function isLonger(line: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  return line.length * 3 > maxBytes && Buffer.byteLength(line) > maxBytes;
}

function itemOf(line: string, parseLine: (text: string) => unknown): RawItem {
  try {
    const value = parseLine(line);
    return isNestedTooDeeply(value) ? { problem: 'the line is nested too deeply' } : { value };
  } catch {
    return { problem: 'the line is not valid JSON' };
  }
}

function parsePlainly(text: string): unknown {
  return JSON.parse(text);
}

function parseWarily(text: string): unknown {
  return parse(text, { protoAction: 'error', constructorAction: 'error' });
}

/** The chunks of a body; a caller that sends nothing for two minutes is taken for gone. */
async function* chunksOf(body: IncomingMessage): AsyncGenerator<Buffer, void> {
  const connection = ClientConnection.of(body.socket);
  connection.onBodyFailure((failure) => body.destroy(failure));
  // It may take as long as the operations take.
  connection.isBodyStreamed = true;
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => body.destroy(new Error('the body does not go on')), IDLE_TIMEOUT_MS);
  };
  try {
    watch();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield chunk;
      watch();
    }
  } finally {
    clearTimeout(timer);
    connection.isBodyStreamed = false;
  }
}

function tooLong(maxLineBytes: number): RawItem {
  return { problem: `the line is longer than ${maxLineBytes} bytes` };
}

/** A list that is there already, in pieces that let others have their turn. */
export async function* inPieces<T>(list: readonly T[], size = PIECE): AsyncGenerator<readonly T[], void> {
  for (let start = 0; start < list.length; start += size) {
    yield list.slice(start, start + size);
    await new Promise(setImmediate);
  }
}
