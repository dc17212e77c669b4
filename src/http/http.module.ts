import { Module } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ValidatingPipe } from './body/validating.pipe.js';
import { Drain } from './drain.js';
import { HttpMetrics } from './http-metrics.js';

/** What all HTTP routes share. */
@Module({
  imports: [MetricsModule],
  providers: [Drain, HttpMetrics, { provide: APP_PIPE, useClass: ValidatingPipe }],
  exports: [Drain, HttpMetrics],
})
export class HttpModule {}
