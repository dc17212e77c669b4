import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What events there are; each is the `event:` field of its message. */
export const EVENT_TYPES = ['client.connected', 'client.disconnected', 'control', 'ban', 'broker'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What happened. `gap` stands for events of a broker that were missed before they came here. */
export interface ServiceEvent {
  readonly type: EventType | 'gap';
  readonly project: string;
  /** Undefined where it concerns all brokers of the project. */
  readonly broker: string | undefined;
  readonly clientid: string | undefined;
  /** Of a control connection: only for those who may control. */
  readonly isControl?: boolean;
  /** The message's data as JSON, as everybody may read it. */
  readonly data: string;
  /** The same for admins, where they may read more. */
  readonly adminData?: string;
}

/** Events that are kept for listeners that are behind or come back, and their bytes. */
const MAX_EVENTS = 20_000;
const MAX_CHARACTERS = 16_777_216;

/** Listeners are served for this long before others have their turn. */
const SLICE_MS = 5;
/**
 * After all were served, a pause of so many times what that took: telling listeners never takes more than a quarter of the
 * time, however many there are. A few of them are told at once; a thousand of them some times a second, of more at once.
 */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;

/**
 * The latest events of this process, numbered. Listeners read it at their own pace; whoever is further behind than it
 * reaches gets a gap. Memory is bounded, however many listeners there are and whatever devices call themselves.
 */
export class EventRing {
  /** Tells this run of the process from others: a number means nothing to another replica. */
  readonly run = randomBytes(6).toString('hex');
  #events: ServiceEvent[] = [];
  #characters = 0;
  /** Number of the first event that is kept. */
  #first = 1;
  /** Whoever waits for events. Those that are being served are in a set of their own. */
  #waiting = new Set<() => void>();
  #isWaking = false;
  /** Counts what somebody who waits has not seen. */
  #news = 0;
  #pauseUntil = 0;

  /** Number of the oldest event that can still be read. */
  get first(): number {
    return this.#first;
  }

  /** Number of the next event. */
  get next(): number {
    return this.#first + this.#events.length;
  }

  add(event: ServiceEvent): void {
    this.#events.push(event);
    this.#characters += sizeOf(event);
    if (this.#events.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS) this.#trim();
    this.#news += 1;
    this.#wakeLater();
  }

  /** The event with a number; undefined if it is gone, or not there yet. */
  get(number: number): ServiceEvent | undefined {
    return this.#events[number - this.#first];
  }

  /**
   * Calls back once, a turn or more after there is an event that a listener at `position` has not seen.
   *
   * @returns takes that back
   */
  whenNew(position: number, callback: () => void): () => void {
    const waiting = this.#waiting;
    waiting.add(callback);
    if (position < this.next) {
      this.#news += 1;
      this.#wakeLater();
    }
    return () => waiting.delete(callback);
  }

  #wakeLater(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    const pauseMs = this.#pauseUntil - performance.now();
    if (pauseMs < 1) setImmediate(() => void this.#wake());
    else setTimeout(() => void this.#wake(), pauseMs);
  }

  /** Serves those that wait now, in slices. Whoever comes meanwhile is served the next time. */
  async #wake(): Promise<void> {
    const served = this.#waiting;
    this.#waiting = new Set();
    const newsBefore = this.#news;
    let tookMs = 0;
    let startedAt = performance.now();
    for (const callback of served) {
      served.delete(callback);
      callback();
      const sliceMs = performance.now() - startedAt;
      if (sliceMs < SLICE_MS) continue;
      tookMs += sliceMs;
      await nextTurn();
      startedAt = performance.now();
    }
    const now = performance.now();
    tookMs += now - startedAt;
    this.#pauseUntil = now + Math.min(MAX_PAUSE_MS, tookMs * PAUSE_FACTOR);
    this.#isWaking = false;
    if (this.#news !== newsBefore) this.#wakeLater();
  }

  /** Drops a tenth at once, so that it costs little per event. */
  #trim(): void {
    let dropped = 0;
    while (
      dropped < this.#events.length &&
      (this.#events.length - dropped > MAX_EVENTS * 0.9 || this.#characters > MAX_CHARACTERS * 0.9)
    ) {
      const event = this.#events[dropped++];
      if (event !== undefined) this.#characters -= sizeOf(event);
    }
    this.#events = this.#events.slice(dropped);
    this.#first += dropped;
  }
}

function sizeOf({ data, adminData }: ServiceEvent): number {
  return data.length + (adminData?.length ?? 0) + 100;
}
