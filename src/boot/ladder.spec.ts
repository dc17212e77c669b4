import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const SRC = 'src';

/**
 * The rooms of `src/`, top to bottom: a room knows those below it and none above. What stands side by side in one row
 * does not know each other. Files at the top of `src/` (`main.ts`, `app.module.ts`) are the room `''`.
 */
const LADDER: readonly (readonly string[])[] = [
  ['', 'boot'],
  ['embedded-broker', 'reload', 'health', 'discovery', 'console'],
  ['client-control', 'client-inspect', 'bans', 'standing-subscriptions', 'events'],
  ['audit'],
  ['auth'],
  ['rate-limit', 'logging'],
  ['fields'],
  ['http'],
  ['metrics'],
  ['openapi'],
  ['registry', 'broker-clients'],
  ['broker-gateway'],
  ['config'],
  ['access', 'mqtt-strings'],
  ['errors'],
  ['json'],
];

const RUNG = new Map(LADDER.flatMap((rooms, rung) => rooms.map((room) => [room, rung] as const)));
const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly from: string;
  readonly to: string;
}

/** The room of a path such as `src/http/body/json-body.ts`. */
function roomOf(path: string): string {
  const [, room = '', file] = path.split('/');
  return file === undefined ? '' : room;
}

function importsOf(file: string): Import[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, path = '']) => {
    const target = normalize(join(dirname(file), path)).replace(/\.js$/, '.ts');
    return { file, target, from: roomOf(file), to: roomOf(target) };
  });
}

/** Takes away, again and again, the files that know no other or that no other knows; what remains are circles. */
function circles(all: readonly Import[]): Import[] {
  for (let left = [...all]; ;) {
    const known = new Set(left.map(({ target }) => target));
    const knowing = new Set(left.map(({ file }) => file));
    const rest = left.filter(({ file, target }) => known.has(file) && knowing.has(target));
    if (rest.length === left.length) return rest;
    left = rest;
  }
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => join(SRC, file));
const all = files.flatMap(importsOf);
const imports = all.filter(({ from, to }) => from !== to);

describe('the rooms of src/', () => {
  it('are all on the ladder', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !RUNG.has(room))).toEqual([]);
  });

  it('know only rooms below them, so that there is no cycle', () => {
    const isDown = ({ from, to }: Import): boolean => (RUNG.get(from) ?? -1) < (RUNG.get(to) ?? -1);
    // The entry point and the start know each other by design: they are one rung.
    const isTop = ({ from, to }: Import): boolean => RUNG.get(from) === 0 && RUNG.get(to) === 0;
    const wrong = imports.filter((each) => !isDown(each) && !isTop(each));
    expect(wrong.map(({ file, to }) => `${file} → ${to}`)).toEqual([]);
  });

  it('hold no files that know each other in a circle', () => {
    expect(circles(all).map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });
});
