/*
 * What a terminal takes for more than text: C0 and C1 control characters, DEL, and the marks that turn the direction of
 * writing. Devices choose their client ids, and whoever answers chooses its words. The rule is that of the service's log;
 * line breaks and tabs, too, would tear a table.
 */
const MARKS = '\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const HARMFUL = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f${MARKS}]`, 'g');
const HARMFUL_IN_JSON = new RegExp(`[\\u007f-\\u009f${MARKS}]`, 'g');

const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A text in which such characters are shown as `\u009b`. */
export function safeText(text: string): string {
  return text.replace(HARMFUL, escapeCharacter);
}

/** JSON on one line that says the same as the value, in which such characters are escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL_IN_JSON, escapeCharacter);
}
