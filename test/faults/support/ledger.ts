import { answerProblem, meaningOf, outcomeOf, type Meaning } from './answer-meaning.js';
import type { LaneAnswer } from './http-lane.js';

interface Entry {
  answers: number;
  executed: number;
  /** Lines of the request log. */
  logged: number;
  /** Chunks to the broker in which the command was seen. */
  onWire: number;
  meaning: Meaning | undefined;
  /** The caller went away without waiting. */
  abandoned: boolean;
  /** Undefined while the request has not gone out. */
  issuedAt: number | undefined;
}

/** What a ledger has counted. */
export interface LedgerFigures {
  readonly requests: number;
  readonly executed: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: number;
}

export interface LedgerOptions {
  /** Longest time from a request to its answer, milliseconds. */
  readonly answerWithinMs: number;
  /** Whether executions are recorded before the broker replies; else success must only be matched by one in the end. */
  readonly executionsPrecedeReplies?: boolean;
  /** Whether it is told of the lines of the request log. */
  readonly readsLog?: boolean;
}

/** A command names what it is about: a client, whom a ban is for, a standing subscription. */
const COMMAND_ID = /"(?:clientid|who|name)":"(lg-[a-z0-9-]+)"/g;
/** Longer than any command id with its key. */
const CARRY_CHARACTERS = 64;

/**
 * Follows each command from its HTTP request to the broker and back, by a client id that no other request uses, and
 * finds what breaks the gateway's guarantees.
 *
 * The invariants: each request is answered exactly once, in time, with a body of the contract. A command that the broker
 * executed belongs to one request and was executed once. One whose caller was told "not sent", or was refused, never
 * reached the wire nor was executed, then or later. One whose caller was told "done" was executed, before the answer.
 * Whatever was executed is in the log exactly once.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #violations: string[] = [];
  readonly #options: LedgerOptions;
  readonly #prefix: string;
  readonly #carries = new Map<number, string>();
  readonly #outcomes: Record<string, number> = {};
  #requests = 0;
  #executed = 0;
  #closed = false;

  /** @param name tells this ledger's command ids from any other's: lower-case letters and digits */
  constructor(name: string, options: LedgerOptions) {
    this.#prefix = `lg-${name}-`;
    this.#options = options;
  }

  /** A client id for one request. */
  newId(): string {
    const id = `${this.#prefix}${this.#entries.size}`;
    this.#entries.set(id, {
      answers: 0,
      executed: 0,
      logged: 0,
      onWire: 0,
      meaning: undefined,
      abandoned: false,
      issuedAt: undefined,
    });
    return id;
  }

  /** The request for a command goes out now. */
  issued(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.issuedAt === undefined) this.#requests += 1;
    entry.issuedAt = performance.now();
  }

  /** The caller of a command has gone: it may be executed at most once, and nobody is told. */
  abandoned(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.abandoned = true;
    this.#count('caller gone');
  }

  /** The broker executed a command. */
  executed(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.issuedAt === undefined) {
      this.#violate(id, 'was executed and belongs to no request');
      return;
    }
    entry.executed += 1;
    this.#executed += 1;
    if (entry.executed > 1) this.#violate(id, 'was executed again');
    this.#checkNotSent(id, entry);
  }

  /** Bytes on their way to the broker, as the proxy's tap sees them. */
  readonly wire = (chunk: Buffer, connection: number): void => {
    const text = (this.#carries.get(connection) ?? '') + chunk.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(COMMAND_ID)) {
      end = match.index + match[0].length;
      this.#seenOnWire(match[1] ?? '');
    }
    this.#carries.set(connection, text.slice(Math.max(end, text.length - CARRY_CHARACTERS)));
  };

  /** An HTTP answer came for a command. */
  answered(id: string, answer: LaneAnswer): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      this.#violate(id, 'was answered and never asked');
      return;
    }
    entry.answers += 1;
    if (entry.answers > 1) this.#violate(id, 'was answered again');
    const tookMs = performance.now() - (entry.issuedAt ?? 0);
    if (tookMs > this.#options.answerWithinMs)
      this.#violate(id, `was answered only after ${Math.round(tookMs)} ms`);
    const problem = answerProblem(answer);
    if (problem !== undefined) this.#violate(id, problem);
    entry.meaning = meaningOf(answer);
    this.#count(outcomeOf(answer));
    if (entry.meaning === 'done' && this.#options.executionsPrecedeReplies === true && entry.executed === 0)
      this.#violate(id, 'was answered with success before it was executed');
    this.#checkNotSent(id, entry);
  }

  /** An HTTP request ended in something that is no answer. */
  failed(id: string, why: string): void {
    this.#violate(id, `got no answer: ${why}`);
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.answers += 1;
  }

  /** The service has written the line of a request. */
  logged(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.logged += 1;
    if (entry.logged > 1) this.#violate(id, 'was logged again');
  }

  /** Looks for what is missing, once everything has settled. All violations, each named. */
  close(): readonly string[] {
    if (this.#closed) return this.#violations;
    this.#closed = true;
    for (const [id, { issuedAt, answers, abandoned, meaning, executed, logged }] of this.#entries) {
      if (this.#options.readsLog === true && executed > 0 && logged === 0)
        this.#violate(id, 'was executed and is not in the log');
      if (issuedAt !== undefined && answers === 0 && !abandoned) this.#violate(id, 'was never answered');
      if (meaning === 'done' && executed === 0)
        this.#violate(id, 'was answered with success and never executed');
    }
    return this.#violations;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Commands whose callers were told "done" and that no broker has reported yet. */
  get unconfirmed(): number {
    return [...this.#entries.values()].filter(({ meaning, executed }) => meaning === 'done' && executed === 0)
      .length;
  }

  /** What has been counted so far; costs little, so that a test may wait for it. */
  get figures(): LedgerFigures {
    return {
      requests: this.#requests,
      executed: this.#executed,
      outcomes: this.#outcomes,
      violations: this.#violations.length,
    };
  }

  #count(outcome: string): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
  }

  #seenOnWire(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.onWire += 1;
    if (entry.onWire > 1) this.#violate(id, 'was sent again');
    this.#checkNotSent(id, entry);
  }

  #checkNotSent(id: string, { meaning, executed, onWire }: Entry): void {
    if ((meaning === 'not-sent' || meaning === 'refused' || meaning === 'rejected') && executed > 0)
      this.#violate(id, `was executed though its caller was told "${meaning}"`);
    if ((meaning === 'not-sent' || meaning === 'refused') && onWire > 0)
      this.#violate(id, `was sent though its caller was told "${meaning}"`);
  }

  #violate(id: string, what: string): void {
    this.#violations.push(`${id} ${what}`);
  }
}
