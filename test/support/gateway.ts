import { BrokerGateway } from '../../src/broker-gateway/broker-gateway.js';
import type { BrokerStatus } from '../../src/broker-gateway/connection/broker-status.js';
import type { GatewayError } from '../../src/broker-gateway/gateway-error.js';
import type { Config } from '../../src/config/config.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { testConfig } from './test-service.js';
import { until } from './until.js';

/** How a command ended: `done`, or the error's code and facts. */
export type Ending = 'done' | { readonly code: string; readonly info: unknown };

/** A gateway without HTTP, connected to one broker `b` (or those given), as a configuration file describes it. */
export class TestGateway {
  readonly gateway: BrokerGateway;
  /** Of the first broker. */
  readonly url: string;
  readonly #config: ConfigStore;

  constructor(...brokers: readonly object[]) {
    const config = configOf(brokers);
    this.url = config.projects[0]?.brokers[0]?.url ?? '';
    this.#config = new ConfigStore(config);
    this.gateway = new BrokerGateway(this.#config);
    this.gateway.open();
  }

  /** Puts another configuration in force. */
  configure(...brokers: readonly object[]): void {
    this.#config.replace(configOf(brokers));
  }

  status(brokerId = 'b'): BrokerStatus {
    return this.gateway.status({ projectId: 'p', brokerId });
  }

  async state(state: string, brokerId = 'b', timeoutMs?: number): Promise<void> {
    await until(() => this.status(brokerId).state === state, `broker ${brokerId} ${state}`, timeoutMs);
  }

  /** Disconnects a client, and tells how that ended. Never rejects. */
  disconnect(clientid: string, brokerId = 'b'): Promise<Ending> {
    return this.gateway
      .request({ projectId: 'p', brokerId }, 'clientControl', { command: 'disconnectClient', clientid })
      .then(
        () => 'done',
        (error: unknown) => {
          const { code, info } = error as GatewayError;
          return { code, info };
        },
      );
  }

  stats(brokerId = 'b'): NonNullable<ReturnType<BrokerGateway['stats']>> {
    const stats = this.gateway.stats({ projectId: 'p', brokerId });
    if (stats === undefined) throw new Error(`no broker ${brokerId}`);
    return stats;
  }

  async stop(): Promise<void> {
    await this.gateway.close(0);
  }
}

function configOf(brokers: readonly object[]): Config {
  const defaults = { id: 'b', protocolVersion: 4, reconnect: { minDelayMs: 20, maxDelayMs: 200 } };
  return testConfig({ brokers: brokers.map((broker) => ({ ...defaults, ...broker })) });
}
