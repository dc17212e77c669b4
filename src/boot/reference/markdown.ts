const WIDTH = 140;

/** A list entry, wrapped. */
export function listEntry(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `- ${lines.join('\n  ')}`;
}

/** Text as code. */
export const code = (text: string): string => `\`${text}\``;

/**
 * Puts text between the lines `<!-- generated: NAME -->` and `<!-- end -->` of a page; the rest of it is written by hand.
 *
 * @throws {Error} when the page has no such lines
 */
export function fillIn(page: string, name: string, text: string): string {
  const begin = `<!-- generated: ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf('<!-- end -->', from);
  if (from < 0 || to < 0) throw new Error(`the page has no place for "${name}"`);
  return `${page.slice(0, from)}${begin}\n${text}\n\n${page.slice(to)}`;
}
