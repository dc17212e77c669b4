import { hash } from 'node:crypto';
import type { Caller } from '../access/caller.js';
import type { TokenConfig } from '../config/config.js';

/** A configured token. */
export interface KnownToken {
  readonly expiresAt: Date | undefined;
  readonly caller: Caller;
}

/** Finds opaque bearer tokens by their SHA-256, the only form in which they are known. */
export class TokenTable {
  readonly #byHash: ReadonlyMap<string, KnownToken>;

  constructor(tokens: readonly TokenConfig[]) {
    this.#byHash = new Map(
      tokens.map(({ sha256, name, grants, expiresAt, requestsPerMinute }) => [
        sha256,
        { expiresAt, caller: { id: `token:${name}`, name, kind: 'token', grants, requestsPerMinute } },
      ]),
    );
  }

  /** The configured token; undefined if it is unknown. A lookup by hash leaks nothing about how near a guess was. */
  find(token: string): KnownToken | undefined {
    return this.#byHash.get(sha256Hex(token));
  }
}

/** The SHA-256 of a token as the configuration holds it: 64 lower-case hex digits. */
export function sha256Hex(token: string): string {
  return hash('sha256', token, 'hex');
}
