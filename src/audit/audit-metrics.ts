import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { standardOutput } from '../logging/standard-output.js';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { AuditTrail } from './audit-trail.js';

/** Shows what the audit trail counts. */
@Injectable()
export class AuditMetrics {
  constructor(registry: MetricsRegistry, audit: AuditTrail) {
    const registers = [registry.own];
    new Counter({
      name: `${PREFIX}audit_records_total`,
      help: 'Records of the audit trail that were written to its store.',
      registers,
      collect() {
        this.reset();
        this.inc(audit.writtenCount);
      },
    });
    new Counter({
      name: `${PREFIX}audit_write_failures_total`,
      help: 'Records of the audit trail that could not be written; where the log is the trail, lines of the log that were lost.',
      registers,
      collect() {
        this.reset();
        // Where the log is the trail, a line of it that is lost may be one of the trail's.
        this.inc(audit.failureCount + (audit.store === undefined ? standardOutput.lost : 0));
      },
    });
    new Gauge({
      name: `${PREFIX}audit_waiting_records`,
      help: 'Records of the audit trail that wait to be written.',
      registers,
      collect() {
        this.set(audit.store?.waiting ?? 0);
      },
    });
    new Gauge({
      name: `${PREFIX}audit_store_up`,
      help: '1 while the store of the audit trail takes records, 0 while it does not; no series where the log is the trail.',
      labelNames: ['store'],
      registers,
      collect() {
        this.reset();
        const { store } = audit;
        if (store !== undefined) this.set({ store: store.kind }, store.isUp ? 1 : 0);
      },
    });
  }
}
