import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { AppError } from '../../../errors/app-error.js';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import { lineTest, parseRecord, recordTest } from '../../audit-filter.js';
import type { AuditPage, AuditQuery } from '../audit-store.js';
import { badCursor, decodeCursor, encodeCursor, PageBuilder } from '../page.js';
import { Turns } from './turns.js';
import { gunzippedLines, linesBackwards, type Line } from './lines.js';
import { closeTrailFiles, openTrailFiles, type TrailFile } from './trail-files.js';

/** A line of the trail, so that it is found again after files were renamed, compressed or written to. */
interface Position {
  /** The file's device and number. */
  readonly file: string;
  readonly offset: number;
  /** Of the line, characters. */
  readonly length: number;
  /** Of the line. */
  readonly bytes: number;
  readonly hash: string;
}

type WholeLine = Line & { readonly text: string };

/** Reads that are under way at once; each has a chunk of a file and a page in memory. */
const MAX_READS = 4;
/** Where to look for the first record of a file. */
const HEAD_BYTES = 65_536;
/** Lines that this service wrote; others are parsed to tell. */
const LOOKS_LIKE_RECORD = /^\{"time":"\d{4}-.*\}$/;

const turns = new Turns(MAX_READS);

/**
 * Reads a page of the trail from its file and what was rotated away next to it, from the newest line back. Needs memory
 * for the page and a chunk, however long the files are.
 *
 * Every line is looked at, whatever time the lines around it have: a clock that was wrong for a while hides nothing.
 *
 * @throws {AppError} `AUDIT_NOT_AVAILABLE` when the trail is not in a file, or a file cannot be read
 */
export async function readFiles(
  path: string,
  query: AuditQuery,
  isWanted: () => boolean,
): Promise<AuditPage> {
  const cursor = query.cursor === undefined ? undefined : positionOf(query.cursor);
  return turns.take(async () => {
    if (!isWanted()) return { records: [], malformedCount: 0 };
    try {
      const files = await openFiles(path);
      try {
        return await new Reading(files, query, isWanted).page(cursor);
      } finally {
        await closeTrailFiles(files);
      }
    } catch (error) {
      const code = systemErrorCode(error);
      if (error instanceof AppError || code === undefined) throw error;
      throw notAvailable(`A file of the audit trail cannot be read (${code})`);
    }
  });
}

async function openFiles(path: string): Promise<TrailFile[]> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    throw notAvailable(
      'The audit trail goes to something that is not a file, where this service cannot read it',
    );
  }
  return openTrailFiles(path);
}

/** One reading of the files. */
class Reading {
  readonly #files: readonly TrailFile[];
  readonly #isWanted: () => boolean;
  readonly #isCandidate: (line: string) => boolean;
  readonly #isMatch: ReturnType<typeof recordTest>;
  readonly #page: PageBuilder;
  /** Of the last record of the page. */
  #last: Position | undefined;
  #malformedCount = 0;

  constructor(files: readonly TrailFile[], { scope, filter, limit }: AuditQuery, isWanted: () => boolean) {
    this.#files = files;
    this.#isWanted = isWanted;
    this.#isCandidate = lineTest(scope, filter);
    this.#isMatch = recordTest(scope, filter);
    this.#page = new PageBuilder(limit);
  }

