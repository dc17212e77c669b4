import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const cache = join(repository, '.cache');
const pluginSource = join(repository, 'broker-plugin');

/**
 * 2.0 is the system's, Debian 12's; 2.1 that of Debian testing; `trixie` is 2.0 as Debian 13 has it, `trixie-asan` the
 * same under AddressSanitizer; `musl` is 2.1 with the C library of Alpine.
 */
export type MosquittoVersion = '2.0' | '2.1' | 'trixie' | 'trixie-asan' | 'musl';

/** Where the brokers that are not the system's are put. */
const fetched = (version: MosquittoVersion) => join(cache, `mosquitto-${version.replace('trixie-', '')}`);

/** A broker to run and the plugin built for it. */
export interface PluginTarget {
  readonly version: MosquittoVersion;
  /** The broker's executable. */
  readonly binary: string;
  /** The folder of its headers; undefined: the compiler finds them. */
  readonly include: string | undefined;
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
    // The sanitized broker brings the runtime along.
    ...(version === 'trixie-asan'
      ? {}
      : { [version === '2.0' ? 'LD_PRELOAD' : 'MOSQUITTO_PRELOAD']: runtime }),
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    LSAN_OPTIONS: `suppressions=${suppressions}:print_suppressions=0`,
  };
}

/** Puts a broker that is not the system's into the cache, if it is not there yet. */
function fetchBroker(version: MosquittoVersion): void {
  const isBuilt = version === 'trixie-asan' || version === 'musl';
  const script = isBuilt ? 'build-mosquitto.sh' : 'fetch-mosquitto.sh';
  const args = [version.replace('trixie-', ''), fetched(version)];
  runLocked(`fetch-mosquitto-${version}`, join(pluginSource, 'scripts', script), args);
}

/** Makes everything ready for the tests of one Mosquitto: the broker, and the plugin built with its headers. */
export function preparePluginTarget(version: MosquittoVersion): PluginTarget {
  if (version !== '2.0') fetchBroker(version);
  const build = join(cache, `broker-plugin-${version}`);
  const include = version === '2.0' ? undefined : join(fetched(version), 'include');
  const headers = include === undefined ? [] : [`MOSQUITTO_INCLUDE=${include}`];
  const musl = ['CC=musl-gcc', 'CJSON_CFLAGS=', `CJSON_LIBS=-L${join(fetched(version), 'lib')} -lcjson`];
  const target: PluginTarget = {
    version,
    binary: version === '2.0' ? '/usr/sbin/mosquitto' : join(fetched(version), 'bin/mosquitto'),
    include,
    makeArguments: [
      '-s',
      '-C',
      pluginSource,
      `BUILD=${build}`,
      ...headers,
      ...(version === 'musl' ? musl : []),
    ],
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

/** What a fetched Mosquitto says it is. */
export function fetchedVersion(version: Exclude<MosquittoVersion, '2.0'>): string {
  return readFileSync(join(fetched(version), 'VERSION'), 'utf8').trim();
}
