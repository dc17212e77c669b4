import { randomBytes } from 'node:crypto';

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
  readonly #waiting = new Set<() => void>();
  #isWaking = false;

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
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    setImmediate(() => this.#wake());
  }

  /** The event with a number; undefined if it is gone, or not there yet. */
  get(number: number): ServiceEvent | undefined {
    return this.#events[number - this.#first];
  }

  /** Calls back once, a turn after the next event came. @returns takes that back */
  whenNew(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  #wake(): void {
    this.#isWaking = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
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
