import type { Client } from 'aedes';
import { saidGoodbye } from '../broker/aedes-internals.js';

/** Why a connection ended, as events tell it. */
export type DisconnectReason = 'client' | 'lost' | 'keepalive' | 'taken-over' | 'kicked' | 'banned' | 'other';

/** Remembers why connections end, as far as somebody said so before they did. */
export class DisconnectReasons {
  readonly #noted = new WeakMap<Client, DisconnectReason>();
  readonly #endsSession = new WeakSet<Client>();

  /**
   * The first reason is the true one.
   *
   * @param endsSession whether its session, if persistent, ends with the connection
   */
  note(connection: Client, reason: DisconnectReason, endsSession = false): void {
    if (!this.#noted.has(connection)) this.#noted.set(connection, reason);
    if (endsSession) this.#endsSession.add(connection);
  }

  endsSession(connection: Client): boolean {
    return this.#endsSession.has(connection);
  }

  of(connection: Client): DisconnectReason {
    return this.#noted.get(connection) ?? (saidGoodbye(connection) ? 'client' : 'lost');
  }
}
