import { Module, type OnModuleInit } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { BrokerMetrics } from './broker-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Metrics for Prometheus. */
@Module({
  controllers: [MetricsController],
  imports: [RegistryModule, BrokerGatewayModule],
  providers: [MetricsRegistry, BrokerMetrics],
  exports: [MetricsRegistry],
})
export class MetricsModule implements OnModuleInit {
  readonly #gateway: BrokerGateway;
  readonly #brokers: BrokerMetrics;
  readonly #registry: MetricsRegistry;

  constructor(gateway: BrokerGateway, brokers: BrokerMetrics, registry: MetricsRegistry) {
    this.#gateway = gateway;
    this.#brokers = brokers;
    this.#registry = registry;
  }

  /** Before the gateway opens its first connection. */
  onModuleInit(): void {
    this.#gateway.observe(this.#brokers);
    this.#registry.add(this.#brokers);
  }
}
