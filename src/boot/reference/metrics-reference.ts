import type { MetricObject } from 'prom-client';
import type { MetricFamily } from '../../metrics/metric-family.js';
import { code, listEntry } from './markdown.js';

/** These metrics by name: type, labels, meaning. */
export function metricsReference(metrics: readonly (MetricObject | MetricFamily)[]): string {
  return [...metrics]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((metric) => listEntry(describe(metric)))
    .join('\n');
}

function describe(metric: MetricObject | MetricFamily): string {
  const { name, help, type } = metric;
  // prom-client's own type leaves the labels out.
  const { labelNames = [] } = metric as { readonly labelNames?: readonly string[] };
  const labels = labelNames.length === 0 ? '' : `; labels ${labelNames.map(code).join(', ')}`;
  return `**${code(name)}** (${String(type)}${labels}): ${help}`;
}
