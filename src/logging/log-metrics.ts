import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { standardOutput } from './standard-output.js';

/** Counts what the log did not get. */
@Injectable()
export class LogMetrics {
  constructor(registry: MetricsRegistry) {
    new Counter({
      name: `${PREFIX}log_lines_lost_total`,
      help: 'Lines of the log that were lost because standard output could not be written.',
      registers: [registry.own],
      collect() {
        this.reset();
        this.inc(standardOutput.lost);
      },
    });
  }
}
