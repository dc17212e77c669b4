import { isDeepStrictEqual } from 'node:util';
import type { BrokerConfig } from '../config/config.js';
import type { BrokerStatus, ConnectionState, PendingChange } from './connection/broker-status.js';
import type { BrokerObserver } from './gateway-observer.js';
import type { EventBatch } from './protocol/control-protocol.js';
import type { BrokerClient } from './requests/broker-client.js';

/** What makes a broker's clients, and is told of them. */
export interface ConfiguredBrokerParts {
  /** Makes a client; it has not begun to connect. */
  readonly makeClient: (config: BrokerConfig, told: ClientTells) => BrokerClient;
  readonly observer: BrokerObserver;
  /** The status may have changed. */
  readonly onStatusChange: () => void;
  readonly onEvents: (events: EventBatch) => void;
  /** {@link ConfiguredBroker.clients} changed. */
  readonly onClientsChange: () => void;
}

/** What a client tells of itself. */
export interface ClientTells {
  readonly onStateChange: (state: ConnectionState) => void;
  readonly onEvents: (events: EventBatch) => void;
}

/** The client of a changed configuration that has not taken effect. */
interface Successor {
  readonly client: BrokerClient;
  /** When the configuration changed, epoch milliseconds. */
  readonly since: number;
  /** Whether the observer knows that its connection does not come up. */
  isTold: boolean;
}

/**
 * One configured broker: the client that serves it, and, while a changed configuration takes effect, the client that will.
 *
 * A change costs no request. The client that serves goes on until its successor is connected, or until it is itself no
 * longer connected; then it finishes what is in flight and closes. So a wrong password in a changed file takes nothing
 * down: the connection with the old one stays, and the successor tries on.
 */
export class ConfiguredBroker {
  readonly #parts: ConfiguredBrokerParts;
  /** Clients that finish what is in flight, with the promise of their end. */
  readonly #closing = new Map<BrokerClient, Promise<void>>();
  #config: BrokerConfig;
  #serving: BrokerClient;
  #clients: readonly BrokerClient[];
  #successor: Successor | undefined;

  constructor(config: BrokerConfig, parts: ConfiguredBrokerParts) {
    this.#config = config;
    this.#parts = parts;
    this.#serving = this.#makeClient();
    this.#clients = [this.#serving];
  }

  /** The configuration in force. */
  get config(): BrokerConfig {
    return this.#config;
  }

  /** The client for the next request. */
  get client(): BrokerClient {
    return this.#serving;
  }

  /** All whose connections may be open to the broker. */
  get clients(): readonly BrokerClient[] {
    return this.#clients;
  }

  get status(): BrokerStatus {
    const { visibleState, since, lastError, certificateExpiresAt } = this.#serving.connection;
    const featureDetails = { ...this.#serving.survey.findings, retained: this.#serving.retained };
    const { clientControl, clientInspect, extension, retained } = featureDetails;
    return {
      state: visibleState,
      since,
      connectedSince: visibleState === 'connected' ? since : null,
      certificateExpiresAt,
      lastError,
      features: {
        clientControl: clientControl.state,
        clientInspect: clientInspect.state,
        extension: extension.state,
        retained: retained.state,
      },
      featureDetails,
      pendingChange: this.pendingChange,
    };
  }

  /** The change that has not taken effect because its connection does not come up. */
  get pendingChange(): PendingChange | null {
    if (this.#successor?.isTold !== true) return null;
    const { client, since } = this.#successor;
    return { since, lastError: client.connection.lastError };
  }

  /** Begins to connect. */
  open(): void {
    this.#serving.open();
  }

  /** Takes over a new configuration; one that says the same about the connection leaves it alone. */
  change(config: BrokerConfig): void {
    const isSameConnection = isDeepStrictEqual({ ...config, name: '' }, { ...this.#config, name: '' });
    this.#config = config;
    if (isSameConnection) return;
    if (this.#successor !== undefined) this.#retire(this.#successor.client);
    const client = this.#makeClient();
    this.#successor = { client, since: Date.now(), isTold: false };
    this.#listClients();
    client.open();
  }

  /** Takes no new requests, lets those in flight finish, then closes every connection. */
  async close(): Promise<void> {
    for (const client of this.#open()) this.#retire(client);
    this.#successor = undefined;
    await Promise.all(this.#closing.values());
  }

  /** Fails what is in flight and closes every connection. */
  async destroy(): Promise<void> {
    const clients = this.clients;
    this.#successor = undefined;
    await Promise.all(clients.map((client) => client.destroy()));
  }

  #makeClient(): BrokerClient {
    const client: BrokerClient = this.#parts.makeClient(this.#config, {
      onStateChange: (state) => this.#onStateChange(client, state),
      onEvents: (events) => {
        if (client === this.#serving) this.#parts.onEvents(events);
      },
    });
    return client;
  }

  #onStateChange(client: BrokerClient, state: ConnectionState): void {
    const successor = this.#successor;
    // An attempt that is under way decides nothing.
    if (successor !== undefined && state !== 'connecting') {
      const isServing = this.#serving.connection.state.kind === 'connected';
      const hasTried = successor.client.connection.visibleState !== 'connecting';
      if (successor.client.connection.state.kind === 'connected' || (!isServing && hasTried))
        this.#takeOver(successor.client);
      else if (client === successor.client) this.#tellPending(successor);
    }
    if (client === this.#serving) this.#parts.onStatusChange();
  }

  #takeOver(client: BrokerClient): void {
    this.#retire(this.#serving);
    this.#serving = client;
    this.#successor = undefined;
    this.#parts.observer.onChangeTaken?.();
  }

  #tellPending(successor: Successor): void {
    if (successor.isTold) return;
    successor.isTold = true;
    this.#parts.observer.onChangePending?.(successor.client.connection.lastError ?? 'not connected');
  }

  #open(): BrokerClient[] {
    return this.#successor === undefined ? [this.#serving] : [this.#serving, this.#successor.client];
  }

  #retire(client: BrokerClient): void {
    this.#closing.set(
      client,
      client.close().then(() => {
        this.#closing.delete(client);
        this.#listClients();
      }),
    );
  }

  #listClients(): void {
    this.#clients = [...this.#open(), ...this.#closing.keys()];
    this.#parts.onClientsChange();
  }
}
