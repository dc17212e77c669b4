import { createHash } from 'node:crypto';

/** The longest client id, topic or reason in a record, UTF-16 units. */
export const MAX_TEXT = 512;
/** The longest name of anything else in a record. */
export const MAX_NAME = 128;

/** An ellipsis, `#`, and 43 characters of base64url. */
const HASH_LENGTH = 45;

/**
 * Text as records hold it: what is longer than `max` is cut, and its SHA-256 put at the end, so that two long texts stay
 * two and a filter for the whole text finds it. Whoever sends such texts cannot blow up the trail. Cutting what was cut
 * changes nothing.
 *
 * @example bounded('x'.repeat(5000)) // 'xxx…#0d7dMf…', 512 characters
 */
export function bounded(text: string, max = MAX_TEXT): string {
  if (text.length <= max) return text;
  const hash = createHash('sha256').update(text).digest('base64url');
  const end = max - HASH_LENGTH;
  // No half of a surrogate pair.
  const cut = /[\uD800-\uDBFF]/.test(text.charAt(end - 1)) ? end - 1 : end;
  return `${text.slice(0, cut)}…#${hash}`;
}
