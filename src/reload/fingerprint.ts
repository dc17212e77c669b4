import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { systemErrorCode } from '../errors/system-error-code.js';

/** A file changed this shortly before we looked may change again without its times telling: their steps are up to 10 ms. */
const YOUNG_NS = 50_000_000n;

/** A file as it was at some time. */
export interface Fingerprint {
  readonly path: string;
  /** Equal as long as the file is the same, or is missing for the same reason. */
  readonly state: string;
  /** Whether `state` tells of the contents, too, because the times of a file just written do not tell all. */
  readonly tellsContents: boolean;
}

/** Takes a file's fingerprint, to be called before it is read: then no change after that is missed. */
export function takeFingerprint(path: string): Fingerprint {
  try {
    const stats = statSync(path, { bigint: true });
    const tellsContents = BigInt(Date.now()) * 1_000_000n - newest(stats) < YOUNG_NS && stats.size > 0n;
    const digest = tellsContents ? digestOf(readFileSync(path)) : '';
    return { path, state: describe(stats) + digest, tellsContents };
  } catch (error) {
    return { path, state: systemErrorCode(error) ?? 'unreadable', tellsContents: false };
  }
}

/** The state that the file has now, as comparable to the `state` of `before`. */
export async function currentState({ path, tellsContents }: Fingerprint): Promise<string> {
  try {
    const state = describe(await stat(path, { bigint: true }));
    return tellsContents ? state + digestOf(await readFile(path)) : state;
  } catch (error) {
    return systemErrorCode(error) ?? 'unreadable';
  }
}

interface Stats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function describe({ dev, ino, size, mtimeNs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

const newest = ({ mtimeNs, ctimeNs }: Stats): bigint => (mtimeNs > ctimeNs ? mtimeNs : ctimeNs);

const digestOf = (bytes: Buffer): string => `:${createHash('sha256').update(bytes).digest('hex')}`;
