import { Readable } from 'node:stream';
import type { EventRing, ServiceEvent } from './event-ring.js';

/** Events that one listener looks at before others have their turn. */
const EVENTS_PER_TURN = 500;
const HEARTBEAT_MS = 15_000;
const HIGH_WATER_MARK = 65_536;

/** What a listener may see, and wants to. */
export interface EventView {
  readonly isWanted: (event: ServiceEvent) => boolean;
  /** Whether to tell the listener who did it. */
  readonly isAdminOf: (event: ServiceEvent) => boolean;
}

/**
 * One listener's stream of server-sent events: a place in the ring, and nothing else that could grow. A reader that is
 * slow is left where it is; when the ring has moved on, it is told of a gap. Source: HTML Living Standard, section 9.2.
 */
export class EventStream extends Readable {
  readonly #ring: EventRing;
  readonly #view: EventView;
  readonly #heartbeat: NodeJS.Timeout;
  #position: number;
  #gap: string | undefined;
  #takeBack: (() => void) | undefined;
  #isReading = false;

  /**
   * @param head what is sent first
   * @param lastEventId the `Last-Event-ID` of a listener that comes back
   */
  constructor(ring: EventRing, view: EventView, head: string, lastEventId: string | undefined) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#ring = ring;
    this.#view = view;
    this.#position = ring.next;
    if (lastEventId !== undefined) this.#resume(lastEventId);
    this.push(head);
    this.#heartbeat = setInterval(() => {
      if (this.#isReading) this.push(': heartbeat\n\n');
    }, HEARTBEAT_MS).unref();
  }

  override _read(): void {
    this.#isReading = true;
    this.#pump();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#heartbeat);
    this.#takeBack?.();
    callback(error);
  }

  /** Ends the stream politely. */
  end(): void {
    clearInterval(this.#heartbeat);
    this.#takeBack?.();
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  #resume(lastEventId: string): void {
    const [run, sequence = ''] = lastEventId.split('.');
    const number = /^\d{1,15}$/.test(sequence) ? Number(sequence) : Number.NaN;
    if (run !== this.#ring.run || !(number < this.#ring.next))
      this.#gap = 'the events before belong to another run';
    else this.#position = number + 1;
  }

  #pump(): void {
    this.#takeBack = undefined;
    if (this.destroyed || !this.#isReading) return;
    if (this.#position < this.#ring.first) {
      this.#gap = 'the events before are not kept any more';
      this.#position = this.#ring.first;
    }
    let text = this.#gapText();
    const end = Math.min(this.#ring.next, this.#position + EVENTS_PER_TURN);
    for (; this.#position < end && text.length < HIGH_WATER_MARK; this.#position += 1) {
      const event = this.#ring.get(this.#position);
      if (event !== undefined && this.#view.isWanted(event)) text += this.#message(event);
    }
    if (text !== '') {
      this.#isReading = this.push(text);
      if (!this.#isReading) return;
    }
    if (this.#position < this.#ring.next) setImmediate(() => this.#pump());
    else this.#takeBack = this.#ring.whenNew(() => this.#pump());
  }

  #message(event: ServiceEvent): string {
    const data = event.adminData !== undefined && this.#view.isAdminOf(event) ? event.adminData : event.data;
    return `id: ${this.#ring.run}.${this.#position}\nevent: ${event.type}\ndata: ${data}\n\n`;
  }

  #gapText(): string {
    if (this.#gap === undefined) return '';
    const data = JSON.stringify({ time: new Date().toISOString(), missed: null, why: this.#gap });
    this.#gap = undefined;
    return `event: gap\ndata: ${data}\n\n`;
  }
}
