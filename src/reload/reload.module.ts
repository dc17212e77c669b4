import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ExpiryMetrics } from './expiry-metrics.js';
import { ReloadMetrics } from './reload-metrics.js';

/** Following the configuration file: what of it belongs to the application. */
@Module({
  imports: [MetricsModule, BrokerGatewayModule],
  providers: [ReloadMetrics, ExpiryMetrics],
  exports: [ReloadMetrics],
})
export class ReloadModule {}
