import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const cache = join(repository, '.cache');
const pluginSource = join(repository, 'broker-plugin');
const mosquitto21 = join(cache, 'mosquitto-2.1');

export type MosquittoVersion = '2.0' | '2.1';

/** A broker to run and the plugin built for it. */
export interface PluginTarget {
  readonly version: MosquittoVersion;
  /** The broker's executable. */
  readonly binary: string;
  /** Arguments for `make` that choose this target's headers and its folder. */
  readonly makeArguments: readonly string[];
  /** The library that `make` leaves. */
  readonly library: string;
  /** The library that `make asan` leaves. */
  readonly sanitizedLibrary: string;
  /** Environment under which the broker can load `sanitizedLibrary`; leaks end it with a report and status 99. */
  readonly sanitizerEnvironment: Readonly<Record<string, string>>;
}

/** Runs one command at a time over all Jest workers, and gives its output; the output is in the error if it fails. */
function runLocked(lock: string, command: string, args: readonly string[]): string {
  mkdirSync(cache, { recursive: true });
  return execFileSync('flock', [join(cache, `${lock}.lock`), command, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

function sanitizerEnvironment(version: MosquittoVersion): Record<string, string> {
  const suppressions = join(cache, 'lsan-suppressions');
  // The loader's own copy of its --preload argument, which it never frees.
  writeFileSync(suppressions, 'leak:ld-linux\n');
  const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  return {
    [version === '2.1' ? 'MOSQUITTO_PRELOAD' : 'LD_PRELOAD']: runtime,
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    LSAN_OPTIONS: `suppressions=${suppressions}:print_suppressions=0`,
  };
}

/**
 * Makes everything ready for the tests of one Mosquitto version: fetches 2.1 into the cache if it is not there yet, and
 * builds the plugin. 2.0 is the system's.
 */
export function preparePluginTarget(version: MosquittoVersion): PluginTarget {
  if (version === '2.1') {
    runLocked('fetch-mosquitto', join(pluginSource, 'scripts/fetch-mosquitto-2.1.sh'), [mosquitto21]);
  }
  const build = join(cache, `broker-plugin-${version}`);
  const headers = version === '2.1' ? [`MOSQUITTO_INCLUDE=${join(mosquitto21, 'include')}`] : [];
  const target: PluginTarget = {
    version,
    binary: version === '2.1' ? join(mosquitto21, 'bin/mosquitto') : '/usr/sbin/mosquitto',
    makeArguments: ['-s', '-C', pluginSource, `BUILD=${build}`, ...headers],
    library: join(build, 'mosquitto_client_control.so'),
    sanitizedLibrary: join(`${build}-asan`, 'mosquitto_client_control.so'),
    sanitizerEnvironment: sanitizerEnvironment(version),
  };
  makePlugin(target, 'all');
  return target;
}

/** Runs a target of the plugin's Makefile and gives its output. */
export function makePlugin(target: PluginTarget, goal: string, ...more: string[]): string {
  return runLocked(`broker-plugin-${target.version}`, 'make', [...target.makeArguments, goal, ...more]);
}

/** What the fetched Mosquitto says it is. */
export function fetchedVersion(): string {
  return readFileSync(join(mosquitto21, 'VERSION'), 'utf8').trim();
}
