import type { Client } from 'aedes';
import { compileAddressRange } from '../../mqtt-strings/address-range.js';
import { ANONYMOUS } from '../../mqtt-strings/client-filter.js';
import { compileGlob } from '../../mqtt-strings/glob.js';
import { Turn } from '../broker/turn.js';
import { CommandError } from './command-error.js';

const MAX_BANS = 10_000;
/** How many of them are looked at in the turn in which a client says who it is. */
const MAX_BANS_AT_ONCE = 10;

/** What a ban is about. */
export const BAN_KINDS = ['clientid', 'username', 'address'] as const;
export type BanKind = (typeof BAN_KINDS)[number];

/** Who is kept out: clients whose id or user name a glob matches, or whose address is in a range. */
export interface Ban {
  readonly as: BanKind;
  readonly who: string;
  /** Epoch milliseconds; null: until it is removed. */
  readonly until: number | null;
  readonly reason: string | null;
  /** Who set it. */
  readonly by: string | null;
  /** When it was set, epoch milliseconds. */
  readonly since: number;
}

/** What bans look at. */
export interface Bannable {
  readonly clientid: string;
  readonly username: string | undefined;
  readonly address: string | undefined;
}

/** A ban, made ready. */
interface ActiveBan {
  readonly ban: Ban;
  /** Higher than that of all bans that were set before. */
  readonly sequence: number;
  readonly matches: (value: string) => boolean;
}

/** The bans: up to 10,000, kept for the life of the process. */
export class BanList {
  /** By kind and `who`, in the order in which they were set. */
  readonly #bans = new Map<string, ActiveBan>();
  #sequence = 0;
  /** When the first of them may expire, epoch milliseconds. */
  #nextExpiry = Number.POSITIVE_INFINITY;
  /** The `#sequence` up to which a connection was checked. */
  readonly #checked = new WeakMap<object, number>();

  get size(): number {
    this.#dropExpired();
    return this.#bans.size;
  }

  /**
   * Sets a ban instead of one of the same kind and `who`.
   *
   * @throws {CommandError} `BAN_TOO_WIDE` for everybody, `TOO_MANY`
   */
  set(ban: Ban): { readonly replaced: boolean; readonly matches: (client: Bannable) => boolean } {
    const matcher = ban.as === 'address' ? addressMatcher(ban.who) : globMatcher(ban.who);
    if (matcher.isWide) {
      throw new CommandError('BAN_TOO_WIDE', 'The ban would keep everybody out', {
        as: ban.as,
        who: ban.who,
      });
    }
    this.#dropExpired();
    const key = keyOf(ban);
    const replaced = this.#bans.delete(key);
    if (this.#bans.size >= MAX_BANS) {
      throw new CommandError('TOO_MANY', `There are ${MAX_BANS} bans already`, { limit: MAX_BANS });
    }
    const active: ActiveBan = { ban, sequence: ++this.#sequence, matches: matcher.matches };
    this.#bans.set(key, active);
    this.#nextExpiry = Math.min(this.#nextExpiry, ban.until ?? Number.POSITIVE_INFINITY);
    return { replaced, matches: (client) => matches(active, client, Date.now()) };
  }

  /** @throws {CommandError} `BAN_NOT_FOUND` */
  delete(ban: Pick<Ban, 'as' | 'who'>): void {
    this.#dropExpired();
    if (!this.#bans.delete(keyOf(ban))) throw new CommandError('BAN_NOT_FOUND', 'Ban not found');
  }

  /** At most `limit` bans, newest first, of those that were set before the one with that sequence number. */
  list(limit: number, before = Number.POSITIVE_INFINITY): { bans: Ban[]; next: number | null } {
    this.#dropExpired();
    const older = [...this.#bans.values()].reverse().filter(({ sequence }) => sequence < before);
    const page = older.slice(0, limit);
    return {
      bans: page.map(({ ban }) => ban),
      next: older.length > limit ? (page.at(-1)?.sequence ?? null) : null,
    };
  }

  /**
   * Whether a client that is about to connect is kept out. Looks at all bans, those included that are set meanwhile, and
   * lets others have their turn. Ends when the connection does.
   */
  async keepsOut(connection: Pick<Client, 'closed'>, client: Bannable): Promise<boolean> {
    const turn = new Turn();
    if (this.#bans.size > MAX_BANS_AT_ONCE) await turn.next();
    let checked = this.#checked.get(connection) ?? 0;
    while (checked < this.#sequence) {
      const target = this.#sequence;
      for (const active of this.#bans.values()) {
        if (active.sequence <= checked) continue;
        if (turn.isOver) await turn.next();
        if (connection.closed) return true;
        if (matches(active, client, Date.now())) return true;
      }
      checked = target;
    }
    this.#checked.set(connection, checked);
    return false;
  }

  /** Whether bans were set since the connection was checked. */
  isOutdated(connection: object): boolean {
    return (this.#checked.get(connection) ?? 0) < this.#sequence;
  }

  #dropExpired(): void {
    const now = Date.now();
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [key, { ban }] of this.#bans) {
      if (ban.until === null) continue;
      if (ban.until <= now) this.#bans.delete(key);
      else this.#nextExpiry = Math.min(this.#nextExpiry, ban.until);
    }
  }
}

function matches({ ban, matches: test }: ActiveBan, client: Bannable, now: number): boolean {
  if (ban.until !== null && ban.until <= now) return false;
  const value = ban.as === 'username' ? (client.username ?? ANONYMOUS) : client[ban.as];
  return value !== undefined && test(value);
}

function keyOf({ as, who }: Pick<Ban, 'as' | 'who'>): string {
  return `${as} ${who}`;
}

function addressMatcher(who: string): { isWide: boolean; matches: (address: string) => boolean } {
  const { isWide, includes } = compileAddressRange(who);
  return { isWide, matches: includes };
}

function globMatcher(who: string): { isWide: boolean; matches: (text: string) => boolean } {
  return compileGlob(who);
}
