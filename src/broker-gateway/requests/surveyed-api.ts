import type { FeatureFinding, FeatureState } from '../connection/broker-status.js';
import { reasonWords } from '../connection/reason-codes.js';
import { brokerDenied, endpointSilent, type GatewayError } from '../gateway-error.js';
import {
  ABSENT,
  ANSWERS,
  CLOSES,
  denied,
  findingOf,
  NOT_ASKED,
  silent,
  type Finding,
} from '../protocol/api-probe.js';
import { CONTROL_APIS, type ControlApi } from '../protocol/control-api.js';

/** A connection that is lost so soon after a question may have been closed because of it. */
const SOON_MS = 2000;
const LOSSES_THAT_TELL = 3;
const LEAVE_ALONE_MS = 10 * 60_000;

/** What is known of one control API of a broker, from its answers, its silence, and the connections that it cost. */
export class SurveyedApi {
  readonly #api: ControlApi;
  readonly #onFinding: (finding: FeatureFinding) => void;
  #finding: FeatureFinding = { ...NOT_ASKED, since: Date.now() };
  /** The reason code with which the subscription to its answers was refused. */
  #deniedCode: number | undefined;
  #isAnswering = false;
  /** When it was asked, while it has not answered; on the clock of `performance.now()`. */
  #askedAt: number | undefined;
  /** Connections in a row that were lost soon after it was asked, and it alone. */
  #losses = 0;
  /** It is not asked before, on the clock of `performance.now()`. */
  #leaveAloneUntil = 0;

  /** @param onFinding something else than before is known */
  constructor(api: ControlApi, onFinding: (finding: FeatureFinding) => void) {
    this.#api = api;
    this.#onFinding = onFinding;
  }

  get finding(): FeatureFinding {
    return this.#finding;
  }

  get state(): FeatureState {
    return this.#finding.state;
  }

  /** Whether it answers on this connection, so that its commands need no acknowledgement. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /** The error of a request to it while it is known that no answer will come. */
  get refusal(): GatewayError | undefined {
    const { state, words } = this.#finding;
    if (this.#deniedCode !== undefined) return brokerDenied(this.#deniedCode, words);
    return state === 'silent' ? endpointSilent(CONTROL_APIS[this.#api].requestTopic) : undefined;
  }

  /** Whether there is no reason not to ask it. */
  get mayBeAsked(): boolean {
    return this.#deniedCode === undefined && performance.now() >= this.#leaveAloneUntil;
  }

  /** Whether it may have cost a connection. */
  get isSuspect(): boolean {
    return this.#losses > 0;
  }

  /** Whether the connection, if it is lost now, may be lost because of the question. */
  get wasJustAsked(): boolean {
    return this.#askedAt !== undefined && performance.now() - this.#askedAt < SOON_MS;
  }

  /**
   * Begins a new connection.
   *
   * @param deniedCode the reason code with which the subscription to its answers was refused; undefined: it was not
   */
  begin(deniedCode: number | undefined): void {
    this.#deniedCode = deniedCode;
    this.#isAnswering = false;
    if (deniedCode !== undefined)
      this.#learn(denied(`the broker refused the subscription to its answers, ${reasonWords(deniedCode)}`));
    else if (this.mayBeAsked) this.#learn(NOT_ASKED);
  }

  /** It is asked. */
  noteQuestion(): void {
    this.#askedAt = performance.now();
  }

  /**
   * The question has its answer, or is not waited for any longer.
   *
   * @param silentForMs how long there was no answer; undefined: there was one, or none is possible
   */
  noteEndOfQuestion(silentForMs?: number): void {
    this.#askedAt = undefined;
    if (silentForMs !== undefined && (this.state === 'unknown' || this.state === 'silent'))
      this.#learn(silent(silentForMs));
  }

  /**
   * The connection was lost soon after the question.
   *
   * @param isAlone whether no other API had just been asked
   */
  noteLoss(isAlone: boolean): void {
    this.#losses += 1;
    this.#askedAt = undefined;
    if (this.#losses < LOSSES_THAT_TELL || !isAlone) return;
    this.#losses = 0;
    this.#leaveAloneUntil = performance.now() + LEAVE_ALONE_MS;
    this.#learn(CLOSES);
  }

  /** It has answered a command. */
  noteSuccess(): void {
    this.#noteReply(true);
    if (this.state !== 'available') this.#learn(ANSWERS);
  }

  /** It has answered a command with an error. */
  noteFailure(error: GatewayError): void {
    this.#noteReply(true);
    const finding = findingOf(error);
    // One command that it cannot do says nothing against the others.
    if (finding !== undefined && !(finding.state === 'unsupported' && this.state === 'available'))
      this.#learn(finding);
  }

  /** It has left a command unanswered: acknowledgements will tell more. */
  noteSilence(): void {
    this.#isAnswering = false;
  }

  /** The broker says that it has no such API. */
  noteAbsence(): void {
    this.#noteReply(false);
    this.#learn(ABSENT);
  }

  /** The broker refused a message to it. */
  noteDenial(words: string): void {
    this.#noteReply(false);
    this.#learn(denied(words));
  }

  #noteReply(isAnswering: boolean): void {
    this.#isAnswering = isAnswering;
    this.#askedAt = undefined;
    this.#losses = 0;
  }

  #learn({ state, words }: Finding): void {
    const { state: before, words: wordsBefore, since } = this.#finding;
    if (before === state && wordsBefore === words) return;
    this.#finding = { state, words, since: before === state ? since : Date.now() };
    this.#onFinding(this.#finding);
  }
}
