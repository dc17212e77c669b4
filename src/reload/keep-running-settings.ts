import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';

/** A new configuration as far as a running service can take it over, and the keys that wait for a restart. */
export interface ApplicableConfig {
  readonly config: Config;
  readonly restartNeeded: readonly string[];
}

/** Puts the settings that are fixed at the start, as they are in the `running` configuration, into the `next` one. */
export function keepRunningSettings(next: Config, running: Config): ApplicableConfig {
  const { host, port, trustProxy, tls, corsOrigins } = running.http;
  const { redisUrl } = running.rateLimit;
  const switchesCorsOn = corsOrigins.length === 0 && next.http.corsOrigins.length > 0;
  const switchesTls = (next.http.tls === undefined) !== (tls === undefined);
  const changed = {
    'http.host': next.http.host !== host,
    'http.port': next.http.port !== port,
    'http.trustProxy': !isDeepStrictEqual(next.http.trustProxy, trustProxy),
    'http.corsOrigins': switchesCorsOn,
    'http.tls': switchesTls,
    'rateLimit.redisUrl': next.rateLimit.redisUrl !== redisUrl,
  };
  return {
    config: {
      ...next,
      http: {
        ...next.http,
        host,
        port,
        trustProxy,
        corsOrigins: switchesCorsOn ? corsOrigins : next.http.corsOrigins,
        tls: switchesTls ? tls : next.http.tls,
      },
      rateLimit: { ...next.rateLimit, redisUrl },
    },
    restartNeeded: Object.entries(changed)
      .filter(([, isChanged]) => isChanged)
      .map(([key]) => key),
  };
}
