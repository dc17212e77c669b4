import type { Socket } from 'node:net';

/** How a line behaves while it works. */
export interface LineShape {
  /** One-way delay of each chunk, drawn between the two; the order of chunks is kept. Milliseconds. */
  readonly latencyMs: readonly [number, number];
  readonly bytesPerSecond: number;
}

/** What both directions of a connection ask while they run. */
export interface LineControl {
  readonly shape: () => LineShape;
  readonly isStalled: () => boolean;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Sees every chunk that comes in. */
  readonly tap?: (chunk: Buffer) => void;
}

interface Queued {
  readonly chunk: Buffer;
  readonly dueAt: number;
}

/** So much waits inside a pipe before its source is no longer read, as a network's buffers would have it. */
const MAX_QUEUED_BYTES = 65_536;
/** Slices of a narrow line, per second. */
const SLICES_PER_SECOND = 50;

/** One direction of a connection: forwards bytes, late, slowly, not for now, only up to a point, or not at all. */
export class FaultyPipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #control: LineControl;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #lastDueAt = 0;
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #sourceEnded = false;
  #swallows = false;
  #cut: { bytesLeft: number; readonly onReached: () => void } | undefined;

  constructor(source: Socket, sink: Socket, control: LineControl) {
    this.#source = source;
    this.#sink = sink;
    this.#control = control;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.once('close', () => {
      this.#sourceEnded = true;
      this.pump();
    });
    source.once('end', () => {
      this.#sourceEnded = true;
      this.pump();
    });
  }

  /** From now on everything disappears, what is queued included. */
  swallow(): void {
    this.#swallows = true;
    this.#queue = [];
    clearTimeout(this.#timer);
    this.#source.resume();
  }

  /** Lets `bytes` more bytes through, then calls back instead of forwarding. */
  cutAfter(bytes: number, onReached: () => void): void {
    this.#cut = { bytesLeft: bytes, onReached };
  }

  /** Forwards what is due; call it when a stall ends. */
  readonly pump = (): void => {
    clearTimeout(this.#timer);
    while (!this.#swallows && !this.#control.isStalled()) {
      const head = this.#queue[0];
      if (head === undefined) {
        if (this.#sourceEnded) this.#sink.end();
        return;
      }
      const waitMs = Math.max(head.dueAt, this.#freeAt) - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(this.pump, Math.ceil(waitMs));
        return;
      }
      this.#forward(head);
    }
  };

  close(): void {
    this.swallow();
  }

  #take(chunk: Buffer): void {
    this.#control.tap?.(chunk);
    if (this.#swallows) return;
    const [min, max] = this.#control.shape().latencyMs;
    this.#lastDueAt = Math.max(
      this.#lastDueAt,
      performance.now() + min + (max - min) * this.#control.random(),
    );
    this.#queue.push({ chunk, dueAt: this.#lastDueAt });
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#source.pause();
    this.pump();
  }

  #forward({ chunk, dueAt }: Queued): void {
    const { bytesPerSecond } = this.#control.shape();
    const size = Math.min(chunk.length, Math.max(1, Math.floor(bytesPerSecond / SLICES_PER_SECOND)));
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (size / bytesPerSecond) * 1000;
    if (size === chunk.length) this.#queue.shift();
    else this.#queue[0] = { chunk: chunk.subarray(size), dueAt };
    this.#queuedBytes -= size;
    if (this.#queuedBytes <= MAX_QUEUED_BYTES) this.#source.resume();
    this.#write(chunk.subarray(0, size));
  }

  #write(bytes: Buffer): void {
    const cut = this.#cut;
    if (cut === undefined || cut.bytesLeft > bytes.length) {
      if (cut !== undefined) cut.bytesLeft -= bytes.length;
      if (this.#sink.writable) this.#sink.write(bytes);
      return;
    }
    this.#cut = undefined;
    this.#swallows = true;
    this.#sink.write(bytes.subarray(0, cut.bytesLeft), cut.onReached);
  }
}
