/** Which pings are answered: answers come in the order of the pings, the keepalive's own among them. */
export class PingCount {
  readonly #waiting: { readonly after: number; readonly onEnd: (isAnswered: boolean) => void }[] = [];
  #sent = 0;
  #answered = 0;

  sent(): void {
    this.#sent += 1;
  }

  answered(): void {
    this.#answered += 1;
    while ((this.#waiting[0]?.after ?? Infinity) <= this.#answered) this.#waiting.shift()?.onEnd(true);
  }

  /** Calls back when the ping that was sent last is answered, with true, or when the connection ends first. */
  whenAnswered(onEnd: (isAnswered: boolean) => void): void {
    this.#waiting.push({ after: this.#sent, onEnd });
  }

  close(): void {
    for (const { onEnd } of this.#waiting.splice(0)) onEnd(false);
  }
}
