import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { AuditTrail } from './audit-trail.js';

/** Shows what the audit trail counts. */
@Injectable()
export class AuditMetrics {
  constructor(registry: MetricsRegistry, audit: AuditTrail) {
    new Counter({
      name: `${PREFIX}audit_write_failures_total`,
      help: 'Lines of the audit trail that could not be written.',
      registers: [registry.own],
      collect() {
        this.reset();
        this.inc(audit.failureCount);
      },
    });
  }
}
