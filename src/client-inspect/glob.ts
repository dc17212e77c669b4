/**
 * Makes a test for a glob: `*` stands for any characters (none included), `?` for exactly one, everything else for itself.
 * Takes at most time proportional to the product of both lengths, whatever the pattern; a regular expression could take for ever.
 */
export function matcherOf(glob: string): (text: string) => boolean {
  const pattern = Array.from(glob);
  return (text) => matches(pattern, Array.from(text));
}

/** Remembers only the last `*`: when the rest does not fit, that star takes one more character. */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let afterStar = 0;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      afterStar = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      index = ++afterStar;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
