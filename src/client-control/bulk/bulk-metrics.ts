import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { CONTROL_ACTIONS } from '../../access/actions.js';
import { PREFIX } from '../../metrics/metric-names.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { Tally } from '../../metrics/tally.js';
import type { ItemOutcome } from './bulk-item.js';
import { isAction } from './item-preparation.js';

/** The label of items whose action is none. */
const NO_ACTION = 'invalid';
const OUTCOMES = ['done', 'failed', 'not-sent', 'unknown'] as const;

/** Counts the items of calls for many clients. */
@Injectable()
export class BulkMetrics {
  readonly #running: Gauge;
  /** By action, then by outcome: label sets are resolved once, not at every item. */
  readonly #series: ReadonlyMap<string, Readonly<Record<ItemOutcome, Tally>>>;

  constructor({ own }: MetricsRegistry) {
    const items = new Counter({
      name: `${PREFIX}bulk_items_total`,
      help: 'Items of calls for many clients, by action and outcome.',
      labelNames: ['action', 'outcome'],
      registers: [own],
      collect: () => {
        for (const tallies of this.#series.values()) for (const outcome of OUTCOMES) tallies[outcome].flush();
      },
    });
    this.#running = new Gauge({
      name: `${PREFIX}bulk_calls_running`,
      help: 'Calls for many clients that are being carried out.',
      registers: [own],
    });
    this.#series = new Map(
      [...CONTROL_ACTIONS, NO_ACTION].map((action) => [
        action,
        Object.fromEntries(
          OUTCOMES.map((outcome) => [outcome, new Tally(items.labels(action, outcome))]),
        ) as Record<ItemOutcome, Tally>,
      ]),
    );
    // Series that exist from the start show a rate from their first increase on.
    for (const action of CONTROL_ACTIONS) for (const outcome of OUTCOMES) items.inc({ action, outcome }, 0);
  }

  begin(): void {
    this.#running.inc();
  }

  end(): void {
    this.#running.dec();
  }

  count(action: string | undefined, outcome: ItemOutcome): void {
    this.#series.get(isAction(action) ? action : NO_ACTION)?.[outcome].inc();
  }
}
