import { setTimeout as delay } from 'node:timers/promises';
import type { FeatureFinding, FeatureState } from '../connection/broker-status.js';
import { endpointSilent, GatewayError, brokerDenied } from '../gateway-error.js';
import type { BrokerObserver } from '../gateway-observer.js';
import {
  ABSENT,
  ANSWERS,
  CLOSES,
  denied,
  findingOf,
  NOT_ASKED,
  probeOf,
  silent,
  type Finding,
} from '../protocol/api-probe.js';
import { CONTROL_API_NAMES, CONTROL_APIS, type ControlApi } from '../protocol/control-api.js';
import type { CommandData, ControlCommand } from '../protocol/control-protocol.js';
import { readExtensionInfo, type ExtensionInfo } from '../protocol/extension.js';
import { reasonWords } from '../connection/reason-codes.js';

/** An answer that takes longer is none, for the time being. */
const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5000;
/** With the longest wait, an API that is not available is asked again at least every 30 s. */
const ASK_AGAIN_MS = 20_000;
const ASK_AGAIN_JITTER_MS = 4000;
/** A connection that is lost so soon after a question may have been closed because of it. */
const SOON_MS = 2000;
const LOSSES_THAT_TELL = 3;
const LEAVE_ALONE_MS = 10 * 60_000;

/** Sends one of this service's own commands. */
export type Ask = (api: ControlApi, command: ControlCommand) => Promise<CommandData>;

/** What is known of one API. */
interface Known {
  finding: FeatureFinding;
  /** The reason code with which the subscription to its answers was refused. */
  deniedCode: number | undefined;
  /** Whether it answers, so that its commands need no acknowledgement. */
  isAnswering: boolean;
  /** When it was asked, while it has not answered; on the clock of `performance.now()`. */
  askedAt: number | undefined;
  /** Connections in a row that were lost soon after it was asked, and it alone. */
  losses: number;
  /** It is not asked before, on the clock of `performance.now()`. */
  leaveAloneUntil: number;
}

/**
 * Finds out which control APIs a broker answers: asks each with a harmless command after every connect, and again at least
 * every 30 s while it is not available. Every other answer counts as well.
 *
 * A broker that closes the connection because of a question is asked one question at a time, and no more for ten minutes
 * when one of them has cost three connections.
 */
export class ApiSurvey {
  readonly #ask: Ask;
  readonly #waitMs: number;
  readonly #observer: BrokerObserver;
  readonly #onIdentity: () => void;
  readonly #known: Record<ControlApi, Known>;
  #extension: ExtensionInfo | null = null;
  /** The client id by which the broker has been seen to know this connection. */
  #confirmedClientId: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends with the connection: what an old round of questions learns does not count. */
  #round: AbortController | undefined;
  #isKnown = true;
  #whenKnown: Promise<unknown> = Promise.resolve();

  /**
   * @param requestTimeoutMs the broker's deadline for commands
   * @param onIdentity {@link confirmedClientId} changed
   */
  constructor(ask: Ask, requestTimeoutMs: number, observer: BrokerObserver, onIdentity: () => void) {
    this.#ask = ask;
    this.#onIdentity = onIdentity;
    this.#waitMs = Math.min(Math.max(requestTimeoutMs, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    this.#observer = observer;
    const unknown = (): Known => ({
      finding: { ...NOT_ASKED, since: Date.now() },
      deniedCode: undefined,
      isAnswering: false,
      askedAt: undefined,
      losses: 0,
      leaveAloneUntil: 0,
    });
    this.#known = { clientControl: unknown(), clientInspect: unknown(), extension: unknown() };
  }

  get findings(): Readonly<Record<ControlApi, FeatureFinding>> {
    const { clientControl, clientInspect, extension } = this.#known;
    return {
      clientControl: clientControl.finding,
      clientInspect: clientInspect.finding,
      extension: extension.finding,
    };
  }

  stateOf(api: ControlApi): FeatureState {
    return this.#known[api].finding.state;
  }

  /** What the extension endpoint says of itself; null while it has said nothing on this connection. */
  get extension(): ExtensionInfo | null {
    return this.#extension;
  }

  get confirmedClientId(): string | undefined {
    return this.#confirmedClientId;
  }

  /** Whether the broker has answered about every API on this connection, or not in time. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when it {@link isKnown}, or the connection is lost before. Another promise for each connection. */
  get whenKnown(): Promise<unknown> {
    return this.#whenKnown;
  }

  /** Whether an API answers, so that its commands need no acknowledgement. */
  isAnswering(api: ControlApi): boolean {
    return this.#known[api].isAnswering;
  }

  /** The error of a request to an API of which it is known that no answer will come. */
  refusalOf(api: ControlApi): GatewayError | undefined {
    const { deniedCode, finding } = this.#known[api];
    if (deniedCode !== undefined) return brokerDenied(deniedCode, finding.words);
    return finding.state === 'silent' ? endpointSilent(CONTROL_APIS[api].requestTopic) : undefined;
  }

