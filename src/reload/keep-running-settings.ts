import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { restartPaths } from '../config/schema/restart-paths.js';
import { isJsonObject, type JsonObject } from '../json/json.js';

/** A new configuration as far as a running service can take it over, and the keys that wait for a restart. */
export interface ApplicableConfig {
  readonly config: Config;
  readonly restartNeeded: readonly string[];
}

/**
 * Puts the settings that are fixed at the start, as they are in the `running` configuration, into the `next` one: those
 * that the schema says so of, and switching HTTPS or CORS on.
 */
export function keepRunningSettings(next: Config, running: Config): ApplicableConfig {
  const switchesTls = (next.http.tls === undefined) !== (running.http.tls === undefined);
  const switchesCorsOn = running.http.corsOrigins.length === 0 && next.http.corsOrigins.length > 0;
  const paths = [
    ...restartPaths(),
    ...(switchesTls ? [['http', 'tls']] : []),
    ...(switchesCorsOn ? [['http', 'corsOrigins']] : []),
  ].filter((path) => !isDeepStrictEqual(valueAt(next, path), valueAt(running, path)));
  return {
    config: paths.reduce<Config>(
      // A value of the running configuration, at the path where it stands there.
      (config, path) => withValueAt({ ...config }, path, valueAt(running, path)) as unknown as Config,
      next,
    ),
    restartNeeded: paths.map((path) => path.join('.')).sort(),
  };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((at, key) => (isJsonObject(at) ? at[key] : undefined), value);
}

function withValueAt(object: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const inner = object[key];
  return {
    ...object,
    [key]: rest.length === 0 ? value : withValueAt(isJsonObject(inner) ? inner : {}, rest, value),
  };
}
