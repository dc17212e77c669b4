import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { BrokerConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { BrokerChannel } from './requests/broker-channel.js';
import type { BrokerEvent } from './broker-event.js';
import type { RequestOptions } from './requests/channel-request.js';
import { ChannelSlot } from './requests/channel-slot.js';
import type { BrokerStatus, FeatureState } from './connection/broker-status.js';
import type { ChannelStats } from './requests/channel-stats.js';
import type { ControlApi } from './protocol/control-api.js';
import type { CommandData, ControlCommand } from './protocol/control-protocol.js';
import type { ExtensionInfo } from './protocol/extension.js';
import { brokerKey, brokerOfKey, type BrokerRef } from './broker-ref.js';
import { GatewayError, selfDisconnect } from './gateway-error.js';
import type { GatewayObserver } from './gateway-observer.js';

/** The status of a broker that the gateway has not opened. */
const NOT_OPENED: BrokerStatus = {
  state: 'disconnected',
  since: Date.now(),
  lastError: null,
  features: { clientControl: 'unknown', clientInspect: 'unknown', extension: 'unknown' },
};

/** What a broker can do, as far as it is known since the last connect. */
export interface BrokerCapabilities {
  /** What the extension endpoint says of itself; null while nothing says that there is one. */
  readonly extension: ExtensionInfo | null;
  readonly clientControl: FeatureState;
  readonly clientInspect: FeatureState;
}

/** Every broker's channel, by project and broker id: the one way from the features to the brokers. */
@Injectable()
export class BrokerGateway {
  readonly #slots = new Map<string, ChannelSlot>();
  /** Removed from the configuration, but not yet done with what is in flight. */
  readonly #leaving = new Set<ChannelSlot>();
  readonly #listeners = new Map<string, Set<(event: BrokerEvent) => void>>();
  readonly #config: ConfigStore;
  #observer: GatewayObserver | undefined;
  #closed = false;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  /** Tells `observer` what happens from now on. Call it before {@link open}. */
  observe(observer: GatewayObserver): void {
    this.#observer = observer;
  }

  /**
   * Begins to connect to every configured broker; brokers that are down are picked up when they come. Follows every
   * later configuration: connections that it does not change stay as they are, and no request in flight fails for it.
   */
  open(): void {
    this.#reconcile();
    this.#config.onChange(() => this.#reconcile());
  }

  /**
   * Sends a command to a broker and waits for its answer.
   *
   * @returns the answer's `data`
   * @throws {GatewayError} see {@link BrokerChannel.request}; `BROKER_NOT_FOUND` for one that is no longer configured
   */
  request(
    broker: BrokerRef,
    api: ControlApi,
    command: ControlCommand,
    options?: RequestOptions,
  ): Promise<CommandData> {
    const channel = this.#channel(broker);
    if (channel !== undefined) return channel.request(api, command, options);
    const { brokerId } = broker;
    return Promise.reject(
      new GatewayError('BROKER_NOT_FOUND', `There is no broker with the id ${brokerId} in this project`, {
        broker: brokerId,
      }),
    );
  }

  /** How a broker's connection is doing. */
  status(broker: BrokerRef): BrokerStatus {
    return this.#channel(broker)?.status ?? NOT_OPENED;
  }

  /** What a broker can do. Changes with its connection: ask for each use, keep nothing. */
  capabilities(broker: BrokerRef): BrokerCapabilities {
    const { clientControl, clientInspect } = this.status(broker).features;
    return { extension: null, clientControl, clientInspect };
  }

  /** The MQTT client id of this service's own connection to a broker. */
  ownClientId(broker: BrokerRef): string | undefined {
    return this.#channel(broker)?.clientId;
  }

  /** Whether a client id is a control connection of this service on a broker, whichever project or replica it belongs to. */
  isOwn(broker: BrokerRef, clientid: string): boolean {
    return clientid === this.ownClientId(broker);
  }

  /**
   * Leaves control connections alone: to be asked before anything is done to a client.
   *
   * @throws {GatewayError} `SELF_DISCONNECT` where {@link isOwn} says yes
   */
  guardOwn(broker: BrokerRef, clientid: string): void {
    if (this.isOwn(broker, clientid)) throw selfDisconnect();
  }

  /**
   * Tells `listener` what happens on a broker: always when its connection's state changes; when clients come and go, where
   * the extension endpoint tells that. Nothing is asked of the broker for it unless somebody listens.
   *
   * @param listener runs in the middle of it, so it must be quick and must not throw
   * @returns ends the subscription
   */
  subscribeEvents(broker: BrokerRef, listener: (event: BrokerEvent) => void): () => void {
    const key = brokerKey(broker);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** What a broker's channel counts; undefined for a broker that the gateway does not know. */
  stats(broker: BrokerRef): ChannelStats | undefined {
    return this.#channel(broker)?.stats;
  }

  /** Commands that wait for a broker or are in flight to it. */
  pendingCount(broker: BrokerRef): number {
    return this.#channel(broker)?.pendingCount ?? 0;
  }

  /** Takes no new requests, lets those in flight finish (at most `graceMs`), then closes all connections. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    const slots = [...this.#slots.values(), ...this.#leaving];
    const timer = setTimeout(() => {
      for (const slot of slots) void slot.destroy();
    }, graceMs);
    await Promise.all(slots.map((slot) => slot.close()));
    clearTimeout(timer);
  }

  #channel(broker: BrokerRef): BrokerChannel | undefined {
    return this.#slots.get(brokerKey(broker))?.channel;
  }

  /** Opens, changes and closes channels until they are those of the configuration in force. */
  #reconcile(): void {
    if (this.#closed) return;
    const removed = new Map(this.#slots);
    for (const { id: projectId, brokers } of this.#config.current.projects) {
      for (const config of brokers) {
        const broker = { projectId, brokerId: config.id };
        const key = brokerKey(broker);
        removed.delete(key);
        const slot = this.#slots.get(key);
        if (slot === undefined) this.#slots.set(key, this.#createSlot(broker, config));
        else slot.change(config);
      }
    }
    for (const [key, slot] of removed) this.#remove(key, slot);
  }

  #createSlot(broker: BrokerRef, config: BrokerConfig): ChannelSlot {
    const observer = this.#observer?.onBrokerAdded(broker);
    return new ChannelSlot(config, (latest) => {
      const clientId = `${latest.clientIdPrefix}-${randomBytes(8).toString('hex')}`;
      const idPrefix = `${randomBytes(12).toString('base64url')}.`;
      const channel = new BrokerChannel(latest, clientId, idPrefix, observer);
      channel.open();
      return channel;
    });
  }

  #remove(key: string, slot: ChannelSlot): void {
    this.#slots.delete(key);
    this.#leaving.add(slot);
    void slot.close().then(() => {
      this.#leaving.delete(slot);
      // It may have come back in the meantime.
      if (!this.#slots.has(key)) this.#observer?.onBrokerRemoved(brokerOfKey(key));
    });
  }
}
