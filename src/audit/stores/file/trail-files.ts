import { constants } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import { identityOf } from './write-target.js';

/** A file of the trail: the one that is written to, or one that was rotated away. */
export interface TrailFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Device and number: stays when the file is renamed. */
  readonly identity: string;
  readonly isGzip: boolean;
  /** Bytes, when it was opened. */
  readonly size: number;
}

interface Rotated {
  readonly name: string;
  /** What stands behind the name of the file: `1`, `20261126`, `2026-11-26-03`. */
  readonly mark: string;
  readonly isGzip: boolean;
}

/** Tries to see the folder twice in the same state. */
const TRIES = 5;
/** Files that are read, newest first: more would use up the file descriptors. */
const MAX_FILES = 400;

/**
 * Opens the files of a trail, the newest first: the one at the path, then what was rotated away next to it, plain or
 * gzipped: `audit.log.1`, `audit.log.2.gz`, `audit.log-20261126`, `audit-20261126.log.gz`.
 *
 * All at once, so that a rotation meanwhile does not make one of them read twice or not at all.
 *
 * @throws the system's error for a file that cannot be read
 */
export async function openTrailFiles(path: string): Promise<TrailFile[]> {
  for (let attempt = 1; ; attempt += 1) {
    const files = await openAll(path);
    if (files !== undefined) return files;
    if (attempt === TRIES) throw new Error('the audit files are being renamed all the time');
  }
}

/** Closes them; never rejects. */
export async function closeTrailFiles(files: readonly TrailFile[]): Promise<void> {
  await Promise.allSettled(files.map(({ handle }) => handle.close()));
}

/** Undefined when they were renamed meanwhile. */
async function openAll(path: string): Promise<TrailFile[] | undefined> {
  const before = await rotatedFiles(path);
  const files: TrailFile[] = [];
  try {
    for (const { name, isGzip } of [{ name: basename(path), isGzip: false }, ...before]) {
      const at = join(dirname(path), name);
      const handle = await openIfThere(at);
      if (handle === undefined) continue;
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) {
        await handle.close();
        continue;
      }
      files.push({ path: at, handle, identity: identityOf(stats), isGzip, size: Number(stats.size) });
    }
    const after = await rotatedFiles(path);
    if (JSON.stringify(before) === JSON.stringify(after)) {
      const twice = files.filter((file, index) => index !== firstOf(files, file));
      if (await areLinks(twice, files)) {
        await closeTrailFiles(twice);
        return files.filter((file) => !twice.includes(file));
      }
    }
  } catch (error) {
    await closeTrailFiles(files);
    throw error;
  }
  await closeTrailFiles(files);
  return undefined;
}

function firstOf(files: readonly TrailFile[], { identity }: TrailFile): number {
  return files.findIndex((file) => file.identity === identity);
}

/** Whether what was found twice has two names, such as a link to the file of the day, and was not renamed meanwhile. */
async function areLinks(twice: readonly TrailFile[], files: readonly TrailFile[]): Promise<boolean> {
  const names = files.filter(({ identity }) => twice.some((file) => file.identity === identity));
  const isInPlace = async ({ path, identity }: TrailFile): Promise<boolean> => {
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    return stats !== undefined && identityOf(stats) === identity;
  };
  return (await Promise.all(names.map(isInPlace))).every(Boolean);
}

/** What was rotated away, newest first. */
async function rotatedFiles(path: string): Promise<Rotated[]> {
  const folder = dirname(path);
  const shapes = shapesOf(basename(path));
  const found = (await readdir(folder)).flatMap((name): Rotated[] => {
    const [, mark, gzip] = shapes.map((shape) => shape.exec(name)).find((match) => match !== null) ?? [];
    return mark === undefined ? [] : [{ name, mark, isGzip: gzip !== undefined }];
  });
  const names = new Set(found.map(({ name }) => name));
  // What is being compressed is there twice.
  const rotated = found.filter(({ name, isGzip }) => !isGzip || !names.has(name.slice(0, -'.gz'.length)));
  return (await sorted(rotated, folder)).slice(0, MAX_FILES);
}

/** `name.1`, `name-20261126.gz`, and where the name has an extension, `stem-20261126.extension`. */
function shapesOf(name: string): RegExp[] {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const mark = String.raw`[.-](\d(?:[\dT:_.-]*\d)?)`;
  return [
    new RegExp(`^${quoted(name)}${mark}(\\.gz)?$`),
    new RegExp(`^${quoted(stem)}${mark}${quoted(extension)}(\\.gz)?$`),
  ];
}

/** By name: numbers count away from now, dates towards it. Where a folder has both, the time of the last write decides. */
async function sorted(rotated: readonly Rotated[], folder: string): Promise<Rotated[]> {
  const numbers = rotated.filter(({ mark }) => /^\d{1,5}$/.test(mark)).length;
  if (numbers === rotated.length) return rotated.toSorted((a, b) => Number(a.mark) - Number(b.mark));
  if (numbers === 0) return rotated.toSorted((a, b) => (a.mark < b.mark ? 1 : -1));
  const times = await Promise.all(
    rotated.map(({ name }) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  const timeOf = new Map(rotated.map((each, index) => [each, times[index] ?? 0]));
  return rotated.toSorted((a, b) => (timeOf.get(b) ?? 0) - (timeOf.get(a) ?? 0));
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
