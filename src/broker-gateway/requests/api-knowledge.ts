import type { FeatureState } from '../connection/broker-status.js';
import { CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';

/** What a connection has shown of the broker's control APIs; a new connection starts afresh. */
export class ApiKnowledge {
  readonly #features: Record<ControlApi, FeatureState> = {
    clientControl: 'unknown',
    clientInspect: 'unknown',
    extension: 'unknown',
  };
  readonly #answering = new Set<ControlApi>();
  #denied: ReadonlyMap<ControlApi, number> = new Map();

  /** A snapshot, as the discovery API shows it. */
  get features(): Readonly<Record<ControlApi, FeatureState>> {
    return { ...this.#features };
  }

  /**
   * Begins a new connection.
   *
   * @param denied the APIs whose response subscription was refused, with the reason code
   */
  startAfresh(denied: ReadonlyMap<ControlApi, number>): void {
    this.#denied = denied;
    this.#answering.clear();
    for (const api of CONTROL_API_NAMES) this.#features[api] = denied.has(api) ? 'unavailable' : 'unknown';
  }

  /** The reason code with which an API's response subscription was refused; undefined if it was not. */
  denialOf(api: ControlApi): number | undefined {
    return this.#denied.get(api);
  }

  /** Whether an API answers, so that its commands need no acknowledgement. */
  isAnswering(api: ControlApi): boolean {
    return this.#answering.has(api);
  }

  /** It has answered a command. */
  noteAnswer(api: ControlApi): void {
    this.#features[api] = 'available';
    this.#answering.add(api);
  }

  /** It has left a command unanswered: acknowledgements will tell more. */
  noteSilence(api: ControlApi): void {
    this.#answering.delete(api);
  }

  /** The broker says that it has no such API. */
  noteAbsence(api: ControlApi): void {
    this.#features[api] = 'unavailable';
    this.#answering.delete(api);
  }
}
