import { invalid } from '../errors/issue.js';
import { isJsonObject } from '../json/json.js';

/** Where a list over several brokers goes on: the cursor of each broker that has more, by the broker's id. */
export type ProjectBansCursor = ReadonlyMap<string, string>;

/** One string for a cursor, which callers hand back as it is; undefined for one of no broker. */
export function encodeCursor(cursor: ProjectBansCursor): string | undefined {
  if (cursor.size === 0) return undefined;
  return Buffer.from(JSON.stringify(Object.fromEntries(cursor))).toString('base64url');
}

/** @throws {AppError} `INVALID` for what {@link encodeCursor} did not make */
export function decodeCursor(text: string): ProjectBansCursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const entries = isJsonObject(value) ? Object.entries(value) : [];
    const isCursor = entries.every((entry): entry is [string, string] => typeof entry[1] === 'string');
    if (isCursor && entries.length > 0) return new Map(entries);
  } catch {
    // Refused below.
  }
  throw invalid([{ path: 'cursor', message: 'must be the X-Next-Cursor of a page' }]);
}
