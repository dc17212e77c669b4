import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import type { ConfigStore } from '../config/config-store.js';
import { keepRunningSettings } from './keep-running-settings.js';
import { listenIssues } from './listen-probe.js';
import type { ReloadMetrics, ReloadOutcome } from './reload-metrics.js';

/** What asked for a reload. */
export type ReloadTrigger = 'SIGHUP' | 'file';

/**
 * Puts the configuration in force as it is on the disk now.
 *
 * All or nothing: a configuration with any problem is refused as a whole, also with one that would only show at the next
 * start; its problems go to the log with their paths and never with their values, and the one in force stays. Settings that are fixed
 * at the start are reported and keep their values; the rest applies. One reload at a time, each with the file as it is when its turn
 * comes.
 */
export class ConfigReloader {
  readonly #store: ConfigStore;
  readonly #load: () => Config;
  readonly #metrics: ReloadMetrics;
  readonly #logger: Logger;
  #turn: Promise<unknown> = Promise.resolve();
  /** Whether something could not follow the configuration in force: the next reload tries again, even if nothing has changed. */
  #isPartial = false;

  /** @param load reads and validates the configuration, or throws {@link ConfigError} */
  constructor(store: ConfigStore, load: () => Config, metrics: ReloadMetrics, logger: Logger) {
    this.#store = store;
    this.#load = load;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** Never rejects. */
  reload(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    const outcome = this.#turn.then(async () => {
      const result = await this.#tryToReload(trigger);
      this.#metrics.count(result);
      return result;
    });
    this.#turn = outcome;
    return outcome;
  }

  async #tryToReload(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    let next: Config;
    try {
      next = this.#load();
      const issues = await listenIssues(next.http, this.#store.current.http);
      if (issues.length > 0) throw new ConfigError('the changed file', issues);
    } catch (error) {
      const details = error instanceof ConfigError ? { issues: error.issues } : { err: error };
      this.#logger.error(
        { trigger, ...details },
        'the changed configuration is refused, the old one stays in force',
      );
      return 'refused';
    }
    return this.#apply(next, trigger);
  }

  async #apply(next: Config, trigger: ReloadTrigger): Promise<ReloadOutcome> {
    const { config, restartNeeded } = keepRunningSettings(next, this.#store.current);
    if (restartNeeded.length > 0)
      this.#logger.warn({ trigger, restartNeeded }, 'changed settings that take effect at the next start');
    // As JSON: a key that is undefined says the same as one that is absent.
    const isUnchanged = JSON.stringify(config) === JSON.stringify(this.#store.current);
    if (isUnchanged && !this.#isPartial) {
      this.#logger.info({ trigger }, 'the configuration is read again and has not changed');
      return 'unchanged';
    }
    try {
      this.#isPartial = true;
      this.#store.replace(config);
      await this.#store.followed();
      this.#isPartial = false;
    } catch (error) {
      this.#logger.error({ trigger, err: error }, 'the changed configuration is in force only in part');
      return 'partial';
    }
    this.#logger.info({ trigger }, 'the changed configuration is in force');
    return 'applied';
  }
}
