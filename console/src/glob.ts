/** Whether a text matches a pattern of the API: `*` any characters, `?` one, `\` before a literal one. */
export function globMatches(pattern: string, text: string): boolean {
  return expressionOf(pattern).test(text);
}

/** The pattern that matches a text and nothing else. */
export function escapeGlob(text: string): string {
  return text.replaceAll(/[\\*?]/g, String.raw`\$&`);
}

const cache = { pattern: '', expression: /^$/su };

function expressionOf(pattern: string): RegExp {
  if (cache.pattern !== pattern) {
    const source = pattern.replaceAll(/\\(.)|([\s\S])/gu, (_all, literal?: string, other?: string) => {
      if (literal !== undefined) return quoted(literal);
      if (other === '*') return '.*';
      return other === '?' ? '.' : quoted(other ?? '');
    });
    cache.expression = new RegExp(`^${source}$`, 'su');
    cache.pattern = pattern;
  }
  return cache.expression;
}

const quoted = (letter: string): string => letter.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