  async page(cursor: Position | undefined): Promise<AuditPage> {
    const start = cursor === undefined ? { index: 0, before: undefined } : await this.#find(cursor);
    const isCutShort = start !== undefined && (await this.#fill(start.index, start.before));
    return {
      records: this.#page.records,
      next: isCutShort && this.#last !== undefined ? encodeCursor('file', { ...this.#last }) : undefined,
      oldest: await oldestTime(this.#files),
      malformedCount: this.#malformedCount,
    };
  }

  /** @returns whether there may be more */
  async #fill(index: number, before: number | undefined): Promise<boolean> {
    for (const [more, file] of this.#files.slice(index).entries()) {
      const end = more === 0 ? before : undefined;
      if (await (file.isGzip ? this.#fillFromGzip(file, end) : this.#fillFromPlain(file, end))) return true;
      if (!this.#isWanted()) return false;
    }
    return false;
  }

  async #fillFromPlain(file: TrailFile, before = file.size): Promise<boolean> {
    for await (const line of linesBackwards(file.handle, before)) {
      if (!this.#isWanted()) return false;
      if (this.#isRecord(line) && !this.#add(file, line)) return true;
      if (this.#page.isFull) return true;
    }
    return false;
  }

  /** It can be read from its beginning only: of all the records in it, the last that fit on the page are kept. */
  async #fillFromGzip(file: TrailFile, before = Number.POSITIVE_INFINITY): Promise<boolean> {
    const room = this.#page.room;
    const kept: WholeLine[] = [];
    let isCutShort = false;
    let size = 0;
    try {
      for await (const line of gunzippedLines(file)) {
        if (line.offset >= before || !this.#isWanted()) break;
        if (!this.#isRecord(line)) continue;
        kept.push(line);
        size += line.text.length;
        while (kept.length > room.records || (size > room.bytes && kept.length > 1)) {
          size -= kept.shift()?.text.length ?? 0;
          isCutShort = true;
        }
      }
    } catch {
      // A damaged archive hides neither what was read of it nor the others.
      this.#malformedCount += 1;
    }
    for (const line of kept.reverse()) if (!this.#add(file, line)) return true;
    return isCutShort || this.#page.isFull;
  }

  #add(file: TrailFile, line: WholeLine): boolean {
    if (!this.#page.add(line.text)) return false;
    this.#last = positionAt(file, line);
    return true;
  }

  /** Whether a line is a record that is looked for. */
  #isRecord(line: Line): line is WholeLine {
    const { text } = line;
    if (text === undefined) {
      this.#malformedCount += 1;
      return false;
    }
    if (!this.#isCandidate(text) && LOOKS_LIKE_RECORD.test(text)) return false;
    const record = parseRecord(text);
    if (record === undefined) this.#malformedCount += 1;
    return record !== undefined && this.#isMatch(record);
  }

  /** Where to read on after a line. Undefined when it is no longer there: then what was older is not either. */
  async #find(position: Position): Promise<{ readonly index: number; readonly before: number } | undefined> {
    const likely = this.#files.findIndex(({ identity }) => identity === position.file);
    for (const index of new Set([...(likely >= 0 ? [likely] : []), ...this.#files.keys()])) {
      const file = this.#files[index];
      const before = file && (await this.#offsetIn(file, position));
      if (before !== undefined) return { index, before };
    }
    return undefined;
  }

  async #offsetIn(file: TrailFile, position: Position): Promise<number | undefined> {
    const isIt = (line: Line): boolean =>
      line.text?.length === position.length && hashOf(line.text) === position.hash;
    if (file.isGzip) return (await firstWhere(gunzippedLines(file), isIt).catch(() => undefined))?.offset;
    // Most often it is where it was.
    const end = position.offset + position.bytes + 1;
    const there =
      end <= file.size ? await firstWhere(linesBackwards(file.handle, end), () => true) : undefined;
    if (there !== undefined && isIt(there)) return there.offset;
    return (
      await firstWhere(linesBackwards(file.handle, file.size), (line) => !this.#isWanted() || isIt(line))
    )?.offset;
  }
}

async function firstWhere(
  lines: AsyncIterable<Line>,
  test: (line: Line) => boolean,
): Promise<Line | undefined> {
  for await (const line of lines) if (test(line)) return line;
  return undefined;
}

function positionAt({ identity }: TrailFile, { offset, text }: WholeLine): Position {
  return { file: identity, offset, length: text.length, bytes: Buffer.byteLength(text), hash: hashOf(text) };
}

function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('base64url');
}

/** @throws {AppError} `INVALID` */
function positionOf(cursor: string): Position {
  const { file, offset, length, bytes, hash } = decodeCursor('file', cursor);
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (typeof file !== 'string' || typeof hash !== 'string') throw badCursor();
  if (!isSize(offset) || !isSize(length) || !isSize(bytes)) throw badCursor();
  return { file, offset, length, bytes, hash };
}

/** The time of the first record of the oldest file that has one. */
async function oldestTime(files: readonly TrailFile[]): Promise<string | undefined> {
  for (const file of files.toReversed()) {
    const time = await firstTime(file).catch(() => undefined);
    if (time !== undefined) return time;
  }
  return undefined;
}

async function firstTime(file: TrailFile): Promise<string | undefined> {
  for await (const { text } of file.isGzip ? gunzippedLines(file) : headLines(file)) {
    const record = text === undefined ? undefined : parseRecord(text);
    if (record !== undefined) return String(record.fields.time);
  }
  return undefined;
}

async function* headLines({ handle }: TrailFile): AsyncGenerator<{ readonly text: string }> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  for (const text of buffer.toString('utf8', 0, bytesRead).split('\n')) yield { text };
}

function notAvailable(message: string): AppError {
  return new AppError('AUDIT_NOT_AVAILABLE', message);
}
