/*
 * What a terminal takes for more than text: C0 and C1 control characters, DEL, and the marks that turn the direction of
 * writing, line and paragraph separators among them. Devices choose their client ids, and those stand in the log.
 */
const MARKS = '\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const IN_JSON = new RegExp(`[\\u007f-\\u009f${MARKS}]`, 'g');
// Line breaks and tabs are ours: values stand in the log as JSON, which has neither.
const IN_TEXT = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f${MARKS}]`, 'g');

const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Whether a text is ASCII without DEL, as most are; five times as fast as a regular expression that finds nothing. */
const isPlain = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes('\u007f');

/** JSON that says the same, in which such characters are escaped. */
export const safeJson = (json: string): string =>
  isPlain(json) ? json : json.replace(IN_JSON, escapeCharacter);

/** A parsed value in which such characters of all strings are shown as `\u009b`. */
export function safeValue(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(IN_TEXT, escapeCharacter);
  if (Array.isArray(value)) return value.map(safeValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [safeValue(key), safeValue(each)]));
}
