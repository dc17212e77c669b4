import type { BrokerObserver, CommandOutcome } from '../broker-gateway/gateway-observer.js';
import { Buckets, DURATION_BUCKETS_SECONDS } from './buckets.js';

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

/** What is counted of one command of a broker. */
export interface CommandSeries {
  /** Undefined until one was sent. */
  duration: Buckets | undefined;
  readonly outcomes: Map<CommandOutcome, number>;
}

/** Counts and measures the commands of one broker. It runs for each command, so it is numbers in arrays, without labels. */
export class BrokerSeries implements BrokerObserver {
  readonly batch = new Buckets(BATCH_BUCKETS);
  readonly commands = new Map<string, CommandSeries>();

  onBatch(commands: number): void {
    this.batch.observe(commands);
  }

  onSettled(command: string, outcome: CommandOutcome, durationMs: number): void {
    const series = this.#seriesOf(command);
    series.duration ??= new Buckets(DURATION_BUCKETS_SECONDS);
    series.duration.observe(durationMs / 1000);
    series.outcomes.set(outcome, (series.outcomes.get(outcome) ?? 0) + 1);
  }

  onRefused(command: string, outcome: CommandOutcome): void {
    const { outcomes } = this.#seriesOf(command);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  #seriesOf(command: string): CommandSeries {
    let series = this.commands.get(command);
    if (series === undefined) {
      series = { duration: undefined, outcomes: new Map() };
      this.commands.set(command, series);
    }
    return series;
  }
}
