import { appendFileSync, mkdirSync } from 'node:fs';
import { jest } from '@jest/globals';
import type { ControlApi } from '../../../src/broker-gateway/protocol/control-api.js';
import { Drain } from '../../../src/http/drain.js';
import { sized } from '../../support/test-form.js';
import { TestService } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { FaultProxy } from './fault-proxy.js';
import { Ledger, type LedgerOptions } from './ledger.js';
import { Load, type LoadOptions } from './load.js';
import { SEED } from './run-settings.js';
import { BROKER_PASSWORD, noteLogs, searchLogs } from './secrets.js';
import type { FaultyBroker } from './faulty-broker.js';

// Scenarios last as long as it takes until enough has come through, which on a busy machine is long.
jest.setTimeout(sized(300_000, 900_000));

const FIGURES_DIR = '.cache/faults';

export interface FaultRunOptions {
  /** The row's name in the table of figures. */
  readonly name: string;
  readonly broker: FaultyBroker;
  /** Settings of the broker in the service's configuration. */
  readonly settings?: Readonly<Record<string, unknown>> & { readonly requestTimeoutMs: number };
  readonly ledger?: Partial<LedgerOptions>;
  /** More brokers of the project, without faults. */
  readonly others?: readonly object[];
  /** What the broker is known to answer before the scenario begins; undefined: it may be that it answers nothing. */
  readonly answers?: ControlApi | undefined;
  /** What the ledger counts. Default: requests. */
  readonly unit?: CountedUnit;
}

export type CountedUnit = 'requests' | 'items';

/** What a busy machine may add to a deadline, milliseconds; what is never answered takes longer than any. */
const SLACK_MS = 15_000;
let runs = 0;

/** One situation: the service, with one broker behind a proxy that injects faults, and the ledger of what becomes of each request. */
export class FaultRun {
  readonly #name: string;
  readonly #unit: CountedUnit;
  /** Faults besides the proxy's. */
  faults = 0;

  private constructor(
    { name, unit = 'requests' }: Pick<FaultRunOptions, 'name' | 'unit'>,
    readonly service: TestService,
    readonly proxy: FaultProxy,
    readonly broker: FaultyBroker,
    readonly ledger: Ledger,
  ) {
    this.#name = name;
    this.#unit = unit;
  }

  /** Runs a scenario, and ends everything after it. */
  static async during(options: FaultRunOptions, scenario: (run: FaultRun) => Promise<void>): Promise<void> {
    const run = await FaultRun.#start(options);
    try {
      await scenario(run);
    } finally {
      await run.#stop();
    }
  }

  static async #start(options: FaultRunOptions): Promise<FaultRun> {
    const { broker, settings, ledger: ledgerOptions, others = [] } = options;
    const requestTimeoutMs = settings?.requestTimeoutMs ?? 500;
    const ledger = new Ledger(`r${++runs}`, {
      answerWithinMs: requestTimeoutMs + SLACK_MS,
      executionsPrecedeReplies: broker.recordsBeforeReply,
      readsLog: true,
      ...ledgerOptions,
    });
    broker.onExecuted = (clientId) => ledger.executed(clientId);
    const proxy = await FaultProxy.listen(broker.port, { seed: SEED, onToBroker: ledger.wire });
    const service = await TestService.start({
      brokers: [
        {
          id: 'b',
          url: proxy.url,
          protocolVersion: broker.protocolVersion,
          username: broker.username,
          password: BROKER_PASSWORD,
          requestTimeoutMs,
          connectTimeoutMs: 3000,
          keepaliveSeconds: 30,
          reconnect: { minDelayMs: 10, maxDelayMs: 100 },
          ...settings,
        },
        ...others,
      ],
    });
    noteLogs(service.logLines);
    const run = new FaultRun(options, service, proxy, broker, ledger);
    try {
      await service.brokerState('b');
      const { answers } = options;
      if (answers !== undefined) await run.answers(answers);
    } catch (error) {
      await run.#stop();
      throw error;
    }
    return run;
  }

  /** Waits until a broker of the project has answered the service's own question after the connect, which may be asked again. */
  async answers(api: ControlApi, brokerId = 'b'): Promise<void> {
    const isKnown = (): boolean =>
      this.service.gateway.status({ projectId: 'p', brokerId }).features[api] === 'available';
    await until(isKnown, `the ${api} API of broker ${brokerId} answers`);
  }

  /** Starts callers. */
  load(options: Pick<LoadOptions, 'lanes' | 'perSecond'> & Partial<LoadOptions>): Load {
    return Load.start({ url: this.service.url, ledger: this.ledger, ...options });
  }

  /** Waits until a request goes through again, as a caller sees it. */
  async recovered(): Promise<void> {
    this.proxy.heal();
    await until(async () => {
      const { status } = await this.service.control('disconnect', { clientid: 'somebody-who-is-not-there' });
      return status === 404 || status === 200;
    }, 'the broker is used again');
  }

  /** Waits for the executions that are still to be reported, closes the ledger, and keeps the figures for the table. Gives the first violations. */
  async settle(): Promise<readonly string[]> {
    if (this.ledger.unconfirmed > 0) {
      // What never comes is the ledger's to report.
      await until(() => this.ledger.unconfirmed === 0, 'executions', 20_000).catch(() => undefined);
    }
    const drain = this.service.app.get(Drain);
    await until(() => drain.inFlight === 0, 'every request has ended');
    for (const line of this.service.logLines) {
      const { msg, requestId, clientId, index } = JSON.parse(line) as {
        readonly msg: string;
        readonly requestId?: string;
        readonly clientId?: string;
        readonly index?: number;
      };
      // A call for many has a record of its own for each item, which is about a client.
      const isItem = msg === 'audit' && index !== undefined && clientId !== undefined;
      const isRecord = msg === 'request' || isItem;
      // What is not about one client is found by its request's id.
      const id = clientId ?? requestId;
      if (isRecord && id !== undefined) this.ledger.logged(id);
    }
    const violations = this.ledger.close();
    const faults = this.faults + this.proxy.faults;
    if (faults > 0 || this.ledger.figures.requests > 0)
      keepFigures(this.#name, faults, this.ledger, this.#unit);
    return violations.slice(0, 20);
  }

  async #stop(): Promise<void> {
    await this.service.stop();
    await this.proxy.close();
    await this.broker.stop();
    searchLogs(this.service.logLines);
  }
}

/**
 * Adds a row to the table that is printed when all specs have run.
 *
 * @param unit what was counted: requests, each with its own answer, or items of calls for many and bans
 */
export function keepFigures(
  name: string,
  faults: number,
  { figures }: Pick<Ledger, 'figures'>,
  unit: CountedUnit = 'requests',
): void {
  mkdirSync(FIGURES_DIR, { recursive: true });
  const residentMb = Math.round(process.resourceUsage().maxRSS / 1024);
  appendFileSync(
    `${FIGURES_DIR}/figures.jsonl`,
    `${JSON.stringify({ seed: SEED, name, unit, faults, residentMb, ...figures })}\n`,
  );
}
