/** What the signals ask of a running service. */
export interface SignalTarget {
  /** SIGHUP. */
  reload(): void;
  /** SIGTERM or SIGINT; ends the process. */
  stop(signal: NodeJS.Signals): void;
}

/**
 * The process's signals, from its first moment on: without a handler SIGHUP would end it, and as process 1 of a container it
 * would not even notice SIGTERM. What is asked while the service starts is not lost: a stop ends the start, a reload follows it.
 * To be told to stop again changes nothing.
 */
export class ProcessSignals {
  #target: SignalTarget | undefined;
  #reloadAsked = false;
  #isStopping = false;

  /** Begins to listen. */
  constructor() {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        // Nothing is served yet, nothing is under way.
        if (this.#target === undefined) process.exit(0);
        // A stop ends by itself, within seconds: a second one would cut off what the first waits for.
        if (this.#isStopping) return;
        this.#isStopping = true;
        this.#target.stop(name);
      });
    }
    process.on('SIGHUP', () => {
      if (this.#target === undefined) this.#reloadAsked = true;
      else this.#target.reload();
    });
  }

  /** Hands the signals to the service, the reload that was asked for meanwhile first. */
  handTo(target: SignalTarget): void {
    this.#target = target;
    if (this.#reloadAsked) target.reload();
  }
}
