import type { BrokerEvent, ClientEvent } from './broker-event.js';
import type { BrokerStatus, ConnectionState } from './connection/broker-status.js';
import type { ExtensionInfo } from './protocol/extension.js';
import type { CommandData, ControlCommand, EventBatch } from './protocol/control-protocol.js';

/** How long the broker goes on sending events after it was last asked to. */
const LEASE_SECONDS = 60;
const RENEW_MS = 25_000;
/** Events that the broker has counted are here after this long, or were missed. It sends them ten times a second. */
const ARRIVE_MS = 3000;

/**
 * Tells those who listen what happens on one broker. The broker is asked for the comings and goings of its clients only
 * while somebody listens, and again after each connect; what was missed meanwhile is told as a gap.
 */
export class BrokerEvents {
  readonly #ask: (command: ControlCommand) => Promise<CommandData>;
  readonly #extension: () => ExtensionInfo | null;
  readonly #listeners = new Set<(event: BrokerEvent) => void>();
  #state: ConnectionState | undefined;
  /** Number of the last event that the broker has counted, as far as it is known. */
  #sequence: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Looks whether what the broker had counted at the latest renewal has come. */
  #arrivals: NodeJS.Timeout | undefined;

  /**
   * @param ask sends a command of this service's own to the extension endpoint
   * @param extension what the broker says of that endpoint
   */
  constructor(ask: (command: ControlCommand) => Promise<CommandData>, extension: () => ExtensionInfo | null) {
    this.#ask = ask;
    this.#extension = extension;
  }

  /** See {@link BrokerGateway.subscribeEvents}. */
  subscribe(listener: (event: BrokerEvent) => void): () => void {
    // Of its own, so that the same function can listen twice.
    const own = (event: BrokerEvent): void => listener(event);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#end();
    };
  }

  /** The broker's status may have changed. */
  onStatus(status: BrokerStatus): void {
    if (status.state === this.#state) return;
    this.#state = status.state;
    this.#tell({ kind: 'state', status });
  }

  /** The broker has described its endpoint: this is a new connection, which has not asked for events yet. */
  onDescribed(): void {
    clearTimeout(this.#arrivals);
    if (this.#listeners.size > 0) void this.#watch((sequence) => this.#catchUp(sequence));
  }

  /** Events came. */
  onEvents({ events, sequence, missed }: EventBatch): void {
    const first = sequence - events.length;
    const hole = this.#sequence === undefined ? 0 : first - this.#sequence;
    if (hole > 0 || missed > 0) this.#tell({ kind: 'gap', missed: Math.max(hole, missed) });
    else if (hole < 0) this.#tell({ kind: 'gap', missed: undefined });
    this.#sequence = sequence;
    for (const event of events) {
      const read = readEvent(event);
      if (read !== undefined) this.#tell(read);
    }
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#listeners.clear();
    clearInterval(this.#timer);
    clearTimeout(this.#arrivals);
  }

  #begin(): void {
    this.#sequence = undefined;
    const expect = (sequence: number): void => this.#expect(sequence);
    this.#timer = setInterval(() => void this.#watch(expect), RENEW_MS).unref();
    void this.#watch((sequence) => this.#catchUp(sequence));
  }

  #end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#arrivals);
    if (this.#extension()?.features.events === true)
      this.#ask({ command: 'unwatchEvents' }).catch(() => undefined);
  }

  /** Asks for a lease, or for more of it; `then` is told how many events the broker has counted. */
  async #watch(then: (sequence: number) => void): Promise<void> {
    if (this.#extension()?.features.events !== true) return;
    try {
      const { sequence } = await this.#ask({ command: 'watchEvents', seconds: LEASE_SECONDS });
      if (typeof sequence === 'number') then(sequence);
    } catch {
      // The next renewal, or the next connect, asks again.
    }
  }

  /** The broker has counted so many events, some of which may be on their way. */
  #expect(sequence: number): void {
    clearTimeout(this.#arrivals);
    this.#arrivals = setTimeout(() => {
      if (this.#sequence !== undefined && this.#sequence < sequence) this.#catchUp(sequence);
    }, ARRIVE_MS).unref();
  }

  /** The broker has counted so many events up to now, and sends those after it. */
  #catchUp(sequence: number): void {
    const missed = this.#sequence === undefined ? 0 : sequence - this.#sequence;
    // A broker that began anew counts from the beginning.
    if (missed !== 0) this.#tell({ kind: 'gap', missed: missed > 0 ? missed : undefined });
    this.#sequence = sequence;
  }

  #tell(event: BrokerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function readEvent({ type, ...fields }: Readonly<Record<string, unknown>>): ClientEvent | undefined {
  const isKnown = type === 'connected' || type === 'disconnected';
  if (!isKnown || typeof fields.clientid !== 'string' || typeof fields.time !== 'number') return undefined;
  return { ...fields, kind: type } as ClientEvent;
}
