import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ReloadMetrics } from './reload-metrics.js';

/** Following the configuration file: what of it belongs to the application. */
@Module({ imports: [MetricsModule], providers: [ReloadMetrics], exports: [ReloadMetrics] })
export class ReloadModule {}