  /**
   * Begins a new connection.
   *
   * @param deniedApis the APIs whose response subscription was refused, with the reason code
   */
  start(deniedApis: ReadonlyMap<ControlApi, number>, clientId: string): void {
    this.#round = new AbortController();
    this.#extension = null;
    this.#confirm(undefined);
    for (const api of CONTROL_API_NAMES) {
      const known = this.#known[api];
      known.deniedCode = deniedApis.get(api);
      known.isAnswering = false;
      const isLeftAlone = performance.now() < known.leaveAloneUntil;
      if (known.deniedCode !== undefined)
        this.#learn(
          api,
          denied(`the broker refused the subscription to its answers, ${reasonWords(known.deniedCode)}`),
        );
      else if (!isLeftAlone) this.#learn(api, NOT_ASKED);
    }
    this.#isKnown = false;
    this.#whenKnown = this.#askAll(clientId, this.#round.signal);
  }

  /** The connection is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#round?.abort();
    this.#extension = null;
    const asked = CONTROL_API_NAMES.filter((api) => this.#wasJustAsked(api));
    for (const api of asked) {
      const known = this.#known[api];
      known.losses += 1;
      known.askedAt = undefined;
      if (known.losses < LOSSES_THAT_TELL || asked.length > 1) continue;
      known.losses = 0;
      known.leaveAloneUntil = performance.now() + LEAVE_ALONE_MS;
      this.#learn(api, CLOSES);
    }
  }

  /** It has answered a command. */
  noteSuccess(api: ControlApi): void {
    this.#noteReply(api);
    if (this.stateOf(api) !== 'available') this.#learn(api, ANSWERS);
  }

  /** It has answered a command with an error. */
  noteFailure(api: ControlApi, error: GatewayError): void {
    this.#noteReply(api);
    const finding = findingOf(error);
    // One command that it cannot do says nothing against the others.
    if (finding !== undefined && !(finding.state === 'unsupported' && this.stateOf(api) === 'available'))
      this.#learn(api, finding);
  }

  /** It has left a command unanswered: acknowledgements will tell more. */
  noteSilence(api: ControlApi): void {
    this.#known[api].isAnswering = false;
  }

  /** The broker says that it has no such API. */
  noteAbsence(api: ControlApi): void {
    this.#noteReply(api);
    this.#known[api].isAnswering = false;
    this.#learn(api, ABSENT);
  }

  /** The broker refused a message to it. */
  noteDenial(api: ControlApi, words: string): void {
    this.#noteReply(api);
    this.#known[api].isAnswering = false;
    this.#learn(api, denied(words));
  }

  #noteReply(api: ControlApi): void {
    const known = this.#known[api];
    known.isAnswering = true;
    known.askedAt = undefined;
    known.losses = 0;
  }

  #learn(api: ControlApi, { state, words }: Finding): void {
    const known = this.#known[api];
    if (known.finding.state === state && known.finding.words === words) return;
    const since = known.finding.state === state ? known.finding.since : Date.now();
    known.finding = { state, words, since };
    this.#observer.onFeature?.(api, known.finding);
  }

  #wasJustAsked(api: ControlApi): boolean {
    const { askedAt } = this.#known[api];
    return askedAt !== undefined && performance.now() - askedAt < SOON_MS;
  }

  /** Asks about all APIs that are not known to be available; those that may have cost a connection one by one, after the others. */
  async #askAll(clientId: string, signal: AbortSignal): Promise<void> {
    const open = CONTROL_API_NAMES.filter(
      (api) =>
        this.#known[api].deniedCode === undefined &&
        performance.now() >= this.#known[api].leaveAloneUntil &&
        (this.stateOf(api) !== 'available' || (api === 'extension' && this.#extension === null)),
    );
    const suspects = open.filter((api) => this.#known[api].losses > 0);
    const others = open.filter((api) => this.#known[api].losses === 0);
    await Promise.all(others.map((api) => this.#askOne(api, clientId, signal)));
    for (const api of suspects) await this.#askOne(api, clientId, signal);
    if (signal.aborted) return;
    this.#isKnown = true;
    this.#timer = setTimeout(
      () => void this.#askAll(clientId, signal),
      ASK_AGAIN_MS + Math.random() * ASK_AGAIN_JITTER_MS,
    ).unref();
  }

  async #askOne(api: ControlApi, clientId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const isOver = (): boolean => signal.aborted;
    const known = this.#known[api];
    known.askedAt = performance.now();
    const timer = new AbortController();
    signal.addEventListener('abort', () => timer.abort(), { once: true, signal: timer.signal });
    const timeUp = delay(this.#waitMs, 'silent', { signal: timer.signal, ref: false }).catch(() => 'over');
    const answer = this.#ask(api, probeOf(api, clientId)).then(
      (data) => {
        if (!signal.aborted) this.#read(api, data, clientId);
        return 'answered';
      },
      // An answer that comes after the deadline counts as well: it is waited for until the time is up.
      (error: unknown) =>
        error instanceof GatewayError && error.code === 'BROKER_TIMEOUT' ? timeUp : 'failed',
    );
    const ending = await Promise.race([answer, timeUp]);
    timer.abort();
    if (isOver()) return;
    known.askedAt = undefined;
    const isOpen = known.finding.state === 'unknown' || known.finding.state === 'silent';
    if (ending === 'silent' && isOpen) this.#learn(api, silent(this.#waitMs));
  }

  #read(api: ControlApi, data: CommandData, clientId: string): void {
    if (api === 'clientInspect') this.#confirm(this.#confirmedClientId ?? clientId);
    if (api !== 'extension') return;
    this.#extension = readExtensionInfo(data);
    this.#confirm(this.#extension.clientId ?? this.#confirmedClientId);
    this.#observer.onDescribed?.(this.#extension, clientId);
  }

  #confirm(clientId: string | undefined): void {
    this.#confirmedClientId = clientId;
    this.#onIdentity();
  }
}
