/**
 * Numbers the messages of a connection and limits how many are under way: sent, and not known to have arrived.
 *
 * A connection keeps the order of its messages, so one that has arrived says the same of all before it.
 */
export class MessageWindow {
  #lastSent = 0;
  #lastArrived = 0;
  #limit = 0;

  /** Whether another message may be sent. */
  get hasRoom(): boolean {
    return this.#lastSent - this.#lastArrived < this.#limit;
  }

  /** Messages that are under way. */
  get underWay(): number {
    return this.#lastSent - this.#lastArrived;
  }

  /** Begins a new connection: nothing is under way. */
  open(limit: number): void {
    this.#lastArrived = this.#lastSent;
    this.#limit = limit;
  }

  /** Ends the connection: nothing may be sent. */
  close(): void {
    this.#limit = 0;
  }

  /** Takes a place and gives the message its number, larger than all before. */
  send(): number {
    return ++this.#lastSent;
  }

  /** Notes that a message, and so all before it, has arrived; true if that made room. */
  arrive(number: number): boolean {
    if (number <= this.#lastArrived) return false;
    this.#lastArrived = number;
    return true;
  }

  hasArrived(number: number): boolean {
    return number <= this.#lastArrived;
  }
}
