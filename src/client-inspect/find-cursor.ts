import { invalid } from '../errors/issue.js';
import { isJsonObject } from '../json/json.js';

/** Where a search over several brokers goes on: at which broker, and where in its list. */
export interface FindCursor {
  /** Key of the broker. */
  readonly broker: string;
  /** Undefined: at its beginning. */
  readonly from: string | undefined;
}

const FROM = /^(c.{1,64}|o\d{1,10})$/s;

/** One string for a cursor, which callers hand back as it is. */
export function encodeCursor({ broker, from }: FindCursor): string {
  return Buffer.from(JSON.stringify({ broker, from })).toString('base64url');
}

/** @throws {AppError} `INVALID` for what {@link encodeCursor} did not make */
export function decodeCursor(text: string): FindCursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (isJsonObject(value)) {
      const { broker, from } = value;
      const isFrom = from === undefined || (typeof from === 'string' && FROM.test(from));
      if (typeof broker === 'string' && isFrom) return { broker, from };
    }
  } catch {
    // Refused below.
  }
  throw invalid([{ path: 'cursor', message: 'must be the X-Next-Cursor of an answer' }]);
}
