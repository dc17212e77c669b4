import type { BrokerEvent, ClientEvent } from './broker-event.js';
import type { BrokerStatus, ConnectionState } from './connection/broker-status.js';
import type { ExtensionInfo } from './protocol/extension.js';
import type { CommandData, ControlCommand, EventBatch } from './protocol/control-protocol.js';

/** How long the broker goes on sending events after it was last asked to. */
const LEASE_SECONDS = 60;
const RENEW_MS = 25_000;
/** Events that the broker has counted are here after this long, or were missed. It sends them ten times a second. */
const ARRIVE_MS = 3000;

/** How many events a broker has counted in its run; it begins anew when it starts. */
interface Count {
  readonly sequence: number;
  /** Names the run; undefined where the broker does not tell. */
  readonly run: string | undefined;
}

/**
 * Tells those who listen what happens on one broker. The broker is asked for the comings and goings of its clients only
 * while somebody listens, and again after each connect; what was missed meanwhile is told as a gap, with a number where the
 * broker says that it still counts the same events.
 */
export class BrokerEvents {
  readonly #ask: (command: ControlCommand) => Promise<CommandData>;
  readonly #extension: () => ExtensionInfo | null;
  readonly #listeners = new Set<(event: BrokerEvent) => void>();
  #state: ConnectionState | undefined;
  /** What the broker has counted up to the last event that was told, or is known to be missed; undefined if nothing is known. */
  #told: Count | undefined;
  /**
   * `fresh`: asked for when the first listener came, so nothing is missed; `held`: granted on this connection; `broken`:
   * neither, so the next one begins with a gap.
   */
  #lease: 'fresh' | 'held' | 'broken' = 'broken';
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

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** The broker's status may have changed. */
  onStatus(status: BrokerStatus): void {
    if (status.state === this.#state) return;
    this.#state = status.state;
    this.#tell({ kind: 'state', status });
  }

  /** The broker has described its endpoint: this is a new connection, which has not asked for events yet. */
  onDescribed(status: BrokerStatus): void {
    this.#tell({ kind: 'state', status });
    clearTimeout(this.#arrivals);
    this.#lease = 'broken';
    if (this.hasListeners) void this.#watch();
  }

  /** Events came. */
  onEvents({ events, sequence, missed }: EventBatch): void {
    const first = sequence - events.length;
    const hole = this.#told === undefined ? 0 : first - this.#told.sequence;
    if (hole > 0 || missed > 0) this.#tell({ kind: 'gap', missed: Math.max(hole, missed) });
    else if (hole < 0) this.#tell({ kind: 'gap', missed: undefined });
    this.#told = { sequence, run: this.#told?.run };
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
    this.#told = undefined;
    this.#lease = this.#canTell ? 'fresh' : 'broken';
    this.#timer = setInterval(() => void this.#watch(), RENEW_MS).unref();
    void this.#watch();
  }

  #end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#arrivals);
    if (this.#canTell) this.#ask({ command: 'unwatchEvents' }).catch(() => undefined);
  }

  /** Whether the broker tells of its clients, as far as it has described itself. */
  get #canTell(): boolean {
    return this.#extension()?.features.events === true;
  }

  /** Asks for a lease, or for more of it. */
  async #watch(): Promise<void> {
    if (!this.#canTell) return;
    try {
      const { sequence, run } = await this.#ask({ command: 'watchEvents', seconds: LEASE_SECONDS });
      if (typeof sequence !== 'number') return;
      this.#onCount({ sequence, run: typeof run === 'string' ? run : undefined });
    } catch {
      // The next renewal, or the next connect, asks again.
      if (this.#lease === 'fresh') this.#lease = 'broken';
    }
  }

  /** The broker has granted a lease, and says what it has counted. */
  #onCount(count: Count): void {
    if (this.#lease === 'held') this.#expect(count);
    else if (this.#lease === 'broken') this.#catchUp(count);
    else this.#told = count;
    this.#lease = 'held';
  }

  /** The broker has counted so much on this connection. The last of it may be on its way. */
  #expect(count: Count): void {
    clearTimeout(this.#arrivals);
    this.#arrivals = setTimeout(() => {
      const missed = count.sequence - (this.#told?.sequence ?? 0);
      if (missed <= 0) return;
      this.#tell({ kind: 'gap', missed });
      this.#told = count;
    }, ARRIVE_MS).unref();
  }

  /** The broker sends what comes after this; of what is between {@link #told} and this, nothing came. */
  #catchUp(count: Count): void {
    const before = this.#told;
    this.#told = count;
    const isSameRun = before?.run !== undefined && before.run === count.run;
    const missed = isSameRun ? count.sequence - before.sequence : undefined;
    // Another run, or one that has no name, may have counted as many: that says nothing.
    if (missed !== 0) this.#tell({ kind: 'gap', missed });
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
