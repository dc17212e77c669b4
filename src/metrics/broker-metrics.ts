import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { brokerKey, type BrokerRef } from '../broker-gateway/broker-ref.js';
import { CONNECTION_STATES, type BrokerStatus } from '../broker-gateway/connection/broker-status.js';
import type { BrokerObserver, GatewayObserver } from '../broker-gateway/gateway-observer.js';
import { CONTROL_API_NAMES } from '../broker-gateway/protocol/control-api.js';
import { ClientStats, FAILURE_REASONS, IGNORED_REASONS } from '../broker-gateway/requests/client-stats.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { BrokerSeries } from './broker-series.js';
import { familyHead, histogramText, type MetricFamily, type MetricSource } from './metric-family.js';
import { PREFIX } from './metric-names.js';

/** Writing goes on in the next turn of the event loop after this long. */
const SLICE_MS = 3;

/** Sent as one chunk. */
const PIECE_CHARACTERS = 65_536;

/** What the samples of one broker are written from. */
interface Snapshot {
  /** As they stand between the braces. */
  readonly labels: string;
  readonly status: BrokerStatus;
  readonly stats: ClientStats;
  readonly pending: number;
  readonly maxPending: number;
  readonly series: BrokerSeries;
}

interface BrokerFamily extends MetricFamily {
  /** All samples of one broker. */
  readonly write: (name: string, broker: Snapshot) => string;
}

const NO_SERIES = new BrokerSeries();
const NO_STATS = new ClientStats();

/**
 * The metrics of all brokers: what is counted while commands travel, and what is read off the gateway when it is asked for.
 * The series of a broker disappear with it.
 *
 * Written by hand, in slices: prom-client takes a second for a thousand brokers, and holds the event loop while it does.
 */
@Injectable()
export class BrokerMetrics implements GatewayObserver, MetricSource {
  readonly #gateway: BrokerGateway;
  readonly #registry: ProjectRegistry;
  readonly #series = new Map<string, BrokerSeries>();

  constructor(gateway: BrokerGateway, registry: ProjectRegistry) {
    this.#gateway = gateway;
    this.#registry = registry;
  }

  get families(): readonly MetricFamily[] {
    return FAMILIES;
  }

  onBrokerAdded(broker: BrokerRef): BrokerObserver {
    const series = new BrokerSeries();
    this.#series.set(brokerKey(broker), series);
    return series;
  }

  onBrokerRemoved(broker: BrokerRef): void {
    this.#series.delete(brokerKey(broker));
  }

  async *pieces(): AsyncGenerator<string, void> {
    const brokers: Snapshot[] = [];
    const slice = new Slice();
    for (const { id: projectId, brokers: configured } of this.#registry.projects) {
      for (const { id: brokerId, maxPending } of configured) {
        brokers.push(this.#snapshot({ projectId, brokerId }, maxPending));
        if (slice.isOver) await slice.next();
      }
    }
    for (const family of FAMILIES) {
      let text = familyHead(family);
      for (const broker of brokers) {
        text += family.write(family.name, broker);
        if (text.length >= PIECE_CHARACTERS) {
          yield text;
          text = '';
        }
        if (slice.isOver) await slice.next();
      }
      yield text;
    }
  }

  #snapshot(ref: BrokerRef, maxPending: number): Snapshot {
    return {
      // Ids hold nothing that would need an escape.
      labels: `project="${ref.projectId}",broker="${ref.brokerId}"`,
      status: this.#gateway.status(ref),
      stats: this.#gateway.stats(ref) ?? NO_STATS,
      pending: this.#gateway.pendingCount(ref),
      maxPending,
      series: this.#series.get(brokerKey(ref)) ?? NO_SERIES,
    };
  }
}

/** The part of a long piece of work that is done in one turn of the event loop. */
class Slice {
  #startedAt = performance.now();
  #steps = 0;

  get isOver(): boolean {
    // The clock is looked at now and then only.
    this.#steps += 1;
    return this.#steps % 16 === 0 && performance.now() - this.#startedAt > SLICE_MS;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.#startedAt = performance.now();
  }
}

const BROKER = ['project', 'broker'] as const;

