import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import type { ConfigStore } from '../config/config-store.js';
import type { ReloadMetrics, ReloadOutcome } from './reload-metrics.js';
import { keepRunningSettings } from './keep-running-settings.js';

/** What asked for a reload. */
export type ReloadTrigger = 'SIGHUP' | 'file';

/**
 * Puts the configuration in force as it is on the disk now.
 *
 * All or nothing: a configuration with any problem is refused as a whole, its problems go to the log with their paths
 * and never with their values, and the one in force stays. Settings that are fixed at the start are reported and keep their values; the rest applies.
 */
export class ConfigReloader {
  readonly #store: ConfigStore;
  readonly #load: () => Config;
  readonly #metrics: ReloadMetrics;
  readonly #logger: Logger;

  /** @param load reads and validates the configuration, or throws {@link ConfigError} */
  constructor(store: ConfigStore, load: () => Config, metrics: ReloadMetrics, logger: Logger) {
    this.#store = store;
    this.#load = load;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** Never throws. */
  reload(trigger: ReloadTrigger): ReloadOutcome {
    const outcome = this.#tryToReload(trigger);
    this.#metrics.count(outcome);
    return outcome;
  }

  #tryToReload(trigger: ReloadTrigger): ReloadOutcome {
    try {
      const { config, restartNeeded } = keepRunningSettings(this.#load(), this.#store.current);
      if (restartNeeded.length > 0)
        this.#logger.warn({ trigger, restartNeeded }, 'changed settings that take effect at the next start');
      // As JSON: a key that is undefined says the same as one that is absent.
      if (JSON.stringify(config) === JSON.stringify(this.#store.current)) {
        this.#logger.info({ trigger }, 'the configuration is read again and has not changed');
        return 'unchanged';
      }
      this.#store.replace(config);
      this.#logger.info({ trigger }, 'the changed configuration is in force');
      return 'applied';
    } catch (error) {
      const details = error instanceof ConfigError ? { issues: error.issues } : { err: error };
      this.#logger.error(
        { trigger, ...details },
        'the changed configuration is refused, the old one stays in force',
      );
      return 'refused';
    }
  }
}
