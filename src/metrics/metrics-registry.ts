import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { processMetrics } from './process-metrics.js';

/** The metrics of one application. */
@Injectable()
export class MetricsRegistry {
  /** Where the metrics of this application register themselves. */
  readonly own = new Registry();

  /** All metrics, those of the process included, in the Prometheus text format. */
  async toText(): Promise<string> {
    const texts = await Promise.all([this.own.metrics(), processMetrics().metrics()]);
    return texts.join('\n');
  }
}
