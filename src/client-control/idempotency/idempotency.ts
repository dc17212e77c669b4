import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import type { KeyStore } from './key-store.js';
import { MemoryKeys } from './memory-keys.js';
import { RedisKeys } from './redis-keys.js';

const KEY = /^[\x21-\x7e]{8,128}$/;

/** A call that goes on under its key; one of the two ends that. */
export interface NewCall {
  readonly kind: 'new';
  /** Keeps the answer. */
  finish(result: string): Promise<void>;
  /** It did nothing: the key is free again. */
  release(): Promise<void>;
}

/** A new call, or the answer of the one that had its key before. */
export type KeyedCall = NewCall | { readonly kind: 'replay'; readonly result: string };

/**
 * Lets a call be repeated without being carried out twice: same caller, path and key within 24 hours get the stored answer
 * again. Kept in Redis where replicas share one, else in this process's memory.
 *
 * A process that ends in the middle of a call leaves its key in use in Redis for the rest of the 24 hours: what became of
 * the call is in the audit trail, and doing it again is for the caller to decide, with another key. What is kept in
 * memory a restart forgets.
 */
@Injectable()
export class Idempotency {
  readonly #store: KeyStore;

  constructor(redis: RedisKeys, memory: MemoryKeys) {
    this.#store = redis.isConfigured ? redis : memory;
  }

  /**
   * @param header the `Idempotency-Key`
   * @throws {AppError} `INVALID` for a key that is none, `IDEMPOTENCY_KEY_REUSED`, `IDEMPOTENCY_KEY_IN_USE`,
   *   `IDEMPOTENCY_STORE_UNAVAILABLE`
   */
  async begin(header: unknown, caller: Caller, path: string, body: unknown): Promise<KeyedCall> {
    if (typeof header !== 'string' || !KEY.test(header)) {
      throw invalid([{ path: 'Idempotency-Key', message: 'must be 8 to 128 visible ASCII characters' }]);
    }
    const key = hashOf([caller.id, path, header]);
    const bodyHash = hashOf(body);
    const begun = { body: bodyHash, callId: randomUUID() };
    const kept = await this.#store.begin(key, begun);
    if (kept === undefined) {
      return {
        kind: 'new',
        finish: (result) => this.#store.finish(key, { ...begun, result }),
        release: () => this.#store.forget(key, begun),
      };
    }
    if (kept.body !== bodyHash) {
      throw new AppError(
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key belongs to a call with another body',
      );
    }
    if (kept.result === undefined) {
      throw new AppError('IDEMPOTENCY_KEY_IN_USE', 'A call with this Idempotency-Key has not ended');
    }
    return { kind: 'replay', result: kept.result };
  }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
