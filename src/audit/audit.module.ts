import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { AuditController } from './audit.controller.js';
import { AuditMetrics } from './audit-metrics.js';
import { AuditReader } from './audit-reader.js';
import { AuditTrail } from './audit-trail.js';

/** Who did what to which client: written down, and read back. */
@Module({
  imports: [MetricsModule, RegistryModule],
  controllers: [AuditController],
  providers: [AuditTrail, AuditReader, AuditMetrics],
  exports: [AuditTrail],
})
export class AuditModule {}
