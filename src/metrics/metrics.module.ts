import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { CommandObserver } from './command-observer.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { HttpMetrics } from '../http/http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';
import { OperationsMetrics } from './operations-metrics.js';

/** Metrics for Prometheus. */
@Global()
@Module({
  controllers: [MetricsController],
  providers: [MetricsRegistry, HttpMetrics, CommandObserver, GatewayMetrics, OperationsMetrics],
  exports: [HttpMetrics, OperationsMetrics],
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
