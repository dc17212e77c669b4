import type { EventRing } from './event-ring.js';
import type { EventView } from './event-view.js';

/** Events that are looked at in one go, and bytes of a chunk; others have their turn after it. */
export const EVENTS_PER_CHUNK = 500;
const CHUNK_BYTES = 65_536;
/** Chunks that are kept for other listeners, of all views together. */
const MAX_KEPT_BYTES = 8_388_608;
/** What an entry costs beside its bytes. */
const ENTRY_BYTES = 300;

/** Messages from a place in the ring on. */
export interface EventChunk {
  /** Undefined when the view wants none of these events. */
  readonly bytes: Buffer | undefined;
  /** Number of the event after them. */
  readonly next: number;
  /** Whether the chunk ends although there are more events. */
  readonly isCut: boolean;
}

/**
 * Writes events as messages of an event stream, once for all listeners of a view that have come as far: a thousand
 * listeners share one buffer, and an event is looked at and serialised once. Source: HTML Living Standard, section 9.2.
 */
export class EventWriter {
  readonly #ring: EventRing;
  /** The latest chunks, by view and place; the oldest first. */
  readonly #kept = new Map<string, EventChunk>();
  #keptBytes = 0;

  constructor(ring: EventRing) {
    this.#ring = ring;
  }

  /** What is kept for other listeners takes so much. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The messages of a view from a place on that the ring still holds. */
  chunkAt(position: number, view: EventView): EventChunk {
    const key = `${position} ${view.key}`;
    const kept = this.#kept.get(key);
    // One that ends where the ring ended then may be short by now; sharing it is still cheaper than another one.
    if (kept !== undefined) return kept;
    const chunk = this.#write(position, view);
    this.#kept.set(key, chunk);
    this.#keptBytes += sizeOf(key, chunk);
    for (const [oldKey, old] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#kept.delete(oldKey);
      this.#keptBytes -= sizeOf(oldKey, old);
    }
    return chunk;
  }

  #write(position: number, { isWanted, isAdminOf }: EventView): EventChunk {
    let text = '';
    let next = position;
    const end = Math.min(this.#ring.next, position + EVENTS_PER_CHUNK);
    for (; next < end && text.length < CHUNK_BYTES; next += 1) {
      const event = this.#ring.get(next);
      if (event === undefined || !isWanted(event)) continue;
      const data = event.adminData !== undefined && isAdminOf(event) ? event.adminData : event.data;
      text += `id: ${this.#ring.run}.${next}\nevent: ${event.type}\ndata: ${data}\n\n`;
    }
    return { bytes: text === '' ? undefined : Buffer.from(text), next, isCut: next < this.#ring.next };
  }
}

const sizeOf = (key: string, { bytes }: EventChunk): number =>
  key.length + ENTRY_BYTES + (bytes?.length ?? 0);
