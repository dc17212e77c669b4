/** `*`: any characters, `?`: one, `\`: the next one as it is. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/\\(.)|[\\^$.*+?()[\]{}|/]/gsu, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (found === '*') return '.*';
    return found === '?' ? '.' : literal(found);
  });
  return new RegExp(`^${source}$`, 'su').test(text);
}

/** A pattern that only this text matches. */
export function exactly(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
