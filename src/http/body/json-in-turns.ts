import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalid } from '../../errors/issue.js';
import { endOfString, isClosing, isOpening, MAX_VALUES, parseJson } from './json-body.js';

/** Items are parsed in groups of so many bytes, and others have their turn after so long. */
const GROUP_BYTES = 8192;
/** Bytes that are looked through in one turn to find the items. */
const SCAN_BYTES = 262_144;
const SLICE_MS = 3;

/** Items that stand next to each other in a list. */
interface Group {
  readonly start: number;
  readonly end: number;
  readonly items: number;
  /** A single item with more values than anything that describes one thing; it is not parsed. */
  readonly isTooMuch: boolean;
}

/** An object's text, with `[0]`, `[1]` … in place of the lists that are its values. */
interface Split {
  readonly frame: string;
  readonly lists: readonly (readonly Group[])[];
}

/**
 * Parses a JSON object whose values may be long lists, of which a few kilobytes at a time: 2 MiB of objects that all have
 * other names take `JSON.parse` 100 ms, in which nobody else is served.
 *
 * @param bytes what `shapeProblem` has found nothing about
 * @returns the value; an item of such a list that holds more than {@link MAX_VALUES} values is null
 * @throws {AppError} `INVALID` as `readJsonBody` does
 */
export async function parseJsonInTurns(bytes: Buffer): Promise<unknown> {
  if (bytes.length <= GROUP_BYTES) return parseJson(bytes);
  if (!isUtf8(bytes)) throw invalid([{ path: '', message: 'the body is not valid UTF-8' }]);
  await nextTurn();
  const { frame, lists } = await splitLists(bytes);
  const value = parseJson(Buffer.from(frame, 'latin1'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const object = value as Record<string, unknown>;
  await nextTurn();
  for (const [name, list] of Object.entries(object)) {
    const groups = Array.isArray(list) ? lists[Number(list[0])] : undefined;
    if (groups !== undefined) object[name] = await parseGroups(bytes, groups);
  }
  return object;
}

async function parseGroups(bytes: Buffer, groups: readonly Group[]): Promise<unknown[]> {
  const all: unknown[] = [];
  let startedAt = performance.now();
  for (const { start, end, items, isTooMuch } of groups) {
    const text = isTooMuch ? 'null' : bytes.toString('utf8', start, end);
    const parsed = parseJson(Buffer.from(`[${text}]`)) as unknown[];
    // Whatever the text is, it must be the items that were counted.
    if (parsed.length !== items) throw invalid([{ path: '', message: 'the body is not valid JSON' }]);
    for (const item of parsed) all.push(item);
    if (performance.now() - startedAt < SLICE_MS) continue;
    await nextTurn();
    startedAt = performance.now();
  }
  return all;
}

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const LIST = 0x5b;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Finds the lists that are values of the outermost object. What is no JSON is left for the parser to refuse. */
async function splitLists(bytes: Buffer): Promise<Split> {
  const lists: Group[][] = [];
  let frame = '';
  let copied = 0;
  let depth = 0;
  /** The latest byte that is no space. */
  let before = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === LIST && depth === 1 && before === COLON) {
      const { groups, end } = await groupsOf(bytes, at + 1);
      if (groups.length > 0) {
        frame += `${bytes.toString('latin1', copied, at + 1)}${lists.length}`;
        lists.push(groups);
        copied = end;
      }
      // At the bracket that closes it, if one does.
      at = end;
    } else if (isOpening(byte)) depth += 1;
    else if (isClosing(byte)) depth -= 1;
    if (!isSpace(byte)) before = byte;
  }
  return { frame: frame + bytes.toString('latin1', copied), lists };
}

/** The items of a list, grouped, from behind its bracket to the one that closes it. */
async function groupsOf(
  bytes: Buffer,
  start: number,
): Promise<{ readonly groups: Group[]; readonly end: number }> {
  const groups: Group[] = [];
  let group = { start, items: 0 };
  let itemStart = start;
  let values = 0;
  let depth = 0;
  let isEmpty = true;
  const close = (end: number): void => {
    if (group.items > 0) groups.push({ ...group, end, isTooMuch: false });
  };
  const endItem = (end: number): void => {
    if (values > MAX_VALUES) {
      // Before the comma that stands between them.
      close(itemStart - 1);
      groups.push({ start: itemStart, end, items: 1, isTooMuch: true });
      group = { start: end + 1, items: 0 };
    } else {
      group.items += 1;
      if (end - group.start >= GROUP_BYTES) {
        close(end);
        group = { start: end + 1, items: 0 };
      }
    }
    itemStart = end + 1;
    values = 0;
  };
  let at = start;
  let pauseAt = start + SCAN_BYTES;
  for (; at < bytes.length; at += 1) {
    if (at >= pauseAt) {
      await nextTurn();
      pauseAt = at + SCAN_BYTES;
    }
    const byte = bytes[at] ?? 0;
    if (isSpace(byte)) continue;
    if (depth === 0 && isClosing(byte)) break;
    isEmpty = false;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === COMMA && depth === 0) endItem(at);
    else if (byte === COMMA) values += 1;
    else if (isOpening(byte)) {
      values += 1;
      depth += 1;
    } else if (isClosing(byte)) depth -= 1;
  }
  const end = Math.min(at, bytes.length);
  if (isEmpty) return { groups, end };
  endItem(end);
  close(end);
  return { groups, end };
}
