import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { BrokerConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { BrokerChannel, type CommandData } from './broker-channel.js';
import type { BrokerStatus } from './broker-status.js';
import type { ChannelStats } from './channel-stats.js';
import type { ControlApi } from './control-api.js';
import type { ControlCommand } from './control-protocol.js';
import { GatewayError } from './gateway-error.js';

/** Names a configured broker. */
export interface BrokerRef {
  readonly projectId: string;
  readonly brokerId: string;
}

/** The status of a broker that the gateway has not opened. */
const NOT_OPENED: BrokerStatus = {
  state: 'disconnected',
  since: Date.now(),
  lastError: null,
  features: { clientControl: 'unknown', clientInspect: 'unknown' },
};

/** Every broker's channel, by project and broker id: the one way from the features to the brokers. */
@Injectable()
export class BrokerGateway {
  readonly #channels = new Map<string, BrokerChannel>();
  readonly #config: ConfigStore;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  /** Begins to connect to every configured broker; brokers that are down are picked up when they come. */
  open(): void {
    for (const project of this.#config.current.projects) {
      for (const broker of project.brokers) this.#openChannel(project.id, broker);
    }
  }

  /**
   * Sends a command to a broker and waits for its answer.
   *
   * @returns the answer's `data`
   * @throws {GatewayError} see {@link BrokerChannel.request}
   */
  request(broker: BrokerRef, api: ControlApi, command: ControlCommand): Promise<CommandData> {
    const channel = this.#channels.get(keyOf(broker));
    return channel === undefined
      ? Promise.reject(new GatewayError('SHUTTING_DOWN', 'The service is shutting down'))
      : channel.request(api, command);
  }

  /** How a broker's connection is doing. */
  status(broker: BrokerRef): BrokerStatus {
    return this.#channels.get(keyOf(broker))?.status ?? NOT_OPENED;
  }

  /** The MQTT client id of this service's own connection to a broker. */
  ownClientId(broker: BrokerRef): string | undefined {
    return this.#channels.get(keyOf(broker))?.clientId;
  }

  /** What a broker's channel counts; undefined for a broker that the gateway does not know. */
  stats(broker: BrokerRef): ChannelStats | undefined {
    return this.#channels.get(keyOf(broker))?.stats;
  }

  /** Takes no new requests, lets those in flight finish (at most `graceMs`), then closes all connections. */
  async close(graceMs: number): Promise<void> {
    const channels = [...this.#channels.values()];
    const timer = setTimeout(() => {
      for (const channel of channels) void channel.destroy();
    }, graceMs);
    await Promise.all(channels.map((channel) => channel.close()));
    clearTimeout(timer);
  }

  #openChannel(projectId: string, broker: BrokerConfig): void {
    const clientId = `${broker.clientIdPrefix}-${randomBytes(8).toString('hex')}`;
    const channel = new BrokerChannel(broker, clientId, `${randomBytes(12).toString('base64url')}.`);
    this.#channels.set(keyOf({ projectId, brokerId: broker.id }), channel);
    channel.open();
  }
}

/** Ids hold no slash. */
function keyOf({ projectId, brokerId }: BrokerRef): string {
  return `${projectId}/${brokerId}`;
}
