import { CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';

/** Commands of one caller that wait to be sent together: one, in most cases. */
export interface Sendable {
  readonly api: ControlApi;
  /** How many commands. */
  readonly size: number;
  /** Size of the encoded commands, bytes. */
  readonly bytes: number;
  /** Whether it waits behind all that are not. */
  readonly isBulk: boolean;
  /** Whether a message may hold only one such command, because it is much work for the broker. */
  readonly isHeavy: boolean;
  /** Whether it is still to be sent. */
  readonly isQueued: boolean;
}

/** How much travels in one message. */
export interface BatchLimits {
  readonly maxCommands: number;
  /** Of the encoded commands together; a single larger command travels alone. */
  readonly maxBytes: number;
}

/** What the connection takes now: nothing, only what is not bulk, or anything; `idle`: anything, and nothing is under way. */
export type Room = 'none' | 'single' | 'any' | 'idle';

/**
 * So many commands that are not bulk do not wait for the others of their tick if the broker has nothing to do: it works on them
 * while this process reads the next ones, where both would wait for each other in turn. Figures in bench/README.md.
 */
const ENOUGH_FOR_A_MESSAGE = 32;

const TURNS = CONTROL_API_NAMES.map((_api, first) => [
  ...CONTROL_API_NAMES.slice(first),
  ...CONTROL_API_NAMES.slice(0, first),
]);

interface Lanes<T extends Sendable> {
  readonly single: Fifo<T>;
  readonly bulk: Fifo<T>;
}

/**
 * Collects the commands of one tick of the event loop and hands them over as batches, one API each; first in, first out
 * within an API, bulk commands after all others. The APIs take turns. A broker with nothing to do gets the first batch as soon
 * as there is enough for one.
 *
 * While the connection takes no more messages, commands stay here, where they can still be dropped, until `flush` is
 * called again.
 */
export class SendQueue<T extends Sendable> {
  readonly #lanes: Readonly<Record<ControlApi, Lanes<T>>>;
  readonly #room: () => Room;
  readonly #send: (api: ControlApi, batch: readonly T[]) => void;
  #limits: BatchLimits;
  /** Which API came first last time. */
  #turn = TURNS.length - 1;
  #scheduled: NodeJS.Immediate | undefined;
  /** Commands that are not bulk and came since the last batch. */
  #added = 0;

  /**
   * @param room what the connection takes now
   * @param send takes a batch of at least one command
   */
  constructor(limits: BatchLimits, room: () => Room, send: (api: ControlApi, batch: readonly T[]) => void) {
    this.#limits = limits;
    this.#room = room;
    this.#send = send;
    this.#lanes = { clientControl: emptyLanes(), clientInspect: emptyLanes(), extension: emptyLanes() };
  }

  /** Applies to the batches from now on. */
  set limits(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Takes a command; it is sent, with others of this tick, before the event loop waits again. */
  add(command: T): void {
    const { single, bulk } = this.#lanes[command.api];
    if (command.isBulk) bulk.push(command);
    else {
      single.push(command);
      this.#added += command.size;
    }
    this.#scheduled ??= setImmediate(this.flush);
    if (this.#added >= ENOUGH_FOR_A_MESSAGE && this.#room() === 'idle') this.#sendOne('single');
  }

  /** Sends as many batches as the connection takes now. */
  readonly flush = (): void => {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    for (let room = this.#room(); room !== 'none'; room = this.#room()) {
      if (!this.#sendOne('single') && (room === 'single' || !this.#sendOne('bulk'))) return;
    }
  };

  /** Lets go of the oldest commands that are no longer wanted; the youngest cannot expire before them. */
  dropUnwanted(): void {
    for (const api of CONTROL_API_NAMES) {
      this.#lanes[api].single.first();
      this.#lanes[api].bulk.first();
    }
  }

  /** Forgets everything that waits. */
  clear(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    this.#added = 0;
    for (const api of CONTROL_API_NAMES) {
      this.#lanes[api].single.clear();
      this.#lanes[api].bulk.clear();
    }
  }

  /** Sends one message of the next API that has commands in this lane; false if none has. */
  #sendOne(lane: keyof Lanes<T>): boolean {
    this.#added = 0;
    for (const api of this.#inTurn()) {
      const batch = this.#takeBatch(this.#lanes[api][lane]);
      if (batch.length === 0) continue;
      this.#send(api, batch);
      return true;
    }
    return false;
  }

  /** All APIs; another one comes first each time. */
  #inTurn(): readonly ControlApi[] {
    this.#turn = (this.#turn + 1) % TURNS.length;
    return TURNS[this.#turn] ?? CONTROL_API_NAMES;
  }

  /** Empty when nothing waits. */
  #takeBatch(lane: Fifo<T>): T[] {
    const { maxCommands, maxBytes } = this.#limits;
    const batch: T[] = [];
    let commands = 0;
    let bytes = 0;
    let hasHeavy = false;
    for (let next = lane.first(); next !== undefined; next = lane.first()) {
      // One more for the comma.
      bytes += next.bytes + 1;
      commands += next.size;
      const isTooMuch = commands > maxCommands || bytes > maxBytes || (hasHeavy && next.isHeavy);
      if (isTooMuch && batch.length > 0) return batch;
      hasHeavy ||= next.isHeavy;
      batch.push(next);
      lane.shift();
    }
    return batch;
  }
}

function emptyLanes<T extends Sendable>(): Lanes<T> {
  return { single: new Fifo<T>(), bulk: new Fifo<T>() };
}

/** A queue whose memory is given back at a cost that is constant per command. */
class Fifo<T extends Sendable> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest that is still to be sent; those before it are dropped. */
  first(): T | undefined {
    let oldest = this.#items[this.#head];
    while (oldest !== undefined && !oldest.isQueued) {
      this.shift();
      oldest = this.#items[this.#head];
    }
    return oldest;
  }

  shift(): void {
    this.#head += 1;
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
