import type { BrokerObserver, CommandOutcome } from '../broker-gateway/gateway-observer.js';

export const DURATION_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
export const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

/** Counts values by size. */
export class Buckets {
  /** How many values were at most the bound of the same place, and larger than the bound before it; the last: larger than all. */
  readonly counts: number[];
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] ?? 0)) place += 1;
    counts[place] = (counts[place] ?? 0) + 1;
    this.sum += value;
  }
}

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
