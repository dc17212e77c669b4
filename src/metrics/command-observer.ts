import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { brokerKey, type BrokerRef } from '../broker-gateway/broker-ref.js';
import type { BrokerObserver, GatewayObserver } from '../broker-gateway/gateway-observer.js';
import { BrokerSeries, type CommandMetrics } from './broker-series.js';
import { PREFIX } from './metric-names.js';
import { MetricsRegistry } from './metrics-registry.js';

const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Counts and measures the commands of every broker; a removed broker's series disappear. */
@Injectable()
export class CommandObserver implements GatewayObserver {
  readonly #metrics: CommandMetrics;
  readonly #brokers = new Map<string, BrokerSeries>();

  constructor({ own }: MetricsRegistry) {
    this.#metrics = {
      commands: new Counter({
        name: `${PREFIX}commands_total`,
        help: 'Commands by broker, command and outcome: OK or the error code.',
        labelNames: ['project', 'broker', 'command', 'outcome'],
        registers: [own],
      }),
      duration: new Histogram({
        name: `${PREFIX}command_duration_seconds`,
        help: 'Time from asking for a command to its outcome, waiting included.',
        labelNames: ['project', 'broker', 'command'],
        buckets: DURATION_BUCKETS_SECONDS,
        registers: [own],
      }),
      batch: new Histogram({
        name: `${PREFIX}batch_commands`,
        help: 'Commands in one MQTT message.',
        labelNames: ['project', 'broker'],
        buckets: BATCH_BUCKETS,
        registers: [own],
      }),
    };
  }

  onBrokerAdded(broker: BrokerRef): BrokerObserver {
    const series = new BrokerSeries(this.#metrics, broker);
    this.#brokers.set(brokerKey(broker), series);
    return series;
  }

  onBrokerRemoved(broker: BrokerRef): void {
    const key = brokerKey(broker);
    this.#brokers.get(key)?.remove();
    this.#brokers.delete(key);
  }
}
