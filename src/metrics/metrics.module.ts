import { Module, type OnModuleInit } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { CommandObserver } from './command-observer.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Metrics for Prometheus. */
@Module({
  controllers: [MetricsController],
  imports: [RegistryModule, BrokerGatewayModule],
  providers: [MetricsRegistry, CommandObserver, GatewayMetrics],
  exports: [MetricsRegistry],
})
export class MetricsModule implements OnModuleInit {
  readonly #gateway: BrokerGateway;
  readonly #observer: CommandObserver;

  constructor(gateway: BrokerGateway, observer: CommandObserver) {
    this.#gateway = gateway;
    this.#observer = observer;
  }

  /** Before the gateway opens its first connection. */
  onModuleInit(): void {
    this.#gateway.observe(this.#observer);
  }
}
