import type { Buckets } from './buckets.js';

/** A metric that is written by this service itself: what stands above its samples, and in the reference. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labelNames: readonly string[];
}

/** Metrics that are written in slices, so that thousands of series do not hold the event loop. */
export interface MetricSource {
  readonly families: readonly MetricFamily[];
  /** All its metrics in the Prometheus text format, ASCII, in pieces that end with a line. */
  pieces(): AsyncIterable<string>;
}

/** `# HELP` and `# TYPE` of the Prometheus text format. */
export function familyHead({ name, help, type }: MetricFamily): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/**
 * The samples of a histogram.
 *
 * @param labels as they stand between the braces; not empty
 */
export function histogramText(name: string, labels: string, { bounds, counts, sum }: Buckets): string {
  let text = '';
  let count = 0;
  for (const [place, bound] of bounds.entries()) {
    count += counts[place] ?? 0;
    text += `${name}_bucket{le="${bound}",${labels}} ${count}\n`;
  }
  count += counts[bounds.length] ?? 0;
  return (
    `${text}${name}_bucket{le="+Inf",${labels}} ${count}\n` +
    `${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`
  );
}
