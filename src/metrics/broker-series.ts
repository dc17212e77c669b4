import type { Counter, Histogram } from 'prom-client';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { BrokerObserver, CommandOutcome } from '../broker-gateway/gateway-observer.js';

/** The metrics that are fed while commands travel. */
export interface CommandMetrics {
  readonly commands: Counter<'project' | 'broker' | 'command' | 'outcome'>;
  readonly duration: Histogram<'project' | 'broker' | 'command'>;
  readonly batch: Histogram<'project' | 'broker'>;
}

interface CommandSeries {
  readonly duration: Histogram.Internal<string>;
  readonly outcomes: Map<CommandOutcome, Counter.Internal>;
}

/** One broker's series of the {@link CommandMetrics}; label sets are resolved once, not at every command. */
export class BrokerSeries implements BrokerObserver {
  readonly #metrics: CommandMetrics;
  readonly #broker: BrokerRef;
  readonly #batch: Histogram.Internal<string>;
  readonly #commands = new Map<string, CommandSeries>();

  constructor(metrics: CommandMetrics, broker: BrokerRef) {
    this.#metrics = metrics;
    this.#broker = broker;
    this.#batch = metrics.batch.labels(broker.projectId, broker.brokerId);
  }

  onBatch(commands: number): void {
    this.#batch.observe(commands);
  }

  onSettled(command: string, outcome: CommandOutcome, durationMs: number): void {
    this.#seriesOf(command).duration.observe(durationMs / 1000);
    this.#count(command, outcome);
  }

  onRefused(command: string, outcome: CommandOutcome): void {
    this.#count(command, outcome);
  }

  /** Removes every series of this broker. */
  remove(): void {
    const { projectId, brokerId } = this.#broker;
    this.#metrics.batch.remove(projectId, brokerId);
    for (const [command, { outcomes }] of this.#commands) {
      this.#metrics.duration.remove(projectId, brokerId, command);
      for (const outcome of outcomes.keys())
        this.#metrics.commands.remove(projectId, brokerId, command, outcome);
    }
    this.#commands.clear();
  }

  #count(command: string, outcome: CommandOutcome): void {
    const { outcomes } = this.#seriesOf(command);
    let counter = outcomes.get(outcome);
    if (counter === undefined) {
      const { projectId, brokerId } = this.#broker;
      counter = this.#metrics.commands.labels(projectId, brokerId, command, outcome);
      outcomes.set(outcome, counter);
    }
    counter.inc();
  }

  #seriesOf(command: string): CommandSeries {
    let series = this.#commands.get(command);
    if (series === undefined) {
      const { projectId, brokerId } = this.#broker;
      series = { duration: this.#metrics.duration.labels(projectId, brokerId, command), outcomes: new Map() };
      this.#commands.set(command, series);
    }
    return series;
  }
}
