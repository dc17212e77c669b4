import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { shuttingDown } from '../broker-gateway/gateway-error.js';

/** Whether the service still takes work, and how much of it is under way. */
@Injectable()
export class Drain {
  #draining = false;
  #inFlight = 0;
  #onIdle: (() => void) | undefined;
  readonly #started = new AbortController();

  constructor() {
    setMaxListeners(0, this.#started.signal);
  }

  /**
   * Aborted when the service begins to drain: for work that would go on for long. The reason is the error that what is kept
   * back fails with. Work that begins late finds it aborted already, and hears no event any more.
   */
  get signal(): AbortSignal {
    return this.#started.signal;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** Requests that are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** Refuses new work from now on, and resolves when what is under way has finished, at the latest after `graceMs`. */
  async start(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#started.abort(shuttingDown());
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
