import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { type BrokerRef } from '../broker-gateway/broker-ref.js';
import { CONNECTION_STATES } from '../broker-gateway/connection/broker-status.js';
import { CONTROL_API_NAMES } from '../broker-gateway/protocol/control-api.js';
import { FAILURE_REASONS, IGNORED_REASONS } from '../broker-gateway/requests/client-stats.js';
import type { BrokerConfig } from '../config/config.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { PREFIX } from './metric-names.js';
import { MetricsRegistry } from './metrics-registry.js';

const BROKER = ['project', 'broker'] as const;

/** Metrics that are read off the gateway when they are asked for; they cost nothing in between. */
@Injectable()
export class GatewayMetrics {
  readonly #registry: ProjectRegistry;

  constructor({ own }: MetricsRegistry, gateway: BrokerGateway, registry: ProjectRegistry) {
    this.#registry = registry;
    const registers = [own];
    const each = (visit: BrokerVisitor): void => this.#eachBroker(visit);
    new Gauge({
      name: `${PREFIX}commands_pending`,
      help: 'Commands that wait or are in flight.',
      labelNames: BROKER,
      registers,
      collect() {
        this.reset();
        each((labels, ref) => this.set(labels, gateway.pendingCount(ref)));
      },
    });
    new Gauge({
      name: `${PREFIX}commands_pending_limit`,
      help: 'How many commands may wait or be in flight: maxPending of the broker.',
      labelNames: BROKER,
      registers,
      collect() {
        this.reset();
        each((labels, _ref, { maxPending }) => this.set(labels, maxPending));
      },
    });
    new Gauge({
      name: `${PREFIX}broker_state`,
      help: '1 for the state that the connection is in, 0 for the others.',
      labelNames: [...BROKER, 'state'],
      registers,
      collect() {
        this.reset();
        each((labels, ref) => {
          const current = gateway.status(ref).state;
          for (const state of CONNECTION_STATES) this.set({ ...labels, state }, state === current ? 1 : 0);
        });
      },
    });
    new Counter({
      name: `${PREFIX}broker_connects_total`,
      help: 'Times the connection came up.',
      labelNames: BROKER,
      registers,
      collect() {
        this.reset();
        each((labels, ref) => this.inc(labels, gateway.stats(ref)?.connects ?? 0));
      },
    });
    new Counter({
      name: `${PREFIX}broker_reconnects_total`,
      help: 'Times the connection came up again.',
      labelNames: BROKER,
      registers,
      collect() {
        this.reset();
        each((labels, ref) => this.inc(labels, Math.max(0, (gateway.stats(ref)?.connects ?? 0) - 1)));
      },
    });
    new Counter({
      name: `${PREFIX}broker_connection_failures_total`,
      help: 'Attempts to connect that failed and connections that were lost, by reason; takeover: another connection has the same client id.',
      labelNames: [...BROKER, 'reason'],
      registers,
      collect() {
        this.reset();
        each((labels, ref) => {
          for (const reason of FAILURE_REASONS)
            this.inc({ ...labels, reason }, gateway.stats(ref)?.failures[reason] ?? 0);
        });
      },
    });
    new Gauge({
      name: `${PREFIX}broker_api_state`,
      help: 'Always 1; what is known of a control API of the broker is in the label.',
      labelNames: [...BROKER, 'api', 'state'],
      registers,
      collect() {
        this.reset();
        each((labels, ref) => {
          const { features } = gateway.status(ref);
          for (const api of CONTROL_API_NAMES) this.set({ ...labels, api, state: features[api] }, 1);
        });
      },
    });
    new Gauge({
      name: `${PREFIX}broker_change_pending`,
      help: '1 while a changed configuration of the broker cannot take effect because its connection does not come up.',
      labelNames: BROKER,
      registers,
      collect() {
        this.reset();
        each((labels, ref) => this.set(labels, gateway.status(ref).pendingChange === null ? 0 : 1));
      },
    });
    new Counter({
      name: `${PREFIX}replies_ignored_total`,
      help: 'Replies that matched no waiting command, by reason.',
      labelNames: [...BROKER, 'reason'],
      registers,
      collect() {
        this.reset();
        each((labels, ref) => {
          for (const reason of IGNORED_REASONS)
            this.inc({ ...labels, reason }, gateway.stats(ref)?.ignored[reason] ?? 0);
        });
      },
    });
  }

  #eachBroker(visit: BrokerVisitor): void {
    for (const { id: projectId, brokers } of this.#registry.projects) {
      for (const config of brokers)
        visit({ project: projectId, broker: config.id }, { projectId, brokerId: config.id }, config);
    }
  }
}

type BrokerVisitor = (
  labels: Readonly<Record<(typeof BROKER)[number], string>>,
  ref: BrokerRef,
  config: BrokerConfig,
) => void;