const FAMILIES: readonly BrokerFamily[] = [
  {
    name: `${PREFIX}commands_total`,
    help: 'Commands by broker, command and outcome: OK or the error code.',
    type: 'counter',
    labelNames: [...BROKER, 'command', 'outcome'],
    write(name, { labels, series }) {
      let text = '';
      for (const [command, { outcomes }] of series.commands)
        for (const [outcome, count] of outcomes)
          text += `${name}{${labels},command="${command}",outcome="${outcome}"} ${count}\n`;
      return text;
    },
  },
  {
    name: `${PREFIX}command_duration_seconds`,
    help: 'Time from asking for a command to its outcome, waiting included.',
    type: 'histogram',
    labelNames: [...BROKER, 'command'],
    write(name, { labels, series }) {
      let text = '';
      for (const [command, { duration }] of series.commands)
        if (duration !== undefined) text += histogramText(name, `${labels},command="${command}"`, duration);
      return text;
    },
  },
  {
    name: `${PREFIX}batch_commands`,
    help: 'Commands in one MQTT message.',
    type: 'histogram',
    labelNames: BROKER,
    write: (name, { labels, series }) =>
      series.commands.size === 0 ? '' : histogramText(name, labels, series.batch),
  },
  {
    name: `${PREFIX}commands_pending`,
    help: 'Commands that wait or are in flight.',
    type: 'gauge',
    labelNames: BROKER,
    write: (name, { labels, pending }) => `${name}{${labels}} ${pending}\n`,
  },
  {
    name: `${PREFIX}commands_pending_limit`,
    help: 'How many commands may wait or be in flight: maxPending of the broker.',
    type: 'gauge',
    labelNames: BROKER,
    write: (name, { labels, maxPending }) => `${name}{${labels}} ${maxPending}\n`,
  },
  {
    name: `${PREFIX}broker_state`,
    help: '1 for the state that the connection is in, 0 for the others.',
    type: 'gauge',
    labelNames: [...BROKER, 'state'],
    write(name, { labels, status }) {
      let text = '';
      for (const state of CONNECTION_STATES)
        text += `${name}{${labels},state="${state}"} ${state === status.state ? 1 : 0}\n`;
      return text;
    },
  },
  {
    name: `${PREFIX}broker_api_state`,
    help: 'Always 1; what is known of a control API of the broker is in the label.',
    type: 'gauge',
    labelNames: [...BROKER, 'api', 'state'],
    write(name, { labels, status }) {
      let text = '';
      for (const api of CONTROL_API_NAMES)
        text += `${name}{${labels},api="${api}",state="${status.features[api]}"} 1\n`;
      return text;
    },
  },
  {
    name: `${PREFIX}broker_change_pending`,
    help: '1 while a changed configuration of the broker cannot take effect because its connection does not come up.',
    type: 'gauge',
    labelNames: BROKER,
    write: (name, { labels, status }) => `${name}{${labels}} ${status.pendingChange === null ? 0 : 1}\n`,
  },
  {
    name: `${PREFIX}broker_connects_total`,
    help: 'Times the connection came up.',
    type: 'counter',
    labelNames: BROKER,
    write: (name, { labels, stats }) => `${name}{${labels}} ${stats.connects}\n`,
  },
  {
    name: `${PREFIX}broker_reconnects_total`,
    help: 'Times the connection came up again.',
    type: 'counter',
    labelNames: BROKER,
    write: (name, { labels, stats }) => `${name}{${labels}} ${Math.max(0, stats.connects - 1)}\n`,
  },
  {
    name: `${PREFIX}broker_connection_failures_total`,
    help: 'Attempts to connect that failed and connections that were lost, by reason; takeover: another connection has the same client id.',
    type: 'counter',
    labelNames: [...BROKER, 'reason'],
    write: (name, { labels, stats }) => byReason(name, labels, FAILURE_REASONS, stats.failures),
  },
  {
    name: `${PREFIX}replies_ignored_total`,
    help: 'Replies that matched no waiting command, by reason.',
    type: 'counter',
    labelNames: [...BROKER, 'reason'],
    write: (name, { labels, stats }) => byReason(name, labels, IGNORED_REASONS, stats.ignored),
  },
];

/** A sample for each reason; none while all are zero, which would be most of the text where there are many brokers. */
function byReason<R extends string>(
  name: string,
  labels: string,
  reasons: readonly R[],
  counts: Readonly<Record<R, number>>,
): string {
  let text = '';
  let isZero = true;
  for (const reason of reasons) {
    text += `${name}{${labels},reason="${reason}"} ${counts[reason]}\n`;
    isZero &&= counts[reason] === 0;
  }
  return isZero ? '' : text;
}
