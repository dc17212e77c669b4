import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { BrokerConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import type { BrokerEvent } from './broker-event.js';
import { BrokerEvents } from './broker-events.js';
import { BrokerMap, type BrokerRef } from './broker-ref.js';
import { ConfiguredBroker } from './configured-broker.js';
import type { BrokerStatus, FeatureFinding, FeatureState } from './connection/broker-status.js';
import { ConnectGate } from './connection/connect-gate.js';
import { GatewayError, selfDisconnect } from './gateway-error.js';
import { tellAll, type GatewayObserver } from './gateway-observer.js';
import { OwnConnections } from './own-connections.js';
import type { ControlApi } from './protocol/control-api.js';
import type { CommandData, ControlCommand } from './protocol/control-protocol.js';
import type { ExtensionInfo } from './protocol/extension.js';
import { BrokerClient } from './requests/broker-client.js';
import { ClientStats } from './requests/client-stats.js';
import type { RequestOptions, Settling } from './requests/control-request.js';

const NOT_ASKED: FeatureFinding = { state: 'unknown', since: Date.now(), words: 'never connected' };
/** The status of a broker that the gateway has not opened. */
const NOT_OPENED: BrokerStatus = {
  state: 'disconnected',
  since: Date.now(),
  connectedSince: null,
  certificateExpiresAt: null,
  lastError: null,
  features: { clientControl: 'unknown', clientInspect: 'unknown', extension: 'unknown', retained: 'unknown' },
  featureDetails: {
    clientControl: NOT_ASKED,
    clientInspect: NOT_ASKED,
    extension: NOT_ASKED,
    retained: NOT_ASKED,
  },
  pendingChange: null,
};

/** What a broker can do, as far as it is known since the last connect. */
export interface BrokerCapabilities {
  /** Whether nothing is awaited of what it was asked right after it connected: false for a moment, after each connect. */
  readonly isKnown: boolean;
  /** What the extension endpoint says of itself; null while nothing says that there is one. */
  readonly extension: ExtensionInfo | null;
  readonly clientControl: FeatureState;
  readonly clientInspect: FeatureState;
  /** Whether this service is to hand over what is retained, for which the broker must have the extension endpoint. */
  readonly deliversRetained: boolean;
}

/** What the gateway keeps of a configured broker. */
interface Entry {
  readonly ref: BrokerRef;
  readonly broker: ConfiguredBroker;
  readonly stats: ClientStats;
}

/**
 * All brokers, by project and broker id: the one way from the features to the brokers.
 *
 * Each configured broker ({@link ConfiguredBroker}) has a client ({@link BrokerClient}) that turns commands into messages
 * and answers into results, over a connection that is kept open ({@link KeptConnection}), which is one MQTT connection
 * ({@link MqttConnection}) after another.
 */
@Injectable()
export class BrokerGateway {
  readonly #entries = new BrokerMap<Entry>();
  /** Of brokers that are configured, and of those that somebody listens to nonetheless: they may come back. */
  readonly #events = new BrokerMap<BrokerEvents>();
  /** Removed from the configuration, but not yet done with what is in flight. */
  readonly #leaving = new Set<ConfiguredBroker>();
  readonly #own = new OwnConnections();
  readonly #gate = new ConnectGate();
  readonly #observers: GatewayObserver[] = [];
  readonly #config: ConfigStore;
  #closed = false;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  /** Tells `observer` what happens from now on. Call it before {@link open}. */
  observe(observer: GatewayObserver): void {
    this.#observers.push(observer);
  }

  /**
   * Begins to connect to every configured broker; brokers that are down are picked up when they come. Follows every
   * later configuration: connections that it does not change stay as they are, and no request in flight fails for it.
   */
  open(): void {
    this.#reconcile();
    this.#config.onChange(() => this.#reconcile());
  }

  /** Resolves when every broker is connected or could not be reached once, at most so many milliseconds later. */
  async firstAttempts(timeoutMs: number): Promise<void> {
    const tried = [...this.#entries.values()].map(({ broker }) => broker.client.connection.whenTried);
    await Promise.race([Promise.all(tried), delay(timeoutMs, undefined, { ref: false })]);
  }

  /**
   * Sends a command to a broker and waits for its answer. Control connections are left alone: a command that names one is
   * refused before it is sent, whatever it would do; only reading is allowed.
   *
   * @returns the answer's `data`
   * @throws {GatewayError} see {@link BrokerClient.request}; `SELF_DISCONNECT`; `BROKER_NOT_FOUND` for a broker that is no
   *   longer configured
   */
  request(
    ref: BrokerRef,
    api: ControlApi,
    command: ControlCommand,
    options?: RequestOptions,
  ): Promise<CommandData> {
    return new Promise((resolve, reject) =>
      this.submitAll(ref, api, [command], options, { resolve, reject }),
    );
  }

  /**
   * {@link request} for many commands, without promises, for those who send a hundred thousand a second: they are sent in
   * their order, in as few messages as the broker's limits allow, and `settling` is told how each ended, by its place.
   */
  submitAll(
    ref: BrokerRef,
    api: ControlApi,
    commands: readonly ControlCommand[],
    options: RequestOptions | undefined,
    settling: Settling,
  ): void {
    const entry = this.#entry(ref);
    if (entry === undefined) {
      commands.forEach((_command, place) => settling.reject(brokerNotFound(ref), place));
      return;
    }
    const isRefused = (command: ControlCommand): boolean => this.#touchesOwn(entry, api, command);
    if (!commands.some(isRefused)) {
      entry.broker.client.submitAll(api, commands, options, settling);
      return;
    }
    const places: number[] = [];
    commands.forEach((command, place) => {
      if (isRefused(command)) settling.reject(selfDisconnect(), place);
      else places.push(place);
    });
    const allowed = commands.filter((command) => !isRefused(command));
    entry.broker.client.submitAll(api, allowed, options, {
      resolve: (data, at) => settling.resolve(data, places[at] ?? at),
      reject: (error, at) => settling.reject(error, places[at] ?? at),
    });
  }

  /** Whether a broker's connection is up: {@link status} for those who ask for every command. */
  isConnected(broker: BrokerRef): boolean {
    return this.#entry(broker)?.broker.client.connection.visibleState === 'connected';
  }

  /**
   * Stands for what sends the commands to a broker: another object once a changed configuration has taken over. Commands keep
   * their order while it is the same; what was sent by the one before may still be on its way.
   */
  servedBy(broker: BrokerRef): object | undefined {
    return this.#entry(broker)?.broker.client;
  }

  /** How a broker's connection is doing. */
  status(broker: BrokerRef): BrokerStatus {
    return this.#entry(broker)?.broker.status ?? NOT_OPENED;
  }

  /** What a broker can do, as far as it is known now. Changes with its connection: ask for each use, keep nothing. */
  capabilities(broker: BrokerRef): BrokerCapabilities {
    const configured = this.#entry(broker)?.broker;
    const survey = configured?.client.survey;
    return {
      isKnown: survey?.isKnown ?? true,
      extension: survey?.extension ?? null,
      clientControl: survey?.apis.clientControl.state ?? 'unknown',
      clientInspect: survey?.apis.clientInspect.state ?? 'unknown',
      deliversRetained: configured?.config.retained === 'deliver',
    };
  }

  /**
   * What a broker can do, waiting for what was asked of it right after it connected: at most five seconds, a few times that
   * for one that closes connections because of what it is asked, and not at all when there is nothing to wait for. Begins
   * anew with the connection that has come meanwhile, if one has.
   */
  async capabilitiesKnown(broker: BrokerRef): Promise<BrokerCapabilities> {
    const current = (): Promise<unknown> | undefined => this.#entry(broker)?.broker.client.survey.whenKnown;
    for (let known = current(), before; known !== before; known = current()) {
      await known;
      before = known;
    }
    return this.capabilities(broker);
  }

  /** The MQTT client id of this service's own connection to a broker; another one after each reconnect. */
  ownClientId(broker: BrokerRef): string | undefined {
    return this.#entry(broker)?.broker.client.clientId;
  }

  /**
   * Whether a client id is a control connection of this service on a broker, whichever project, entry or replica it belongs
   * to; see {@link OwnConnections} for what is recognised how.
   */
  isOwn(broker: BrokerRef, clientid: string): boolean {
    const entry = this.#entry(broker);
    if (entry === undefined) return false;
    return this.#own.has(entry.broker, clientid, entry.broker.client.survey.extension !== null);
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
   * the extension endpoint tells that. Nothing is asked of the broker for it unless somebody listens. Goes on when the broker
   * leaves the configuration and comes back.
   *
   * @param listener runs in the middle of it, so it must be quick and must not throw
   * @returns ends the subscription
   */
  subscribeEvents(broker: BrokerRef, listener: (event: BrokerEvent) => void): () => void {
    const end = this.#eventsOf(broker).subscribe(listener);
    return () => {
      end();
      this.#dropEvents(broker);
    };
  }

  /** What is counted of a broker; undefined for a broker that the gateway does not know. */
  stats(broker: BrokerRef): ClientStats | undefined {
    return this.#entry(broker)?.stats;
  }

  /** Commands of callers that wait for a broker or are in flight to it. */
  pendingCount(broker: BrokerRef): number {
    return this.#entry(broker)?.broker.client.pendingCount ?? 0;
  }

  /** Whether callers with one command wait for a broker, or did a moment ago. */
  hasSingles(broker: BrokerRef): boolean {
    return this.#entry(broker)?.broker.client.hasSingles ?? false;
  }

  /** Takes no new requests, lets those in flight finish (at most `graceMs`), then closes all connections. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const events of this.#events.values()) events.close();
    const brokers = [...[...this.#entries.values()].map(({ broker }) => broker), ...this.#leaving];
    const timer = setTimeout(() => {
      for (const broker of brokers) void broker.destroy();
    }, graceMs);
    await Promise.all(brokers.map((broker) => broker.close()));
    clearTimeout(timer);
  }

  #touchesOwn({ broker }: Entry, api: ControlApi, { command, clientid }: ControlCommand): boolean {
    const isTouched = typeof clientid === 'string' && !READING.has(command);
    return isTouched && this.#own.has(broker, clientid, api === 'extension');
  }

  #entry(broker: BrokerRef): Entry | undefined {
    return this.#entries.get(broker);
  }

  #eventsOf(broker: BrokerRef): BrokerEvents {
    let events = this.#events.get(broker);
    if (events === undefined) {
      events = new BrokerEvents(
        (command) => {
          const client = this.#entry(broker)?.broker.client;
          return client?.ask('extension', command) ?? Promise.reject(brokerNotFound(broker));
        },
        () => this.capabilities(broker).extension,
      );
      this.#events.set(broker, events);
    }
    return events;
  }

  /** Drops what nobody listens to on a broker that is not configured. */
  #dropEvents(broker: BrokerRef): void {
    const isNeeded = this.#entry(broker) !== undefined || this.#events.get(broker)?.hasListeners === true;
    if (!isNeeded) this.#events.delete(broker);
  }

  /** Opens, changes and closes brokers until they are those of the configuration in force. */
  #reconcile(): void {
    if (this.#closed) return;
    const removed = new Set(this.#entries.values());
    for (const { id: projectId, brokers } of this.#config.current.projects) {
      for (const config of brokers) {
        const ref = { projectId, brokerId: config.id };
        const entry = this.#entries.get(ref);
        if (entry === undefined) {
          this.#add(ref, config);
          continue;
        }
        removed.delete(entry);
        this.#change(entry, config);
      }
    }
    for (const entry of removed) this.#remove(entry);
  }

  #add(ref: BrokerRef, config: BrokerConfig): void {
    const stats = new ClientStats();
    const events = this.#eventsOf(ref);
    // Not once it is removed: another one may have come in its place.
    const isThere = (): boolean => this.#entry(ref)?.broker === broker;
    const observer = tellAll([
      ...this.#observers.map((each) => each.onBrokerAdded(ref)),
      {
        onDescribed: () => {
          if (isThere()) events.onDescribed(broker.status);
        },
      },
    ]);
    const broker: ConfiguredBroker = new ConfiguredBroker(config, {
      observer,
      makeClient: (latest, told) => {
        let readerId: string | undefined;
        const client: BrokerClient = new BrokerClient(latest, {
          ...told,
          gate: this.#gate,
          nextClientId: () => this.#own.renew(client.clientId, latest.clientIdPrefix),
          onIdentity: () => this.#own.refresh(broker),
          nextReaderId: () => (readerId = this.#own.renew(readerId, latest.clientIdPrefix)),
          idPrefix: `${randomBytes(12).toString('base64url')}.`,
          stats,
          observer,
        });
        return client;
      },
      onStatusChange: () => {
        if (isThere()) events.onStatus(broker.status);
      },
      onEvents: (batch) => {
        if (isThere()) events.onEvents(batch);
      },
      onClientsChange: () => this.#own.refresh(broker),
    });
    this.#entries.set(ref, { ref, broker, stats });
    this.#own.put(broker);
    broker.open();
  }

  #change({ broker }: Entry, config: BrokerConfig): void {
    broker.change(config);
    this.#own.put(broker);
  }

  #remove({ ref, broker }: Entry): void {
    this.#entries.delete(ref);
    this.#leaving.add(broker);
    this.#eventsOf(ref).onStatus({ ...NOT_OPENED, lastError: 'it is no longer configured' });
    this.#dropEvents(ref);
    void broker.close().then(() => {
      this.#leaving.delete(broker);
      this.#own.remove(broker);
      // It may have come back in the meantime.
      if (this.#entries.get(ref) !== undefined) return;
      for (const observer of this.#observers) observer.onBrokerRemoved?.(ref);
    });
  }
}

/** Commands that do nothing to the client that they name. */
const READING: ReadonlySet<string> = new Set(['getClient']);

function brokerNotFound({ brokerId }: BrokerRef): GatewayError {
  return new GatewayError('BROKER_NOT_FOUND', `There is no broker with the id ${brokerId} in this project`, {
    broker: brokerId,
  });
}
