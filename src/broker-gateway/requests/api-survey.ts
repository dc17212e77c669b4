import { setTimeout as delay } from 'node:timers/promises';
import type { FeatureFinding } from '../connection/broker-status.js';
import { GatewayError } from '../gateway-error.js';
import type { BrokerObserver } from '../gateway-observer.js';
import { probeOf } from '../protocol/api-probe.js';
import { CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';
import type { CommandData, ControlCommand } from '../protocol/control-protocol.js';
import { readExtensionInfo, type ExtensionInfo } from '../protocol/extension.js';
import { SurveyedApi } from './surveyed-api.js';

/** An answer that takes longer is none, for the time being. */
const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5000;
/** With the longest wait, an API that is not available is asked again at least every 30 s. */
const ASK_AGAIN_MS = 20_000;
const ASK_AGAIN_JITTER_MS = 4000;

/** Sends one of this service's own commands. */
export type Ask = (api: ControlApi, command: ControlCommand) => Promise<CommandData>;

/**
 * Finds out which control APIs a broker answers: asks each with a harmless command after every connect, and again at least
 * every 30 s while it is not available. Every other answer counts as well, and so does one that comes after its deadline.
 *
 * A broker that closes the connection because of a question is asked one question at a time, and no more for ten minutes
 * when one of them has cost three connections.
 */
export class ApiSurvey {
  /** What is known of each. */
  readonly apis: Readonly<Record<ControlApi, SurveyedApi>>;
  readonly #ask: Ask;
  readonly #waitMs: number;
  readonly #observer: BrokerObserver;
  readonly #onIdentity: () => void;
  #extension: ExtensionInfo | null = null;
  /** The client id that the latest connection asked for. */
  #clientId = '';
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
    const surveyed = (api: ControlApi): SurveyedApi =>
      new SurveyedApi(api, (finding) => observer.onFeature?.(api, finding));
    this.apis = {
      clientControl: surveyed('clientControl'),
      clientInspect: surveyed('clientInspect'),
      extension: surveyed('extension'),
    };
  }

  get findings(): Readonly<Record<ControlApi, FeatureFinding>> {
    const { clientControl, clientInspect, extension } = this.apis;
    return {
      clientControl: clientControl.finding,
      clientInspect: clientInspect.finding,
      extension: extension.finding,
    };
  }

  /** What the extension endpoint says of itself; null while it has said nothing on this connection. */
  get extension(): ExtensionInfo | null {
    return this.#extension;
  }

  get confirmedClientId(): string | undefined {
    return this.#confirmedClientId;
  }

  /** Whether nothing is awaited: the broker has answered about every API on this connection, or not in time, or there is no connection. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when it {@link isKnown}, or the connection is lost before. Another promise for each connection. */
  get whenKnown(): Promise<unknown> {
    return this.#whenKnown;
  }

  /**
   * Begins a new connection.
   *
   * @param deniedApis the APIs whose response subscription was refused, with the reason code
   */
  start(deniedApis: ReadonlyMap<ControlApi, number>, clientId: string): void {
    this.#round = new AbortController();
    this.#extension = null;
    this.#clientId = clientId;
    this.#confirm(undefined);
    for (const api of CONTROL_API_NAMES) this.apis[api].begin(deniedApis.get(api));
    this.#isKnown = false;
    this.#whenKnown = this.#askAll(this.#round.signal);
  }

  /** The connection is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#round?.abort();
    this.#isKnown = true;
    this.#extension = null;
    const asked = Object.values(this.apis).filter(({ wasJustAsked }) => wasJustAsked);
    for (const api of asked) api.noteLoss(asked.length === 1);
  }

  /** An answer came whose command had been given up. */
  noteLateSuccess(api: ControlApi, command: string | undefined, data: CommandData): void {
    this.apis[api].noteSuccess();
    // Only the sender is answered there, so the question was put on this connection.
    if (api === 'extension' && command === 'describe' && this.#extension === null) this.#read(api, data);
  }

  /** Asks about all APIs that are not known to be available; those that may have cost a connection one by one, after the others. */
  async #askAll(signal: AbortSignal): Promise<void> {
    const open = CONTROL_API_NAMES.filter((api) => this.#isOpen(api));
    const suspects = open.filter((api) => this.apis[api].isSuspect);
    await Promise.all(open.filter((api) => !suspects.includes(api)).map((api) => this.#askOne(api, signal)));
    for (const api of suspects) await this.#askOne(api, signal);
    if (signal.aborted) return;
    this.#isKnown = true;
    const pauseMs = ASK_AGAIN_MS + Math.random() * ASK_AGAIN_JITTER_MS;
    this.#timer = setTimeout(() => void this.#askAll(signal), pauseMs).unref();
  }

  #isOpen(api: ControlApi): boolean {
    const { mayBeAsked, state } = this.apis[api];
    return mayBeAsked && (state !== 'available' || (api === 'extension' && this.#extension === null));
  }

  async #askOne(api: ControlApi, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const isOver = (): boolean => signal.aborted;
    this.apis[api].noteQuestion();
    const timer = new AbortController();
    signal.addEventListener('abort', () => timer.abort(), { once: true, signal: timer.signal });
    const timeUp = delay(this.#waitMs, 'silent', { signal: timer.signal, ref: false }).catch(() => 'over');
    const answer = this.#ask(api, probeOf(api, this.#clientId)).then(
      (data) => {
        if (!signal.aborted) this.#read(api, data);
        return 'answered';
      },
      // An answer that comes after the deadline counts as well: it is waited for until the time is up.
      (error: unknown) =>
        error instanceof GatewayError && error.code === 'BROKER_TIMEOUT' ? timeUp : 'failed',
    );
    const ending = await Promise.race([answer, timeUp]);
    timer.abort();
    if (!isOver()) this.apis[api].noteEndOfQuestion(ending === 'silent' ? this.#waitMs : undefined);
  }

  #read(api: ControlApi, data: CommandData): void {
    if (api === 'clientInspect') this.#confirm(this.#confirmedClientId ?? this.#clientId);
    if (api !== 'extension') return;
    this.#extension = readExtensionInfo(data);
    this.#confirm(this.#extension.clientId ?? this.#confirmedClientId);
    this.#observer.onDescribed?.(this.#extension, this.#clientId);
  }

  #confirm(clientId: string | undefined): void {
    this.#confirmedClientId = clientId;
    this.#onIdentity();
  }
}
