import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Where `npm run build:console` puts the page; the same from `src/` and from `dist/`. */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../../console/dist/', import.meta.url));

/** Media types by ending. What is not here is not served: a page consists of nothing else. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const INDEX = 'index.html';
const COMPRESSED_ALREADY = new Set(['.png', '.woff2']);

/** A file of the page, as it is sent. */
export interface ConsoleFile {
  readonly type: string;
  readonly content: Buffer;
  /** Undefined where it would not be smaller. */
  readonly gzipped: Buffer | undefined;
}

/** The built page: all of it in memory, so that no request reads a path, and a new build never mixes with an old one. */
export interface ConsoleFiles {
  /** `index.html`, whose links to other files begin with `./`. */
  readonly index: string;
  /** The other files, by their path inside of the folder. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
}

/** Reads a built page; undefined if there is none in the folder. */
export function readConsoleFiles(folder: string): ConsoleFiles | undefined {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return undefined;
  }
  if (!names.includes(INDEX)) return undefined;
  const files = names
    .filter((name) => name !== INDEX)
    .flatMap((name): [string, ConsoleFile][] => {
      const type = MEDIA_TYPES[extname(name)];
      return type === undefined ? [] : [[name, readFile(`${folder}/${name}`, type)]];
    });
  return { index: readFileSync(`${folder}/${INDEX}`, 'utf8'), files: new Map(files) };
}

function readFile(path: string, type: string): ConsoleFile {
  const content = readFileSync(path);
  const gzipped = COMPRESSED_ALREADY.has(extname(path)) ? undefined : gzipSync(content, { level: 9 });
  return {
    type,
    content,
    gzipped: gzipped !== undefined && gzipped.length < content.length ? gzipped : undefined,
  };
}
