import { Readable } from 'node:stream';
import type { EventRing } from './event-ring.js';
import type { EventView } from './event-view.js';
import { EVENTS_PER_CHUNK, type EventWriter } from './event-writer.js';

const HEARTBEAT_MS = 15_000;
const HIGH_WATER_MARK = 65_536;

/**
 * One listener's stream of server-sent events: a place in the ring, and nothing else that could grow. A reader that is
 * slow is left where it is; when the ring has moved on, it is told of a gap. Source: HTML Living Standard, section 9.2.
 */
export class EventStream extends Readable {
  /** What is told from now on; changes with the caller's grants. */
  view: EventView;
  readonly #ring: EventRing;
  readonly #writer: EventWriter;
  readonly #heartbeat: NodeJS.Timeout;
  #position: number;
  #gap: string | undefined;
  #takeBack: (() => void) | undefined;
  #isReading = false;

  /**
   * @param head what is sent first, with an id, so that a listener that is cut before it was told anything comes back to here
   * @param lastEventId the `Last-Event-ID` of a listener that comes back
   */
  constructor(
    { ring, writer }: { readonly ring: EventRing; readonly writer: EventWriter },
    view: EventView,
    head: string,
    lastEventId: string | undefined,
  ) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#ring = ring;
    this.#writer = writer;
    this.view = view;
    this.#position = ring.next;
    if (lastEventId !== undefined) this.#resume(lastEventId);
    this.push(`${this.#gapText()}id: ${ring.run}.${this.#position - 1}\n${head}`);
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
    // Node asks for more after each piece: whatever was arranged before is void, or the stream would wait twice, and so on.
    this.#takeBack?.();
    this.#takeBack = undefined;
    if (this.destroyed || !this.#isReading) return;
    if (this.#position < this.#ring.first) {
      this.#gap = 'the events before are not kept any more';
      this.#position = this.#ring.first;
    }
    const gap = this.#gapText();
    if (gap !== '') this.#isReading = this.push(gap);
    let isBehind = false;
    if (this.#position < this.#ring.next) {
      const chunk = this.#writer.chunkAt(this.#position, this.view);
      this.#position = chunk.next;
      isBehind = chunk.isCut || this.#ring.next - chunk.next > EVENTS_PER_CHUNK;
      if (chunk.bytes !== undefined) this.#isReading = this.push(chunk.bytes);
    }
    if (!this.#isReading) return;
    // A listener that is behind goes on as fast as it reads; one that is not waits until all have their turn.
    if (isBehind) {
      const turn = setImmediate(() => this.#pump());
      this.#takeBack = () => clearImmediate(turn);
    } else this.#takeBack = this.#ring.whenNew(this.#position, () => this.#pump());
  }

  #gapText(): string {
    if (this.#gap === undefined) return '';
    const data = JSON.stringify({ time: new Date().toISOString(), missed: null, why: this.#gap });
    this.#gap = undefined;
    return `event: gap\ndata: ${data}\n\n`;
  }
}
