import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { BrokerEvent } from '../broker-gateway/broker-event.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { brokerKey, type BrokerRef } from '../broker-gateway/broker-ref.js';
import type { BrokerStatus } from '../broker-gateway/connection/broker-status.js';
import { writeTime } from '../fields/time.js';
import type { RequestRecord } from '../http/request-record.js';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { EventRing } from './event-ring.js';
import { EventWriter } from './event-writer.js';

/** A broker is watched on for this long after its last listener has gone, so that one that comes back misses nothing. */
const LINGER_MS = 60_000;
/** Longest text of others that an event repeats, characters. */
const MAX_TEXT = 1024;

interface Watched {
  listeners: number;
  readonly end: () => void;
  timer?: NodeJS.Timeout;
}

/** Gathers what happens: on the brokers that somebody listens to, and what is done through this service. */
@Injectable()
export class EventHub {
  readonly ring = new EventRing();
  readonly writer = new EventWriter(this.ring);
  readonly #gateway: BrokerGateway;
  readonly #watched = new Map<string, Watched>();
  #listeners = 0;

  constructor(gateway: BrokerGateway, { own }: MetricsRegistry) {
    this.#gateway = gateway;
    const count = (): number => this.#listeners;
    new Gauge({
      name: `${PREFIX}event_listeners`,
      help: 'Streams of events that are open.',
      registers: [own],
      collect() {
        this.set(count());
      },
    });
  }

  /** Streams that are open. */
  get listeners(): number {
    return this.#listeners;
  }

  /** A stream has begun. @returns ends it */
  enter(): () => void {
    this.#listeners += 1;
    return () => void (this.#listeners -= 1);
  }

  /**
   * Watches a broker from now on. What happened before, while nobody did, is a gap for listeners that come back.
   *
   * @returns ends that, a minute later
   */
  watch(ref: BrokerRef): () => void {
    const key = brokerKey(ref);
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      this.#onBrokerEvent(ref, { kind: 'gap', missed: undefined });
      const end = this.#gateway.subscribeEvents(ref, (event) => this.#onBrokerEvent(ref, event));
      this.#watched.set(key, (watched = { listeners: 0, end }));
    }
    const entry = watched;
    clearTimeout(entry.timer);
    entry.listeners += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      entry.listeners -= 1;
      if (entry.listeners === 0) entry.timer = setTimeout(() => this.#forget(key, entry), LINGER_MS).unref();
    };
  }

  /**
   * The data of a `broker` event as things are now: its state, and `clientEvents`, whether it tells who comes and goes, which is
   * left out while it has not said so on this connection.
   */
  stateOf(ref: BrokerRef): string {
    return this.#stateOf(ref, this.#gateway.status(ref));
  }

  /**
   * A request has ended: what it did is an event, if it did something to clients, or one of each broker, if it was about
   * several. Who did it is for admins only.
   */
  onRequestEnd(record: RequestRecord): void {
    const { action, audited, project, broker, caller, clientId, topic, reason, callId, details } = record;
    if (action === undefined || audited === undefined || project === undefined || caller === undefined)
      return;
    // What a caller without the right tried is for the audit trail.
    if (record.errorCode === 'NOT_ALLOWED' || this.#watched.size === 0) return;
    const type = action === 'ban' || action === 'unban' ? 'ban' : 'control';
    const onItsOwn = { broker, outcome: record.errorCode ?? 'OK', outcomeDetail: record.outcomeDetail };
    for (const { details: more, ...on } of record.onBrokers ?? [{ ...onItsOwn, details: undefined }]) {
      const fields = {
        time: new Date().toISOString(),
        project,
        broker: on.broker,
        action,
        clientid: cut(clientId),
        topic: cut(topic),
        outcome: on.outcome,
        outcomeDetail: on.outcomeDetail,
        callId,
        details: more === undefined ? details : { ...details, ...more },
      };
      this.ring.add({
        type,
        project,
        broker: on.broker,
        clientid: clientId,
        data: JSON.stringify(fields),
        adminData: JSON.stringify({ ...fields, caller: caller.name, reason: cut(reason) }),
      });
    }
  }

  #onBrokerEvent(ref: BrokerRef, event: BrokerEvent): void {
    const where = whereOf(ref);
    switch (event.kind) {
      case 'connected':
      case 'disconnected': {
        const { kind, time, control, ...client } = event;
        this.ring.add({
          ...where,
          type: `client.${kind}`,
          clientid: client.clientid,
          isControl: control === true,
          data: JSON.stringify({ time: writeTime(time), ...where, ...client }),
        });
        return;
      }
      case 'state':
        this.ring.add({
          ...where,
          type: 'broker',
          clientid: undefined,
          data: this.#stateOf(ref, event.status),
        });
        return;
      case 'gap': {
        const data = JSON.stringify({
          time: new Date().toISOString(),
          ...where,
          missed: event.missed ?? null,
        });
        this.ring.add({ ...where, type: 'gap', clientid: undefined, data });
        return;
      }
      default:
        event satisfies never;
    }
  }

  #stateOf(ref: BrokerRef, { state, lastError }: BrokerStatus): string {
    const { isKnown, extension } = this.#gateway.capabilities(ref);
    const hasSaid = state === 'connected' && (isKnown || extension !== null);
    return JSON.stringify({
      time: new Date().toISOString(),
      ...whereOf(ref),
      state,
      lastError: cut(lastError),
      clientEvents: hasSaid ? extension?.features.events === true : undefined,
    });
  }

  #forget(key: string, watched: Watched): void {
    if (watched.listeners > 0) return;
    watched.end();
    this.#watched.delete(key);
  }
}

const whereOf = ({
  projectId: project,
  brokerId: broker,
}: BrokerRef): { project: string; broker: string } => ({
  project,
  broker,
});

function cut<T extends string | null | undefined>(text: T): T | string {
  return typeof text === 'string' && text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
