import { mqttStringProblem } from './mqtt-string.js';

/** Longest glob that holds a wildcard, Unicode characters; one without may be as long as what it names. */
export const MAX_GLOB_CHARACTERS = 256;

/** A glob, made ready for many texts. */
export interface Glob {
  /** The one text that it matches, when it holds no wildcard. */
  readonly literal: string | undefined;
  /** Whether it holds nothing but wildcards: then nothing keeps it from matching everybody. */
  readonly isWide: boolean;
  /** Takes time proportional to the length of the text, whatever the text and the glob are. */
  readonly matches: (text: string) => boolean;
}

/** A code point to be found, or one of the wildcards. */
type Step = number;
const ANY_ONE: Step = -1;
const ANY_MANY: Step = -2;

/**
 * What keeps a value from being a glob over client ids or user names: `*` stands for any characters (none included), `?`
 * for exactly one, `\` takes its meaning from the character after it, everything else stands for itself.
 *
 * @returns undefined if it is one
 */
export function globProblem(value: unknown): string | undefined {
  const problem = mqttStringProblem(value);
  if (problem !== undefined) return problem;
  const { steps, isCutOff } = read(value as string);
  if (isCutOff) return 'must not end in a \\ with nothing after it';
  return steps.some(isWildcard) && Array.from(value as string).length > MAX_GLOB_CHARACTERS
    ? `must be at most ${MAX_GLOB_CHARACTERS} characters when it holds a wildcard`
    : undefined;
}

/** Makes a glob ready. It must be one (`globProblem`); the bound on its length is what bounds the time of a match. */
export function compileGlob(glob: string): Glob {
  const { steps } = read(glob);
  if (!steps.some(isWildcard)) {
    const literal = steps.map((point) => String.fromCodePoint(point)).join('');
    return { literal, isWide: false, matches: (text) => text === literal };
  }
  return { literal: undefined, isWide: steps.every(isWildcard), matches: matcherOf(runsOf(steps)) };
}

function isWildcard(step: Step): boolean {
  return step < 0;
}

function read(glob: string): { steps: Step[]; isCutOff: boolean } {
  const steps: Step[] = [];
  let isEscaped = false;
  for (const character of glob) {
    if (!isEscaped && character === '\\') {
      isEscaped = true;
      continue;
    }
    if (!isEscaped && character === '*') steps.push(ANY_MANY);
    else if (!isEscaped && character === '?') steps.push(ANY_ONE);
    else steps.push(character.codePointAt(0) ?? 0);
    isEscaped = false;
  }
  return { steps, isCutOff: isEscaped };
}

/** The pieces between the `*`, each of a fixed number of characters: at least two of them when there is a `*`. */
function runsOf(steps: readonly Step[]): Step[][] {
  const runs: Step[][] = [[]];
  for (const step of steps) {
    if (step === ANY_MANY) runs.push([]);
    else runs.at(-1)?.push(step);
  }
  return runs;
}

/** The first run stands at the start of the text, the last one at its end, those between each as early as they can. */
function matcherOf([first = [], ...others]: readonly Step[][]): (text: string) => boolean {
  const last = others.pop();
  if (last === undefined) return (text) => endOfRun(first, text, 0) === text.length;
  const searches = others.filter(({ length }) => length > 0).map(searchFor);
  return (text) => {
    let at = endOfRun(first, text, 0);
    const end = startOfLast(last.length, text);
    if (at < 0 || end < at || endOfRun(last, text, end) < 0) return false;
    for (const search of searches) {
      at = search(text, at, end);
      if (at < 0) return false;
    }
    return true;
  };
}

/** Where the run ends that begins at `at`; -1 when it does not stand there. */
function endOfRun(run: readonly Step[], text: string, at: number): number {
  let end = at;
  for (const step of run) {
    const point = text.codePointAt(end);
    if (point === undefined || (step !== ANY_ONE && step !== point)) return -1;
    end += unitsOf(point);
  }
  return end;
}

/** Where the last `count` characters begin; -1 when there are fewer. */
function startOfLast(count: number, text: string): number {
  let at = text.length;
  for (let left = count; left > 0; left -= 1) {
    if (at === 0) return -1;
    at -= 1;
    if (at > 0 && isLowSurrogate(text.charCodeAt(at)) && isHighSurrogate(text.charCodeAt(at - 1))) at -= 1;
  }
  return at;
}

/**
 * Makes a search for the first place of a run between two positions, which gives its end, or -1.
 *
 * It keeps, as bits, how much of the run the text read so far may be the beginning of ("Shift-And", Baeza-Yates and
 * Gonnet 1992), 32 characters of the run in each word: at most 8 words a character of the text, and no text that a
 * device chooses for its id makes it go back.
 */
function searchFor(run: readonly Step[]): (text: string, from: number, end: number) => number {
  const words = Math.ceil(run.length / 32);
  const masks = masksOf(run, words);
  const anyOne = masks.get(ANY_ONE) ?? new Int32Array(words);
  // Most ids are ASCII: a third of the time of looking each character up in a Map.
  const asciiMasks = Array.from({ length: 128 }, (_, point) => masks.get(point) ?? anyOne);
  const lastBit = 1 << ((run.length - 1) % 32);
  const state = new Int32Array(words);

  return (text, from, end) => {
    state.fill(0);
    for (let at = from; at < end;) {
      const point = text.codePointAt(at) ?? 0;
      at += unitsOf(point);
      const mask = point < 128 ? asciiMasks[point] : masks.get(point);
      let carry = 1;
      for (let word = 0; word < words; word += 1) {
        const bits = state[word] ?? 0;
        state[word] = ((bits << 1) | carry) & ((mask ?? anyOne)[word] ?? 0);
        carry = bits >>> 31;
      }
      if (((state[words - 1] ?? 0) & lastBit) !== 0) return at;
    }
    return -1;
  };
}

/** Where in the run a character may stand, as bits, for each character that is in it. */
function masksOf(run: readonly Step[], words: number): Map<Step, Int32Array> {
  const anyOne = new Int32Array(words);
  for (const [index, step] of run.entries()) if (step === ANY_ONE) setBit(anyOne, index);
  const masks = new Map([[ANY_ONE, anyOne]]);
  for (const [index, step] of run.entries()) {
    if (step === ANY_ONE) continue;
    const mask = masks.get(step) ?? anyOne.slice();
    setBit(mask, index);
    masks.set(step, mask);
  }
  return masks;
}

function setBit(words: Int32Array, index: number): void {
  words[index >> 5] = (words[index >> 5] ?? 0) | (1 << (index % 32));
}

function unitsOf(point: number): number {
  return point > 0xffff ? 2 : 1;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
