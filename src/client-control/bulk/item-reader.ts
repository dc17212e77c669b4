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
const CARRIAGE_RETURN = 0x0d;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/**
 * Reads a body of one JSON value per line as it arrives, no faster than the chunks are taken. Empty lines are left out. A
 * line that is too long, no UTF-8 or no JSON is an item that says so; those after it are read on.
 *
 * @param maxLineBytes longest line
 * @throws {Error} when the body ends early, after the whole lines that came before
 */
export async function* readLines(
  body: IncomingMessage,
  maxLineBytes: number,
): AsyncGenerator<readonly RawItem[], void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunksOf(body)) {
    let items: RawItem[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      const isWhole = restBytes === 0;
      const bytes = restBytes + piece.length;
      if (bytes > maxLineBytes) items.push(tooLong(maxLineBytes));
      else push(items, isWhole ? piece : Buffer.concat([...rest, piece]));
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (items.length === PIECE) {
        yield items;
        items = [];
      }
    }
    const tail = chunk.subarray(start);
    restBytes += tail.length;
    // Of a line that is too long anyway, nothing is kept.
    if (restBytes > maxLineBytes) rest = [];
    else if (tail.length > 0) rest.push(tail);
    if (items.length > 0) yield items;
  }
  const last: RawItem[] = [];
  if (restBytes > maxLineBytes) last.push(tooLong(maxLineBytes));
  else push(last, Buffer.concat(rest));
  if (last.length > 0) yield last;
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

function push(items: RawItem[], line: Buffer): void {
  const text = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  if (text.length === 0) return;
  if (!isUtf8(text)) {
    items.push({ problem: 'the line is not valid UTF-8' });
    return;
  }
  try {
    const value = parse(text.toString(), { protoAction: 'error', constructorAction: 'error' }) as unknown;
    items.push(
      isNested(text) && isNestedTooDeeply(value) ? { problem: 'the line is nested too deeply' } : { value },
    );
  } catch {
    items.push({ problem: 'the line is not valid JSON' });
  }
}

/** Whether there may be anything in it that is nested at all. */
function isNested(text: Buffer): boolean {
  return text.includes(OPENING_BRACKET) || text.indexOf(OPENING_BRACE) !== text.lastIndexOf(OPENING_BRACE);
}

/** A list that is there already, in pieces that let others have their turn. */
export async function* inPieces<T>(list: readonly T[], size = PIECE): AsyncGenerator<readonly T[], void> {
  for (let start = 0; start < list.length; start += size) {
    yield list.slice(start, start + size);
    await new Promise(setImmediate);
  }
}
